"""Isolating a pipe: see `isolate`."""

from assets.services.isolation.isolating import Isolation, isolate

__all__ = ["Isolation", "isolate"]
