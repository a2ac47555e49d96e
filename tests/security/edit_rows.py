"""Edits, plans and prices for the tests of access, of query counts and of the database's guards."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone

from assets.editing.services.bulk import apply_operations
from assets.models import Edit, Plan, PriceListItem
from assets.plans.services.plans import add_planned_edits, create_plan
from tests.world import World

_NETWORK = "(SELECT id FROM assets_network WHERE code = 'N1')"
_ALIEN = "(SELECT id FROM gis_core_division WHERE code = 'ZANGIOTA')"
_EDIT = "(SELECT min(id) FROM assets_edit)"


def _lineage(element: str = "'pipe'", relation: str = "'split'") -> str:
    return (
        "INSERT INTO assets_lineage (edit_id, element, relation, ancestor_uid, ancestor_code, descendant_uid, "
        f"descendant_code) SELECT id, {element}, {relation}, gen_random_uuid(), 'A', gen_random_uuid(), 'B' "
        "FROM assets_edit LIMIT 1"
    )


def _plan(
    code: str = "'X'",
    state: str = "'draft'",
    edit: str = "NULL",
    at: str = "NULL",
    division: str = "division_id",
) -> str:
    return (
        "INSERT INTO assets_plan (uid, network_id, division_id, code, name, state, made_at, applied_edit_id, "
        "approved_at) "
        f"SELECT gen_random_uuid(), id, {division}, {code}, 'x', {state}, now(), {edit}, {at} "
        "FROM assets_network WHERE code = 'N1'"
    )


def _price(price: str = "1", work: str = "'lay'") -> str:
    return (
        "INSERT INTO assets_pricelistitem (uid, division_id, commodity, work, kind, material, unit_price, valid_from) "
        f"SELECT gen_random_uuid(), id, 'water', {work}, '', 'X', {price}, '2020-01-01' "
        "FROM gis_core_division WHERE code = 'QIBRAY'"
    )


def forged_change(before: str = "NULL", operation: str = "'I'") -> str:
    """A row of the history that no change of a row made."""
    return (
        "INSERT INTO assets_rowchange (edit_id, table_name, row_id, operation, before, valid_to) "
        f"VALUES ({_EDIT}, 'assets_node', 1, {operation}, {before}, now())"
    )


EDIT_ATTACKS: dict[str, list[str]] = {
    # -- what was is not rewritten
    "row_change_is_append_only": [
        "UPDATE assets_rowchange SET before = NULL",
        "UPDATE assets_rowchange SET valid_to = now() WHERE id = (SELECT max(id) FROM assets_rowchange)",
        "DELETE FROM assets_rowchange",
        "TRUNCATE assets_rowchange",
    ],
    "row_change_once_in_edit": [f"{forged_change()}; {forged_change()}"],
    "row_change_has_its_state": [
        forged_change(before="'{}'"),
        forged_change(operation="'U'"),
        forged_change(operation="'D'"),
        forged_change(operation="'X'", before="'{}'"),
    ],
    "lineage_is_append_only": [
        "UPDATE assets_lineage SET descendant_code = 'X'",
        "DELETE FROM assets_lineage",
        "TRUNCATE assets_lineage",
    ],
    "lineage_relation_known": [_lineage(relation="'stolen'")],
    "lineage_element_known": [_lineage(element="'zone'")],
    "edit_is_kept": ["DELETE FROM assets_edit", "TRUNCATE assets_edit CASCADE"],
    "edit_is_not_rewritten": [
        f"UPDATE assets_edit SET {column} = {value} WHERE id = {_EDIT}"
        for column, value in (
            ("operation", "'other'"),
            ("made_at", "now()"),
            ("summary", "'other'"),
            ("remarks", "'[1]'"),
            ("parameters", "'{\"a\": 1}'"),
            ("acting_user_id", "(SELECT id FROM gis_core_user LIMIT 1)"),
            ("uid", "gen_random_uuid()"),
        )
    ],
    "edit_not_of_itself": [
        f"UPDATE assets_edit SET undone_by_id = id WHERE id = {_EDIT}",
        "INSERT INTO assets_edit (id, uid, network_id, division_id, operation, summary, parameters, remarks, made_at, "
        "undoes_id) "
        "SELECT 999999, gen_random_uuid(), id, division_id, 'undo', '', '{}', '[]', now(), 999999 "
        "FROM assets_network WHERE code = 'N1'",
    ],
    "edit_network_division": [
        f"UPDATE assets_edit SET division_id = {_ALIEN} WHERE network_id = {_NETWORK}",
    ],
    # -- plans and prices
    "plan_code_in_network": [f"{_plan()}; {_plan()}"],
    "plan_state_known": [_plan(state="'dreamt'")],
    "plan_approved_with_its_edit": [
        _plan(state="'approved'"),
        _plan(edit=_EDIT),
        _plan(at="now()"),
        _plan(state="'approved'", edit=_EDIT),
    ],
    "plan_network_division": [_plan(division=_ALIEN)],
    "planned_edit_ordinal": [
        "INSERT INTO assets_plannededit (plan_id, ordinal, operation, parameters, base_versions) "
        "SELECT min(id), 77, 'split_pipe', '{}', '{}' FROM assets_plan, generate_series(1, 2) GROUP BY generate_series"
    ],
    "price_not_negative": [_price(price="-1")],
    "price_work_known": [_price(work="'dig'")],
    "price_once": [f"{_price()}; {_price()}"],
    # -- derived rows go with their node or pipe, and are of one
    "node_topology_of_node": [
        f"INSERT INTO assets_nodetopology (node_id, network_id, is_boundary, passage) VALUES (-1, {_NETWORK}, false, 1)"
    ],
    "pipe_topology_of_pipe": [
        f"WITH new AS (INSERT INTO assets_segment (network_id, member_count) VALUES ({_NETWORK}, 1) RETURNING id) "
        f"INSERT INTO assets_pipetopology (pipe_id, network_id, segment_id) SELECT -1, {_NETWORK}, id FROM new"
    ],
}
EDIT_WORDS = {
    "row_change_is_append_only": "append-only",
    "lineage_is_append_only": "append-only",
    "edit_is_kept": "append-only",
    "edit_is_not_rewritten": "is not rewritten",
}
# Triggers that refuse nothing: they write what has changed. What they write has tests of its own.
WRITING_FUNCTIONS = (
    "stamp_version",
    "stamp_new",
    "date_new",
    "keep_history",
    "date_edit",
    "date_audit_event",
    "note_network_change",
    "note_device_change",
    "make_network_state",
    "count_segment_members",
    "keep_tile_edges",
    "note_tile_change",
    "note_street_names",
    "note_material_words",
    "count_node_features",
    "count_pipe_features",
    "count_parcel_features",
    "count_building_features",
)


def add_edits(world: World, numbers: range) -> None:
    """As many edits, plans and prices as there are numbers; the first edit is a real one, with history and lineage."""
    network = world.network
    if not Edit.objects.filter(network=network).exists():
        apply_operations(
            network,
            [{"op": "split_pipe", "pipe": str(world.pipes["P3"].uid), "position": 0.5}],
            acting_user=None,
            summary=f"made in {network.code}",
        )
    Edit.objects.bulk_create(
        Edit(network=network, division=world.district, operation="x", made_at=timezone.now()) for _ in numbers
    )
    Plan.objects.bulk_create(
        Plan(network=network, division=world.district, code=f"X{number}", name="x") for number in numbers
    )
    PriceListItem.objects.bulk_create(
        PriceListItem(
            division=world.district,
            commodity="water",
            work="lay",
            material=f"X{number}",
            unit_price=Decimal(1),
            valid_from=date(2026, 1, 1),
        )
        for number in numbers
    )


def edit_details(world: World) -> dict[str, dict[str, Any]]:
    """Address arguments of what names an edit, a plan, a price or an element to edit."""
    add_edits(world, range(1))
    plan = create_plan(world.network, code="MATRIX", name=f"of {world.network.code}", acting_user=None)
    operation = {
        "op": "set_pipe_attributes",
        "pipe": str(world.pipes["P3"].uid),
        "values": {"material": f"of {world.network.code}"},
    }
    add_planned_edits(plan, [operation], acting_user=None)
    price = PriceListItem.objects.filter(division=world.district).first()
    edit = Edit.objects.filter(network=world.network).order_by("pk").first()
    assert price is not None
    assert edit is not None
    b, p4 = {"uid": world.nodes["B"].uid}, {"uid": world.pipes["P4"].uid}
    plans = ("detail", "operations", "difference", "cost", "withdraw", "rebase")
    return {
        "edit-detail": {"uid": edit.uid},
        "price-detail": {"uid": price.uid},
        **{f"plan-{name}": {"uid": plan.uid} for name in plans},
        "plan-approve": {"uid": plan.uid},
        "plan-operation": {"uid": plan.uid, "ordinal": 1},
        **{f"node-{name}": b for name in ("move", "lifecycle", "history")},
        **{
            f"pipe-{name}": p4
            for name in (
                "split",
                "merge",
                "connect",
                "disconnect",
                "redraw",
                "lifecycle",
                "devices",
                "history",
            )
        },
        **{f"network-{name}": {"network": world.network.code} for name in ("edits", "undo", "redo")},
    }


def edit_writes(world: World) -> dict[str, dict[str, Any]]:
    """What is posted; everything that can be posted only once to one row is in `ONCE`."""
    other = str(world.pipes["P3"].uid)
    return {
        "node-list": {
            "network": world.network.code,
            "kind": "junction",
            "geometry": [69.41, 41.41],
            "code": "J{unique}",
        },
        "pipe-list": {
            "network": world.network.code,
            "geometry": [[69.42, 41.41], [69.42, 41.42]],
            "code": "L{unique}",
        },
        "node-move": {"geometry": [69.404, 41.4001]},
        "node-lifecycle": {"to": "removed"},
        "pipe-split": {"position": 0.5},
        "pipe-merge": {"other": str(world.pipes["P1"].uid)},
        "pipe-connect": {"end": "start", "node": str(world.nodes["C"].uid)},
        "pipe-disconnect": {"end": "end"},
        "pipe-redraw": {"geometry": [[69.402, 41.4], [69.404, 41.4]]},
        "pipe-lifecycle": {"to": "removed"},
        "pipe-devices": {"kind": "valve", "position": 0.5},
        "network-edits": {
            "operations": [{"op": "set_pipe_attributes", "pipe": other, "values": {"material": "m{unique}"}}]
        },
        "network-undo": {},
        "network-redo": {},
        "plan-list": {"network": world.network.code, "code": "N{unique}", "name": "x"},
        "plan-operations": {
            "operations": [{"op": "set_pipe_attributes", "pipe": other, "values": {"status": "open"}}]
        },
        "plan-rebase": {},
        "plan-approve": {},
        "plan-withdraw": {},
        "price-list": {
            "division": world.district.code,
            "commodity": "water",
            "work": "lay",
            "material": "m{unique}",
            "unit_price": "1.00",
            "valid_from": "2026-01-01",
        },
    }


# Allowed, these may still be refused with a reason: what they ask for was done before, or does not fit.
MAY_NOT_FIT = {
    "node-move",
    "node-lifecycle",
    "pipe-split",
    "pipe-merge",
    "pipe-connect",
    "pipe-disconnect",
    "pipe-redraw",
    "pipe-lifecycle",
    "pipe-devices",
    "node-list",
    "pipe-list",
    "plan-operations",
    "plan-rebase",
    "plan-approve",
    "plan-withdraw",
}
EDIT_WRITE_NAMES = (*MAY_NOT_FIT, "network-edits", "network-undo", "network-redo", "plan-list", "price-list")
EDIT_READ_NAMES = (
    *(f"{name}-{form}" for name in ("edit", "plan", "price") for form in ("list", "detail")),
    "node-history",
    "pipe-history",
    "plan-difference",
    "plan-cost",
)
# Only DELETE is taken there.
EDIT_ONLY_NAMES = ("plan-operation",)
