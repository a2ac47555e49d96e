"""What production refuses to start with: weak secrets, hosts of every name, and plain connections to other machines."""

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from django.core.exceptions import ImproperlyConfigured

SHORTEST_SECRET = 50
FEWEST_CHARACTERS = 5
_ENCRYPTED_SCHEMES = ("rediss", "amqps", "mqtts")
# `prefer` and `allow` take a plain connection when the server offers no other.
_ENCRYPTED_MODES = ("require", "verify-ca", "verify-full")


def require_strong_secret(secret: str) -> None:
    """Refuse a secret key that could be guessed."""
    if len(secret) < SHORTEST_SECRET or len(set(secret)) < FEWEST_CHARACTERS:
        raise ImproperlyConfigured(
            f"TARMOQ_SECRET_KEY is too weak: it needs {SHORTEST_SECRET} random characters "
            "(python3 -c 'import secrets; print(secrets.token_urlsafe(64))')."
        )


def require_named_hosts(hosts: Sequence[str], allowed: Sequence[str]) -> None:
    """Refuse `*`, under which whoever sends a request chooses the host of links in mails."""
    if "*" in hosts and "any-host" not in allowed:
        raise ImproperlyConfigured(
            "TARMOQ_ALLOWED_HOSTS=* answers to every name. Name the hosts, or allow it: TARMOQ_ALLOW=any-host."
        )


def require_encrypted(name: str, address: str, allowed: Sequence[str]) -> None:
    """Refuse an address on another machine that is spoken to without encryption, unless its host is allowed by name."""
    parts = urlsplit(address)
    query = parse_qs(parts.query)
    host = (query.get("host") or [parts.hostname or ""])[0]
    if _is_local(host) or host in allowed or parts.scheme in _ENCRYPTED_SCHEMES:
        return
    if parts.scheme.startswith("post") and (query.get("sslmode") or [""])[0] in _ENCRYPTED_MODES:
        return
    raise ImproperlyConfigured(
        f"{name} speaks to {host} without encryption. Use TLS (?sslmode=verify-full, rediss://, amqps://, mqtts://, "
        f"TARMOQ_EMAIL_TLS=1), or allow this host: TARMOQ_ALLOW={host}."
    )


def _is_local(host: str) -> bool:
    if not host or host.startswith("/") or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
