"""Statements, locks and threads that are taken for too long: what ends, what is said, and who is answered meanwhile."""

import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from django.test import Client
from django.utils import timezone

from gis_core.busy import busy_answer
from gis_core.client_gone import ClientGone
from gis_core.database import limits
from gis_core.database.limits import JOBS, WEB, OutcomeUnknown, is_full_or_away, limit_connections, patience_s
from gis_core.database.locks import AdvisoryLock, hold
from gis_core.models import Division, RoleAssignment, User
from tests.conftest import make_district
from tests.databases import as_owner
from tests.gis_core.held_up import SLOW_S
from tests.world import make_world

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a process sets for itself, taken back afterwards."""
    options = settings.DATABASES["default"]["OPTIONS"]
    former = dict(options)
    monkeypatch.setattr(limits, "_of_process", [])
    yield
    options.clear()
    options.update(former)


@pytest.mark.parametrize(("of", "shown"), [(WEB, ("15s", "3s", "1min")), (JOBS, ("2h", "5min", "2h"))])
def test_connections_have_the_limits_of_their_process(
    limited: None, committing_database: None, of: limits.ConnectionLimits, shown: tuple[str, ...]
) -> None:
    limit_connections(of)
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            found = []
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
                cursor.execute(f"SHOW {name}")
                found.append(cursor.fetchone()[0])
    finally:
        other.close()
    assert tuple(found) == shown
    assert patience_s(20) == min(20, of.lock_s)


def test_the_web_and_the_workers_limit_themselves() -> None:
    """Each entry in a process of its own, which says how it would connect."""
    told = "from django.conf import settings; print(settings.DATABASES['default']['OPTIONS'].get('options'))"
    for first, wanted in (
        ("import gis_core.wsgi", f"statement_timeout={WEB.statement_s}s"),
        (
            "import gis_core.celery_app; from celery.signals import worker_init; worker_init.send(None)",
            f"statement_timeout={JOBS.statement_s}s",
        ),
        ("import gis_core.celery_app", "None"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", f"{first}; {told}"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert wanted in done.stdout, done.stderr


def test_a_wait_for_a_lock_leaves_the_limit_of_the_session(limited: None, committing_database: None) -> None:
    limit_connections(WEB)
    connection.close()
    with transaction.atomic(), connection.cursor() as cursor:
        hold(AdvisoryLock.NETWORK_EDIT, 1, wait_s=1)
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone()[0] == f"{WEB.lock_s}s"


@contextmanager
def somebody_else(statement: str) -> Iterator[None]:
    """Another transaction that has done this and does not end."""
    other = connections["default"].copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(statement)
            yield
    finally:
        other.rollback()
        other.close()


def test_a_lock_that_somebody_holds_is_409_and_nothing_is_done(committing_database: None) -> None:
    world = make_world(make_district("QIBRAY", "Qibray"))
    clerk = User.objects.create_user(username="clerk")
    RoleAssignment.objects.create(user=clerk, role="clerk", division=world.district)
    client = Client()
    client.force_login(clerk)
    account = world.account(0)
    body = {
        "account": str(account.uid),
        "channel": "bank",
        "reference": "1",
        "paid_on": f"{timezone.localdate()}",
        "amount": "5.00",
    }
    key = {"Idempotency-Key": "k"}
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_billingmonth (enterprise_id, month, state) VALUES (%s, %s, 'open')",
            [account.enterprise_id, timezone.localdate().replace(day=1)],
        )
        cursor.execute("SET lock_timeout = '200ms'")
    with somebody_else("SELECT 1 FROM billing_billingmonth FOR UPDATE"):
        for headers in ({}, key):
            answer = client.post("/api/v1/payments/", body, "application/json", headers=headers)
            assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
            assert answer.json()["code"] == "Busy"
            assert answer["Retry-After"] == "2"
    # With the same key once the other is done: nothing was kept of the refusal.
    assert client.post("/api/v1/payments/", body, "application/json", headers=key).status_code == 201


# The deferred trigger of one payment ends its own session, which is then committing.
_LOST_AT_COMMIT = """
    CREATE FUNCTION end_own_session() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER zz_session_ends AFTER INSERT ON billing_payment DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION end_own_session()
"""


def test_a_connection_lost_at_commit_is_told_as_unknown(committing_database: None) -> None:
    world = make_world(make_district("QIBRAY", "Qibray"))
    clerk = User.objects.create_user(username="clerk")
    RoleAssignment.objects.create(user=clerk, role="clerk", division=world.district)
    client = Client(raise_request_exception=False)
    client.force_login(clerk)
    body = {
        "account": str(world.account(0).uid),
        "channel": "bank",
        "reference": "1",
        "paid_on": f"{timezone.localdate()}",
        "amount": "5.00",
    }
    key = {"Idempotency-Key": "k"}
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(_LOST_AT_COMMIT)
    # Only who sent a key may just send it again.
    for headers, again in ({}, None), (key, "2"):
        answer = client.post("/api/v1/payments/", body, "application/json", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (503, "OutcomeUnknown")
        assert "nobody knows" in answer.json()["detail"]
        assert answer.get("Retry-After") == again
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER zz_session_ends ON billing_payment")
    assert client.post("/api/v1/payments/", body, "application/json", headers=key).status_code == 201


def test_only_what_a_key_protects_is_safe_to_repeat(rf: Any) -> None:
    key = {"Idempotency-Key": "k"}

    def answer(method: str, path: str, headers: dict[str, str]) -> tuple[bool, bool]:
        found = busy_answer(getattr(rf, method)(path, headers=headers), OutcomeUnknown("lost"))
        assert found is not None
        return "Retry-After" in found, "nobody knows" in found.content.decode()

    assert answer("post", "/api/v1/payments/", key) == (True, True)
    assert answer("post", "/api/v1/payments/", {}) == (False, True)
    # A key promises nothing for other methods and addresses.
    assert answer("patch", "/api/v1/payments/", key) == (False, True)
    assert answer("post", "/accounts/", key) == (False, True)
    # Who only looks changed nothing.
    for method in ("get", "head"):
        assert answer(method, "/api/v1/payments/", {})[0]
    assert answer("get", "/map/", {}) == (True, False)


@pytest.mark.django_db
def test_a_statement_at_its_limit_is_503_and_anything_else_is_no_answer(rf: Any) -> None:
    answers = []
    for path in ("/api/v1/nodes/", "/map/"):
        with pytest.raises(OperationalError) as ended, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '20ms'; SELECT pg_sleep(5)")
        answer = busy_answer(rf.get(path), ended.value)
        assert answer is not None
        answers.append((answer.status_code, answer["Content-Type"].split(";")[0]))
    assert answers == [(503, "application/problem+json"), (503, "text/plain")]
    for error in (OperationalError("the server has gone"), ValueError("x")):
        assert busy_answer(rf.get("/"), error) is None


def test_a_full_disk_and_a_database_that_went_away_are_503(
    committing_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> Exception:
        try:
            Division.objects.first()
        except DatabaseError as error:
            return error
        raise AssertionError("nothing failed")

    def ask() -> tuple[int, str]:
        # A session is looked for before any view is asked.
        client = Client(raise_request_exception=False)
        client.cookies[settings.SESSION_COOKIE_NAME] = "x" * 32
        answer = client.get("/api/v1/viewer/")
        return answer.status_code, answer["Content-Type"]

    assert ask()[0] == 401
    with pytest.raises(OperationalError) as full, connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$")
    assert is_full_or_away(full.value)
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    assert is_full_or_away(fails())
    assert ask() == (503, "application/problem+json")
    monkeypatch.undo()
    connection.close()
    assert ask()[0] == 401
    assert not is_full_or_away(ClientGone("the client has gone"))


@contextmanager
def served_by(worker_class: str) -> Iterator[int]:
    """The site that hangs, with one process of two threads; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [str(Path(sys.executable).with_name("gunicorn")), "tests.gis_core.held_up:application"]
    command += ["--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "2", "--log-level", "error"]
    with subprocess.Popen([*command, "--worker-class", worker_class], cwd=ROOT) as process:
        try:
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                try:
                    if ask(port, "/healthz/", 2)[0] == 200:
                        break
                except OSError:
                    time.sleep(0.05)
            yield port
        finally:
            process.terminate()


def ask(port: int, path: str, seconds: float) -> tuple[int, float]:
    """Status and seconds; 0 where none came in time."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    began = time.monotonic()
    try:
        link.request("GET", path)
        return link.getresponse().status, time.monotonic() - began
    except TimeoutError:
        return 0, time.monotonic() - began
    finally:
        link.close()


@pytest.mark.parametrize(
    ("worker_class", "is_answered"),
    [("gis_core.web_worker.HealthFirstWorker", True), ("gthread", False)],
    ids=["ours", "control"],
)
def test_health_is_answered_while_every_thread_is_taken(worker_class: str, is_answered: bool) -> None:
    with served_by(worker_class) as port:
        others = [threading.Thread(target=ask, args=(port, f"/{number}", 3 * SLOW_S)) for number in range(4)]
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(8)]
        for other in others:
            other.start()
        time.sleep(0.5)
        status, took_s = ask(port, "/healthz/", SLOW_S / 2)
        for link in silent:
            link.close()
        for other in others:
            other.join()
    assert (status == 200 and took_s < 1) == is_answered
