"""Finding the nodes of a network by the names that people type."""

from uuid import UUID

from django.utils.translation import gettext_noop as _

from assets.models import Lifecycle, Network, Node
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence


def node_of_network(network: Network, name: str) -> Node:
    """The node with this code or uid; where a node and a device share a code, the node.

    Raises ReportedError when there is none. What was removed is not found.
    """
    nodes = network.nodes.exclude(lifecycle=Lifecycle.REMOVED)
    node = nodes.filter(code=name).order_by("-code_class").first()
    if node is None:
        try:
            node = nodes.filter(uid=UUID(name)).first()
        except ValueError:
            node = None
    if node is None:
        raise ReportedError(
            Sentence(_("Network {network} has no node {name}."), network=network.code, name=name[:60]),
            code="unknown_node",
        )
    return node
