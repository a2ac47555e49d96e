"""What import-linter does not hold: no import inside a function, no circle of files."""

import ast
from collections.abc import Iterator
from pathlib import Path

import networkx

from tests.architecture.test_layout import ROOT, tracked_files

OURS = {"gis_core", "assets", "sensors", "billing", "balances", "frontend_map", "fixtures"}


def modules() -> dict[str, ast.Module]:
    """Our own modules by dotted name, without tests and migrations."""
    found = {}
    for name in tracked_files():
        parts = Path(name).with_suffix("").parts
        is_ours = name.endswith(".py") and parts[0] in OURS and "migrations" not in parts
        # The set-up runs before anything is installed, by file names of its own.
        if is_ours and "local_stack" not in parts:
            dotted = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[dotted] = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    return found


def imported(tree: ast.AST, known: set[str]) -> Iterator[str]:
    """The modules of ours that a tree imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                if full in known or node.module in known:
                    yield full if full in known else node.module


def test_no_function_imports_our_own_packages() -> None:
    """An import inside a function hides a circle. `AppConfig.ready` is Django's place for such imports."""
    trees = modules()
    hidden = []
    for name, tree in trees.items():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                is_ready = name.endswith(".apps") and function.name == "ready"
                hidden += [
                    f"{name}.{function.name} -> {other}"
                    for other in imported(function, set(trees))
                    if not is_ready
                ]
    assert hidden == []


def test_no_files_import_each_other_in_a_circle() -> None:
    trees = modules()
    graph = networkx.DiGraph()
    for name, tree in trees.items():
        graph.add_edges_from((name, other) for other in imported(tree, set(trees)) if other != name)
    circles = [sorted(part) for part in networkx.strongly_connected_components(graph) if len(part) > 1]
    # A package's own page imports its modules, which may name the package.
    assert circles == []
