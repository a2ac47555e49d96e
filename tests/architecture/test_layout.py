"""The layout that outsiders rely on, and house rules that no linter knows."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOP_LEVEL = {
    "gis_core",
    "assets",
    "billing",
    "balances",
    "sensors",
    "frontend_map",
    "fixtures",
    "tests",
    "manage.py",
    "README.md",
    "pyproject.toml",
    "requirements.lock",
    "Makefile",
    ".ci",
    "docs",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    ".gitignore",
    ".gitattributes",
}


def tracked_files() -> list[str]:
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return listing.stdout.splitlines()


def test_the_top_level_is_the_agreed_one() -> None:
    assert {name.split("/")[0] for name in tracked_files()} <= TOP_LEVEL


def test_no_registry_address_is_committed() -> None:
    pattern = re.compile(r'"resolved": *"https?:|registry *= *"?https?:|^--(extra-)?index-url', re.MULTILINE)
    for name in tracked_files():
        path = ROOT / name
        if path.suffix in {".png", ".ico"} or not path.is_file() or path == Path(__file__):
            continue
        assert not pattern.search(path.read_text(encoding="utf-8", errors="replace")), name


def test_there_are_no_drawers_and_no_large_files() -> None:
    for name in tracked_files():
        assert Path(name).stem not in {"utils", "helpers", "misc", "common"}, name
        # A catalogue grows with every sentence of the pages, and has all of a language in one file.
        most_kb = 1024 if "/locale/" in name else 500
        assert (ROOT / name).stat().st_size < most_kb * 1024, name


def test_functions_are_short() -> None:
    """Under about seventy lines, as the house style asks; measured on the syntax tree."""
    import ast

    long_ones = []
    for name in tracked_files():
        if not name.endswith(".py") or name.startswith("tests/") or "/migrations/" in name:
            continue
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 70:
                long_ones.append(f"{name}:{node.lineno} {node.name}")
    assert not long_ones
