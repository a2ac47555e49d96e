"""docs/security.md has each requirement of ASVS 5.0.0 of levels 1 and 2 once, and the tests that it names are there."""

import re
from collections import Counter

from gis_core.settings.environment import BASE_DIR

# How many the standard has, by chapter.
CHAPTERS = {
    1: 27, 2: 11, 3: 19, 4: 10, 5: 9, 6: 35, 7: 18, 8: 7, 9: 7, 10: 29, 11: 14, 12: 9, 13: 13, 14: 9, 15: 13, 16: 16,
    17: 7,
}  # fmt: skip
STATES = {"yes", "partly", "no", "–"}
TEXT = (BASE_DIR / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+)\.(\d+)\.(\d+) \| ([12]) \| (\S+) \| (.+) \|$", TEXT, re.MULTILINE)


def test_each_requirement_has_one_row() -> None:
    numbers = [row[:3] for row in ROWS]
    assert len(numbers) == len(set(numbers))
    found = Counter(int(row[0]) for row in ROWS)
    assert dict(found) == CHAPTERS
    assert Counter(row[3] for row in ROWS) == {"1": 70, "2": 183}


def test_each_row_has_a_state_and_says_why() -> None:
    for row in ROWS:
        assert row[4] in STATES, row
        assert row[5].strip(), row


def test_what_it_names_is_there() -> None:
    named = re.findall(r"`((?:tests|gis_core|assets|sensors|frontend_map|docs)/[\w./-]+)(?::(\w+))?`", TEXT)
    assert len(named) > 50
    for path, name in named:
        place = BASE_DIR / path
        assert place.exists(), path
        if name:
            assert re.search(rf"^(?:class|def) {name}\b", place.read_text(encoding="utf-8"), re.MULTILINE), (
                path,
                name,
            )
