"""Edits of the network: one function per operation, each one transaction with its audit row, and undo."""
