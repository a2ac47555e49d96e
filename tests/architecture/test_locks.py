"""Advisory locks: one registry, whose numbers say in which order a transaction may take them."""

import re

from gis_core.database.locks import AdvisoryLock
from tests.architecture.test_layout import ROOT, tracked_files

# Shared, tried or for the whole session alike; the number, and the name behind it.
_IN_SQL = re.compile(r"pg_(?:try_)?advisory_\w+\((.*)$")
_NAMED = re.compile(r"(\d+), .*-- AdvisoryLock\.(\w+)$")


def test_python_takes_advisory_locks_through_the_registry_only() -> None:
    taking = [
        name
        for name in tracked_files()
        if name.endswith(".py")
        and not name.startswith(("tests/", "gis_core/local_stack/"))
        and "advisory_" in (ROOT / name).read_text(encoding="utf-8")
    ]
    assert taking == ["gis_core/database/locks.py"]


def test_sql_takes_advisory_locks_by_their_numbers() -> None:
    found = []
    for name in tracked_files():
        if not name.endswith(".sql") or name.startswith("tests/"):
            continue
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if match := _IN_SQL.search(line):
                named = _NAMED.match(match[1])
                assert named is not None, f"{name}: {line.strip()}"
                assert AdvisoryLock[named[2]] == int(named[1]), f"{name}: {line.strip()}"
                found.append(named[2])
    assert {"REMOVALS", "ZONE_TREE", "FEATURE_COUNTS", "OBSERVATION_MONTH"} <= set(found)


def test_no_number_is_given_twice() -> None:
    assert len(AdvisoryLock.__members__) == len(set(AdvisoryLock))
