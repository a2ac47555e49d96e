"""Hashes of the files that make the database: of its code, and of everything.

Stands by itself, with nothing but the standard library, because the application reads it as well: both have to name
the same database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def hash_of(parts: Iterable[tuple[str, bytes]]) -> str:
    """A hash of names and contents, whatever their order. Lengths go in, so that bytes cannot move between parts."""
    digest = hashlib.sha256()
    for name, content in sorted(parts):
        for part in (name.encode(), content):
            digest.update(str(len(part)).encode() + b":" + part)
    return digest.hexdigest()


def code_paths(root: Path) -> list[Path]:
    """Files of functions, triggers and views, of every application."""
    return sorted(path for top in _applications(root) for path in (top / "sql" / "install").glob("*.sql"))


def table_paths(root: Path) -> list[Path]:
    """What makes tables and first rows: migrations, models, our own operations, and the versions of other packages."""
    found = [root / "requirements.lock", *(root / "gis_core" / "database").rglob("*.py")]
    for top in _applications(root):
        for pattern in ("migrations/*.py", "migrations/*.sql", "models/**/*.py", "models.py"):
            found += top.glob(pattern)
    return sorted(path for path in found if path.is_file())


def code_hash(root: Path) -> str:
    """What `gis_core_installedcode` records of an up-to-date database."""
    return _hash_of_files(root, code_paths(root))


def schema_hash(root: Path) -> str:
    """Changes with everything that a freshly migrated database depends on."""
    return _hash_of_files(root, [*table_paths(root), *code_paths(root)])


def template_name(root: Path) -> str:
    """The name of the migrated database that others are cloned from."""
    return f"tarmoq_template_{schema_hash(root)[:16]}"


def _applications(root: Path) -> list[Path]:
    return sorted(path.parent for path in root.glob("*/apps.py"))


def _hash_of_files(root: Path, paths: Iterable[Path]) -> str:
    return hash_of((path.relative_to(root).as_posix(), path.read_bytes()) for path in paths)
