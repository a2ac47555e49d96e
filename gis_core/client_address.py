"""Where a request comes from: the sender's address, or what a trusted proxy says of it.

`X-Forwarded-For` and `X-Forwarded-Proto` are believed only when the request comes from one of the networks of
`TRUSTED_PROXIES`; sent by anybody else they are taken off, since everybody can write them.
"""

from collections.abc import Callable, Sequence
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse

_Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network
# A web server that listens on a socket file tells no address; only programs of this machine reach that file.
_SOCKET_FILE = ""
_FORWARDED = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
)
# What one household or office has of IPv6: whoever has it has all of its addresses.
_IPV6_PREFIX = 64


@cache
def networks_of(names: tuple[str, ...]) -> Sequence[_Network]:
    """The networks of a setting's names; ImproperlyConfigured for what is none. `unix` is told apart elsewhere."""
    try:
        return [ip_network(name, strict=False) for name in names if name != "unix"]
    except ValueError as error:
        raise ImproperlyConfigured(
            f"TARMOQ_TRUSTED_PROXIES: {error}. Write addresses or networks by commas, and unix for a socket file."
        ) from error


class ClientAddressMiddleware:
    """Puts the client's own address into REMOTE_ADDR, for all that count or log by it. Comes first of all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sender = request.META.get("REMOTE_ADDR", "")
        if _is_trusted(sender):
            request.META["REMOTE_ADDR"] = _first_untrusted(request.headers.get("X-Forwarded-For", ""), sender)
        else:
            for name in _FORWARDED:
                request.META.pop(name, None)
        return self._get_response(request)


def client_network(request: HttpRequest | None) -> str:
    """What log-ins are counted by: the client's IPv4 address, or the /64 of its IPv6 address."""
    address = _parsed(request.META.get("REMOTE_ADDR", "")) if request is not None else None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network(f"{address}/{_IPV6_PREFIX}", strict=False))
    return str(address or "unknown")


def _is_trusted(sender: str) -> bool:
    names = tuple(settings.TRUSTED_PROXIES)
    if sender == _SOCKET_FILE:
        return "unix" in names
    address = _parsed(sender)
    return address is not None and any(address in network for network in networks_of(names))


def _first_untrusted(header: str, sender: str) -> str:
    """The last address of `X-Forwarded-For` that no proxy of ours has: what stands before it the client wrote."""
    found = sender
    for text in reversed(header.split(",")):
        address = _parsed(text.strip())
        if address is None:
            break
        found = str(address)
        if not _is_trusted(found):
            break
    return found


def _parsed(text: str) -> _Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
