"""Installing the pages' packages."""

import json
from contextlib import nullcontext
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

LOCK = json.dumps(
    {"packages": {"node_modules/rollup": {"optionalDependencies": {"@rollup/rollup-a": "4.1.0", "b": "1"}}}}
)


@pytest.mark.parametrize(
    ("complaints", "expected"),
    [
        (["Missing: @rollup/rollup-a@ from lock file"], True),
        (["Missing: @rollup/rollup-a@4.1.0 from lock file", "Missing: b@1.0.0 from lock file"], True),
        (["Missing: @rollup/rollup-a@ from lock file", "Missing: vite@7.0.0 from lock file"], False),
        (["Invalid: lock file's b@1.0.0 does not satisfy b@2.0.0"], False),
        (["Missing: b@ from lock file", "Invalid: lock file's c@1.0.0 does not satisfy c@2.0.0"], False),
        (["code ENOTFOUND"], False),
        ([], False),
    ],
)
def test_a_lock_is_passed_over_only_for_builds_of_other_systems(local_stack, complaints, expected):
    log = "".join(f"npm error {complaint}\n" for complaint in complaints)
    assert local_stack("front_end").lacks_only_optional(log, LOCK) is expected


def test_a_damaged_lock_is_never_passed_over(local_stack):
    log = "npm error Missing: b@ from lock file\n"
    assert not local_stack("front_end").lacks_only_optional(log, LOCK[:-5])


def test_the_count_of_unit_tests_is_read_whatever_its_colours(local_stack):
    log = (
        "\x1b[2m Test Files \x1b[22m \x1b[32m2 passed\x1b[39m (2)\n"
        "\x1b[2m      Tests \x1b[22m \x1b[32m141 passed\x1b[39m\x1b[90m (141)\x1b[39m\n"
    )
    assert local_stack("front_end").count_in(log) == "141 passed (141)"


@pytest.mark.parametrize("log", ["", " Test Files  1 passed (1)\n", "      Tests  1 failed | 3 passed (4)\n"])
def test_a_run_without_passed_tests_is_no_success(local_stack, log):
    with pytest.raises(local_stack("console").StepError, match="without a count"):
        local_stack("front_end").count_in(log)


@pytest.mark.parametrize(("ends_with", "expected"), [("exit 0", True), ("exit 1", False)])
def test_failing_unit_tests_are_told_with_their_log(
    local_stack, clone, monkeypatch, capsys, ends_with, expected
):
    front_end = local_stack("front_end")
    monkeypatch.setattr(front_end, "_environment", lambda clone: {})
    output = "echo '  Tests  7 passed (7)'; echo 'AssertionError: expected 1 to be 2'"
    monkeypatch.setattr(front_end, "tool", lambda *words: ["/bin/sh", "-c", f"{output}; {ends_with}"])
    assert front_end.unit_tests(clone) is expected
    told = capsys.readouterr()
    assert ("7 passed (7)" in told.out) is expected
    assert ("AssertionError: expected 1 to be 2" in told.err) is not expected


def program_of(local_stack):
    """The module of the verbs, which Python would otherwise take for pytest's own program."""
    path = Path(local_stack("front_end").__file__).with_name("__main__.py")
    spec = spec_from_file_location("local_stack_program", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("pages_passed", "code", "expected"), [(True, 0, 0), (True, 5, 5), (False, 0, 1), (False, 5, 5)]
)
def test_unit_tests_that_fail_let_pytest_run_and_fail_the_verb(
    local_stack, clone, monkeypatch, capsys, pages_passed, code, expected
):
    main = program_of(local_stack)
    ran = []

    def unit_tests(clone):
        ran.append("pages")
        return pages_passed

    def run_on_terminal(*words, **named):
        ran.append("pytest")
        return code

    monkeypatch.setattr(main, "prepared", lambda clone: nullcontext())
    monkeypatch.setattr(main.servers, "uses_private_database", lambda: True)
    monkeypatch.setattr(main.front_end, "unit_tests", unit_tests)
    monkeypatch.setattr(main, "run_on_terminal", run_on_terminal)
    assert main.verb_test(clone, []) == expected
    assert ran == ["pages", "pytest"]
    assert ("FAILED: the front end's unit tests" in capsys.readouterr().out) is not pages_passed
    ran.clear()
    assert main.verb_test(clone, ["-k", "billing"]) == code
    assert ran == ["pytest"]
