"""First passwords, second factors, passwords asked for again, and sessions that end."""

import json
import re
import time
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gis_core.models import (
    ApiToken,
    AuditEvent,
    Division,
    Enterprise,
    OpenSession,
    RecoveryCode,
    SecondFactor,
    User,
)
from gis_core.services import second_factors
from gis_core.services.open_sessions import forget_ended_sessions
from gis_core.services.passwords import give_one_time_password
from gis_core.services.tokens import make_token
from tests.sign_in import confirmed

PASSWORD, NEW = "a-long-password", "another-long-password"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def engineer(make_user: Callable[..., User], district: Division) -> User:
    return make_user("engineer", district, username="engineer")


def log_in(password: str = PASSWORD, username: str = "engineer", **client: Any) -> tuple[Client, Any]:
    signed = Client(**client)
    return signed, signed.post("/login/", {"username": username, "password": password, "next": "/sensors/"})


def basic(username: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{username}:{password}".encode()).decode()}


# --- passwords that somebody else gave ---


def test_a_one_time_password_only_lets_choose_another(engineer: User) -> None:
    given, _until = give_one_time_password(user=engineer, acting_user=None)
    client, answer = log_in(given)
    assert answer.status_code == 302
    assert client.get("/sensors/")["Location"] == "/me/?said=one-time"
    assert "Choose your own" in client.get("/me/").content.decode()
    refusal = client.get("/api/v1/networks/")
    assert (refusal.status_code, refusal.json()["code"]) == (403, "PasswordMustChange")
    assert client.get("/admin/").status_code == 302
    for act in ("tokens/", "second-factor/begin/", "sessions/end/"):
        answer = client.post(f"/me/{act}", {"name": "x", "days": "9"})
        assert answer["Location"] == "/me/?said=one-time"
    # Nor does it serve programs, nor become one's own.
    assert Client().get("/api/v1/networks/", headers=basic("engineer", given)).status_code == 401
    form = {"old_password": given, "new_password1": given, "new_password2": given}
    assert client.post("/me/password/", form).status_code == 400
    form = {"old_password": given, "new_password1": NEW, "new_password2": NEW}
    assert client.post("/me/password/", form).status_code == 302
    assert client.get("/sensors/").status_code == 200
    assert Client().get("/api/v1/networks/", headers=basic("engineer", NEW)).status_code == 200


def test_a_one_time_password_has_an_end(engineer: User) -> None:
    given, until = give_one_time_password(user=engineer, acting_user=None)
    assert abs(until - timezone.now() - timedelta(days=3)) < timedelta(minutes=1)
    User.objects.update(one_time_until=timezone.now() - timedelta(minutes=1))
    client, answer = log_in(given)
    assert (answer.status_code, "one-time password is over" in answer.content.decode()) == (200, True)
    # Who does not know it is not told so.
    assert "is over" not in log_in("wrong")[1].content.decode()
    assert client.get("/me/").status_code == 302


def test_it_ends_sessions_and_tokens(engineer: User) -> None:
    elsewhere, _answer = log_in()
    make_token(user=engineer, name="x", acting_user=None)
    give_one_time_password(user=engineer, acting_user=None)
    assert elsewhere.get("/me/").status_code == 302
    assert not ApiToken.objects.filter(revoked_at=None).exists()


@pytest.fixture
def administrator(make_user: Callable[..., User], district: Division) -> User:
    user = make_user("administrator", district, username="local")
    user.is_staff = True
    user.save()
    return user


def shown_password(page: str) -> str:
    found = re.search(r'id="one-time-password">([^<]+)<', page)
    assert found is not None, page
    return found[1]


def test_an_administrator_gives_passwords_that_he_does_not_choose(
    administrator: User, district: Division
) -> None:
    client = confirmed(administrator)
    page = client.post(
        reverse("admin:gis_core_user_add"), {"username": "newcomer", "home_division": district.pk}
    ).content.decode()
    first = shown_password(page)
    newcomer = User.objects.get(username="newcomer")
    assert newcomer.one_time_until is not None
    assert log_in(first, "newcomer")[1].status_code == 302
    address = reverse("admin:auth_user_password_change", args=[newcomer.pk])
    assert "random password" in client.get(address).content.decode()
    second = shown_password(client.post(address).content.decode())
    assert second != first
    assert log_in(first, "newcomer")[1].status_code == 200
    assert log_in(second, "newcomer")[1].status_code == 302
    assert second not in client.get(address).content.decode()
    for event in AuditEvent.objects.all():
        assert second not in json.dumps(event.new_values)


def test_it_goes_by_mail_where_mail_is_set_up(administrator: User, engineer: User, settings: Any) -> None:
    settings.MAILS_PASSWORDS = True
    engineer.email = "engineer@tarmoq.example"
    engineer.save()
    address = reverse("admin:auth_user_password_change", args=[engineer.pk])
    page = confirmed(administrator).post(address).content.decode()
    assert "one-time-password" not in page
    assert mail.outbox[0].to == ["engineer@tarmoq.example"]
    sent = mail.outbox[0].body.strip().splitlines()[-1]
    assert log_in(sent)[1].status_code == 302


@pytest.mark.parametrize(
    ("password", "is_taken"),
    [
        ("Qibray-2026!", False),
        ("TarmoqTarmoq1", False),
        ("toshkent viloyati", False),
        ("obihayot-1234", False),
        ("zarafshon.99", False),
        ("olma-daraxti-qibray", True),
        ("correct horse battery", True),
    ],
)
def test_names_of_this_place_are_no_passwords(
    district: Division, settings: Any, password: str, is_taken: bool
) -> None:
    settings.PASSWORD_WORDS = ["Obihayot"]
    Enterprise.objects.create(
        code="ZAR",
        name="Zarafshon suv",
        division=district,
        tax_id="305918274",
        bank_name="x",
        bank_code="00421",
        bank_account="20210000405918274001",
        invoice_prefix="Z",
    )
    if is_taken:
        validate_password(password)
    else:
        with pytest.raises(ValidationError, match="Besides names of this place"):
            validate_password(password)


# --- the second factor ---


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A clock for codes, which moves when it is told to."""
    now = [timezone.now()]

    class Clock:
        @staticmethod
        def now() -> Any:
            return now[0]

    monkeypatch.setattr(second_factors, "timezone", Clock)

    def later(seconds: float) -> None:
        now[0] += timedelta(seconds=seconds)

    return later


def code_of(secret: str) -> str:
    return pyotp.TOTP(secret).at(second_factors.timezone.now())


def set_up(client: Client) -> tuple[str, list[str]]:
    """The secret and the recovery codes of a second factor that counts."""
    assert client.post("/me/second-factor/begin/").status_code == 302
    page = client.get("/me/").content.decode()
    found = re.search(r'<code class="code">([A-Z2-7]{32})</code>', page)
    assert found is not None
    assert 'src="data:image/svg+xml;base64,' in page
    answer = client.post("/me/second-factor/confirm/", {"code": code_of(found[1])})
    assert answer.status_code == 200
    codes = re.findall(r'<code class="code">((?:[A-Z2-7]{4}-){5}[A-Z2-7]{4})</code>', answer.content.decode())
    assert len(set(codes)) == 10
    return found[1], codes


def test_a_second_factor_is_asked_for_at_log_in(engineer: User, frozen: Callable[[float], None]) -> None:
    here, elsewhere = log_in()[0], log_in()[0]
    secret, codes = set_up(here)
    # Whoever was in by the password alone is out; the secret is not in the database as it is.
    assert here.get("/me/").status_code == 200
    assert elsewhere.get("/me/").status_code == 302
    assert secret not in SecondFactor.objects.get().sealed_secret
    client, answer = log_in()
    assert answer["Location"] == "/login/code/"
    assert client.get("/me/").status_code == 302
    # The code that turned it on serves no second time; the next one does, once.
    assert client.post("/login/code/", {"code": code_of(secret)}).status_code == 400
    frozen(30)
    code = code_of(secret)
    answer = client.post("/login/code/", {"code": f"{code[:3]} {code[3:]}"})
    assert (answer.status_code, answer["Location"]) == (302, "/sensors/")
    assert client.get("/me/").status_code == 200
    other, _ = log_in()
    assert other.post("/login/code/", {"code": code}).status_code == 400
    # A recovery code serves once.
    assert other.post("/login/code/", {"code": codes[3].lower()}).status_code == 302
    third, _ = log_in()
    assert third.post("/login/code/", {"code": codes[3]}).status_code == 400
    assert AuditEvent.objects.filter(action="use recovery code").count() == 1


def test_the_password_alone_opens_nothing_then(engineer: User, frozen: Callable[[float], None]) -> None:
    assert Client().get("/api/v1/networks/", headers=basic("engineer", PASSWORD)).status_code == 200
    set_up(log_in()[0])
    answer = Client().get("/api/v1/networks/", headers=basic("engineer", PASSWORD))
    assert (answer.status_code, "token" in answer.json()["detail"]) == (401, True)
    secret = make_token(user=engineer, name="x", acting_user=None)[1]
    assert Client().get("/api/v1/networks/", headers=basic("engineer", secret)).status_code == 200
    # Who does not know the password does not learn of it.
    assert (
        "second factor"
        not in Client().get("/api/v1/networks/", headers=basic("engineer", "x")).content.decode()
    )
    assert Client().get("/admin/login/")["Location"].startswith("/login/")


def test_codes_are_not_guessed(engineer: User, frozen: Callable[[float], None]) -> None:
    secret, codes = set_up(log_in()[0])
    frozen(30)
    wrong = "000000" if code_of(secret) != "000000" else "000001"
    client, _ = log_in()
    for _number in range(4):
        assert client.post("/login/code/", {"code": wrong}).status_code == 400
    assert client.post("/login/code/", {"code": wrong})["Location"] == "/login/"
    assert client.post("/login/code/", {"code": code_of(secret)})["Location"] == "/login/"
    client, _ = log_in()
    for _number in range(5):
        client.post("/login/code/", {"code": wrong})
    client, _ = log_in()
    answer = client.post("/login/code/", {"code": code_of(secret)})
    assert (answer.status_code, "Too many wrong codes" in answer.content.decode()) == (400, True)
    # A recovery code is no guess; a while later the authenticator is asked again.
    assert client.post("/login/code/", {"code": codes[0]}).status_code == 302
    frozen(16 * 60)
    client, _ = log_in()
    assert client.post("/login/code/", {"code": code_of(secret)}).status_code == 302


def test_a_half_finished_log_in_is_soon_over(engineer: User, frozen: Callable[[float], None]) -> None:
    secret, _codes = set_up(log_in()[0])
    frozen(30)
    client, _ = log_in()
    session = client.session
    session["second_step"] = {**session["second_step"], "until": time.time() - 1}
    session.save()
    assert client.post("/login/code/", {"code": code_of(secret)})["Location"] == "/login/"
    client, _ = log_in()
    give_one_time_password(user=engineer, acting_user=None)
    assert client.post("/login/code/", {"code": code_of(secret)})["Location"] == "/login/"
    assert Client().get("/login/code/")["Location"] == "/login/"


def test_it_is_removed_by_its_user_or_an_administrator(
    engineer: User, administrator: User, frozen: Callable[[float], None]
) -> None:
    client = log_in()[0]
    _secret, codes = set_up(client)
    page = client.post("/me/second-factor/codes/").content.decode()
    assert codes[0] not in page
    assert RecoveryCode.objects.count() == 10
    assert client.post("/me/second-factor/begin/").status_code == 400
    assert client.post("/me/second-factor/remove/").status_code == 302
    assert not SecondFactor.objects.exists()
    assert not RecoveryCode.objects.exists()
    frozen(30)
    set_up(client)
    address = reverse("admin:auth_user_password_change", args=[engineer.pk])
    given = shown_password(confirmed(administrator).post(address).content.decode())
    # A new password does not remove the second factor by itself.
    assert log_in(given)[1]["Location"] == "/login/code/"
    given = shown_password(confirmed(administrator).post(address, {"second-factor": "on"}).content.decode())
    assert log_in(given)[1]["Location"] == "/sensors/"


def test_roles_can_be_required_to_have_one(
    engineer: User, frozen: Callable[[float], None], settings: Any
) -> None:
    settings.SECOND_FACTOR_ROLES = ["administrator"]
    client = log_in()[0]
    assert client.get("/sensors/").status_code == 200
    settings.SECOND_FACTOR_ROLES = ["administrator", "engineer"]
    assert client.get("/sensors/")["Location"] == "/me/?said=needs-second-factor"
    assert client.get("/api/v1/networks/").json()["code"] == "SecondFactorMissing"
    set_up(client)
    assert client.get("/sensors/").status_code == 200


# --- the password again ---


def test_what_is_dangerous_asks_for_the_password_again(engineer: User, administrator: User) -> None:
    client = Client()
    client.force_login(engineer)
    acts = ["/me/tokens/", "/me/sessions/end/", "/me/second-factor/begin/", "/me/second-factor/remove/"]
    for address in acts:
        answer = client.post(address, {"name": "x", "days": "3"})
        assert answer["Location"].startswith("/me/confirm/?next=%2Fme%2F"), address
    assert not ApiToken.objects.exists()
    before = client.session.session_key
    assert client.post("/me/confirm/", {"password": "wrong", "next": "/me/"}).status_code == 400
    answer = client.post("/me/confirm/", {"password": PASSWORD, "next": "/me/#tokens"})
    assert answer["Location"] == "/me/#tokens"
    assert client.session.session_key != before
    assert client.post("/me/tokens/", {"name": "x", "days": "3"}).status_code == 200
    session = client.session
    session["confirmed_at"] = int(time.time()) - 16 * 60
    session.save()
    assert client.post("/me/tokens/", {"name": "x", "days": "3"}).status_code == 302
    assert (
        client.post("/me/confirm/", {"password": PASSWORD, "next": "//evil.example/"})["Location"] == "/me/"
    )
    # Roles and passwords of others.
    client = Client()
    client.force_login(administrator)
    for name, arguments in (
        ("gis_core_user_add", []),
        ("gis_core_user_change", [engineer.pk]),
        ("gis_core_user_delete", [engineer.pk]),
        ("gis_core_roleassignment_add", []),
        ("auth_user_password_change", [engineer.pk]),
    ):
        for method in (client.get, client.post):
            answer = method(reverse(f"admin:{name}", args=arguments))
            assert answer["Location"].startswith("/me/confirm/"), name
    assert client.get("/admin/gis_core/street/add/").status_code == 200


def test_a_token_confirms_nothing(engineer: User) -> None:
    secret = make_token(user=engineer, name="x", acting_user=None)[1]
    bearer = {"Authorization": f"Bearer {secret}"}
    for address in (
        "/me/confirm/",
        "/me/sessions/end/",
        "/me/second-factor/begin/",
        "/me/second-factor/remove/",
    ):
        assert Client().post(address, {"password": PASSWORD}, headers=bearer).status_code == 404


# --- sessions ---


def test_own_sessions_are_listed_and_ended(engineer: User, administrator: User, settings: Any) -> None:
    settings.SESSION_NOTED_EVERY_S = 60
    here = log_in(headers={"User-Agent": FIREFOX})[0]
    there, third = log_in()[0], log_in()[0]
    other = log_in(username="local")[0]
    for client in (here, there, third, other):
        assert client.get("/me/").status_code == 200
    page = here.get("/me/").content.decode()
    assert "Firefox, Linux" in page
    assert page.count("/end/") == 2 + 1
    uid = OpenSession.objects.get(session_key=there.session.session_key).uid
    foreign = OpenSession.objects.get(session_key=other.session.session_key).uid
    assert here.post(f"/me/sessions/{foreign}/end/").status_code == 404
    assert here.post(f"/me/sessions/{uid}/end/").status_code == 302
    assert there.get("/me/").status_code == 302
    assert here.post("/me/sessions/end/").status_code == 302
    assert third.get("/me/").status_code == 302
    assert here.get("/me/").status_code == 200
    assert other.get("/me/").status_code == 200


def test_sessions_end_when_nobody_uses_them_and_in_any_case(engineer: User, settings: Any) -> None:
    settings.SESSION_NOTED_EVERY_S = 60
    settings.SESSION_IDLE_S, settings.SESSION_LONGEST_S = 1800, 7200
    client = log_in()[0]
    client.get("/me/")
    row = Session.objects.get(session_key=client.session.session_key)
    assert abs(row.expire_date - timezone.now() - timedelta(seconds=1800)) < timedelta(seconds=60)
    # Used again later: its end moves, but not beyond the longest time.
    session = client.session
    session.update({"began_at": int(time.time()) - 6600, "seen_at": int(time.time()) - 120})
    session.save()
    assert client.get("/me/").status_code == 200
    row.refresh_from_db()
    assert abs(row.expire_date - timezone.now() - timedelta(seconds=600)) < timedelta(seconds=60)
    Session.objects.filter(pk=row.pk).update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.get("/me/").status_code == 302
    client = log_in()[0]
    client.get("/me/")
    session = client.session
    session["began_at"] = int(time.time()) - 7201
    session.save()
    assert client.get("/me/").status_code == 302
    assert not Session.objects.filter(session_key=session.session_key).exists()


def test_what_is_over_is_forgotten(engineer: User, settings: Any) -> None:
    settings.SESSION_NOTED_EVERY_S = 60
    old, new = log_in()[0], log_in()[0]
    for client in (old, new):
        client.get("/me/")
    Session.objects.filter(pk=old.session.session_key).update(expire_date=timezone.now() - timedelta(days=1))
    past = timezone.now() - timedelta(days=2)
    OpenSession.objects.filter(session_key=old.session.session_key).update(began_at=past, last_seen_at=past)
    assert forget_ended_sessions() == 1
    assert [row.session_key for row in OpenSession.objects.all()] == [new.session.session_key]


def test_logging_out_ends_the_session_in_the_database(engineer: User) -> None:
    client = log_in()[0]
    key = client.session.session_key
    answer = client.post("/logout/")
    assert answer["Clear-Site-Data"] == '"cache"'
    assert not Session.objects.filter(session_key=key).exists()
