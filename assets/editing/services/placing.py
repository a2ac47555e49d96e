"""Where a new node stands: on free ground, or on a pipe that is cut there."""

from typing import Any

from django.contrib.gis.geos import Point
from django.utils.translation import gettext_noop as _

from assets.editing.services.attributes import NODE_FIELDS, parse_values
from assets.editing.services.elements import free_node_code, line_of, refusal, refuse_taken_node_code
from assets.editing.services.lines import LinePlace, Position, nearest_place, parse_point, place_at_share
from assets.editing.services.session import EditSession
from assets.models import DEVICE_KINDS, LIFECYCLES, Network, Node, Pipe, rules_of
from gis_core.sentences import Sentence


def insert_node(
    session: EditSession,
    *,
    kind: str,
    point: Position,
    code: str | None,
    base: str,
    lifecycle: str,
    elevation_m: float | None = None,
    zone_id: int | None = None,
    installed_on: Any = None,
) -> Node:
    """Store a node with `code`, or with a free one made from `base` or from the edit's number."""
    network = session.network
    if kind not in rules_of(network.commodity).kinds:
        raise refusal(
            "bad_values",
            Sentence(
                _("A {kind} does not stand in a network of {commodity}."),
                kind=repr(kind),
                commodity=network.commodity,
            ),
            "kind",
        )
    if lifecycle not in LIFECYCLES:
        raise refusal(
            "bad_values",
            Sentence(_("lifecycle must be one of {lifecycles}."), lifecycles=", ".join(LIFECYCLES)),
            "lifecycle",
        )
    if code is None:
        code = free_node_code(session, kind, "" if kind in DEVICE_KINDS else base)
    else:
        code = parse_values(Node, NODE_FIELDS, {"code": code}, network)["code"]
        refuse_taken_node_code(network, kind, code)
    return Node.objects.create(
        network=network,
        division_id=network.division_id,
        kind=kind,
        code=code,
        geom=Point(*point, srid=4326),
        elevation_m=elevation_m,
        lifecycle=lifecycle,
        zone_id=zone_id,
        installed_on=installed_on,
    )


def place_on_pipe(
    network: Network,
    pipe: Pipe,
    *,
    position: float | None = None,
    point: Any = None,
    may_touch_ends: bool = False,
) -> LinePlace:
    """Where a pipe is to be cut; raises ReportedError (bad_position, not_snapped, too_near_end)."""
    line = line_of(pipe)
    if (position is None) == (point is None):
        raise refusal("bad_position", Sentence(_("Give either position or point.")), "position")
    if position is not None:
        if not 0.0 <= position <= 1.0:
            raise refusal(
                "bad_position", Sentence(_("position is out of range: expected 0 to 1.")), "position"
            )
        place = place_at_share(line, position)
    else:
        place = nearest_place(line, parse_point(point))
        require_on_pipe(network, pipe, place)
    if not may_touch_ends:
        refuse_near_ends(network, pipe, place)
    return place


def require_on_pipe(network: Network, pipe: Pipe, place: LinePlace) -> None:
    """Raise ReportedError (not_snapped) when the asked-for point is farther than the tolerance from the pipe."""
    if place.distance_m > network.snap_tolerance_m:
        raise refusal(
            "not_snapped",
            Sentence(
                _(
                    "That place is {distance_m} m from pipe {pipe}; the network's tolerance is "
                    "{snap_tolerance_m} m."
                ),
                distance_m=f"{place.distance_m:.2f}",
                pipe=pipe.code,
                snap_tolerance_m=f"{network.snap_tolerance_m:g}",
            ),
            f"pipe {pipe.uid}",
        )


def refuse_near_ends(network: Network, pipe: Pipe, place: LinePlace) -> None:
    """Raise ReportedError (too_near_end) for a cut within the tolerance of an end: there is a node already."""
    nearest_m = min(place.along_m, place.length_m - place.along_m)
    if nearest_m <= network.snap_tolerance_m:
        node = pipe.start_node if place.along_m <= place.length_m - place.along_m else pipe.end_node
        raise refusal(
            "too_near_end",
            Sentence(
                _(
                    "Node {node} stands within {snap_tolerance_m} m of that place on pipe {pipe}; "
                    "connect to it instead."
                ),
                node=node.code,
                snap_tolerance_m=f"{network.snap_tolerance_m:g}",
                pipe=pipe.code,
            ),
            f"node {node.uid}",
        )


def between_ends(pipe: Pipe, place: LinePlace, elevation_m: float | None = None) -> dict[str, Any]:
    """Zone and elevation of a node on a pipe: the zone of both ends or the nearer one's, the ground between them."""
    start, end = pipe.start_node, pipe.end_node
    nearer = start if place.share <= 0.5 else end
    if elevation_m is None and start.elevation_m is not None and end.elevation_m is not None:
        elevation_m = start.elevation_m + (end.elevation_m - start.elevation_m) * place.share
    return {"zone_id": nearer.zone_id, "elevation_m": elevation_m}
