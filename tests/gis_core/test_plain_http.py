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


def test_without_https_nothing_is_refused(db: Any) -> None:
    assert Client().get("/api/v1/viewer/").status_code == 401
