"""Known holes in parts of others: the lock files against a stored list of OSV, without a network.

The list is what https://osv.dev offers for download: `PyPI/all.zip` and `npm/all.zip`, kept as `PyPI.zip` and `npm.zip`
in the folder that `TARMOQ_OSV` names, or in `.local/osv`. An advisory of PyPI names the versions that have the hole;
one of npm says from which to which.
"""

from __future__ import annotations

import json
import os
import re
import time
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clone import Clone

OLD_DAYS = 30
_EVERYTHING = (float("inf"),)


@dataclass(frozen=True)
class Part:
    """A package of a lock file; `ecosystem` is `PyPI` or `npm`."""

    ecosystem: str
    name: str
    version: str


def folder(clone: Clone) -> Path:
    """Where the stored list is looked for."""
    return Path(os.environ.get("TARMOQ_OSV") or clone.local / "osv")


def why_skipped(clone: Clone) -> str:
    """Why nothing can be asked; empty when both lists are there."""
    missing = [name for name in ("PyPI.zip", "npm.zip") if not (folder(clone) / name).is_file()]
    if not missing:
        return ""
    return (
        f"no known holes were looked for: {' and '.join(missing)} not in {folder(clone)} (docs/security.md)"
    )


def complaints(clone: Clone) -> str:
    """A line for each part with a known hole, and for a list that is old; empty when there is nothing to say."""
    parts = [
        *python_parts((clone.root / "requirements.lock").read_text(encoding="utf-8")),
        *npm_parts((clone.root / "frontend_map" / "package-lock.json").read_text(encoding="utf-8")),
    ]
    lines = []
    for ecosystem in ("PyPI", "npm"):
        path = folder(clone) / f"{ecosystem}.zip"
        age_days = (time.time() - path.stat().st_mtime) / 86_400
        if age_days > OLD_DAYS:
            lines.append(f"{path} is {age_days:.0f} days old: fetch a newer one")
        with zipfile.ZipFile(path) as archive:
            lines += holes_of([part for part in parts if part.ecosystem == ecosystem], advisories(archive))
    return "\n".join(lines)


def python_parts(lock: str) -> list[Part]:
    """The packages of requirements.lock."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock, re.MULTILINE)
    return [Part("PyPI", plain(name), version) for name, version in found]


def npm_parts(lock: str) -> list[Part]:
    """The packages of package-lock.json that are not the pages themselves."""
    packages: dict[str, Any] = json.loads(lock)["packages"]
    return [
        Part("npm", path.rpartition("node_modules/")[2], package["version"])
        for path, package in packages.items()
        if path and "version" in package
    ]


def plain(name: str) -> str:
    """A name of PyPI as all its spellings mean it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def advisories(archive: zipfile.ZipFile) -> Iterator[dict[str, Any]]:
    """What an archive of OSV holds."""
    for name in archive.namelist():
        if name.endswith(".json"):
            yield json.loads(archive.read(name))


def holes_of(parts: Iterable[Part], found: Iterable[dict[str, Any]]) -> list[str]:
    """A line for each part that an advisory names with its version."""
    by_name: dict[str, list[Part]] = {}
    for part in parts:
        by_name.setdefault(part.name, []).append(part)
    lines = []
    for advisory in found:
        if advisory.get("withdrawn"):
            continue
        for affected in advisory.get("affected", ()):
            package = affected.get("package", {})
            name = package.get("name", "")
            name = plain(name) if package.get("ecosystem") == "PyPI" else name
            lines += [
                f"{part.name} {part.version}: {advisory['id']} {advisory.get('summary', '')}".rstrip()
                for part in by_name.get(name, ())
                if part.ecosystem == package.get("ecosystem") and _has(affected, part.version)
            ]
    return sorted(set(lines))


def _has(affected: dict[str, Any], version: str) -> bool:
    if version in affected.get("versions", ()):
        return True
    ranges = [kept for kept in affected.get("ranges", ()) if kept.get("type") == "SEMVER"]
    return any(_lies_in(kept.get("events", ()), _numbers(version)) for kept in ranges)


def _lies_in(events: Iterable[dict[str, str]], version: tuple[float, ...]) -> bool:
    """Whether a version lies between an `introduced` and the `fixed` (or after `last_affected`) that follows it."""
    began: tuple[float, ...] | None = None
    for event in events:
        if "introduced" in event:
            began = _numbers(event["introduced"])
        elif began is not None and "fixed" in event:
            if began <= version < _numbers(event["fixed"]):
                return True
            began = None
        elif began is not None and "last_affected" in event:
            if began <= version <= _numbers(event["last_affected"]):
                return True
            began = None
    return began is not None and began <= version < _EVERYTHING


def _numbers(version: str) -> tuple[float, ...]:
    """1.2.3 as numbers; 1.2.3-rc.1 comes before it."""
    release, _, before = version.partition("+")[0].partition("-")
    numbers = [float(number) for number in re.findall(r"\d+", release)[:3]]
    return (*numbers, *[0.0] * (3 - len(numbers)), -1.0 if before else 0.0)
