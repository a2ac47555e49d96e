"""The Debian packages that the system needs, installed only when missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from clone import Clone
from commands import capture
from console import StepError, step

PACKAGES = (
    "python3",
    "python3-venv",
    "postgresql-15",
    "postgresql-15-postgis-3",
    "postgresql-15-pgrouting",
    "postgresql-client-15",
    "redis-server",
    "mosquitto",
    "pgbackrest",
    "gdal-bin",
    "libgdal32",
    "chromium",
    "fonts-dejavu-core",
    "ca-certificates",
    "systemd",  # systemd-analyze checks the units of docs/systemd; nothing is started or enabled by it
)
INSTALLER = Path(__file__).with_name("install_packages.sh")


def installed_versions() -> dict[str, str]:
    """Version of every package of ours that is wholly installed."""
    template = "${Package}\t${db:Status-Status}\t${Version}\n"
    _, output, _ = capture(["dpkg-query", "-W", "-f", template, *PACKAGES])
    return parse_versions(output)


def parse_versions(text: str) -> dict[str, str]:
    """Package and version from dpkg-query's lines; one that was removed has another state or no version."""
    fields = (line.split("\t") for line in text.splitlines())
    return {field[0]: field[2] for field in fields if len(field) == 3 and field[1] == "installed"}


def missing() -> list[str]:
    """Packages that are not installed."""
    there = installed_versions()
    return [package for package in PACKAGES if package not in there]


def install(clone: Clone) -> None:
    """Install the missing packages, as root or through sudo."""
    if shutil.which("dpkg-query") is None:
        raise StepError(
            "this is not Debian: dpkg-query is not there",
            remedy=f"use Debian 12, or install the like of these yourself: {' '.join(PACKAGES)}",
        )
    needed = missing()
    if not needed:
        return
    command = ["sh", str(INSTALLER), *needed]
    by_hand = f"let root run: sh {INSTALLER} {' '.join(needed)}"
    if os.geteuid() != 0:
        if shutil.which("sudo") is None:
            raise StepError(
                f"packages are missing and this user is not root and has no sudo: {' '.join(needed)}",
                remedy=by_hand,
            )
        command = ["sudo", *command]
    log = clone.log / "packages.log"
    with step(f"Debian packages: installing {' '.join(needed)}"), log.open("wb") as stream:
        # In our own session and process group: sudo asks for a password on the terminal, and apt, when
        # interrupted, has to bring its package database into order by itself.
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT)
        try:
            code = process.wait()
        except BaseException as interruption:
            if not isinstance(interruption, KeyboardInterrupt):
                process.terminate()
            process.wait()
            raise
        if code != 0:
            raise StepError(
                f"the packages could not be installed (exit code {code})",
                log=log,
                remedy=f"see that apt-get works (network, sources, sudo), then try again; or {by_hand}",
            )
    still = missing()
    if still:
        raise StepError(
            f"not installed although apt-get ended well: {' '.join(still)}", log=log, remedy=by_hand
        )
