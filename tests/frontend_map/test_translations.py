"""The catalogues: complete, and compiled into what is shipped (a bare machine has no msgfmt)."""

import gettext
import re
from pathlib import Path

import pytest

LOCALE = Path(__file__).parents[2] / "frontend_map" / "locale"


def singular_messages(text: str) -> dict[str, str]:
    """The messages of a catalogue's source by their id, plural ones left out."""
    found = {}
    for block in text.split("\n\n")[1:]:
        parts = re.search(r"msgid ((?:\".*\"\n)+)msgstr ((?:\".*\"\n?)+)", block)
        if parts is not None and "msgctxt" not in block:
            whole = ["".join(re.findall(r'"(.*)"', part)).replace('\\"', '"') for part in parts.groups()]
            found[whole[0]] = whole[1]
    return found


@pytest.mark.parametrize("language", ["uz", "ru"])
def test_every_message_is_translated_and_compiled(language: str) -> None:
    source = (LOCALE / language / "LC_MESSAGES" / "django.po").read_text(encoding="utf-8")
    messages = singular_messages(source)
    assert len(messages) > 200
    assert [message for message, translation in messages.items() if not translation] == []
    with (LOCALE / language / "LC_MESSAGES" / "django.mo").open("rb") as compiled:
        catalogue = gettext.GNUTranslations(compiled)
    stale = [
        message for message, translation in messages.items() if catalogue.gettext(message) != translation
    ]
    assert stale == []


@pytest.mark.parametrize("language", ["uz", "ru"])
def test_placeholders_survive_translation(language: str) -> None:
    source = (LOCALE / language / "LC_MESSAGES" / "django.po").read_text(encoding="utf-8")
    for message, translation in singular_messages(source).items():
        names = re.compile(r"%\(\w+\)s")
        assert sorted(names.findall(message)) == sorted(names.findall(translation)), message
