"""Networks by code, for commands and services."""

from assets.models import Network
from gis_core.errors import ReportedError


def network_by_code(code: str) -> Network:
    """The network with this code; ReportedError, naming those there are, when there is none."""
    network = Network.objects.select_related("division").filter(code=code).first()
    if network is None:
        known = ", ".join(Network.objects.values_list("code", flat=True)[:20]) or "none yet"
        raise ReportedError(f"There is no network {code}; known: {known}.", code="unknown_network")
    return network
