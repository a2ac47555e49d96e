"""Where a premise takes its supply from the network: the place that somebody showed on the map."""

from math import cos, radians
from uuid import UUID

from django.contrib.gis.geos import LineString, Point
from django.utils.translation import gettext_noop as _

from assets.models import Network, Node, Pipe
from assets.registers.selectors.condition import nearest_pipe
from assets.registers.services.attachments import Place
from assets.registers.services.condition import place_on
from billing.services.field_refusals import refused_field
from gis_core.access import Capability, Viewer, access
from gis_core.sentences import Figure

# A branch to a house is not longer than this.
REACH_M = 250.0
_REMOVED = "removed"


def place_at_node(viewer: Viewer, uid: UUID) -> tuple[Network, Place]:
    """The node's own place. NotVisible; ReportedError at `place` for one that was removed."""
    node = access(Node.objects.select_related("network"), viewer, Capability.VIEW_NETWORK, uid=uid)
    if node.lifecycle == _REMOVED:
        raise _removed()
    return node.network, place_on(node)


def place_on_pipe(viewer: Viewer, uid: UUID, longitude: float, latitude: float) -> tuple[Network, Place]:
    """The place on a pipe that is nearest to a position (degrees, WGS 84). NotVisible; ReportedError at `place`."""
    pipe = access(Pipe.objects.select_related("network"), viewer, Capability.VIEW_NETWORK, uid=uid)
    if pipe.lifecycle == _REMOVED or pipe.is_connector:
        raise _removed()
    _require_position(longitude, latitude)
    # A degree of longitude is shorter than one of latitude: the nearest point is that of the ground.
    shrink = max(cos(radians(latitude)), 0.01)
    line = LineString([(x * shrink, y) for x, y, *_height in pipe.geom.coords])
    position = line.project_normalized(Point(longitude * shrink, latitude))
    return pipe.network, place_on(pipe, min(max(position, 0.0), 1.0))


def nearest_place(
    viewer: Viewer, network_code: str, longitude: float, latitude: float
) -> tuple[Network, Place]:
    """The place on the network's pipe nearest to a position. NotVisible; ReportedError at `place` beyond REACH_M."""
    network = access(Network.objects.all(), viewer, Capability.VIEW_NETWORK, code=network_code)
    _require_position(longitude, latitude)
    found = nearest_pipe(network, longitude=longitude, latitude=latitude, tolerance_m=REACH_M)
    if found is None:
        raise refused_field(
            "place",
            _("No pipe of network {network} is within {tolerance_m} m of the position."),
            network=network.code,
            tolerance_m=Figure(REACH_M, "g"),
            code="nothing_near",
        )
    node = found.start_node_id if found.position <= 0.5 else found.end_node_id
    return network, Place(node, found.pipe_id, found.position)


def _removed() -> Exception:
    return refused_field("place", _("Nothing can hang there: it was removed, or is no pipe of the ground."))


def _require_position(longitude: float, latitude: float) -> None:
    if not (abs(longitude) <= 180 and abs(latitude) <= 90):
        raise refused_field("place", _("lon is within 180 degrees and lat within 90."))
