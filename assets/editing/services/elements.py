"""Finding what an edit changes: by uid in its network, locked, in the version that its author saw."""

from collections.abc import Collection, Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.contrib.gis.geos import Polygon
from django.db import connection
from django.utils.translation import gettext_noop as _

from assets.editing.services.codes import CodeSeries
from assets.editing.services.lines import Line, Position, distance_m, nearest_place
from assets.editing.services.session import EditSession
from assets.models import (
    DEVICE_KINDS,
    Lifecycle,
    Network,
    Node,
    NodeKind,
    Pipe,
    RowChange,
    Zone,
)
from gis_core.errors import ReportedError, StaleVersion
from gis_core.geodesy import latitude_degrees
from gis_core.sentences import Sentence, Word

NODE_CODE_LENGTH = 60
PIPE_CODE_LENGTH = 80
_PREFIXES = {NodeKind.VALVE.value: "V", NodeKind.PUMP.value: "PU", NodeKind.BULK_METER.value: "M"}


def refusal(code: str, message: str, element: str = "", reason: str = "") -> ReportedError:
    """A refusal of one edit, with what it is about."""
    details = [{"element": element, "reason": reason or message}] if element else []
    return ReportedError(message, code=code, details=details)


def locked_node(network: Network, uid: Any, expected_version: int | None = None) -> Node:
    """The node, locked; raises ReportedError (unknown_element) or StaleVersion."""
    node = Node.objects.select_for_update().filter(network=network, uid=_uid(uid)).first()
    if node is None:
        raise refusal(
            "unknown_element",
            Sentence(_("There is no node {uid} in network {network}."), uid=uid, network=network.code),
            f"node {uid}",
        )
    _require_version(node, "node", expected_version)
    return node


def locked_pipe(network: Network, uid: Any, expected_version: int | None = None) -> Pipe:
    """The pipe, locked; raises ReportedError (unknown_element, for connectors too) or StaleVersion."""
    pipe = (
        Pipe.objects.select_for_update(of=("self",))
        .select_related("start_node", "end_node")
        .filter(network=network, is_connector=False, uid=_uid(uid))
        .first()
    )
    if pipe is None:
        raise refusal(
            "unknown_element",
            Sentence(_("There is no pipe {uid} in network {network}."), uid=uid, network=network.code),
            f"pipe {uid}",
        )
    _require_version(pipe, "pipe", expected_version)
    return pipe


def locked_pipe_near(
    session: EditSession, uid: Any, point: Position, expected_version: int | None = None
) -> Pipe:
    """The pipe, locked; or, where the edit in progress has cut it, the part of it that is nearest to the point.

    A client that snaps several things to one pipe in one request knows one uid for all of its parts.
    """
    pipe = locked_pipe(session.network, uid, expected_version)
    if pipe.change_id != session.edit.pk:
        return pipe
    nearest = _nearest_part(session, pipe, point)
    return pipe if nearest.pk == pipe.pk else locked_pipe(session.network, nearest.uid)


def _nearest_part(session: EditSession, pipe: Pipe, point: Position) -> Pipe:
    """Of a pipe that the edit may have cut, the part nearest to a point; the oldest of those equally near."""
    # By the place alone, or what the edit changed: of a network that grows, the statistics know few rows.
    own = Pipe.objects.filter(change_id=session.edit.pk).order_by("pk")
    by_point = own.filter(geom__bboverlaps=_box_around(session.network, point))
    # Those by the point are few, however often the pipe was cut; for a place far from all of them all are looked at.
    for cut in (by_point, own):
        away = [
            (nearest_place(line_of(part), point).distance_m, part)
            for part in cut
            if not part.is_connector and session.is_part(part.uid, pipe.uid)
        ]
        if away and (nearest := min(away, key=itemgetter(0)))[0] <= session.network.snap_tolerance_m:
            break
    return nearest[1]


def _box_around(network: Network, point: Position) -> Polygon:
    """All places within the network's tolerance of a point, and some more."""
    width, height = tolerance_degrees(network.snap_tolerance_m, point[1])
    return Polygon.from_bbox((point[0] - width, point[1] - height, point[0] + width, point[1] + height))


def zone_of_network(network: Network, uid: Any) -> Zone:
    """The zone; raises ReportedError (unknown_element)."""
    zone = Zone.objects.filter(network=network, uid=_uid(uid)).first()
    if zone is None:
        raise refusal(
            "unknown_element",
            Sentence(_("There is no zone {uid} in network {network}."), uid=uid, network=network.code),
            f"zone {uid}",
        )
    return zone


def _uid(value: Any) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(str(value))
    except ValueError:
        raise refusal(
            "unknown_element",
            Sentence(_("{value} is not a uid."), value=repr(str(value)[:60])),
            str(value)[:60],
        ) from None


def _require_version(row: Node | Pipe, element: str, expected: int | None) -> None:
    """Compare with the version before the edit in progress: its own changes are no surprise to its author."""
    if expected is None or row.version == expected:
        return
    edit = _edit_in_progress()
    change = None
    if edit is not None and row.change_id == edit:
        change = RowChange.objects.filter(edit_id=edit, table_name=row._meta.db_table, row_id=row.pk).first()
    if change is not None and (change.before is None or change.before["version"] == expected):
        return
    raise StaleVersion(
        Sentence(
            _(
                "The {element} {row} was changed since you read it: you have version "
                "{expected}, it is at version {version}."
            ),
            element=Word(element),
            row=row.code,
            expected=expected,
            version=row.version,
        ),
        element=element,
        uid=str(row.uid),
        version=row.version,
    )


def _edit_in_progress() -> int | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT edit_in_progress()")
        (edit,) = cursor.fetchone()
    return edit


def line_of(pipe: Pipe) -> Line:
    """The pipe's vertices."""
    return [(x, y) for x, y in pipe.geom.coords]


def place_of(node: Node) -> Position:
    """The node's position."""
    return (node.geom.x, node.geom.y)


def pipes_at(node: Node) -> list[Pipe]:
    """All pipes and connectors that end at a node, locked, by id."""
    found = Pipe.objects.select_for_update().filter(start_node=node).order_by("pk")
    others = Pipe.objects.select_for_update().filter(end_node=node).order_by("pk")
    return sorted({pipe.pk: pipe for pipe in (*found, *others)}.values(), key=lambda pipe: pipe.pk)


def ends_of(pipe: Pipe) -> tuple[Node, Node]:
    """The pipe's start and end node as they are now."""
    nodes = Node.objects.in_bulk([pipe.start_node_id, pipe.end_node_id])
    return nodes[pipe.start_node_id], nodes[pipe.end_node_id]


def free_node_code(session: EditSession, kind: str, base: str = "") -> str:
    """A code that no node of the kind's class has: `base`/1, /2 …, or a letter and the edit's number."""
    return session.codes.first(node_code_series(session, kind, base))


def node_code_series(session: EditSession, kind: str, base: str = "") -> CodeSeries:
    """The codes from which `free_node_code` takes the first that is free."""
    stem = base[: NODE_CODE_LENGTH - 8] or f"{_PREFIXES.get(kind, kind[0].upper())}{session.edit.pk}"
    code_class = "device" if kind in DEVICE_KINDS else "node"
    return CodeSeries("assets_node", "code_class", code_class, stem, "/" if base else "-")


def free_pipe_code(session: EditSession, base: str, *, is_connector: bool = False) -> str:
    """`base`/1, /2 …: the first that no pipe has."""
    stem = base[: PIPE_CODE_LENGTH - 8]
    return session.codes.first(CodeSeries("assets_pipe", "is_connector", is_connector, stem, "/"))


def refuse_taken_node_code(network: Network, kind: str, code: str, but: int = 0) -> None:
    """Raise ReportedError (code_taken) when another node of the kind's class has the code."""
    code_class = "device" if kind in DEVICE_KINDS else "node"
    same = Node.objects.filter(network=network, code_class=code_class, code=code).exclude(pk=but)
    if same.exists():
        raise refusal(
            "code_taken",
            Sentence(
                _("Network {network} already has a {code_class} {code}."),
                network=network.code,
                code_class=code_class,
                code=code,
            ),
            f"{code_class} {code}",
        )


def refuse_taken_pipe_code(network: Network, code: str, but: int = 0) -> None:
    """Raise ReportedError (code_taken) when another pipe has the code."""
    if Pipe.objects.filter(network=network, is_connector=False, code=code).exclude(pk=but).exists():
        raise refusal(
            "code_taken",
            Sentence(_("Network {network} already has a pipe {code}."), network=network.code, code=code),
            f"pipe {code}",
        )


def refuse_crowding(network: Network, point: Position, *, but: Collection[int] = ()) -> None:
    """Raise ReportedError (node_here, pipe_here) when a point lies within the tolerance of another node or pipe.

    It would look joined without being so. `but` names nodes (and the pipes that end at them) that may be near.
    """
    tolerance_m = network.snap_tolerance_m
    near = _near(Node._meta.db_table, network, point)
    for uid, code, row_id, _start, _end in near:
        if row_id not in but:
            raise refusal(
                "node_here",
                Sentence(
                    _("Node {code} is within {tolerance_m} m of that place; connect to it instead."),
                    code=code,
                    tolerance_m=f"{tolerance_m:g}",
                ),
                f"node {uid}",
            )
    for uid, code, _row_id, start, end in _near(Pipe._meta.db_table, network, point):
        if start not in but and end not in but:
            raise refusal(
                "pipe_here",
                Sentence(
                    _(
                        "Pipe {code} is within {tolerance_m} m of that place; name it to place the node "
                        "onto it."
                    ),
                    code=code,
                    tolerance_m=f"{tolerance_m:g}",
                ),
                f"pipe {uid}",
            )


def _near(table: str, network: Network, point: Position) -> list[tuple[str, str, int, int, int]]:
    """uid, code, id and ends of what lies within the tolerance; a box finds it, geodesic distance decides."""
    ends = "start_node_id, end_node_id" if table == Pipe._meta.db_table else "0, 0"
    only = "AND NOT is_connector" if table == Pipe._meta.db_table else ""
    width, height = tolerance_degrees(network.snap_tolerance_m, point[1])
    with connection.cursor() as cursor:
        # network_id + 0: by the place and by nothing else. Of a network that grows, the statistics know few rows.
        cursor.execute(
            f"""
            SELECT uid::text, code, id, {ends} FROM {table}
             WHERE network_id + 0 = %(network)s AND lifecycle <> 'removed' {only}
               AND geom && ST_Expand(ST_SetSRID(ST_Point(%(x)s, %(y)s), 4326), %(width)s, %(height)s)
               AND ST_DWithin(geom::geography, ST_SetSRID(ST_Point(%(x)s, %(y)s), 4326)::geography, %(metres)s)
             ORDER BY id LIMIT 20
            """,  # noqa: S608 -- table and column names of our own
            {
                "network": network.pk,
                "x": point[0],
                "y": point[1],
                "metres": network.snap_tolerance_m,
                "width": width,
                "height": height,
            },
        )
        return list(cursor.fetchall())


def tolerance_degrees(metres: float, latitude: float) -> tuple[float, float]:
    """How many degrees of longitude and of latitude so many metres are at most."""
    a_thousandth_m = distance_m((0.0, latitude), (0.001, latitude))
    return min(metres / max(a_thousandth_m * 1000, 1.0) * 1.01, 180.0), latitude_degrees(metres)


def require_near(network: Network, point: Position, node: Node) -> None:
    """Raise ReportedError (not_snapped) unless the point lies within the network's tolerance of the node."""
    away_m = distance_m(point, place_of(node))
    if away_m > network.snap_tolerance_m:
        raise refusal(
            "not_snapped",
            Sentence(
                _(
                    "The line ends {away_m} m from node {node}; the network's tolerance is "
                    "{snap_tolerance_m} m."
                ),
                away_m=f"{away_m:.2f}",
                node=node.code,
                snap_tolerance_m=f"{network.snap_tolerance_m:g}",
            ),
            f"node {node.uid}",
        )


def require_fit_lifecycle(pipe_code: str, lifecycle: str, ends: Sequence[Node]) -> None:
    """Raise ReportedError (lifecycle_conflict) when a pipe would end at a node that does not bear its lifecycle.

    A pipe in service ends at nodes in service, and one that is not removed at nodes that are not.
    """
    if lifecycle == Lifecycle.REMOVED:
        return
    for node in ends:
        is_missed = lifecycle == Lifecycle.IN_SERVICE and node.lifecycle != Lifecycle.IN_SERVICE
        if is_missed or node.lifecycle == Lifecycle.REMOVED:
            raise refusal(
                "lifecycle_conflict",
                Sentence(
                    _("Pipe {pipe_code} cannot be {label}: its end node {node} is {lifecycle}."),
                    pipe_code=pipe_code,
                    label=Word(Lifecycle(lifecycle).label),
                    node=node.code,
                    lifecycle=Word(node.get_lifecycle_display()),
                ),
                f"node {node.uid}",
            )
