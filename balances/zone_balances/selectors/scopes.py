"""Which zones and networks a command means: by code of a network, a division or zones. For people at the console."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_noop as _

from assets.models import Network, Zone
from gis_core.errors import ReportedError
from gis_core.models import Division
from gis_core.sentences import Sentence


@dataclass(frozen=True)
class ZoneScope:
    """The networks to compute, by code, and the zones to tell of."""

    networks: list[Network]
    zones: list[Zone]


def zone_scope(
    *, network: str | None = None, division: str | None = None, zones: Sequence[str] = ()
) -> ZoneScope:
    """The zones asked for: those named, of a network where one is named; or all of a network; or all in a division.

    Raises ReportedError (`no_network`, `no_division`, `no_zone`, `ambiguous_zone`).
    """
    found = Zone.objects.select_related("network__division").defer("geom").order_by("code", "network__code")
    if network is not None:
        found = found.filter(network=network_named(network))
    if division is not None:
        found = found.filter(division__path__startswith=_division_named(division).path)
    if zones:
        listed = list(found.filter(code__in=set(zones)))
        for code in dict.fromkeys(zones):
            _refuse_unclear(code, [zone for zone in listed if zone.code == code])
    else:
        listed = list(found)
    if network is not None and not zones:
        return ZoneScope([network_named(network)], listed)
    networks = {zone.network_id: zone.network for zone in listed}
    if not networks:
        raise ReportedError(Sentence(_("There is no zone in {division}."), division=division), code="no_zone")
    return ZoneScope(sorted(networks.values(), key=lambda one: one.code), listed)


def network_named(code: str) -> Network:
    """The network with this code; ReportedError `no_network` when there is none."""
    network = Network.objects.select_related("division").filter(code=code).first()
    if network is None:
        raise ReportedError(Sentence(_("There is no network {code}."), code=code), code="no_network")
    return network


def zone_named(code: str, network: Network | None) -> Zone:
    """The zone with this code, of the network if one is given. Raises ReportedError (`no_zone`, `ambiguous_zone`)."""
    zones = Zone.objects.select_related("network__division").defer("geom").filter(code=code)
    if network is not None:
        zones = zones.filter(network=network)
    listed = list(zones.order_by("network__code"))
    _refuse_unclear(code, listed)
    return listed[0]


def _refuse_unclear(code: str, found: Sequence[Zone]) -> None:
    if not found:
        raise ReportedError(Sentence(_("There is no zone {code}."), code=code), code="no_zone")
    if len(found) > 1:
        networks = [zone.network.code for zone in found]
        raise ReportedError(
            Sentence(
                _("There are zones {code} in the networks {networks}; name the network."),
                code=code,
                networks=", ".join(networks),
            ),
            code="ambiguous_zone",
            details=[{"zone": code, "network": one} for one in networks],
        )


def _division_named(code: str) -> Division:
    division = Division.objects.filter(code=code).first()
    if division is None:
        raise ReportedError(Sentence(_("There is no division {code}."), code=code), code="no_division")
    return division
