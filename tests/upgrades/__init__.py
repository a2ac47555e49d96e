"""Databases as former releases left them, and the tests that bring them to the present one.

Each is kept as a compressed dump (tables, functions, reference rows, the record of migrations): what the release
made, whatever becomes of its files, and some 60 kB that nobody reads line by line.
"""
