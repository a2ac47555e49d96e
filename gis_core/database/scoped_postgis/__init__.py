"""Django's PostGIS backend, whose sessions say for whom they work before they are asked anything (ADR 26)."""
