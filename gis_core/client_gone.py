"""A client that goes away ends its work: its statement is cancelled and its transaction rolled back.

Nobody reads the answer any more, and whoever gave up after a minute has often asked again. One thread of each server
process looks at the sockets of requests that last longer than a second. Under a server that does not hand out its
sockets, and over TLS that ends in the server itself, nothing is watched; a proxy before it closes its own connection to
us when its client goes (nginx does by default).
"""

import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import OperationalError, connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

# Shorter requests cost nothing but their registration.
WATCHED_AFTER_S = 1.0
_LOOKS_EVERY_S = 0.5
_CANCEL_TIMEOUT_S = 2.0


class ClientGone(OperationalError):
    """The client of this request went away: no further statement is run for it."""


class _Watched:
    """A request in progress: its socket, and the database connection of its thread."""

    def __init__(self, client: socket.socket, wrapper: Any) -> None:
        self.client, self.wrapper = client, wrapper
        self.since = time.monotonic()
        # Held while a cancellation is under way, so that the request does not end, and another begin, meanwhile.
        self.lock = threading.Lock()
        self.is_done = False
        self.is_gone = False

    def refuse_when_gone(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        """Around each statement of the request (`execute_wrapper`)."""
        if self.is_gone:
            raise ClientGone("the client has gone")
        return execute(*arguments)

    def look(self) -> None:
        """Cancel what the request is doing if its client has gone; again and again until it has ended."""
        with self.lock:
            if self.is_done or not (self.is_gone or has_gone(self.client)):
                return
            self.is_gone = True
            raw = self.wrapper.connection
            if raw is not None:
                raw.cancel_safe(timeout=_CANCEL_TIMEOUT_S)


class _Watcher:
    """The thread that looks after all watched requests of this process; it sleeps while there are none."""

    def __init__(self) -> None:
        self._watched: set[_Watched] = set()
        self._some = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def add(self, watched: _Watched) -> None:
        self._watched.add(watched)
        if self._thread is None or not self._thread.is_alive():
            self._start()
        self._some.set()

    def remove(self, watched: _Watched) -> None:
        self._watched.discard(watched)
        with watched.lock:
            watched.is_done = True

    def _start(self) -> None:
        # In the process that serves, not in the one that was forked to it.
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="client-watcher", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._some.wait()
            self._some.clear()
            while self._watched:
                time.sleep(_LOOKS_EVERY_S)
                before = time.monotonic() - WATCHED_AFTER_S
                for watched in self._watched.copy():
                    if watched.since <= before:
                        _look_safely(watched)


def _look_safely(watched: _Watched) -> None:
    """A socket or connection that closes while it is looked at is no reason to stop looking at the others."""
    try:
        watched.look()
    except Exception:  # noqa: BLE001 -- whatever it is, the watcher must live
        return


def has_gone(client: socket.socket) -> bool:
    """Whether the other side has closed the connection. Unread data, of a pipelined request, says that it is there."""
    poll = select.poll()
    try:
        poll.register(client, select.POLLIN)
        if not poll.poll(0):
            return False
        return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except (OSError, ValueError):
        return True


_watcher = _Watcher()


class ClientGoneMiddleware:
    """Watches the client of each request while it is answered; the outermost, so that all its statements are within."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        client = request.META.get("gunicorn.socket")
        if client is None or isinstance(client, ssl.SSLSocket):
            return self.get_response(request)
        # The wrapper of this thread, not the proxy that is another one in the watcher's.
        connection = connections["default"]
        watched = _Watched(client, connection)
        _watcher.add(watched)
        try:
            with connection.execute_wrapper(watched.refuse_when_gone):
                return self.get_response(request)
        finally:
            _watcher.remove(watched)
            if watched.is_gone:
                # A cancellation that comes late finds nobody.
                connection.close()
