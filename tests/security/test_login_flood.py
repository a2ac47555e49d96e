"""T19: 64 connections that send wrong Basic passwords, and what everybody else notices of it.

A hostile program against the web server as `make run` starts it, with the real hashing. Names change with each request
(spraying), on kept connections, for 20 s in `make prove` and 4 s otherwise. Meanwhile a watcher asks for `/healthz/`,
a program with a token and a session go on, and a person logs in from elsewhere.
"""

import os
import threading
import time
from base64 import b64encode
from collections import Counter
from http.client import HTTPConnection

import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.sessions.backends.db import SessionStore

from gis_core.models import RoleAssignment, User
from gis_core.services.tokens import make_token
from tests.bench.served import Server, ours
from tests.conftest import make_district
from tests.world import make_world

CONNECTIONS = 64
SECONDS = 20 if os.environ.get("TARMOQ_PROVE") else 4
LONGEST_S = 180
PASSWORD = "a-long-password"


def basic(username: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{username}:{password}".encode()).decode()}


class Attack:
    """Wrong passwords on many connections until it is stopped."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answers: Counter[int] = Counter()
        self.without_word_when: Counter[int] = Counter()
        self.seconds = 0.0
        self._began = 0.0
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(CONNECTIONS)]

    def __enter__(self) -> "Attack":
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.seconds = time.monotonic() - self._began

    def _send(self, number: int) -> None:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        count = 0
        while not self._stop.is_set():
            count += 1
            try:
                name = "engineer" if count % 10 == 0 else f"name{number}x{count}"
                connection.request("GET", "/api/v1/viewer/", headers=basic(name, f"Summer-{count}"))
                answer = connection.getresponse()
                answer.read()
            except OSError:
                connection.close()
                continue
            with self._lock:
                self.answers[answer.status] += 1
                if answer.status in (429, 503) and not answer.headers.get("Retry-After"):
                    self.without_word_when[answer.status] += 1
        connection.close()


def asked(port: int, path: str, headers: dict[str, str]) -> tuple[int, float]:
    """The status and the seconds of one request on a connection of its own."""
    began = time.monotonic()
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, time.monotonic() - began
    finally:
        connection.close()


def a_session(user: User) -> dict[str, str]:
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = "gis_core.password_login.LimitedPasswordBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.create()
    return {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session.session_key}"}


@pytest.mark.figure
def test_t19_a_flood_of_wrong_passwords_leaves_the_site_usable(
    committing_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    district = make_district("QIBRAY", "Qibray")
    make_world(district)
    hasher = Argon2PasswordHasher()
    hashed = hasher.encode(PASSWORD, hasher.salt())
    user = User.objects.create(username="engineer", password=hashed, home_division=district)
    RoleAssignment.objects.create(user=user, role="engineer", division=district)
    secret = make_token(user=user, name="flood", acting_user=None)[1]
    session = a_session(user)
    # The watcher and the person come by a proxy on this machine, which tells their addresses; the flood does so, too.
    monkeypatch.setenv("TARMOQ_TRUSTED_PROXIES", "127.0.0.1")
    others = {
        "/healthz/": ("/healthz/", {}),
        "a token": ("/api/v1/networks/", {"Authorization": f"Bearer {secret}"}),
        "a session": ("/me/", session),
        "a password from elsewhere": (
            "/api/v1/viewer/",
            {**basic("engineer", PASSWORD), "X-Forwarded-For": "198.51.100.7"},
        ),
    }
    slowest: dict[str, float] = dict.fromkeys(others, 0.0)
    statuses: dict[str, Counter[int]] = {name: Counter() for name in others}
    with ours(secret) as server:
        _warm(server, secret)
        with Attack(server.port) as attack:
            time.sleep(0.5)
            ends = time.monotonic() + SECONDS
            # On a busy machine longer, until each has been served at least once.
            while time.monotonic() < ends or (
                any(not found[200] for found in statuses.values()) and time.monotonic() < ends + LONGEST_S
            ):
                for name, (path, headers) in others.items():
                    status, seconds = asked(server.port, path, headers)
                    statuses[name][status] += 1
                    slowest[name] = max(slowest[name], seconds)
    sent = sum(attack.answers.values())
    print(
        f"T19 flood of log-ins: {sent} wrong passwords on {CONNECTIONS} connections in {attack.seconds:.0f} s, "
        f"{attack.answers[401]} looked at; slowest: "
        + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in slowest.items())
    )
    assert sent > CONNECTIONS
    assert set(attack.answers) <= {401, 429, 503}
    assert attack.without_word_when == Counter()
    # Each of the two processes looks at some twenty of an address, and at one more each quarter of a minute.
    assert attack.answers[401] <= 2 * (20 + attack.seconds / 15 + 2)
    for name, found in statuses.items():
        refused = {status for status in found if status != 200}
        # A person who comes while both places are taken for over a second is asked to come again.
        assert refused <= ({503} if name == "a password from elsewhere" else set()), (name, found)
        assert found[200] > 0, (name, found)


def _warm(server: Server, secret: str) -> None:
    """Both processes have loaded what they need: the first request of each takes seconds by itself."""
    for _number in range(20):
        for path in ("/api/v1/networks/", "/me/", "/healthz/"):
            asked(server.port, path, {"Authorization": f"Bearer {secret}"})
