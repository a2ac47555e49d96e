"""One name, one meaning: a class is called as no other class of the product is."""

import ast
from collections import defaultdict

from tests.architecture.test_layout import ROOT, tracked_files

# Django finds these by their names.
GIVEN = {"Command", "Migration"}


def test_no_two_classes_share_a_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for name in tracked_files():
        if not name.endswith(".py") or name.startswith("tests/") or "/migrations/" in name:
            continue
        for node in ast.parse((ROOT / name).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(name)
    assert {name: where for name, where in places.items() if len(where) > 1 and name not in GIVEN} == {}
