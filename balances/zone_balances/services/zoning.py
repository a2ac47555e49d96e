"""Making zones from a table: which node lies in which zone, and which zone in which.

    rows --understood--> zones with parents, nodes with zones --one edit of the network--> zones, members, devices

All or nothing; the same table twice changes nothing; zones that it does not name stay as they are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_noop as _

from assets.editing.services.session import editing
from assets.models import Network, Node, Zone
from balances.zone_balances.services.zone_tables import BadRows, ZoneTableRow
from gis_core.database.sql_files import load_sql
from gis_core.models import User
from gis_core.sentences import Sentence

REQUIRED = ("node", "zone", "parent")
NAMED_IN_DETAILS = ("node", "zone")
_LONGEST_CODE, _LONGEST_NAME = 60, 200
_CLASSES = ("node", "device")


@dataclass
class _Zoning:
    """What a table asks for: zones in the order they appear, their parents and names, and the zone of each node."""

    codes: dict[str, ZoneTableRow] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    parent_rows: dict[str, ZoneTableRow] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    zone_of: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ZonesMade:
    """How many zones were made; of the nodes named how many moved and stayed; and the zones as they are now.

    `boundary` is every pipe or device between two zones, or a zone and no zone, with the datastream of its flow.
    """

    network: str
    created: int
    moved: int
    unchanged: int
    unzoned: int
    zones: list[dict[str, Any]]
    boundary: list[dict[str, Any]]


def make_zones(
    *,
    network: Network,
    rows: Sequence[ZoneTableRow],
    bad: BadRows,
    acting_user: User | None,
    is_dry_run: bool = False,
) -> ZonesMade:
    """Make the zones of a table and put its nodes into them. A device that it does not name takes its sides' zone.

    `is_dry_run`: the answer is the same, and nothing is changed. Raises ReportedError `bad_rows`, with what is wrong in
    `details` (row, node, zone, reason), or when another edit of the network takes too long.
    """
    with transaction.atomic():
        wanted = _understood(network, rows, bad)
        existing = {zone.code: zone for zone in Zone.objects.filter(network=network).defer("geom")}
        _refuse_cycles(wanted, existing, bad)
        bad.refuse()
        created, moved = _apply(network, wanted, existing, acting_user)
        made = _told(network, created=created, moved=moved, named=len(wanted.zone_of))
        if is_dry_run:
            transaction.set_rollback(True)
    return made


def _understood(network: Network, rows: Sequence[ZoneTableRow], bad: BadRows) -> _Zoning:
    """What the rows ask for; whatever is wrong with them is noted."""
    nodes = _nodes_named(network, rows)
    wanted = _Zoning()
    for row in rows:
        zone, parent = row["zone"], row["parent"]
        if not zone:
            bad.add(row, Sentence(_("the zone is missing")))
            continue
        if len(zone) > _LONGEST_CODE or len(parent) > _LONGEST_CODE or len(row["name"]) > _LONGEST_NAME:
            bad.add(row, Sentence(_("a code is longer than 60 or a name longer than 200 characters")))
            continue
        wanted.codes.setdefault(zone, row)
        _take_parent(wanted, row, zone, parent, bad)
        if row["name"]:
            wanted.names.setdefault(zone, row["name"])
        if row["node"]:
            _take_node(wanted, row, nodes.get(row["node"]), bad)
    return wanted


def _take_parent(wanted: _Zoning, row: ZoneTableRow, zone: str, parent: str, bad: BadRows) -> None:
    if not parent:
        return
    wanted.codes.setdefault(parent, row)
    given = wanted.parents.setdefault(zone, parent)
    wanted.parent_rows.setdefault(zone, row)
    if given != parent:
        bad.add(
            row,
            Sentence(
                _("two parents: {zone} lies in {first} and in {second}"),
                zone=zone,
                first=given,
                second=parent,
            ),
        )


def _take_node(wanted: _Zoning, row: ZoneTableRow, node: int | None, bad: BadRows) -> None:
    if node is None:
        bad.add(row, Sentence(_("unknown: the network has no node or device {code}"), code=row["node"][:80]))
        return
    given = wanted.zone_of.setdefault(node, row["zone"])
    if given != row["zone"]:
        bad.add(row, Sentence(_("in two zones: {first} and {second}"), first=given, second=row["zone"]))


def _nodes_named(network: Network, rows: Iterable[ZoneTableRow]) -> dict[str, int]:
    """The node that each text names: a node, or else a device; `node:X` and `device:X` say which."""
    parts = {text: _class_and_code(text) for text in {row["node"] for row in rows} - {""}}
    codes = {code for _class, code in parts.values()} | set(parts)
    found: dict[tuple[str, str], int] = {
        (code_class, code): pk
        for pk, code_class, code in Node.objects.filter(network=network, code__in=codes).values_list(
            "pk", "code_class", "code"
        )
    }
    named: dict[str, int] = {}
    for text, (class_, code) in parts.items():
        # A code may hold a colon itself.
        candidates = [(class_, code)] if class_ else []
        candidates += [(one, text) for one in _CLASSES]
        for candidate in candidates:
            if candidate in found:
                named[text] = found[candidate]
                break
    return named


def _class_and_code(text: str) -> tuple[str, str]:
    class_, separator, code = text.partition(":")
    return (class_.casefold(), code) if separator and class_.casefold() in _CLASSES else ("", text)


def _refuse_cycles(wanted: _Zoning, existing: dict[str, Zone], bad: BadRows) -> None:
    """Note each zone of the table that would lie in itself, given the parents that there are."""
    code_of = {zone.pk: code for code, zone in existing.items()}
    parents = {
        code: code_of[zone.parent_id] for code, zone in existing.items() if zone.parent_id in code_of
    } | wanted.parents
    for code in wanted.parents:
        way = [code]
        while way[-1] in parents and parents[way[-1]] not in way[1:]:
            way.append(parents[way[-1]])
            if way[-1] == code:
                bad.add(
                    wanted.parent_rows[code],
                    Sentence(_("cycle: {way}"), way=", ".join(way)),
                )
                break


def _apply(
    network: Network, wanted: _Zoning, existing: dict[str, Zone], acting_user: User | None
) -> tuple[int, int]:
    """Make and move what is not so yet, as one edit; how many zones were made and how many named nodes moved."""
    missing = [code for code in wanted.codes if code not in existing]
    by_code = {code: zone.pk for code, zone in existing.items()}
    stays = not missing and all(
        existing[code].parent_id == by_code.get(parent) for code, parent in wanted.parents.items()
    )
    stays = stays and all(existing[code].name == name for code, name in wanted.names.items())
    zone_of = {node: by_code.get(code, 0) for node, code in wanted.zone_of.items()}
    if stays and not _moves(zone_of) and not _device_moves(network, list(zone_of), is_counted_only=True):
        return 0, 0
    with editing(network, operation="make_zones", acting_user=acting_user) as session:
        made = Zone.objects.bulk_create(
            Zone(
                network=network,
                division_id=network.division_id,
                code=code,
                name=wanted.names.get(code, code),
            )
            for code in missing
        )
        by_code |= {zone.code: zone.pk for zone in made}
        _set_zone_facts(wanted, existing, by_code)
        zone_of = {node: by_code[code] for node, code in wanted.zone_of.items()}
        moved = _move(zone_of)
        devices = _device_moves(network, list(zone_of))
        session.edit.summary = (
            f"zones from a table: {len(missing)} made, {moved} nodes and {devices} devices moved"
        )
    return len(missing), moved


def _set_zone_facts(wanted: _Zoning, existing: dict[str, Zone], by_code: dict[str, int]) -> None:
    """Parents and names as the table says them, where they are not so yet."""
    changes = []
    for code in wanted.codes:
        present = existing.get(code)
        parent = by_code[wanted.parents[code]] if code in wanted.parents else None
        name = wanted.names.get(code)
        parent_stays = parent is None or (present is not None and present.parent_id == parent)
        name_stays = name is None or present is None or present.name == name
        if not (parent_stays and name_stays):
            changes.append((by_code[code], parent, name))
    if not changes:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE assets_zone zone SET parent_id = coalesce(wanted.parent_id, zone.parent_id), "
            "name = coalesce(wanted.name, zone.name) "
            "FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) wanted (id, parent_id, name) "
            "WHERE zone.id = wanted.id",
            [list(column) for column in zip(*changes, strict=True)],
        )


def _moves(zone_of: dict[int, int]) -> int:
    """How many of the nodes are not in their zone yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM assets_node node JOIN unnest(%s::bigint[], %s::bigint[]) wanted (id, zone_id) "
            "USING (id) WHERE node.zone_id IS DISTINCT FROM wanted.zone_id",
            [list(zone_of), list(zone_of.values())],
        )
        return int(cursor.fetchone()[0])


def _move(zone_of: dict[int, int]) -> int:
    """Put nodes into their zones; how many were not there yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE assets_node node SET zone_id = wanted.zone_id "
            "FROM unnest(%s::bigint[], %s::bigint[]) wanted (id, zone_id) "
            "WHERE node.id = wanted.id AND node.zone_id IS DISTINCT FROM wanted.zone_id",
            [list(zone_of), list(zone_of.values())],
        )
        return int(cursor.rowcount)


# Devices stand in a row at most as long as a pumping station's line.
_MOST_DEVICES_IN_A_ROW = 20


def _device_moves(network: Network, named: list[int], *, is_counted_only: bool = False) -> int:
    """Give devices that nobody named the zone that all their sides share; how many moved, or would at first."""
    moved = 0
    with connection.cursor() as cursor:
        for _round in range(_MOST_DEVICES_IN_A_ROW):
            cursor.execute(
                load_sql("balances.zone_balances", "device_zones"), {"network_id": network.pk, "named": named}
            )
            wanted = cursor.fetchall()
            if is_counted_only:
                return len(wanted)
            if not wanted:
                break
            moved += _move(dict(wanted))
    return moved


def _told(network: Network, *, created: int, moved: int, named: int) -> ZonesMade:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT zone.code, parent.code, count(node.id) FROM assets_zone zone "
            "LEFT JOIN assets_zone parent ON parent.id = zone.parent_id "
            "LEFT JOIN assets_node node ON node.zone_id = zone.id "
            "WHERE zone.network_id = %s GROUP BY zone.id, parent.code ORDER BY zone.code",
            [network.pk],
        )
        zones = [
            {"zone_code": code, "parent": parent, "nodes": nodes} for code, parent, nodes in cursor.fetchall()
        ]
        cursor.execute(load_sql("balances.zone_balances", "boundary"), {"network_id": network.pk})
        names = ("pipe", "from_zone", "to_zone", "datastream")
        boundary = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return ZonesMade(
        network=network.code,
        created=created,
        moved=moved,
        unchanged=named - moved,
        unzoned=Node.objects.filter(network=network, zone=None).count(),
        zones=zones,
        boundary=boundary,
    )
