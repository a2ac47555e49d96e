"""Gunicorn's worker with threads, and one thread beside them that answers only whether the process can serve.

Where all threads are busy, for however long, whoever asks for the health is answered all the same.
"""

import socket
import time
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

# As clients write it: the method, and the address up to where a question mark, a slash or the end may follow.
_ASKS_FOR_HEALTH = (b"GET /healthz", b"HEAD /healthz")


# Whoever connects and says nothing for so long is left.
_SILENT_S = 10


class HealthFirstWorker(ThreadWorker):
    """What a connection asks for is looked at before it is given a thread; one that has said nothing yet takes none."""

    def init_process(self) -> None:
        self._health_thread = ThreadPoolExecutor(1, thread_name_prefix="health")
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        """Give the connection to a thread; called by the thread that accepts, which never waits."""
        said = _said(conn.sock)
        if said is None and not (conn.initialized or conn.data_ready):
            # As gunicorn itself does, a little later, with a connection that stays silent.
            conn.sock.setblocking(False)
            conn.timeout = time.monotonic() + _SILENT_S
            self.pending_conns.append(conn)
            self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))
            return
        asks_for_health = said is not None and said.startswith(_ASKS_FOR_HEALTH)
        pool: Executor = self._health_thread if asks_for_health else self.tpool
        pool.submit(self.handle, conn).add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )


def _said(client: socket.socket) -> bytes | None:
    """The first bytes that wait to be read; none when the other side is gone, None when nothing has come yet."""
    try:
        return client.recv(16, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except (OSError, ValueError):
        return b""
