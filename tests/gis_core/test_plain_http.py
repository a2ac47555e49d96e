"""An API asked over plain HTTP refuses, a page sends on."""

from typing import Any

import pytest
from django.test import Client

ADDRESSES = (
    "/api/v1/viewer/",
    "/ogc",
    "/ogc/collections",
    "/sta/v1.1",
    "/sta/v1.1/Things",
    "/tiles/pipes.json",
    "/pay/x/",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_api_refuses_plain_http(db: Any, settings: Any, address: str) -> None:
    settings.SECURE_SSL_REDIRECT = True
    for method in ("get", "post"):
        answer = getattr(Client(), method)(address)
        assert (answer.status_code, answer.has_header("Location")) == (403, False)
        assert "https" in answer.content.decode()
    assert Client().get(address, secure=True).status_code != 403


def test_a_page_is_sent_on(db: Any, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = Client().get("/login/")
    assert (answer.status_code, answer["Location"]) == (301, "https://testserver/login/")


def test_a_browser_at_a_page_of_ogc_is_sent_on_and_nobody_else(db: Any, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    browser = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    for method in ("get", "head"):
        answer = getattr(Client(), method)("/ogc/collections?f=html", headers=browser)
        assert (answer.status_code, answer["Location"]) == (301, "https://testserver/ogc/collections?f=html")
        assert "Accept" in answer["Vary"]
    # Programs, what carries a password, a token or a session, and what would change something.
    with_session = Client()
    with_session.cookies["sessionid"] = "x"
    refused = [
        Client().get("/ogc/collections", headers={"accept": "*/*"}),
        Client().get("/ogc/collections", headers={"accept": "application/geo+json"}),
        Client().get("/ogc/collections", headers={**browser, "authorization": "Bearer x"}),
        with_session.get("/ogc/collections", headers=browser),
        Client().post("/ogc/collections", headers=browser),
        Client().get("/api/v1/viewer/", headers=browser),
    ]
    assert {answer.status_code for answer in refused} == {403}


def test_without_https_nothing_is_refused(db: Any) -> None:
    assert Client().get("/api/v1/viewer/").status_code == 401
