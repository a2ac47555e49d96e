"""The list of breached passwords: each line is found, nothing else; a list that cannot be read lets nothing through."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from gis_core.services.breached_passwords import BreachedPasswordValidator, is_breached


def digest(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def a_list(path: Path, number: int, *, ending: str, last: str) -> Path:
    lines = sorted(f"{digest(f'breached-{place}')}:{place * place}" for place in range(number))
    path.write_bytes((ending.join(lines) + last).encode())
    return path


@pytest.mark.parametrize("number", [1, 2, 3, 500])
@pytest.mark.parametrize(("ending", "last"), [("\n", "\n"), ("\r\n", "\r\n"), ("\n", "")])
def test_each_line_is_found_and_nothing_else(tmp_path: Path, number: int, ending: str, last: str) -> None:
    path = a_list(tmp_path / "list", number, ending=ending, last=last)
    assert all(is_breached(f"breached-{place}", path) for place in range(number))
    assert not any(is_breached(f"other-{place}", path) for place in range(300))


def test_an_empty_list_has_none(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"")
    assert not is_breached("breached-1", tmp_path / "list")


def refused(password: str) -> str:
    try:
        BreachedPasswordValidator().validate(password)
    except ValidationError as error:
        return str(error.code)
    return ""


def test_the_validator_refuses_and_fails_closed(tmp_path: Path, settings: Any) -> None:
    assert refused("breached-7") == ""
    settings.BREACHED_PASSWORDS = str(a_list(tmp_path / "list", 20, ending="\n", last="\n"))
    assert (refused("breached-7"), refused("a better one")) == ("breached", "")
    (tmp_path / "other").write_text("not a list of hashes\n" * 10)
    settings.BREACHED_PASSWORDS = str(tmp_path / "other")
    assert refused("a better one") == "list_unreadable"
    settings.BREACHED_PASSWORDS = str(tmp_path / "none")
    assert refused("a better one") == "list_unreadable"


def test_it_is_among_the_validators(settings: Any) -> None:
    names = [validator["NAME"] for validator in settings.AUTH_PASSWORD_VALIDATORS]
    assert "gis_core.services.breached_passwords.BreachedPasswordValidator" in names
