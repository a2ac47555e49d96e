"""Keeping segments and ways of supply."""
