"""What the product is made of, as CycloneDX documents: the packages of `.venv`, and those that pages are built from."""

from __future__ import annotations

import json
from pathlib import Path

import front_end
from clone import Clone
from commands import run_logged
from console import StepError, say, step

LOG = "bill-of-materials"


def folder(clone: Clone) -> Path:
    """Where the documents are written."""
    return clone.local / "sbom"


def write(clone: Clone) -> list[Path]:
    """Write both documents anew and return where they are. Debian's packages are in neither: dpkg lists them."""
    folder(clone).mkdir(parents=True, exist_ok=True)
    with step("bill of materials: the Python packages"):
        python = _python(clone)
    with step("bill of materials: the pages' packages"):
        pages = _pages(clone)
    for path in (python, pages):
        say(f"    {path.relative_to(clone.root)}: {len(components_of(path))} parts")
    return [python, pages]


def components_of(path: Path) -> list[dict[str, object]]:
    """The parts that a document names; StepError when it names none."""
    try:
        found: list[dict[str, object]] = json.loads(path.read_text(encoding="utf-8"))["components"]
    except (ValueError, KeyError) as error:
        raise StepError(
            f"{path} is no bill of materials: {error}", remedy=f"see .local/log/{LOG}.log"
        ) from None
    return found


def _python(clone: Clone) -> Path:
    path = folder(clone) / "python.cdx.json"
    described = ["--pyproject", str(clone.root / "pyproject.toml"), "--output-reproducible"]
    run_logged(
        clone,
        LOG,
        [
            clone.tool("cyclonedx-py"),
            "environment",
            *described,
            "--output-file",
            str(path),
            clone.tool("python"),
        ],
        failure="the Python packages could not be listed",
    )
    return path


def _pages(clone: Clone) -> Path:
    path = folder(clone) / "pages.cdx.json"
    path.write_text(front_end.bill_of_materials(clone), encoding="utf-8")
    return path
