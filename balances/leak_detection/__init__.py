"""Leaks found from inflow and pressure as values come, without looking ahead (docs/losses.md)."""
