"""Where pollers may connect to: networks that an operator allowed for a division, and nothing of this installation.

Whoever may edit a source chooses the address that the server connects to. Without this list he could look from the
server into networks that he cannot reach himself, and by the answers tell what stands there.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.models import Division, User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from sensors.models import DeviceNetwork, FeedKind, FeedSource

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

MODBUS_PORT, OPCUA_PORT = 502, 4840
# Of the brokers' addresses that name none.
_USUAL_PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671, "mqtt": 1883, "mqtts": 8883}
# What is said of every connection that does not come about: a closed port, a filtered one and a foreign service must
# not be told apart.
UNREACHABLE = "The device cannot be reached, or it does not speak the protocol of the source."


@dataclass(frozen=True)
class DeviceAddress:
    """The address that a source names; `host` is a name or an IP address."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Allowed:
    """An address to connect to, and whether a password may go there without encryption."""

    address: str
    port: int
    plain_passwords: bool


def target_of(kind: str, source_settings: dict[str, object]) -> DeviceAddress | None:
    """The device of a source's settings; None where the settings name none."""
    if kind == FeedKind.MODBUS and source_settings.get("host"):
        return DeviceAddress(
            str(source_settings["host"]).strip("[]").lower(),
            int(str(source_settings.get("port", MODBUS_PORT))),
        )
    if kind == FeedKind.OPCUA and source_settings.get("url"):
        try:
            parts = urlsplit(str(source_settings["url"]))
            return DeviceAddress(parts.hostname, parts.port or OPCUA_PORT) if parts.hostname else None
        except ValueError:
            return None
    return None


def allowed_address(source: FeedSource) -> Allowed:
    """The IP address of a source's device, to be connected to as it is: a name looked up again may lead elsewhere.

    ReportedError (`address_not_allowed`) when an address of that name lies in no network that is allowed for the
    source's division or one above it, or is this installation's own; (`unreachable`) when the name is not known.
    """
    target = target_of(source.kind, source.settings)
    if target is None:
        raise ReportedError(UNREACHABLE, code="unreachable")
    addresses = _addresses(target)
    networks = _networks_above(source.division)
    holding = [
        [network for network in networks if address in _network(network.network)] for address in addresses
    ]
    if not all(holding) or any(_is_never_allowed(address, target.port) for address in addresses):
        raise not_allowed(source.division)
    return Allowed(
        str(addresses[0]),
        target.port,
        plain_passwords=any(network.plain_passwords for network in holding[0]),
    )


def not_allowed(division: Division) -> ReportedError:
    """The refusal of an address."""
    return ReportedError(
        Sentence(
            _(
                "The device's address lies in no network that is allowed for {division}. An operator "
                "allows one: manage.py device_network allow."
            ),
            division=division.code,
        ),
        code="address_not_allowed",
    )


def literal_problem(target: DeviceAddress, division: Division) -> str | None:
    """What is wrong with an address written as figures, for when a source is kept; names are looked up when polled."""
    try:
        address = _plain(ipaddress.ip_address(target.host))
    except ValueError:
        return None
    networks = _networks_above(division)
    if _is_never_allowed(address, target.port) or not any(
        address in _network(network.network) for network in networks
    ):
        return not_allowed(division).message
    return None


def _addresses(target: DeviceAddress) -> list[IpAddress]:
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ReportedError(UNREACHABLE, code="unreachable") from error
    return [_plain(ipaddress.ip_address(str(entry[4][0]).partition("%")[0])) for entry in found]


def _plain(address: IpAddress) -> IpAddress:
    """An IPv4 address that is written as IPv6 is that IPv4 address."""
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _network(text: str) -> IpNetwork:
    return ipaddress.ip_network(text)


def _networks_above(division: Division) -> list[DeviceNetwork]:
    return list(DeviceNetwork.objects.filter(division__path__in=division.paths_to_root).order_by("pk"))


def _is_never_allowed(address: IpAddress, port: int) -> bool:
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return True
    if address.is_loopback and not settings.POLL_LOOPBACK:
        return True
    return port in _own_ports(address)


def _own_ports(address: IpAddress) -> set[int]:
    """Ports of this installation's own servers at an address."""
    database = settings.DATABASES["default"]
    own = [("127.0.0.1", settings.WEB_PORT), (database["HOST"], int(database["PORT"] or 5432))]
    for text in (settings.CELERY_BROKER_URL, settings.MQTT_URL):
        parts = urlsplit(text)
        if parts.hostname:
            own.append((parts.hostname, parts.port or _USUAL_PORTS.get(parts.scheme, 0)))
    if settings.EMAIL_HOST:
        own.append((settings.EMAIL_HOST, settings.EMAIL_PORT))
    return {port for host, port in own if not host.startswith("/") and _is_at(host, port, address)}


def _is_at(host: str, port: int, address: IpAddress) -> bool:
    try:
        addresses = _addresses(DeviceAddress(host or "127.0.0.1", port))
    except ReportedError:
        return False
    # What listens on this machine may be reached under any of its addresses.
    return address in addresses or (any(item.is_loopback for item in addresses) and _is_own(address))


def _is_own(address: IpAddress) -> bool:
    """Whether an address is this machine's: only then can a socket be bound to it."""
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True


@transaction.atomic
def allow_network(
    *,
    network: str,
    division: Division,
    plain_passwords: bool = False,
    note: str = "",
    acting_user: User | None,
) -> DeviceNetwork:
    """Allow sources of a division, and of those below it, to be polled in a network (`10.20.0.0/16`, or one address).

    `plain_passwords`: whether passwords may be sent there without encryption. ReportedError (`bad_network`) when the
    text names no network, or one of loopback, link-local or multicast addresses.
    """
    try:
        meant = ipaddress.ip_network(network.strip())
    except ValueError as error:
        raise ReportedError(
            Sentence(
                _(
                    "{network} is no network: write 10.20.0.0/16, or one address (no bits may be set "
                    "after the prefix)."
                ),
                network=repr(network),
            ),
            code="bad_network",
        ) from error
    is_closed = (
        meant.is_link_local or meant.is_multicast or (meant.is_loopback and not settings.POLL_LOOPBACK)
    )
    if is_closed:
        raise ReportedError(
            Sentence(
                _("{meant} is never polled: it holds loopback, link-local or multicast addresses."),
                meant=meant,
            ),
            code="bad_network",
        )
    row, is_new = DeviceNetwork.objects.update_or_create(
        division=division,
        network=str(meant),
        defaults={"plain_passwords": plain_passwords, "note": note},
        create_defaults={"plain_passwords": plain_passwords, "note": note, "created_by": acting_user},
    )
    record_change(
        acting_user=acting_user,
        action="allow device network" if is_new else "change device network",
        subject=row,
        subject_id=row.network,
        division=division,
        new_values={"network": row.network, "plain_passwords": plain_passwords, "note": note},
    )
    return row


@transaction.atomic
def withdraw_network(*, network: str, division: Division, acting_user: User | None) -> None:
    """Allow a network no longer: what is polled there is not connected to again.

    ReportedError (`unknown_network`) when it was not allowed.
    """
    row = DeviceNetwork.objects.filter(division=division, network=network.strip()).first()
    if row is None:
        allowed = ", ".join(
            DeviceNetwork.objects.filter(division=division).values_list("network", flat=True)[:50]
        )
        raise ReportedError(
            Sentence(
                _("{network} is not allowed for {division}; allowed are {allowed}."),
                network=network,
                division=division.code,
                allowed=allowed or "none",
            ),
            code="unknown_network",
        )
    record_change(
        acting_user=acting_user,
        action="withdraw device network",
        subject=row,
        subject_id=row.network,
        division=division,
        old_values={"network": row.network, "plain_passwords": row.plain_passwords},
    )
    row.delete()
