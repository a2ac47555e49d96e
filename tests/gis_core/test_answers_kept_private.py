"""What an answer says beside its content: who may keep it, what it may run, and which request it was."""

import json
import logging
import re
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client, RequestFactory

from gis_core.models import Division, User
from gis_core.security_log import JsonLines, PlainLines, log_security, request_id
from gis_core.services.tokens import make_token
from gis_core.settings.environment import syslog_handler
from tests.gis_core.test_settings import COMPLETE
from tests.world import make_world


@pytest.fixture
def engineer(make_user: Callable[..., User], district: Division) -> User:
    user = make_user("administrator", district, username="engineer")
    user.is_staff = True
    user.save()
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    "address",
    ["/me/", "/", "/sensors/", "/accounts/", "/api/v1/viewer/", "/api/v1/networks/", "/api/v1/audit-events/"],
)
def test_personal_answers_are_kept_nowhere(engineer: User, address: str) -> None:
    answer = signed_in(engineer).get(address)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    secret = make_token(user=engineer, name="x", acting_user=None)[1]
    answer = Client().get(address, headers={"Authorization": f"Bearer {secret}"})
    assert "no-store" in answer["Cache-Control"]


def test_what_is_everybodys_is_kept(engineer: User, district: Division) -> None:
    make_world(district)
    client = signed_in(engineer)
    assert "max-age" in client.get("/api/v1/schema/")["Cache-Control"]
    assert "no-store" not in client.get("/tiles/pipes/14/11350/6120.pbf").get("Cache-Control", "")


@pytest.mark.parametrize(
    "address", ["/login/", "/me/", "/", "/admin/", "/admin/gis_core/street/", "/nowhere/"]
)
def test_nothing_written_in_a_page_runs(engineer: User, address: str) -> None:
    answer = signed_in(engineer).get(address)
    policy = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
    assert "unsafe-inline" not in answer["Content-Security-Policy"]
    assert (policy["default-src"], policy["object-src"], policy["base-uri"]) == ("'self'", "'none'", "'none'")
    assert policy["frame-ancestors"] == "'none'"
    assert ("unsafe-eval" in answer["Content-Security-Policy"]) == address.startswith("/admin/")
    page = answer.content.decode()
    assert not re.search(r"<style|\sstyle=\"(?!\")", page), address
    for attributes in re.findall(r"<script([^>]*)>[^<\s]", page):
        assert "application/json" in attributes, address


def test_cookies_of_production_belong_to_this_host_alone() -> None:
    import os
    import subprocess
    import sys

    program = (
        "import gis_core.settings.production as s;"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.LANGUAGE_COOKIE_NAME, s.SESSION_COOKIE_SECURE,"
        " s.CSRF_COOKIE_SECURE, s.LANGUAGE_COOKIE_SECURE)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], **COMPLETE},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == [
        "__Host-sessionid",
        "__Host-csrftoken",
        "__Host-django_language",
        "True",
        "True",
        "True",
    ], done.stderr


# --- logs ---


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(JsonLines().format(record)))

    def events(self) -> list[str]:
        return [line["event"] for line in self.lines if line["logger"] == "tarmoq.security"]


@pytest.fixture
def log() -> Any:
    kept = Kept()
    logger = logging.getLogger("tarmoq")
    level = logger.level
    logger.addHandler(kept)
    logger.setLevel(logging.INFO)
    yield kept
    logger.removeHandler(kept)
    logger.setLevel(level)


def basic(username: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{username}:{password}".encode()).decode()}


def test_each_request_has_an_id_that_all_its_lines_carry(engineer: User, log: Kept) -> None:
    signed_in(engineer).get("/api/v1/search/?q=Karimova")
    answer = signed_in(engineer).get("/api/v1/nodes/4c1a7a52-0000-4000-8000-000000000000/")
    name = answer["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{32}", name)
    lines = [line for line in log.lines if line.get("request_id") == name]
    assert [line["logger"] for line in lines] == ["tarmoq.access", "tarmoq.security"]
    access = lines[0]
    assert (access["user"], access["way"], access["method"]) == ("engineer", "session", "GET")
    assert access["status"] == 404
    assert access["at"].endswith("+00:00")
    # Whom somebody looked for is not written down.
    assert "Karimova" not in json.dumps(log.lines)
    assert (
        Client().get("/login/", headers={"X-Request-ID": "from-the-proxy.1"})["X-Request-ID"]
        == "from-the-proxy.1"
    )
    for bad in ("short", "a b c d e f g h", "x" * 65, 'with"quotes"'):
        assert Client().get("/login/", headers={"X-Request-ID": bad})["X-Request-ID"] != bad
    before = len(log.lines)
    Client().get("/healthz/")
    assert len(log.lines) == before


def test_every_way_in_and_every_refusal_is_told(engineer: User, log: Kept) -> None:
    secret = make_token(user=engineer, name="x", acting_user=None)[1]
    client = Client()
    client.post("/login/", {"username": "engineer", "password": "wrong-one"})
    client.post("/login/", {"username": "engineer", "password": "a-long-password"})
    client.get("/accounts/4c1a7a52-0000-4000-8000-000000000000/")
    client.post("/logout/")
    Client().get("/api/v1/viewer/", headers=basic("engineer", "wrong-two"))
    Client().get("/api/v1/viewer/", headers=basic("engineer", "a-long-password"))
    Client().get("/api/v1/viewer/", headers={"Authorization": "Bearer wrong-three"})
    Client().get("/api/v1/viewer/", headers={"Authorization": f"Bearer {secret}"})
    assert log.events() == [
        "login failed",
        "logged in",
        "not found or not theirs",
        "logged out",
        "login failed",
        "credentials refused",
        "not authenticated",
        "logged in",
        "credentials refused",
        "not authenticated",
    ]
    text = json.dumps(log.lines)
    for hidden in ("wrong-one", "wrong-two", "wrong-three", "a-long-password", secret):
        assert hidden not in text
    by_basic = [line for line in log.lines if line["event"] == "logged in"][1]
    assert (by_basic["user"], by_basic["way"]) == ("engineer", "basic")


def test_what_is_sent_begins_no_line_of_its_own(rf: RequestFactory) -> None:
    record = logging.LogRecord("tarmoq.security", logging.INFO, "", 0, "login failed", (), None)
    record.facts = {"user": "a\n2026-01-01 INFO tarmoq.security: logged in\x1b[2J"}
    reset = request_id.set("abc")
    try:
        assert "\n" not in JsonLines().format(record)
        assert "\n" not in PlainLines("%(levelname)s %(message)s").format(record)
        assert "\x1b" not in PlainLines("%(levelname)s %(message)s").format(record)
    finally:
        request_id.reset(reset)
    log_security("without a request", None)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("/dev/log", "/dev/log"),
        ("logs.example", ("logs.example", 514)),
        ("logs.example:1514", ("logs.example", 1514)),
        ("[::1]:514", ("::1", 514)),
    ],
)
def test_logs_are_shipped_to_a_socket_file_or_a_host(text: str, address: Any) -> None:
    assert syslog_handler(text, "")["address"] == address
