"""Installing the pages' packages."""

import json

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
