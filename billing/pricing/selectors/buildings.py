"""A building's meter: what it shows beyond the flats' meters, shared among the flats without one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_noop

from billing.pricing.selectors.cases import id_of
from billing.pricing.selectors.json_nodes import JsonNode
from gis_core.database.sql_files import load_sql

WEIGHTS = ("residents", "area_m2")
_SHARED_BY = {"residents": "residents", "area": "area_m2"}


@dataclass(frozen=True, slots=True)
class MeteredBuilding:
    """A building in a month. Flats are (name, weight, figure of its own meter or None), in their order."""

    id: Any
    month: date
    quantity: Decimal
    flats: list[tuple[str, Decimal, Decimal | None]]


@dataclass(frozen=True, slots=True)
class SharedFlat:
    """What is left of a building, the weights in all, and a flat's share; the last two None where nothing is shared."""

    remainder: Decimal
    total_weight: Decimal
    flat_no: int | None
    quantity: Decimal | None


def metered_building(node: JsonNode) -> MeteredBuilding:
    """The building of a document; raises MalformedDocument."""
    members = node.members(("id", "month", "building"))
    building = members["building"].members(("service", "quantity", "share_by", "flats"))
    building["service"].text()
    if building["share_by"].text() not in _SHARED_BY:
        building["share_by"].fail(gettext_noop("It is shared by residents or by area."))
    weight = _SHARED_BY[building["share_by"].text()]
    return MeteredBuilding(
        id=id_of(members["id"]),
        month=members["month"].month(),
        quantity=building["quantity"].number(),
        flats=[_flat(element, weight) for element in building["flats"].elements()],
    )


def _flat(node: JsonNode, weight: str) -> tuple[str, Decimal, Decimal | None]:
    members = node.members(("flat", weight), ("metered", *WEIGHTS))
    weights = {
        name: Decimal(members[name].whole()) if name == "residents" else members[name].number()
        for name in WEIGHTS
        if name in members
    }
    metered = (
        members["metered"].number() if "metered" in members and members["metered"].value is not None else None
    )
    return members["flat"].text(), weights[weight], metered


def building_answers(buildings: Sequence[MeteredBuilding]) -> list[dict[str, Any]]:
    """What is shared among the flats of each building, all of them in one statement."""
    flats = [
        (building_no, flat_no, weight, metered)
        for building_no, building in enumerate(buildings)
        for flat_no, (_name, weight, metered) in enumerate(building.flats)
    ]
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(load_sql("billing.pricing", "building_tables"))
            cursor.execute(
                "INSERT INTO metered_building SELECT * FROM unnest(%s::integer[], %s::numeric[])",
                [list(range(len(buildings))), [building.quantity for building in buildings]],
            )
            cursor.execute(
                "INSERT INTO building_flat "
                "SELECT * FROM unnest(%s::integer[], %s::integer[], %s::numeric[], %s::numeric[])",
                [list(column) for column in zip(*flats, strict=True)] or [[], [], [], []],
            )
            share_buildings(cursor)
            shared = read_shares(cursor)
        transaction.set_rollback(True)
    return [shares_answer(building, shared[building_no]) for building_no, building in enumerate(buildings)]


def share_buildings(cursor: Any) -> None:
    """Share what is in `metered_building` among `building_flat`: fills `building_share`."""
    cursor.execute(load_sql("billing.pricing", "building_shares"))


def read_shares(cursor: Any) -> dict[int, list[SharedFlat]]:
    """What `share_buildings` left, by the number of a building: a row at least for each."""
    cursor.execute(
        "SELECT building_no, remainder, total_weight, flat_no, quantity FROM building_share "
        "ORDER BY building_no, flat_no"
    )
    found: dict[int, list[SharedFlat]] = {}
    for building_no, *row in cursor.fetchall():
        found.setdefault(building_no, []).append(SharedFlat(*row))
    return found


def shares_answer(building: MeteredBuilding, shared: Sequence[SharedFlat]) -> dict[str, Any]:
    """The answer of a building whose shares were read."""
    return {
        "id": building.id,
        "month": f"{building.month:%Y-%m}",
        "shares": [
            {"flat": building.flats[row.flat_no][0], "quantity": f"{row.quantity:f}"}
            for row in shared
            if row.flat_no is not None
        ],
        "remainder": f"{shared[0].remainder:f}",
        "exceptions": _exceptions(shared[0].remainder, shared[0].total_weight),
    }


def _exceptions(remainder: Decimal, total_weight: Decimal) -> list[dict[str, str]]:
    if remainder < 0:
        return [{"reason": "negative_remainder"}]
    return [{"reason": "no_weights"}] if remainder > 0 and not total_weight else []
