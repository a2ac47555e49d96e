"""A function has at most twenty ways through it (cyclomatic complexity as radon counts it)."""

from radon.complexity import cc_visit

from tests.architecture.test_layout import ROOT, tracked_files

MOST_WAYS = 20


def test_no_function_is_more_complex_than_the_bound() -> None:
    too_complex = []
    for name in tracked_files():
        if not name.endswith(".py") or name.startswith("tests/") or "/migrations/" in name:
            continue
        for block in cc_visit((ROOT / name).read_text(encoding="utf-8")):
            # Of a class it counts all its methods together.
            for function in getattr(block, "methods", None) or [block]:
                if function.complexity > MOST_WAYS:
                    too_complex.append(f"{name}:{function.lineno} {function.name} {function.complexity}")
    assert too_complex == []
