"""Known holes of other people's parts, found in a stored list."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gis_core.settings.environment import BASE_DIR


@pytest.fixture
def vulnerabilities(local_stack: Callable[[str], ModuleType]) -> ModuleType:
    return local_stack("vulnerabilities")


def advisory(ecosystem: str, name: str, **affected: Any) -> dict[str, Any]:
    package = {"ecosystem": ecosystem, "name": name}
    return {"id": "GHSA-1", "summary": "a hole", "affected": [{"package": package, **affected}]}


def test_all_parts_of_both_lock_files_are_read(vulnerabilities: ModuleType) -> None:
    python = vulnerabilities.python_parts((BASE_DIR / "requirements.lock").read_text())
    assert {"django", "gunicorn", "argon2-cffi"} <= {part.name for part in python}
    pages = vulnerabilities.npm_parts((BASE_DIR / "frontend_map" / "package-lock.json").read_text())
    assert "leaflet" in {part.name for part in pages}
    assert all(part.version for part in (*python, *pages))


@pytest.mark.parametrize(
    ("version", "affected", "is_told"),
    [
        ("1.2.3", {"versions": ["1.2.3", "1.2.4"]}, True),
        ("1.2.5", {"versions": ["1.2.3", "1.2.4"]}, False),
        (
            "1.2.3",
            {"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2.4"}]}]},
            True,
        ),
        (
            "1.2.4",
            {"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2.4"}]}]},
            False,
        ),
        (
            "1.2.4-rc.1",
            {"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2.4"}]}]},
            True,
        ),
        ("1.10.0", {"ranges": [{"type": "SEMVER", "events": [{"introduced": "1.9.0"}]}]}, True),
        (
            "2.0.0",
            {"ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"last_affected": "2.0.0"}]}]},
            True,
        ),
        (
            "2.0.1",
            {"ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"last_affected": "2.0.0"}]}]},
            False,
        ),
    ],
)
def test_a_version_has_a_hole_or_not(
    vulnerabilities: ModuleType, version: str, affected: dict[str, Any], is_told: bool
) -> None:
    part = vulnerabilities.Part("npm", "x", version)
    assert bool(vulnerabilities.holes_of([part], [advisory("npm", "x", **affected)])) == is_told
    assert vulnerabilities.holes_of([part], [advisory("PyPI", "x", **affected)]) == []
    withdrawn = {**advisory("npm", "x", **affected), "withdrawn": "2026-01-01T00:00:00Z"}
    assert vulnerabilities.holes_of([part], [withdrawn]) == []


def test_names_of_pypi_are_told_in_any_spelling(vulnerabilities: ModuleType) -> None:
    parts = vulnerabilities.python_parts("ruamel.yaml==0.1 \\\n    --hash=sha256:0\n")
    assert vulnerabilities.holes_of(parts, [advisory("PyPI", "Ruamel_Yaml", versions=["0.1"])])


def test_without_a_stored_list_it_says_so_aloud(
    local_stack: Callable[[str], ModuleType],
    vulnerabilities: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clone = local_stack("clone").Clone(BASE_DIR)
    monkeypatch.setenv("TARMOQ_OSV", str(tmp_path))
    assert "PyPI.zip and npm.zip" in vulnerabilities.why_skipped(clone)
    for name in ("PyPI", "npm"):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            version = next(
                part.version
                for part in vulnerabilities.python_parts((BASE_DIR / "requirements.lock").read_text())
                if part.name == "django"
            )
            archive.writestr("GHSA-1.json", json.dumps(advisory(name, "Django", versions=[version])))
    assert vulnerabilities.why_skipped(clone) == ""
    assert vulnerabilities.complaints(clone) == f"django {version}: GHSA-1 a hole"
