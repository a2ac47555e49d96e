"""Gives the tests the modules of gis_core/local_stack, which are top-level ones and not part of a package."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

DIRECTORY = Path(__file__).resolve().parents[2] / "gis_core" / "local_stack"


@pytest.fixture(scope="session")
def local_stack() -> Iterator[Callable[[str], ModuleType]]:
    """A function that imports a module of the set-up by its name."""
    sys.path.append(str(DIRECTORY))
    yield importlib.import_module
    sys.path.remove(str(DIRECTORY))


@pytest.fixture
def clone(local_stack: Callable[[str], ModuleType], tmp_path: Path) -> Any:
    """An empty clone in a temporary directory, with its `.local`."""
    made = local_stack("clone").Clone(tmp_path)
    made.make_directories()
    return made
