"""Passkeys as second factor: only this user's device, asked by this page, answers a log-in."""

import json
import re
from collections.abc import Callable
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gis_core.models import AuditEvent, Division, Passkey, RecoveryCode, User
from gis_core.services.tokens import make_token
from tests.gis_core.authenticator import Authenticator
from tests.gis_core.test_sign_in import PASSWORD, administrator, basic, engineer, log_in, shown_password
from tests.sign_in import confirmed

__all__ = ["administrator", "engineer"]


def asked(page: Any) -> dict[str, Any]:
    """What the page asks of the browser."""
    found = re.search(
        r'<script id="passkey-options" type="application/json">(.+?)</script>', page.content.decode()
    )
    assert found is not None
    options: dict[str, Any] = json.loads(found[1])
    return options


def add(client: Client, device: Authenticator, name: str = "phone") -> Any:
    return client.post("/me/passkeys/add/", {"name": name, "passkey": device.made(asked(client.get("/me/")))})


def tried(device: Authenticator) -> Any:
    """The password, and then the device's answer to what the page asks."""
    client, _answer = log_in()
    return client.post("/login/code/", {"passkey": device.used(asked(client.get("/login/code/")))})


def test_a_passkey_answers_in_place_of_a_code(engineer: User) -> None:
    here, elsewhere = log_in()[0], log_in()[0]
    device = Authenticator()
    page = add(here, device)
    codes = re.findall(r'<code class="code">((?:[A-Z2-7]{4}-){5}[A-Z2-7]{4})</code>', page.content.decode())
    assert len(set(codes)) == 10
    # Whoever was in by the password alone is out.
    assert (here.get("/me/").status_code, elsewhere.get("/me/").status_code) == (200, 302)
    client, answer = log_in()
    assert answer["Location"] == "/login/code/"
    options = asked(client.get("/login/code/"))
    answer = client.post("/login/code/", {"passkey": device.used(options)})
    assert (answer.status_code, answer["Location"]) == (302, "/sensors/")
    assert client.get("/sensors/").status_code == 200
    assert Passkey.objects.get().last_used_at is not None
    assert tried(device).status_code == 302
    # The password alone opens nothing, for programs either; a recovery code does, once.
    assert Client().get("/api/v1/networks/", headers=basic("engineer", PASSWORD)).status_code == 401
    assert log_in()[0].post("/login/code/", {"code": codes[0]}).status_code == 302
    assert log_in()[0].post("/login/code/", {"code": codes[0]}).status_code == 400
    assert AuditEvent.objects.filter(action="add passkey").count() == 1


def test_nothing_else_answers(engineer: User) -> None:
    device, stranger = Authenticator(), Authenticator()
    add(log_in()[0], device)
    assert tried(stranger).status_code == 400
    # The stranger's key under the device's name.
    stranger.credential_id = device.credential_id
    assert tried(stranger).status_code == 400
    # A forged page has another address.
    device.origin = "http://testserver.example"
    assert tried(device).status_code == 400
    device.origin = "http://testserver"
    # An answer to another challenge, and one that was given before.
    client, _ = log_in()
    options = asked(client.get("/login/code/"))
    answer = device.used(options)
    other, _ = log_in()
    other.get("/login/code/")
    assert other.post("/login/code/", {"passkey": answer}).status_code == 400
    assert client.post("/login/code/", {"passkey": answer}).status_code == 302
    again, _ = log_in()
    assert again.post("/login/code/", {"passkey": answer}).status_code == 400
    # A copy of the device has not counted on.
    device.signed = 0
    assert tried(device).status_code == 400
    for answer in ("{}", "[]", "x", '{"id": 1}', "9" * 100_000):
        client, _ = log_in()
        client.get("/login/code/")
        assert client.post("/login/code/", {"passkey": answer}).status_code == 400


def test_a_challenge_is_answered_once_and_five_times_tried(engineer: User) -> None:
    device, stranger = Authenticator(), Authenticator()
    add(log_in()[0], device)
    client, _ = log_in()
    options = asked(client.get("/login/code/"))
    assert client.post("/login/code/", {"passkey": stranger.used(options)}).status_code == 400
    # The first challenge is over with the first answer to it.
    assert client.post("/login/code/", {"passkey": device.used(options)}).status_code == 400
    for _number in range(2):
        assert client.post("/login/code/", {"passkey": "x"}).status_code == 400
    assert client.post("/login/code/", {"passkey": "x"})["Location"] == "/login/"


def test_what_is_added_is_checked(engineer: User, make_user: Callable[..., User], district: Division) -> None:
    client, _ = log_in()
    device = Authenticator()
    options = asked(client.get("/me/"))
    # Not to the challenge of the page that is open now.
    client.get("/me/")
    assert client.post("/me/passkeys/add/", {"name": "x", "passkey": device.made(options)}).status_code == 400
    assert client.post("/me/passkeys/add/", {"name": "x", "passkey": "x"}).status_code == 400
    # Without a page that asked; under a name, an identifier and a key that are none.
    unasked, _ = log_in()
    assert (
        unasked.post(
            "/me/passkeys/add/", {"name": "x", "passkey": device.made({**options, "challenge": ""})}
        ).status_code
        == 400
    )
    long, keyless = Authenticator(credential_id=b"x" * 2000), Authenticator()
    keyless.public = {}
    assert add(client, long).status_code == 400
    assert add(client, keyless).status_code == 400
    assert not Passkey.objects.exists()
    assert add(client, device, "pho\0ne").status_code == 200
    assert Passkey.objects.get().name == "phone"
    assert add(client, device).status_code == 400
    make_user("engineer", district, username="second")
    second, _ = log_in(username="second")
    assert add(second, device).status_code == 400
    assert Passkey.objects.get().user == engineer
    for number in range(9):
        assert add(client, Authenticator(), f"key {number}").status_code == 302
    assert add(client, Authenticator()).status_code == 400


def test_the_password_is_asked_for_again(engineer: User) -> None:
    client = Client()
    client.force_login(engineer)
    assert "passkey-options" not in client.get("/me/").content.decode()
    passkey = Passkey.objects.create(user=engineer, name="x", credential_id=b"x", public_key=b"y")
    for address in ("begin/", "add/", f"{passkey.uid}/remove/"):
        assert client.post(f"/me/passkeys/{address}")["Location"].startswith("/me/confirm/?next=%2Fme%2F")
    assert Passkey.objects.exists()


def test_it_is_removed_by_its_user_or_an_administrator(engineer: User, administrator: User) -> None:
    client, _ = log_in()
    add(client, Authenticator(), "phone")
    add(client, Authenticator(), "key")
    first, second = Passkey.objects.order_by("pk")
    assert client.post(f"/me/passkeys/{first.uid}/remove/").status_code == 302
    assert RecoveryCode.objects.count() == 10
    other = confirmed(administrator)
    assert other.post(f"/me/passkeys/{second.uid}/remove/").status_code == 404
    address = reverse("admin:auth_user_password_change", args=[engineer.pk])
    given = shown_password(other.post(address, {"second-factor": "on"}).content.decode())
    assert not Passkey.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert log_in(given)[1]["Location"] == "/sensors/"


def test_an_address_of_numbers_has_none(engineer: User) -> None:
    client, _ = log_in(SERVER_NAME="127.0.0.1")
    page = client.get("/me/").content.decode()
    assert "passkey-options" not in page
    assert "localhost" in page


def test_recovery_codes_that_are_used_up_are_given_anew(engineer: User) -> None:
    client, _ = log_in()
    add(client, Authenticator())
    RecoveryCode.objects.update(used_at=timezone.now())
    assert add(client, Authenticator(), "key").status_code == 200
    assert RecoveryCode.objects.filter(used_at=None).count() == 10


def test_a_role_that_must_have_a_second_factor_may_take_a_passkey(engineer: User, settings: Any) -> None:
    settings.SECOND_FACTOR_ROLES = ["engineer"]
    client, _ = log_in()
    # Nor does the password open by itself to programs what it does not open to its user.
    answer = Client().get("/api/v1/networks/", headers=basic("engineer", PASSWORD))
    assert (answer.status_code, "needs a second factor" in answer.json()["detail"]) == (401, True)
    assert client.get("/sensors/")["Location"] == "/me/?said=needs-second-factor"
    _token, secret = make_token(user=engineer, name="of the password", acting_user=engineer)
    add(client, Authenticator())
    assert client.get("/sensors/").status_code == 200
    # What the password alone had made ended with it.
    answer = Client().get("/api/v1/networks/", headers={"Authorization": f"Bearer {secret}"})
    assert (answer.status_code, "revoked" in answer.json()["detail"]) == (401, True)
    _token, secret = make_token(user=engineer, name="of both", acting_user=engineer)
    assert Client().get("/api/v1/networks/", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
