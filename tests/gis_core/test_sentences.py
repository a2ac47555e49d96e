"""Sentences: English where they are kept, the reader's language where they are read; every one is translated."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation

from assets.models import Pipe
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from gis_core.sentences import Sentence, Word, Words, in_words
from tests.world import make_world

ROOT = Path(__file__).parents[2]
APPS = ("assets", "balances", "billing", "gis_core", "sensors")
FORM = "Pipe {pipe} is {lifecycle}: there is nothing to isolate."
# What is the same in every language.
UNTRANSLATED = {"{name}: {reason}"}


def forms() -> Iterator[str]:
    """The forms of all sentences that our code makes."""
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Sentence":
                    marked = node.args[0]
                    assert isinstance(marked, ast.Call), f"{path}:{node.lineno}: not marked for translation"
                    yield ast.literal_eval(marked.args[0])


@pytest.mark.parametrize("language", ["uz", "uz-cyrl", "ru"])
def test_every_sentence_is_translated_with_all_its_values(language: str) -> None:
    found = set(forms()) - UNTRANSLATED
    assert len(found) > 150
    with translation.override(language):
        missing = [form for form in found if translation.gettext(form) == form]
        assert missing == []
        lost = [
            form
            for form in found
            if set(re.findall(r"{\w+}", form)) != set(re.findall(r"{\w+}", translation.gettext(form)))
        ]
    assert lost == []


def test_a_sentence_is_english_and_speaks_the_readers_language() -> None:
    made = Sentence(FORM, pipe="P-1", lifecycle=Word("planned"))
    nested = Sentence("Operation {index}: {message}", index=2, message=made)
    assert made == "Pipe P-1 is planned: there is nothing to isolate."
    with translation.override("ru"):
        assert in_words(made) == "Трубу P-1 отключать незачем, её состояние: запланирована."
        assert in_words(nested).endswith(": запланирована.")
        assert in_words(Words(["planned", "removed"])).count(", ") == 1
        assert in_words("as it is") == "as it is"
        error = ReportedError(made, code="x", details=[{"element": "P-1", "reason": made, "line": 3}])
        assert error.as_dict()["error"]["details"][0]["reason"] == in_words(made)
        # What is logged stays English.
        assert error.message == made == str(error)


def test_a_refusal_comes_in_the_language_that_was_asked_for(
    district: Division, make_user: Callable[..., User]
) -> None:
    world = make_world(district)
    pipe = world.pipes["P2"]
    Pipe.objects.filter(pk=pipe.pk).update(lifecycle="out_of_service")
    client = Client()
    client.force_login(make_user("engineer", district))
    said = {
        language: client.get(
            f"/api/v1/pipes/{pipe.uid}/isolation/", headers={"accept-language": language}
        ).json()["error"]["message"]
        for language in ("en", "ru", "uz")
    }
    assert said["en"] == "Pipe P2 is out of service: there is nothing to isolate."
    assert "Трубу P2 отключать незачем" in said["ru"]
    assert said["uz"].startswith("P2 quvurini ajratib bo‘lmaydi")


def test_what_is_wrong_with_a_field_is_said_at_the_field(
    district: Division, make_user: Callable[..., User]
) -> None:
    world = make_world(district)
    client = Client()
    client.force_login(make_user("engineer", district))
    answer = client.patch(
        f"/api/v1/pipes/{world.pipes['P2'].uid}/",
        {"diameter_m": 5000},
        content_type="application/json",
        headers={"accept-language": "ru", "if-match": '"1"'},
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["reason"].startswith("Должно быть от")
