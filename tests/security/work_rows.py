"""Work orders and what phones send, for the tests of access, of query counts and of the database's guards."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django.contrib.gis.geos import Point
from django.db import transaction

from assets.models import (
    FieldChange,
    Node,
    ValveDetail,
    ValveOperation,
    WorkMaterial,
    WorkOrder,
    WorkOrderMove,
    WorkPhoto,
)
from assets.registers.services.attachments import Place, attach
from assets.work_orders.services.ordering import WorkPlace, create_order
from assets.work_orders.services.valves import turn_valve
from gis_core.access import Capability
from gis_core.models import User
from tests.world import World, somebody

C = Capability
WORK_TABLES: tuple[Any, ...] = (
    WorkOrder,
    WorkOrderMove,
    WorkMaterial,
    WorkPhoto,
    ValveOperation,
    FieldChange,
)
_ACTIONS = {
    "work-order-assign": C.DISPATCH_WORK,
    "work-order-cancel": C.DISPATCH_WORK,
    "work-order-move": C.RECORD_FIELD_WORK,
    "work-order-materials": C.RECORD_FIELD_WORK,
    "work-order-photo": C.RECORD_FIELD_WORK,
    "work-order-repair-leak": C.RECORD_FIELD_WORK,
}
WORK_EXPECTED: dict[str, Capability | str] = {
    **_ACTIONS,
    **dict.fromkeys(("work-order-list", "work-order-detail"), C.VIEW_WORK),
    **dict.fromkeys(("valve-operation-list", "valve-operation-detail", "network-labels"), C.VIEW_NETWORK),
    **dict.fromkeys(("field-sync", "field-area", "field-area-size"), C.RECORD_FIELD_WORK),
    **dict.fromkeys(("crew-members", "work"), C.DISPATCH_WORK),
    **dict.fromkeys(("labels", "element"), C.VIEW_NETWORK),
}
WORK_WRITES: dict[str, Capability] = {
    **_ACTIONS,
    "work-order-list": C.DISPATCH_WORK,
    "valve-operation-list": C.RECORD_FIELD_WORK,
    "field-sync": C.RECORD_FIELD_WORK,
}
# What a body in the matrix cannot make fit: the order may be somebody else's, and a photo is no JSON.
WORK_MAY_NOT_FIT = (*_ACTIONS,)


def add_valve(world: World, code: str = "V1") -> Node:
    """A valve that stands by itself in the network."""
    with transaction.atomic():
        node = Node.objects.create(
            network=world.network,
            division=world.district,
            kind="valve",
            code=code,
            geom=Point(69.4045, 41.401, srid=4326),
        )
        ValveDetail.objects.create(node=node, diameter_m=0.1, status="open")
    return node


def add_work(world: World, numbers: range, person: User) -> list[WorkOrder]:
    """As many orders as there are numbers, each with a journal, and a turned valve for each."""
    place = WorkPlace(69.402, 41.4, Place(world.nodes["A"].pk))
    valve = add_valve(world, f"V{numbers.start}-{uuid4().hex[:6]}")
    orders = []
    for number in numbers:
        orders.append(
            create_order(
                network=world.network, kind="other", title=f"X{number}", where=place, acting_user=person
            )
        )
    ValveOperation.objects.bulk_create(
        ValveOperation(
            network=world.network,
            division=world.district,
            attachment=attachment,
            turns=1,
            status_before="open",
            status_after="open",
            operated_by=person,
            operated_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        for attachment in attach(world.network, [Place(valve.pk) for _ in numbers])
    )
    return orders


def work_details(world: World) -> dict[str, dict[str, Any]]:
    """The address arguments of what names an order or a turned valve."""
    person = somebody()
    orders = {
        name: create_order(
            network=world.network,
            kind="other",
            title=name,
            where=WorkPlace(69.402, 41.4, Place(world.nodes["A"].pk)),
            acting_user=person,
        )
        for name in ("work-order-detail", *_ACTIONS)
    }
    valve = add_valve(world)
    operation = turn_valve(node=valve, turns=2, status="open", acting_user=person)
    return {
        **{name: {"uid": order.uid} for name, order in orders.items()},
        "valve-operation-detail": {"uid": operation.uid},
        "network-labels": {"network": world.network.code},
        "element": {"uid": valve.uid},
    }


def work_writes(world: World) -> dict[str, dict[str, Any]]:
    """What is posted."""
    valve = Node.objects.get(network=world.network, code="V1")
    return {
        "work-order-list": {
            "network": world.network.code,
            "kind": "other",
            "title": "W",
            "node": str(world.nodes["A"].uid),
        },
        "work-order-assign": {"assignee": None},
        "work-order-cancel": {"note": "not needed"},
        "work-order-move": {"state": "assigned"},
        "work-order-materials": {"time_spent_min": 5},
        "work-order-photo": {},
        "work-order-repair-leak": {},
        "valve-operation-list": {"node": str(valve.uid), "turns": 3, "status": "closed"},
        "field-sync": {
            "changes": [
                {
                    "uid": str(uuid4()),
                    "kind": "verification",
                    "content": {
                        "node": str(world.nodes["A"].uid),
                        "verified_on": "2025-01-01",
                        "method": "visual",
                    },
                }
            ]
        },
    }


# --- attacks ---

_N1 = "(SELECT id FROM assets_network WHERE code = 'N1')"
_ALIEN = "(SELECT id FROM gis_core_division WHERE code = 'ZANGIOTA')"
_N2 = "(SELECT id FROM assets_network WHERE code = 'N2')"
_ALIEN_PLACE = f"(SELECT min(id) FROM assets_attachment WHERE network_id = {_N2})"
_ORDER = "(SELECT min(id) FROM assets_workorder)"


def _order(**changes: str) -> str:
    values = {
        "uid": "gen_random_uuid()",
        "network_id": "id",
        "division_id": "division_id",
        "number": "'A'",
        "kind": "'other'",
        "title": "'x'",
        "description": "''",
        "priority": "'normal'",
        "source": "'hand'",
        "source_text": "''",
        "geom": "ST_SetSRID(ST_MakePoint(69.4, 41.4), 4326)",
        "state": "'new'",
        "created_at": "now()",
        **changes,
    }
    return (
        f"INSERT INTO assets_workorder ({', '.join(values)}) SELECT {', '.join(values.values())} "
        "FROM assets_network WHERE code = 'N1'"
    )


def _with_journal(**changes: str) -> str:
    """An order as it should be, but for what is changed."""
    return (
        f"WITH made AS ({_order(**changes)} RETURNING id, state, assignee_id) "
        "INSERT INTO assets_workordermove "
        "(uid, order_id, from_state, to_state, assignee_id, note, moved_at, recorded_at) "
        "SELECT gen_random_uuid(), id, '', state, assignee_id, '', now(), now() FROM made"
    )


def _move(**changes: str) -> str:
    values = {
        "uid": "gen_random_uuid()",
        "order_id": _ORDER,
        "from_state": "'new'",
        "to_state": "'assigned'",
        "note": "''",
        "moved_at": "now()",
        "recorded_at": "now()",
        **changes,
    }
    return f"INSERT INTO assets_workordermove ({', '.join(values)}) SELECT {', '.join(values.values())}"


def _material(**changes: str) -> str:
    values = {
        "uid": "gen_random_uuid()",
        "order_id": _ORDER,
        "material": "'pipe'",
        "quantity": "1",
        "unit": "'m'",
        "recorded_at": "now()",
        **changes,
    }
    return f"INSERT INTO assets_workmaterial ({', '.join(values)}) SELECT {', '.join(values.values())}"


def _operation(**changes: str) -> str:
    names = (
        "uid, network_id, division_id, attachment_id, turns, status_before, status_after, note, operated_by_id, "
        "operated_at, recorded_at"
    ).split(", ")
    values = {name: name for name in names} | {"uid": "gen_random_uuid()"} | changes
    return (
        f"INSERT INTO assets_valveoperation ({', '.join(values)}) SELECT {', '.join(values.values())} "
        "FROM assets_valveoperation LIMIT 1"
    )


def _change(**changes: str) -> str:
    values = {
        "uid": "gen_random_uuid()",
        "user_id": "(SELECT min(id) FROM gis_core_user)",
        "kind": "'leak'",
        "digest": "repeat('a', 64)",
        "answer": "'{}'",
        "applied_at": "now()",
        **changes,
    }
    return f"INSERT INTO assets_fieldchange ({', '.join(values)}) SELECT {', '.join(values.values())}"


_USER = "(SELECT min(id) FROM gis_core_user)"
WORK_ATTACKS: dict[str, list[str]] = {
    "work_order_number_in_network": [f"{_with_journal()}; {_with_journal()}"],
    "work_order_number_not_empty": [_with_journal(number="''")],
    "work_order_has_a_title": [_with_journal(title="''")],
    "work_order_kind_known": [_with_journal(kind="'party'")],
    "work_order_priority_known": [_with_journal(priority="'huge'")],
    "work_order_state_known": ["UPDATE assets_workorder SET state = 'lost'", _order(state="'lost'")],
    "work_order_source_is_named": [
        _with_journal(source="'leak'"),
        _with_journal(source_uid="gen_random_uuid()"),
    ],
    "work_order_assignee_fits_state": [_with_journal(assignee_id=_USER)],
    "work_order_time_plausible": ["UPDATE assets_workorder SET time_spent_min = 60001"],
    "work_order_is_on_earth": [
        _with_journal(geom="ST_SetSRID(ST_MakePoint(181, 0), 4326)"),
        _with_journal(geom="ST_GeomFromText('POINT EMPTY', 4326)"),
    ],
    "work_order_network_division": [_with_journal(division_id=_ALIEN)],
    "work_order_attachment_in_network": [_with_journal(attachment_id=_ALIEN_PLACE)],
    "work_order_impossible_says_why": [_move(to_state="'impossible'")],
    "work_order_begins_as_new": [_order(state="'assigned'", assignee_id=_USER)],
    "work_order_moves_legally": [
        f"UPDATE assets_workorder SET state = 'done', assignee_id = {_USER}",
        f"UPDATE assets_workorder SET state = 'on_the_way', assignee_id = {_USER}",
    ],
    "work_order_journal_agrees": [
        _order(),
        f"UPDATE assets_workorder SET state = 'assigned', assignee_id = {_USER} WHERE id = {_ORDER}",
    ],
    "work_order_move_follows": [_move(), _move(from_state="'assigned'", to_state="'new'")],
    "work_order_stays": [
        "UPDATE assets_workorder SET number = 'B'",
        "UPDATE assets_workorder SET uid = gen_random_uuid()",
        "UPDATE assets_workorder SET source = 'leak', source_uid = gen_random_uuid()",
    ],
    "work_order_is_kept": ["DELETE FROM assets_workorder", "TRUNCATE assets_workorder CASCADE"],
    "work_order_move_is_append_only": [
        "UPDATE assets_workordermove SET note = 'x'",
        "DELETE FROM assets_workordermove",
        "TRUNCATE assets_workordermove",
    ],
    "work_material_is_append_only": ["DELETE FROM assets_workmaterial", "TRUNCATE assets_workmaterial"],
    "work_photo_is_append_only": ["DELETE FROM assets_workphoto", "TRUNCATE assets_workphoto"],
    "field_change_is_append_only": [
        "UPDATE assets_fieldchange SET kind = 'x'",
        "TRUNCATE assets_fieldchange",
    ],
    "work_material_quantity_positive": [_material(quantity="0"), _material(quantity="-1")],
    "work_material_is_named": [_material(material="''"), _material(unit="''")],
    "valve_operation_turns_plausible": [_operation(turns="-1"), _operation(turns="2001")],
    "valve_operation_status_known": [_operation(status_before="'x'"), _operation(status_after="''")],
    "valve_operation_network_division": [_operation(division_id=_ALIEN)],
    "valve_operation_attachment_in_network": [_operation(attachment_id=_ALIEN_PLACE)],
    "valve_operation_stays": [
        "UPDATE assets_valveoperation SET turns = 3",
        "DELETE FROM assets_valveoperation",
    ],
    "field_change_digest_form": [_change(digest="'x'")],
    "field_change_kind_not_empty": [_change(kind="''")],
}
WORK_WORDS: dict[str, str] = {
    "work_order_state_known": "is illegal|begins as new",
    "work_order_begins_as_new": "begins as new",
    "work_order_moves_legally": "is illegal",
    "work_order_journal_agrees": "does not tell how it came",
    "work_order_move_follows": "tells a move that was not made",
    "work_order_stays": "number, network and source stay",
    "work_order_is_kept": "append-only",
    "work_order_move_is_append_only": "append-only",
    "work_material_is_append_only": "append-only",
    "work_photo_is_append_only": "append-only",
    "field_change_is_append_only": "append-only",
    "valve_operation_stays": "append-only",
}
WORK_CONTROLS = {
    "an order with its journal": _with_journal(),
    "an order given to somebody": (
        f"UPDATE assets_workorder SET state = 'assigned', assignee_id = {_USER} WHERE id = {_ORDER}; "
        + _move(assignee_id=_USER)
    ),
    "a material": _material(),
    "a turned valve": _operation(),
    "a change from a phone": _change(),
}
WORK_WRITING_FUNCTIONS = ("count_work_order_version",)
