"""Networks and zones by code, for commands about balances: a zone's code is unique in its network only."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _

from assets.models import Network, Zone
from gis_core.access import Capability, Viewer, visible
from gis_core.errors import ReportedError
from gis_core.models import Division
from gis_core.sentences import Sentence


@dataclass(frozen=True)
class ZoneScope:
    """The networks to compute, by code, and the zones to tell of."""

    networks: list[Network]
    zones: list[Zone]


def balanced_network(
    code: str, *, viewer: Viewer | None = None, capability: Capability = Capability.VIEW_BALANCES
) -> Network:
    """The network with this code, of those in which `viewer` has the capability; ReportedError (`no_network`)."""
    networks = Network.objects.select_related("division")
    if viewer is not None:
        networks = visible(networks, viewer, capability)
    network = networks.filter(code=code).first()
    if network is None:
        raise ReportedError(Sentence(_("There is no network {network}."), network=code), code="no_network")
    return network


def balanced_division(code: str) -> Division:
    """The division with this code; ReportedError (`no_division`)."""
    division = Division.objects.filter(code=code).first()
    if division is None:
        raise ReportedError(Sentence(_("There is no division {code}."), code=code), code="no_division")
    return division


def zone_by_code(
    code: str,
    network: str | None = None,
    *,
    viewer: Viewer | None = None,
    capability: Capability = Capability.VIEW_BALANCES,
) -> Zone:
    """The zone with this code, of all networks or of one; of those in which `viewer`, where one is named, has the
    capability.

    Raises ReportedError: `no_network`, `no_zone`, `ambiguous_zone` (details: the networks that have it).
    """
    return zone_scope(network=network, zones=[code], viewer=viewer, capability=capability).zones[0]


def zone_scope(
    *,
    network: str | None = None,
    division: str | None = None,
    zones: Sequence[str] = (),
    viewer: Viewer | None = None,
    capability: Capability = Capability.VIEW_BALANCES,
) -> ZoneScope:
    """The zones asked for: those named, of a network where one is named; or all of a network; or all in a division with
    what is below it. Of those in which `viewer`, where one is named, has the capability.

    Raises ReportedError (`no_network`, `no_division`, `no_zone`, `ambiguous_zone`).
    """
    found = _zones_of(viewer, capability)
    if network is not None:
        of_network = balanced_network(network, viewer=viewer, capability=capability)
        found = found.filter(network=of_network)
        if not zones and division is None:
            return ZoneScope([of_network], list(found))
    if division is not None:
        found = found.filter(division__path__startswith=balanced_division(division).path)
    listed = list(found.filter(code__in=set(zones)) if zones else found)
    for code in dict.fromkeys(zones):
        _refuse_unclear(code, [zone for zone in listed if zone.code == code])
    if not listed:
        raise ReportedError(Sentence(_("There is no zone in {division}."), division=division), code="no_zone")
    networks = {zone.network_id: zone.network for zone in listed}
    return ZoneScope(sorted(networks.values(), key=lambda one: one.code), listed)


def _zones_of(viewer: Viewer | None, capability: Capability) -> QuerySet[Zone]:
    zones = Zone.objects.select_related("network__division", "division").defer("geom", "division__boundary")
    if viewer is not None:
        zones = visible(zones, viewer, capability)
    return zones.order_by("code", "network__code")


def _refuse_unclear(code: str, found: Sequence[Zone]) -> None:
    if not found:
        raise ReportedError(Sentence(_("There is no zone {zone}."), zone=code), code="no_zone")
    if len(found) > 1:
        raise ReportedError(
            Sentence(_("Several networks have a zone {zone}: name the network."), zone=code),
            code="ambiguous_zone",
            details=[{"zone": code, "network": zone.network.code} for zone in found],
        )
