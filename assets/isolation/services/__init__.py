"""Isolating a pipe: see `isolate`."""

from assets.isolation.services.isolating import Isolation, isolate

__all__ = ["Isolation", "isolate"]
