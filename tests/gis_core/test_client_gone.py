"""A client that goes away ends its work, and nobody else's."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from django.db import connection, connections

from assets.models import Edit, Network, Node
from gis_core.client_gone import ClientGone, ClientGoneMiddleware, _Watched, has_gone
from gis_core.database.locks import AdvisoryLock
from gis_core.models import RoleAssignment, User
from gis_core.services.tokens import make_token
from tests.bench.served import ours
from tests.conftest import make_district
from tests.world import make_world


def test_who_is_there_and_who_has_gone() -> None:
    near, far = socket.socketpair()
    assert not has_gone(near)
    far.send(b"GET / HTTP/1.1\r\n")
    assert not has_gone(near), "a request that waits to be read"
    assert near.recv(3) == b"GET"
    near.recv(100)
    far.close()
    assert has_gone(near)
    near.close()
    assert has_gone(near)


def test_no_cancellation_reaches_the_next_request() -> None:
    cancelled = []

    class Raw:
        def cancel_safe(self, timeout: float) -> None:
            cancelled.append(timeout)

    class Wrapper:
        connection = Raw()

    near, far = socket.socketpair()
    far.close()
    watched = _Watched(near, Wrapper())
    watched.look()
    assert len(cancelled) == 1
    with pytest.raises(ClientGone):
        watched.refuse_when_gone(lambda *_: None, "SELECT 1")
    watched.is_done = True
    watched.look()
    assert len(cancelled) == 1
    near.close()


def test_a_server_without_sockets_is_served_as_ever(rf: Any) -> None:
    # A path stands for the answer.
    answer: Any = ClientGoneMiddleware(lambda request: request.path)(rf.get("/x"))  # type: ignore[arg-type,return-value]
    assert answer == "/x"


@contextmanager
def an_edit_in_progress(network: Network) -> Iterator[None]:
    """Edits of the network wait for this one."""
    other = connections["default"].copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [AdvisoryLock.NETWORK_EDIT, network.pk])
            yield
    finally:
        other.close()


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if holds():
            return True
        time.sleep(0.05)
    return holds()


def test_a_client_that_goes_away_ends_its_statement_and_its_transaction(committing_database: None) -> None:
    district = make_district("QIBRAY", "Qibray")
    world = make_world(district)
    engineer = User.objects.create_user(username="engineer")
    RoleAssignment.objects.create(user=engineer, role="engineer", division=district)
    _row, token = make_token(user=engineer, name="test", acting_user=None)
    body = b'{"network": "N1", "kind": "junction", "geometry": [69.9, 41.9], "code": "NEW"}'
    head = (
        f"POST /api/v1/nodes/ HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    with ours(token) as server:
        with an_edit_in_progress(world.network):
            with closing(socket.create_connection(("127.0.0.1", server.port))) as client:
                client.sendall(head + body)
                assert within(20, lambda: waiting() == 1), "the edit waits for the other one"
            assert within(5, lambda: waiting() == 0), "and ends with its client"
        assert not Node.objects.filter(code="NEW").exists()
        assert not Edit.objects.exists()
        # Who waits is served; the connection that was cut is not used again.
        with closing(socket.create_connection(("127.0.0.1", server.port))) as client:
            with an_edit_in_progress(world.network):
                client.sendall(head + body)
                assert within(20, lambda: waiting() == 1)
                time.sleep(2)
                assert waiting() == 1
            assert client.recv(12) == b"HTTP/1.1 201"
    assert Node.objects.filter(code="NEW").count() == 1
