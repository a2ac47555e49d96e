"""docs/map.md names every package once, and what the documents name in the tree is there."""

import ast
import fnmatch
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.test_imports import OURS
from tests.architecture.test_layout import ROOT, TOP_LEVEL, tracked_files

MAP = "docs/map.md"
# Every app has these at its root; the map says so once.
OF_EVERY_APP = {"management", "migrations"}
SUFFIXES = r"(?:py|sql|md|toml|ts|css|typ|lark|yaml|sh|lock|html|service|target|example)"
IN_TREE = re.compile(rf"[\w.<>*@-]+(?:/[\w.<>*@-]+)*(?:/|\.{SUFFIXES})")
# With what a path of the tree begins; addresses, commands and files of an installation begin otherwise.
PLACES = ("<app>", *sorted(TOP_LEVEL))


def packages(files: list[str]) -> set[str]:
    """Our apps and the packages right below them, and the folders of tests, as far as they hold Python."""
    found = set()
    for name in files:
        parts = Path(name).parts
        if not name.endswith(".py") or len(parts) < 2:
            continue
        if parts[0] in OURS:
            found.add(parts[0])
        if parts[0] in OURS | {"tests"} and len(parts) > 2 and parts[1] not in OF_EVERY_APP:
            found.add("/".join(parts[:2]))
    return found


def lines_of_packages(text: str) -> Counter[str]:
    """How often each package has a line of its own: a row of a table that begins with its path alone."""
    return Counter(re.findall(r"^\| `([\w/]+)/` \|", text, re.MULTILINE))


def faults_of_map(text: str, files: list[str]) -> list[str]:
    listed, wanted = lines_of_packages(text), packages(files)
    faults = [f"{name} has no line" for name in sorted(wanted - set(listed))]
    faults += [f"{name} has {count} lines" for name, count in listed.items() if count > 1]
    return faults + [
        f"{name} is not there"
        for name in sorted(listed)
        if not any(file.startswith(f"{name}/") for file in files)
    ]


def test_every_package_has_one_line() -> None:
    assert faults_of_map((ROOT / MAP).read_text(encoding="utf-8"), tracked_files()) == []


def test_a_new_package_without_a_line_is_a_fault() -> None:
    """The control: the test above would see it."""
    files = ["assets/apps.py", "assets/tiles/api/views.py", "assets/tiles/sql/tile.sql", "docs/map.md"]
    text = "| `assets/` | the network |\n| `assets/tiles/` | tiles |\n"
    assert faults_of_map(text, files) == []
    assert faults_of_map(text, [*files, "assets/fountains/services/spouting.py"]) == [
        "assets/fountains has no line"
    ]
    assert faults_of_map(text, [*files, "assets/migrations/0001_tables.py"]) == []
    assert faults_of_map(text + "| `assets/tiles/` | twice |\n", files) == ["assets/tiles has 2 lines"]
    assert faults_of_map(text, files[:1]) == ["assets/tiles is not there"]


def documents() -> list[str]:
    names = [MAP, "docs/glossary.md", "docs/operations.md", "CONTRIBUTING.md"]
    return names + [name for name in tracked_files() if fnmatch.fnmatch(name, "docs/adr/*.md")]


def named_in_tree(text: str) -> Iterator[tuple[str, str]]:
    """(path, name) of what stands in backticks and looks like a path of the tree, `file.py:name` included."""
    # What is shown as a block is a picture or an example.
    for quoted in re.findall(
        r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    ):
        path, _, name = quoted.partition(":")
        if IN_TREE.fullmatch(path) and path.split("/")[0] in PLACES:
            yield path, name


@cache
def defined_in(path: str) -> set[str]:
    """What a module defines: functions, classes and names on its top level."""
    names: set[str] = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def is_there(path: str, files: list[str]) -> bool:
    if not any(sign in path for sign in ("<", "*", "NN", "NAME")):
        # .local/ and the like are no part of the tree and are never asked for: PLACES leaves them out.
        return path in files or any(name.startswith(path.rstrip("/") + "/") for name in files)
    pattern = re.sub(r"<\w+>|\bNN+|\bNAME\b|\btitle\b", "*", path)
    pattern += "*" if path.endswith("/") else ""
    return any(fnmatch.fnmatch(name, pattern) for name in files)


def faults_of_paths(text: str, files: list[str]) -> list[str]:
    faults = []
    for path, name in named_in_tree(text):
        if not is_there(path, files):
            faults.append(f"{path} is not there")
        elif name and path.endswith(".py") and name not in defined_in(path):
            faults.append(f"{path} defines no {name}")
    return faults


@pytest.mark.parametrize("document", documents())
def test_what_a_document_names_is_there(document: str) -> None:
    assert faults_of_paths((ROOT / document).read_text(encoding="utf-8"), tracked_files()) == []


def test_a_path_that_is_gone_is_a_fault() -> None:
    text = "`gis_core/gone.py`, `assets/tiles/`, `gis_core/access.py:visible`, `gis_core/access.py:gone`, `/api/v1/`"
    assert faults_of_paths(text, tracked_files()) == [
        "gis_core/gone.py is not there",
        "gis_core/access.py defines no gone",
    ]
    assert len(list(named_in_tree((ROOT / MAP).read_text(encoding="utf-8")))) > 200
