"""Who is let in by an Authorization header, and what programs are told when they are refused."""

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from gis_core.api import authentication
from gis_core.models import Division, User
from gis_core.services.tokens import make_token

PASSWORD = "a-long-password"
# One address of each kind of view: plain, of Django REST framework, and below /tiles/.
ADDRESSES = ("/ogc/collections", "/api/v1/networks/", "/tiles/pipes.json")


def basic(username: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{username}:{password}".encode()).decode()}


@pytest.fixture
def engineer(make_user: Callable[..., User], district: Division) -> User:
    authentication._found_right.clear()
    return make_user("engineer", district, username="engineer")


def status(headers: dict[str, str], address: str = ADDRESSES[0]) -> int:
    return Client().get(address, headers=headers).status_code


@pytest.mark.parametrize("address", ADDRESSES)
def test_basic_takes_a_token_or_the_password(engineer: User, address: str) -> None:
    secret = make_token(user=engineer, name="x", acting_user=None)[1]
    for username, password in (("engineer", PASSWORD), ("engineer", secret), ("", secret), (secret, "")):
        assert status(basic(username, password), address) == 200, (username, password)
    for username, password in (
        ("engineer", "wrong"),
        ("engineer", ""),
        ("", PASSWORD),
        ("somebody", PASSWORD),
        ("somebody", secret),
        ("a\0b", "c"),
        ("", ""),
    ):
        assert status(basic(username, password), address) == 401, (username, password)


# A tile is found for a remembered token before anybody asks who it is.
@pytest.mark.parametrize("address", [*ADDRESSES, "/sta/v1.1/Things", "/tiles/pipes/0/0/0.pbf"])
def test_a_token_of_a_password_alone_ends_where_the_role_needs_more(
    engineer: User, settings: Any, address: str
) -> None:
    secret = make_token(user=engineer, name="x", acting_user=None)[1]
    ways = ({"Authorization": f"Bearer {secret}"}, basic("engineer", secret), basic(secret, ""))
    for _again in range(2):
        for way in ways:
            assert status(way, address) < 300
    settings.SECOND_FACTOR_ROLES = ["engineer"]
    for way in ways:
        answer = Client().get(address, headers=way)
        assert (answer.status_code, "make a new token" in answer.content.decode()) == (401, True)
    # Another role's are what they were.
    settings.SECOND_FACTOR_ROLES = ["administrator"]
    assert status(ways[0], address) < 300


def test_a_remembered_password_is_the_password_of_now(engineer: User) -> None:
    for _ in range(2):
        assert status(basic("engineer", PASSWORD)) == 200
    engineer.set_password("another-password")
    engineer.save()
    assert status(basic("engineer", PASSWORD)) == 401
    assert status(basic("engineer", "another-password")) == 200
    engineer.is_active = False
    engineer.save()
    assert status(basic("engineer", "another-password")) == 401


def test_wrong_passwords_lock_as_at_the_login_page(engineer: User, settings: Any) -> None:
    settings.AXES_ENABLED = True
    secret = make_token(user=engineer, name="x", acting_user=None)[1]
    assert status(basic("engineer", PASSWORD)) == 200
    found = [status(basic("engineer", f"wrong {number}")) for number in range(12)]
    assert found[:9] == [401] * 9
    assert found[-1] == 429
    assert status(basic("engineer", PASSWORD)) == 429
    # A token is no guess, and others are not locked out.
    assert status(basic("engineer", secret)) == 200
    assert status({"Authorization": f"Bearer {secret}"}) == 200
    assert Client().post("/login/", {"username": "engineer", "password": PASSWORD}).status_code != 302


def test_an_expired_token_is_no_password(engineer: User) -> None:
    token, secret = make_token(user=engineer, name="x", acting_user=None)
    token.expires_at = timezone.now() - timedelta(minutes=1)
    token.save()
    assert status(basic("engineer", secret)) == 401
    assert status({"Authorization": f"Bearer {secret}"}) == 401


def test_remembered_credentials_of_a_browser_do_not_serve_other_sites(engineer: User) -> None:
    address, headers = "/api/v1/networks/", basic("engineer", PASSWORD)
    for foreign in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert Client().post(address, headers={**headers, **foreign}).status_code == 403
        assert Client().get(address, headers={**headers, **foreign}).status_code == 200
    own = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    assert Client().post(address, headers={**headers, **own}).status_code == 405


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("address", ["/ogc/", "/ogc/collections", "/ogc/collections/pipes/items"])
def test_features_are_only_read(engineer: User, method: str, address: str) -> None:
    secret = make_token(user=engineer, name="x", acting_user=None)[1]
    client = Client(enforce_csrf_checks=True)
    for headers in ({"Authorization": f"Bearer {secret}"}, basic("engineer", PASSWORD)):
        answer = getattr(client, method)(address, "{}", content_type="application/json", headers=headers)
        assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
        assert answer["Allow"] == "GET, HEAD, OPTIONS"
    assert getattr(client, method)(address).status_code == 401


@pytest.mark.parametrize(
    "address",
    ["/ogc/nowhere", "/ogc/collections/pipes/nowhere", "/api/v1/nowhere/", "/tiles/nowhere"],
)
@pytest.mark.parametrize("debug", [False, True])
def test_unknown_addresses_of_apis_are_problems(
    engineer: User, address: str, debug: bool, settings: Any
) -> None:
    settings.DEBUG = debug
    secret = make_token(user=engineer, name="x", acting_user=None)[1]
    for headers in ({}, {"Authorization": f"Bearer {secret}"}):
        answer = Client().get(address, headers=headers)
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
        assert answer.json()["status"] == 404
    page = Client().get("/nowhere/")
    assert page["Content-Type"].startswith("text/html")


def test_whatever_fails_below_sensorthings_has_its_form(
    engineer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_arguments: Any) -> None:
        raise RuntimeError

    client = Client(raise_request_exception=False)
    answers = [
        client.get("/sta/x"),
        client.get("/sta/v1.1/Things", headers={"Authorization": "Bearer wrong"}),
        client.get("/sta/v1.1/Things", headers={"Host": "elsewhere.example"}),
        client.post(
            "/sta/v1.1/Things",
            headers={**basic("engineer", PASSWORD), "Origin": "https://elsewhere.example"},
        ),
    ]
    monkeypatch.setattr("sensors.sensorthings.api.views.respond", fails)
    answers.append(client.get("/sta/v1.1/Things", headers=basic("engineer", PASSWORD)))
    assert [answer.status_code for answer in answers] == [404, 401, 400, 403, 500]
    for answer in answers:
        document = answer.json()
        assert set(document) == {"code", "type", "message"}
        assert (document["code"], document["type"]) == (answer.status_code, "error")
    assert "Basic" in answers[1]["WWW-Authenticate"]


def test_a_session_without_its_csrf_token_is_told_so(engineer: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(engineer)
    answer = client.post("/tiles/pipes.json")
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
