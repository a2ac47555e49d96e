"""Files of functions, triggers and views: `<app>/sql/install/*.sql`, which may run over themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.apps import apps
from django.conf import settings

from gis_core.local_stack.schema_files import code_paths, hash_of


@dataclass(frozen=True)
class CodeFile:
    """One file; `name` is its path in the clone, such as `assets/sql/install/30_history.sql`."""

    name: str
    text: str


@cache
def code_files() -> tuple[CodeFile, ...]:
    """All files in the order they are to run: the applications' order in the settings, then by name."""
    root = Path(settings.BASE_DIR)
    order = {Path(config.path): place for place, config in enumerate(apps.get_app_configs())}
    paths = sorted(code_paths(root), key=lambda path: (order[path.parents[2]], path.name))
    return tuple(
        CodeFile(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")) for path in paths
    )


def code_hash(files: Sequence[CodeFile] | None = None) -> str:
    """A hash of the files' names and contents."""
    return hash_of((file.name, file.text.encode()) for file in (code_files() if files is None else files))
