"""Stamps: a step writes one when it has ended well, with a hash of what it was made from.

A step is skipped only when its stamp says the same hash; it removes the stamp before it begins, so an
interrupted step has none and is done again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from clone import Clone


def hash_of(files: Iterable[Path], *facts: str, root: Path) -> str:
    """A hash of the files' names (relative to `root`) and contents, and of further facts.

    The length of every part goes in too, so that moving bytes between parts changes the hash. A file that
    is not there counts as absent, which differs from empty.
    """
    digest = hashlib.sha256()
    for fact in facts:
        _add(digest, fact.encode())
    for path in sorted(files):
        _add(digest, os.fsencode(os.path.relpath(path, root)))
        try:
            _add(digest, path.read_bytes())
        except FileNotFoundError:
            digest.update(b"absent")
    return digest.hexdigest()


def _add(digest: hashlib._Hash, part: bytes) -> None:
    digest.update(str(len(part)).encode() + b":")
    digest.update(part)


def read(clone: Clone, name: str) -> dict[str, str]:
    """What the stamp says; empty when there is none or it is damaged."""
    try:
        values = json.loads((clone.stamps / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def is_current(clone: Clone, name: str, hash_value: str) -> bool:
    """Whether the step ended well with exactly these inputs."""
    return read(clone, name).get("hash") == hash_value


def remove(clone: Clone, name: str) -> None:
    """Forget the step; called before it begins."""
    (clone.stamps / f"{name}.json").unlink(missing_ok=True)


def write(clone: Clone, name: str, hash_value: str, **facts: str) -> None:
    """Record that the step ended well, in one move."""
    clone.stamps.mkdir(parents=True, exist_ok=True)
    making = clone.stamps / f"{name}.json.{os.getpid()}"
    making.write_text(json.dumps({"hash": hash_value, **facts}, indent=1) + "\n", encoding="utf-8")
    making.replace(clone.stamps / f"{name}.json")
