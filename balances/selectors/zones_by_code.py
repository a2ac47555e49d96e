"""Networks and zones by code, for commands about balances: a zone's code is unique in its network only."""

from django.utils.translation import gettext_noop as _

from assets.models import Network, Zone
from gis_core.access import Capability, Viewer, visible
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence


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
    zones = Zone.objects.select_related("network", "division").defer("geom", "division__boundary")
    if viewer is not None:
        zones = visible(zones, viewer, capability)
    if network is not None:
        balanced_network(network, viewer=viewer, capability=capability)
        zones = zones.filter(network__code=network)
    found = list(zones.filter(code=code).order_by("network__code")[:100])
    if not found:
        raise ReportedError(Sentence(_("There is no zone {zone}."), zone=code), code="no_zone")
    if len(found) > 1:
        raise ReportedError(
            Sentence(_("Several networks have a zone {zone}: name the network."), zone=code),
            code="ambiguous_zone",
            details=[{"network": zone.network.code} for zone in found],
        )
    return found[0]
