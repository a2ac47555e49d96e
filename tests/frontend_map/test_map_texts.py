"""The map's programs find every word that they ask for, and the server leaves none that nobody asks for."""

import re
from pathlib import Path

import pytest
from django.utils import translation

from frontend_map.map_texts import map_texts, tool_texts
from frontend_map.views.map import MAP_TOOLS

SOURCES = Path(__file__).parents[2] / "frontend_map" / "src"
ASKED = re.compile(
    r"""\bword\((?:texts, |this\.workspace\.texts, |workspace\.texts, )?"(\w+)"|say\("(\w+)"\)"""
)


def programs() -> str:
    """What the map's programs say, all of it."""
    paths = [*(SOURCES / "map").rglob("*.ts"), SOURCES / "map.ts", SOURCES / "map_search.ts"]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths if path.is_file())


def test_every_word_that_is_asked_for_is_there() -> None:
    asked = {one or other for one, other in ASKED.findall(programs())}
    assert len(asked) > 150
    assert sorted(asked - set(map_texts())) == []


def test_no_word_is_left_that_nobody_asks_for() -> None:
    text = programs()
    # Names that are put together: draw_pipe, layer_zones, theme_age and the like.
    prefixes = set(re.findall(r"`(\w+_)\$\{", text))
    unused = [
        name
        for name, words in map_texts().items()
        if isinstance(words, str)
        and not re.search(rf"\b{name}\b", text)
        and not any(name.startswith(prefix) for prefix in prefixes)
    ]
    assert unused == []


@pytest.mark.parametrize("language", ["uz", "ru"])
def test_words_are_translated(language: str) -> None:
    with translation.override("en"):
        english = map_texts()
    with translation.override(language):
        translated = map_texts()
    # Units, marks and names that are the same in every language.
    same = {"perDay", "typedExample", "measures", "code", "m", "PVC"}
    plain = [
        name
        for name, words in english.items()
        if isinstance(words, str) and words == translated[name] and name not in same and " " in words
    ]
    assert plain == []


def test_every_tool_has_its_name() -> None:
    assert [tool.name for tool in MAP_TOOLS] == list(tool_texts())
