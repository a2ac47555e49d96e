"""Networks and pipes by code, for commands and services."""

from django.utils.translation import gettext_noop as _

from assets.models import Network, Pipe
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence


def network_by_code(code: str) -> Network:
    """The network with this code; ReportedError, naming those there are, when there is none."""
    network = Network.objects.select_related("division").filter(code=code).first()
    if network is None:
        known = ", ".join(Network.objects.values_list("code", flat=True)[:20]) or "none yet"
        raise ReportedError(
            Sentence(_("There is no network {code}; known: {known}."), code=code, known=known),
            code="unknown_network",
        )
    return network


def pipe_by_code(network: Network, code: str) -> Pipe:
    """The pipe (no connector) with this code; ReportedError when there is none."""
    pipe = Pipe.objects.filter(network=network, is_connector=False, code=code).first()
    if pipe is None:
        raise ReportedError(
            Sentence(_("Network {network} has no pipe {code}."), network=network.code, code=code),
            code="unknown_pipe",
        )
    return pipe
