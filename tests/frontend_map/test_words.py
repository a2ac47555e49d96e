"""What pages say of alarms, units and diameters, in every language that is complete."""

import re
from collections.abc import Callable
from datetime import time
from pathlib import Path

import pytest
from django.db import models
from django.test import Client
from django.utils import translation

from assets.editing.services.attributes import DETAIL_OF_KIND
from frontend_map.alarm_words import rule_words
from frontend_map.client_texts import detail_texts
from frontend_map.field_texts import field_texts
from frontend_map.templatetags.figures import figure
from sensors.models import AlarmRule, Datastream
from tests.frontend_map.test_sensor_pages import Field, field, raise_alarm

__all__ = ["field"]
ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "frontend_map" / "templates"
PROGRAMS = ROOT / "frontend_map" / "src"
CATALOGUES = sorted(ROOT.glob("*/locale/*/LC_MESSAGES/django.po"))
# A unit in other letters, or with a plain 3: a page would show it beside m³.
OTHER_SPELLINGS = re.compile(r"(?<![а-яёўқғҳА-Я])(м³|м3|мм|км|м)(?![а-яёўқғҳА-Я])|(?<![a-z_{(])m3(?![a-z_}])")
STREAM = Datastream(observed_property="pressure", unit="kPa")
NIGHT = {"night_from": time(2), "night_to": time(5)}
RULES = [
    (AlarmRule(kind="limit", observed_property="pressure", low=20), "Pressure: below 20.00 m"),
    (AlarmRule(kind="limit", datastream_id=1, high=500), "Pressure: above 500.0 kPa"),
    (AlarmRule(kind="limit", datastream_id=1, low=200, high=500), "Pressure: outside 200.0 … 500.0 kPa"),
    (AlarmRule(kind="rate", datastream_id=1, high=5), "Pressure: rises faster than 5.000 kPa/h"),
    (AlarmRule(kind="rate", datastream_id=1, low=-5), "Pressure: changes by less than −5.000 kPa/h"),
    (AlarmRule(kind="missing", silent_after_s=5400), "No data for 1.5 h"),
    (
        AlarmRule(kind="night_minimum", datastream_id=1, high=9, **NIGHT),
        "Pressure: least of the night above 9.000 kPa",
    ),
]


def translations(catalogue: Path) -> list[str]:
    """The translations of a catalogue's source, its English left out."""
    found = re.findall(r'msgstr(?:\[\d\])? ((?:".*"\n?)+)', catalogue.read_text(encoding="utf-8"))
    return ["".join(re.findall(r'"(.*)"', text)) for text in found[1:]]


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: str(path.relative_to(ROOT)))
def test_units_have_one_spelling_in_every_language(catalogue: Path) -> None:
    said = translations(catalogue)
    assert len(said) > 50
    assert [text for text in said if OTHER_SPELLINGS.search(text)] == []


def test_units_have_one_spelling_in_templates_and_programs() -> None:
    pages = [*ROOT.glob("frontend_map/templates/**/*.html"), *ROOT.glob("frontend_map/src/**/*.ts")]
    assert len(pages) > 80
    # What is between quotes or tags and has a bare m3 as a word.
    shown = re.compile(r"[>`\"'][^<>`\"'\n]*(?<![\w.])m3(?![\w.])[^<>`\"'\n]*[<`\"']")
    # What puts the API's unit into people's spelling.
    allowed = 'replace("m3'
    found = [
        f"{page.name}: {line.strip()}"
        for page in pages
        for line in page.read_text(encoding="utf-8").splitlines()
        if shown.search(line) and allowed not in line
    ]
    assert found == []


def test_no_diameter_is_named_in_metres() -> None:
    with translation.override("en"):
        words = field_texts()
    assert words["attribute_diameter_m"] == "Diameter"
    for catalogue in CATALOGUES:
        assert not re.search(r'msgid "[^"]*[Dd]iameter, m"', catalogue.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("rule", "expected"), RULES)
def test_an_alarm_says_what_is_wrong(rule: AlarmRule, expected: str) -> None:
    with translation.override("en"):
        assert rule_words(rule, STREAM) == expected


@pytest.mark.parametrize("language", ["uz", "uz-cyrl", "ru"])
@pytest.mark.parametrize("rule", [rule for rule, _expected in RULES])
def test_an_alarm_speaks_every_language(rule: AlarmRule, language: str) -> None:
    with translation.override("en"):
        english = rule_words(rule, STREAM)
    with translation.override(language):
        said = rule_words(rule, STREAM)
        assert figure(1.5, 1) in said or rule.kind != "missing"
    assert said != english
    if language != "uz":
        assert not re.search(r"(?<![A-Za-z])(?!kPa)[A-Za-z]{3,}", said)


def test_the_page_of_alarms_speaks_russian(field: Field, client_of: Callable[..., Client]) -> None:
    raise_alarm(field.streams["ok"])
    client = client_of("engineer")
    page = client.get("/alarms/", headers={"accept-language": "ru"}).content.decode()
    assert "Давление: ниже 25,00 m" in page


def test_a_material_has_its_word_in_the_field_too() -> None:
    with translation.override("ru"):
        assert field_texts()["material_cast iron"] == "чугун"


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (2, "поднималась 2 раза"),
        (5, "поднималась 5 раз"),
        (21, "поднималась 21 раз"),
        (22, "поднималась 22 раза"),
    ],
)
def test_numbers_and_words_agree(
    field: Field, client_of: Callable[..., Client], times: int, said: str
) -> None:
    alarm = raise_alarm(field.streams["ok"])
    type(alarm).objects.filter(pk=alarm.pk).update(times_raised=times)
    page = client_of("engineer").get("/alarms/", headers={"accept-language": "ru"}).content.decode()
    assert re.search(said + r"\b", page)


def test_every_attribute_of_a_device_has_its_word_on_the_map() -> None:
    named = set(detail_texts())
    for model in DETAIL_OF_KIND.values():
        columns = [field.name for field in model._meta.fields if isinstance(field, models.BooleanField)]
        assert set(columns) <= named, model.__name__


def test_every_page_has_a_place_for_what_its_program_says() -> None:
    """A program that imports notice.ts writes into `#message`, of the page or of a part of it."""
    found = 0
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        parts = [TEMPLATES / name for name in re.findall(r'(?:include|extends) "([^"]+)"', text)]
        words = text + "".join(part.read_text(encoding="utf-8") for part in parts if part.exists())
        for program in re.findall(r"build/(\w+)\.js", text):
            source = PROGRAMS / f"{program}.ts"
            # The map's messages have a place of another name.
            if (
                program != "map"
                and source.exists()
                and 'from "./notice"' in source.read_text(encoding="utf-8")
            ):
                assert 'id="message"' in words, template.name
                found += 1
    assert found > 5
