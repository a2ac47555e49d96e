"""A building's meter: what it shows beyond the flats' meters, shared among the flats without one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
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
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("billing.pricing", "building_shares"),
            {
                "building_nos": list(range(len(buildings))),
                "quantities": [building.quantity for building in buildings],
                "flat_building_nos": [flat[0] for flat in flats],
                "flat_nos": [flat[1] for flat in flats],
                "weights": [flat[2] for flat in flats],
                "metered": [flat[3] for flat in flats],
            },
        )
        rows = cursor.fetchall()
    answers: list[dict[str, Any]] = [{} for _ in buildings]
    for building_no, remainder, total_weight, flat_no, quantity in rows:
        building = buildings[building_no]
        if not answers[building_no]:
            answers[building_no] = {
                "id": building.id,
                "month": f"{building.month:%Y-%m}",
                "shares": [],
                "remainder": f"{remainder:f}",
                "exceptions": _exceptions(remainder, total_weight),
            }
        if flat_no is not None:
            answers[building_no]["shares"].append(
                {"flat": building.flats[flat_no][0], "quantity": f"{quantity:f}"}
            )
    return answers


def _exceptions(remainder: Decimal, total_weight: Decimal) -> list[dict[str, str]]:
    if remainder < 0:
        return [{"reason": "negative_remainder"}]
    return [{"reason": "no_weights"}] if remainder > 0 and not total_weight else []
