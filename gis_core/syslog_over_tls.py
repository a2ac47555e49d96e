"""Log lines to a collector over TLS (RFC 5425): each in the form of RFC 5424, with its length before it.

A request never waits for the collector: lines go through a queue that a thread empties, which connects anew for as
long as nobody answers. When the queue is full, lines are counted and not kept; the collector is told how many.
"""

import logging
import os
import queue
import socket
import ssl
import threading
import time
from datetime import UTC, datetime

# authpriv (RFC 5424, table 1).
FACILITY = 10
PORT = 6514
_SEVERITIES = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}
_MOST_WAITING = 10_000
_PATIENCE_S = 10
_LONGEST_PAUSE_S = 60.0


class SyslogOverTls(logging.Handler):
    """Sends to HOST:PORT, whose certificate must be good for the host by `ca_file`, or by the machine's own list."""

    def __init__(self, host: str, port: int = PORT, ca_file: str = "") -> None:
        super().__init__()
        self._target = (host, port)
        self._ca_file = ca_file
        self._waiting: queue.Queue[bytes] = queue.Queue(_MOST_WAITING)
        self._lost = 0
        self._owner = 0
        self._stream: ssl.SSLSocket | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Put the line into the queue, and see that this process has a thread that sends."""
        message = _message(record, self.format(record))
        # A server forks after it was configured; threads do not come along.
        if self._owner != os.getpid():
            self._owner = os.getpid()
            self._waiting, self._stream = queue.Queue(_MOST_WAITING), None
            threading.Thread(target=self._send, name="syslog", daemon=True).start()
        try:
            self._waiting.put_nowait(message)
        except queue.Full:
            self._lost += 1

    def flush(self) -> None:
        """Wait a moment for what is in the queue: a process ends after this."""
        until = time.monotonic() + 2
        while self._owner == os.getpid() and self._waiting.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.01)

    def _send(self) -> None:
        waiting = self._waiting
        while True:
            message = waiting.get()
            pause_s = 1.0
            while not self._is_sent(message):
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            waiting.task_done()

    def _is_sent(self, message: bytes) -> bool:
        try:
            stream = self._stream or self._connected()
            lost, self._lost = self._lost, 0
            if lost:
                stream.sendall(_framed(f"{_header(4, time.time())} {lost} lines were lost".encode()))
            stream.sendall(message)
        except (OSError, ssl.SSLError):
            self._stream = None
            return False
        return True

    def _connected(self) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=self._ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        plain = socket.create_connection(self._target, timeout=_PATIENCE_S)
        try:
            self._stream = context.wrap_socket(plain, server_hostname=self._target[0])
        except OSError:
            plain.close()
            raise
        return self._stream


def _message(record: logging.LogRecord, line: str) -> bytes:
    severity = _SEVERITIES.get(record.levelno, 6)
    return _framed(f"{_header(severity, record.created)} {line}".encode())


def _header(severity: int, at: float) -> str:
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f"<{FACILITY * 8 + severity}>1 {stamp} {socket.gethostname()} tarmoq {os.getpid()} - -"


def _framed(message: bytes) -> bytes:
    return b"%d %s" % (len(message), message)
