"""Calling a webhook without becoming somebody's way into the private network.

The name is resolved once and the connection made to the address that was looked at, so a name cannot point elsewhere
in between. Only addresses of the public internet are called, unless the host is listed in
TARMOQ_WEBHOOK_HOSTS. Redirects
are not followed, answers are read to a bound, and everything has a time limit.
"""

import contextlib
import hashlib
import hmac
import http.client
import ipaddress
import json
import socket
import ssl
import threading
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from gis_core.messages.selectors.reasons import MessageReason
from gis_core.messages.services.outcomes import NotSent

# For each step, and for all of them: an answer that drips in must not outlast the sender's lease.
TIMEOUT_S, LONGEST_S = 10.0, 45.0
MOST_BYTES = 4096


def post(url: str, *, body: dict[str, Any], key: str, secret: str) -> int:
    """POST JSON with `Idempotency-Key` and, with a secret, `X-Tarmoq-Signature: sha256=HMAC`; returns the status.

    Raises NotSent for whatever is not a 2xx answer.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise NotSent(f"no address: {error}") from error
    content = json.dumps(body, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": key, "User-Agent": "Tarmoq"}
    if secret:
        digest = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
        headers["X-Tarmoq-Signature"] = f"sha256={digest}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _Pinned(host, port, reachable_address(host, port), is_secure=parts.scheme == "https")
    guard = threading.Timer(LONGEST_S, connection.cut)
    guard.daemon = True
    guard.start()
    try:
        connection.request("POST", path, body=content, headers=headers)
        answer = connection.getresponse()
        answer.read(MOST_BYTES)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotSent(
            f"{host}:{port}: {error or type(error).__name__}", reason=MessageReason.NO_CONNECTION
        ) from error
    finally:
        guard.cancel()
        connection.close()
    if not 200 <= answer.status < 300:
        raise NotSent(f"{host}:{port} answered {answer.status}")
    return answer.status


def reachable_address(host: str, port: int) -> str:
    """The address to call. Raises NotSent where the name has none, or any of them is not of the public internet."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotSent(f"{host} has no address: {error}", reason=MessageReason.NO_CONNECTION) from error
    addresses = [str(entry[4][0]) for entry in found]
    if f"{host}:{port}" not in settings.TARMOQ_WEBHOOK_HOSTS:
        for address in addresses:
            if not _is_public(address):
                raise NotSent(
                    f"{host} is not of the public internet ({address}); see TARMOQ_WEBHOOK_HOSTS",
                    reason=MessageReason.PRIVATE_ADDRESS,
                )
    return addresses[0]


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    # An IPv4 address can hide in an IPv6 one in three ways.
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if inner is not None:
            parsed = inner
        elif parsed in ipaddress.ip_network("64:ff9b::/96"):
            parsed = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
    return parsed.is_global and not parsed.is_multicast


class _Pinned(http.client.HTTPConnection):
    """A connection to a given address under the name of the host."""

    def __init__(self, host: str, port: int, address: str, *, is_secure: bool) -> None:
        super().__init__(host, port, timeout=TIMEOUT_S)
        self._address, self._is_secure = address, is_secure

    def cut(self) -> None:
        """End whatever the connection waits for, from another thread."""
        if self.sock is not None:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), timeout=TIMEOUT_S)
        if self._is_secure:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)
