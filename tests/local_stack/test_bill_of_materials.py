"""The bill of materials names every part of both lock files, with its version."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gis_core.settings.environment import BASE_DIR

LOCK = BASE_DIR / "frontend_map" / "package-lock.json"


@pytest.fixture
def clone_here(local_stack: Callable[[str], ModuleType]) -> Any:
    """This clone itself."""
    return local_stack("clone").Clone(BASE_DIR)


def test_the_pages_parts_are_those_of_the_lock(
    local_stack: Callable[[str], ModuleType], clone_here: Any
) -> None:
    document = json.loads(local_stack("front_end").bill_of_materials(clone_here))
    named = {(part["name"], part["version"]) for part in document["components"]}
    packages = json.loads(LOCK.read_text(encoding="utf-8"))["packages"]
    locked = {
        (path.rpartition("node_modules/")[2], package["version"])
        for path, package in packages.items()
        if path and not package.get("optional")
    }
    assert ("leaflet", packages["node_modules/leaflet"]["version"]) in locked
    assert locked <= named
    assert all(part["hashes"] for part in document["components"])


@pytest.mark.skipif("TARMOQ_PROVE" not in os.environ, reason="half a minute of processor time: make prove")
def test_the_python_parts_are_those_of_the_lock(
    local_stack: Callable[[str], ModuleType], clone_here: Any
) -> None:
    materials = local_stack("bill_of_materials")
    python, pages = materials.write(clone_here)
    plain = local_stack("vulnerabilities").plain
    named = {(plain(part["name"]), part["version"]) for part in materials.components_of(python)}
    lock = (BASE_DIR / "requirements.lock").read_text(encoding="utf-8")
    wanted = {(part.name, part.version) for part in local_stack("vulnerabilities").python_parts(lock)}
    assert ("django", dict(wanted)["django"]) in wanted & named
    # What the lock has for other systems is not here.
    assert named - {("tarmoq", "0.2.0")} - wanted <= {
        part for part in named if part[0] in ("pip", "setuptools")
    }
    assert materials.components_of(pages)


def test_a_document_without_parts_is_refused(
    local_stack: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    materials, console = local_stack("bill_of_materials"), local_stack("console")
    empty = tmp_path / "python.cdx.json"
    empty.write_text("{}", encoding="utf-8")
    with pytest.raises(console.StepError, match="no bill of materials"):
        materials.components_of(empty)
