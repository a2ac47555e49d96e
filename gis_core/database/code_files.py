"""Files of functions, triggers and views: `<app>/sql/install/*.sql`, which may run over themselves."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.apps import apps


@dataclass(frozen=True)
class CodeFile:
    """One file: `name` is its path within the application's folder, such as `assets/sql/install/30_history.sql`."""

    name: str
    text: str


@cache
def code_files() -> tuple[CodeFile, ...]:
    """All files in the order they are to run: the applications' order in the settings, then by name."""
    return tuple(
        CodeFile(f"{config.label}/sql/install/{path.name}", path.read_text(encoding="utf-8"))
        for config in apps.get_app_configs()
        for path in sorted((Path(config.path) / "sql" / "install").glob("*.sql"))
    )


def code_hash(files: tuple[CodeFile, ...] | None = None) -> str:
    """A hash of the files' names, contents and order."""
    digest = hashlib.sha256()
    for file in code_files() if files is None else files:
        for part in (file.name, file.text):
            encoded = part.encode()
            # The length goes in too, so that moving bytes between parts changes the hash.
            digest.update(str(len(encoded)).encode() + b":" + encoded)
    return digest.hexdigest()
