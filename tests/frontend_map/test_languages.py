"""Six languages: each opens every page, months are its own, and Uzbek in Cyrillic letters follows the Latin one."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import translation
from django.utils.dates import MONTHS

from frontend_map.uzbek_cyrillic import cyrillic_of
from tests.frontend_map.conftest import Utility

CODES = [code for code, _name in settings.LANGUAGES]


@pytest.mark.parametrize(
    ("latin", "cyrillic"),
    [
        ("Uzatilgandan yo‘qotildi", "Узатилгандан йўқотилди"),
        ("Ochiq ogohlantirishlar", "Очиқ огоҳлантиришлар"),
        ("Qorong‘i yoki yorug‘", "Қоронғи ёки ёруғ"),
        ("elektr tarmog‘i", "электр тармоғи"),
        ("e’tibor, ma’lumot", "эътибор, маълумот"),
        ("QQS stavkasi", "ҚҚС ставкаси"),
        ("Shahar va chiziq, yangi yil", "Шаҳар ва чизиқ, янги йил"),
        ("%(number)s ta zona, {reason} — <b>EPANET</b>", "%(number)s та зона, {reason} — <b>EPANET</b>"),
        ("1 m³ narxi, UZS", "1 m³ нархи, UZS"),
        ("Tarmoq, PDF", "Тармоқ, PDF"),
        ("", ""),
    ],
)
def test_uzbek_is_written_in_cyrillic_letters(latin: str, cyrillic: str) -> None:
    assert cyrillic_of(latin) == cyrillic


def test_cyrillic_catalogues_are_current() -> None:
    """After a change of the Uzbek catalogue: manage.py make_cyrillic_catalogues."""
    call_command("make_cyrillic_catalogues", "--check")


@pytest.mark.parametrize(
    ("code", "january"),
    [
        ("uz", "Yanvar"),
        ("uz-cyrl", "Январ"),
        ("ru", "Январь"),
        ("en", "January"),
        ("tr", "Ocak"),
        ("uk", "Січень"),
    ],
)
def test_months_are_in_each_language(code: str, january: str) -> None:
    with translation.override(code):
        assert str(MONTHS[1]) == january


@pytest.mark.parametrize("code", CODES)
def test_every_language_opens_every_page(
    utility: Utility, client_of: Callable[..., Client], code: str
) -> None:
    client = client_of("administrator", is_staff=True)
    client.cookies["django_language"] = code
    for address in [*utility.pages.values(), "/admin/"]:
        assert client.get(address).status_code == 200, address
    home = client.get("/").content.decode()
    assert f'<html lang="{code.replace("cyrl", "Cyrl")}"' in home
    for other in CODES:
        assert f'value="{other}"' in home


def test_the_theme_is_the_readers(client_of: Callable[..., Client]) -> None:
    client = client_of("engineer")
    assert "data-theme" not in client.get("/").content.decode()[:300]
    client.cookies["tarmoq_theme"] = "dark"
    assert 'data-theme="dark"' in client.get("/").content.decode()[:300]
    client.cookies["tarmoq_theme"] = '"><script>'
    assert "data-theme" not in client.get("/").content.decode()[:300]
