"""Planned alternatives: edits that wait, what they would change, what that costs, and their approval.

A plan's edits are operations as they are posted (services.editing.bulk). Nothing of them touches the network before the
approval: the difference is found by applying them in a transaction that is rolled back.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from assets.editing.services.bulk import MAXIMUM_OPERATIONS, OPERATIONS, apply_operations, read_operation
from assets.models import Network, Node, Pipe, Plan, PlannedEdit, PriceListItem
from assets.networks.services.locking import lock_network
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from gis_core.sentences import Sentence, Word
from gis_core.services.audit import record_change

# Pipes grow or shrink by less when a vertex moves within the accuracy of a drawing.
_LEAST_CHANGE_M = 0.01
_CENT = Decimal("0.01")


def create_plan(network: Network, *, code: str, name: str, acting_user: User | None) -> Plan:
    """Make an empty plan. Raises ReportedError (code_taken)."""
    with transaction.atomic():
        if Plan.objects.filter(network=network, code=code).exists():
            raise ReportedError(
                Sentence(_("Network {network} already has a plan {code}."), network=network.code, code=code),
                code="code_taken",
            )
        plan = Plan.objects.create(
            network=network, division_id=network.division_id, code=code, name=name, made_by=acting_user
        )
        _audit(plan, "create plan", acting_user, {"code": code, "name": name})
    return plan


def add_planned_edits(
    plan: Plan, operations: Sequence[Any], *, acting_user: User | None
) -> list[PlannedEdit]:
    """Append operations to a draft, with the versions of the elements they name, as those are now.

    Raises ReportedError: bad_operation, unknown_element, plan_not_draft, too_many_operations.
    """
    if not isinstance(operations, list | tuple) or not operations:
        raise ReportedError(
            Sentence(_("operations is a list of at least one operation.")), code="bad_operation"
        )
    with transaction.atomic():
        fresh = _draft(plan)
        last = fresh.planned_edits.order_by("-ordinal").values_list("ordinal", flat=True).first() or 0
        if last + len(operations) > MAXIMUM_OPERATIONS:
            raise ReportedError(
                Sentence(
                    _("A plan has at most {maximum_operations} operations."),
                    maximum_operations=f"{MAXIMUM_OPERATIONS:,}",
                ),
                code="too_many_operations",
            )
        rows = []
        for number, item in enumerate(operations, start=1):
            operation, _values = read_operation(item)
            if "if_match" in item:
                raise ReportedError(
                    Sentence(_("A plan keeps versions by itself; leave out if_match.")), code="bad_operation"
                )
            rows.append(
                PlannedEdit(
                    plan=fresh,
                    ordinal=last + number,
                    operation=operation.name,
                    parameters=dict(item),
                    base_versions=_versions(fresh.network, item, must_exist=True),
                )
            )
        PlannedEdit.objects.bulk_create(rows, batch_size=1000)
        _audit(fresh, "add planned edits", acting_user, {"operations": [row.operation for row in rows]})
    return rows


def remove_planned_edit(plan: Plan, *, ordinal: int, acting_user: User | None) -> None:
    """Take one operation out of a draft. Raises ReportedError (unknown_element, plan_not_draft)."""
    with transaction.atomic():
        fresh = _draft(plan)
        deleted, _rows = fresh.planned_edits.filter(ordinal=ordinal).delete()
        if not deleted:
            raise ReportedError(
                Sentence(_("Plan {fresh} has no operation {ordinal}."), fresh=fresh.code, ordinal=ordinal),
                code="unknown_element",
            )
        _audit(fresh, "remove planned edit", acting_user, {"ordinal": ordinal})


def rebase_plan(plan: Plan, *, acting_user: User | None) -> list[dict[str, Any]]:
    """Take the elements as they are now for what the plan was drawn against; return the conflicts that this accepts."""
    with transaction.atomic():
        fresh = _draft(plan)
        accepted = conflicts_of(fresh)
        for row in fresh.planned_edits.order_by("ordinal"):
            row.base_versions = _versions(fresh.network, row.parameters, must_exist=False)
            row.save(update_fields=["base_versions"])
        _audit(fresh, "rebase plan", acting_user, {"accepted": len(accepted)})
    return accepted


def withdraw_plan(plan: Plan, *, acting_user: User | None) -> Plan:
    """Close a draft without applying it. Raises ReportedError (plan_not_draft)."""
    with transaction.atomic():
        fresh = _draft(plan)
        fresh.state = Plan.State.WITHDRAWN
        fresh.save(update_fields=["state"])
        _audit(fresh, "withdraw plan", acting_user, {})
    return fresh


def approve_plan(plan: Plan, *, acting_user: User | None) -> Plan:
    """Apply a draft to the network, as one edit in one transaction; or report the conflicts and change nothing.

    Raises ReportedError (plan_conflicts, plan_not_draft) with each element that changed since the plan was drawn, or
    the operation that cannot be applied any more.
    """
    with transaction.atomic():
        lock_network(plan.network)
        fresh = _draft(plan)
        conflicts = conflicts_of(fresh)
        if conflicts:
            raise ReportedError(
                Sentence(
                    _("Plan {fresh} does not fit the network any more: {conflicts} {conflicts_2}."),
                    fresh=fresh.code,
                    conflicts=conflicts[0]["element"],
                    conflicts_2=conflicts[0]["reason"],
                ),
                code="plan_conflicts",
                details=conflicts,
            )
        try:
            done = apply_operations(
                fresh.network,
                _operations(fresh),
                acting_user=acting_user,
                summary=Sentence(_("plan {plan}: {name}"), plan=fresh.code, name=fresh.name),
                as_operation="apply_plan",
            )
        except ReportedError as error:
            if error.code == "network_busy":
                raise
            raise ReportedError(error.message, code="plan_conflicts", details=error.details) from error
        fresh.state, fresh.applied_edit = Plan.State.APPROVED, done.edit
        fresh.approved_by, fresh.approved_at = acting_user, timezone.now()
        fresh.save(update_fields=["state", "applied_edit", "approved_by", "approved_at"])
        _audit(fresh, "approve plan", acting_user, {"edit": str(done.edit.uid)})
    return fresh


def conflicts_of(plan: Plan) -> list[dict[str, Any]]:
    """The elements that the plan names and that changed, or went, since it was drawn."""
    base: dict[str, int] = {}
    for row in plan.planned_edits.order_by("ordinal"):
        for element, version in row.base_versions.items():
            base.setdefault(element, version)
    present = _present_versions(plan.network, list(base))
    return [
        {
            "element": element,
            "reason": Sentence(_("is gone"))
            if element not in present
            else Sentence(
                _("was changed: version {present}, the plan was drawn against {version}"),
                present=present[element],
                version=version,
            ),
        }
        for element, version in base.items()
        if present.get(element) != version
    ]


def _draft(plan: Plan) -> Plan:
    fresh = Plan.objects.select_for_update(of=("self",)).select_related("network__division").get(pk=plan.pk)
    if fresh.state != Plan.State.DRAFT:
        raise ReportedError(
            Sentence(_("Plan {fresh} is {state}."), fresh=fresh.code, state=Word(fresh.get_state_display())),
            code="plan_not_draft",
        )
    return fresh


def _operations(plan: Plan) -> list[dict[str, Any]]:
    rows = list(plan.planned_edits.order_by("ordinal"))
    if not rows:
        raise ReportedError(Sentence(_("Plan {plan} has no operations."), plan=plan.code), code="plan_empty")
    return [row.parameters for row in rows]


def _versions(network: Network, item: Mapping[str, Any], *, must_exist: bool) -> dict[str, int]:
    """{"pipe:<uid>": version} of the nodes and pipes that an operation names by uid."""
    wanted = []
    for name, parameter in OPERATIONS[item["op"]].parameters.items():
        value = item.get(name)
        if parameter.type == "element" and name != "zone" and isinstance(value, str) and value[:1] != "#":
            is_pipe = "pipe" in name or name == "other"
            wanted.append(f"{'pipe' if is_pipe else 'node'}:{value.lower()}")
    present = _present_versions(network, wanted)
    missing = [element for element in wanted if element not in present]
    if missing and must_exist:
        raise ReportedError(
            Sentence(
                _("There is no {replace} in network {network}."),
                replace=missing[0].replace(":", " "),
                network=network.code,
            ),
            code="unknown_element",
        )
    return present


def _present_versions(network: Network, elements: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for prefix, model in (("node", Node), ("pipe", Pipe)):
        uids = [element[5:] for element in elements if element.startswith(f"{prefix}:")]
        if uids:
            rows = model._default_manager.extra(where=["uid::text = ANY (%s)"], params=[uids])  # type: ignore[attr-defined]
            found |= {
                f"{prefix}:{uid}": version
                for uid, version in rows.filter(network=network).values_list("uid", "version")
            }
    return found


def _audit(plan: Plan, action: str, acting_user: User | None, values: dict[str, Any]) -> None:
    record_change(
        acting_user=acting_user,
        action=action,
        subject=plan,
        division=plan.network.division,
        new_values={"plan": plan.code, **values},
    )


# Amounts by work, kind, material and diameter (m): metres of pipes, numbers of the rest.
Works = dict[tuple[str, str, str, float | None], float]


@dataclass(frozen=True)
class PlanDifference:
    """What a plan would change: GeoJSON features with `change` and `before`, counts, lengths in metres, remarks."""

    features: list[dict[str, Any]]
    counts: dict[str, int]
    laid_m: float
    abandoned_m: float
    remarks: list[dict[str, Any]]
    works: Works

    def as_dict(self) -> dict[str, Any]:
        return {
            "type": "FeatureCollection",
            "features": self.features,
            "counts": self.counts,
            "laid_m": self.laid_m,
            "abandoned_m": self.abandoned_m,
            "remarks": self.remarks,
        }


class _RolledBack(Exception):
    """Ends the trial."""


def difference_of(plan: Plan, *, acting_user: User | None) -> PlanDifference:
    """What the plan would change of the network as it is now; nothing is changed.

    Raises ReportedError when an operation cannot be applied.
    """
    found: PlanDifference | None = None
    try:
        with transaction.atomic():
            done = apply_operations(
                plan.network, _operations(plan), acting_user=acting_user, as_operation="apply_plan"
            )
            found = _difference(done.edit.pk, done.edit.remarks)
            raise _RolledBack
    except _RolledBack:
        pass
    assert found is not None
    return found


_CHANGED_ELEMENTS = """
SELECT replace(change.table_name, 'assets_', '') AS element, change.operation, change.before,
       to_jsonb(node) - 'geom' AS node, to_jsonb(pipe) - 'geom' - 'start_point' - 'end_point' AS pipe,
       ST_AsGeoJSON(coalesce(node.geom, pipe.geom, change.before_geom), 9)::jsonb AS geometry,
       ST_Length(change.before_geom::geography, true) AS before_m
  FROM assets_rowchange change
  LEFT JOIN assets_node node ON change.table_name = 'assets_node' AND node.id = change.row_id
  LEFT JOIN assets_pipe pipe ON change.table_name = 'assets_pipe' AND pipe.id = change.row_id
 WHERE change.edit_id = %s AND change.table_name IN ('assets_node', 'assets_pipe')
 ORDER BY change.id
"""
_JSON_COLUMNS = ("before", "node", "pipe", "geometry")
_WORDS = {"I": "added", "U": "changed", "D": "removed"}
_SHOWN = ("uid", "code", "kind", "lifecycle", "diameter_m", "material", "status", "geodesic_length_m")


def _difference(edit_id: int, remarks: list[dict[str, Any]]) -> PlanDifference:
    rows, ground = _changed_elements(edit_id)
    works: Works = defaultdict(float)
    features, counts = [], dict.fromkeys(_WORDS.values(), 0)
    for row in rows:
        after = row["pipe"] or row["node"]
        if after is not None and row["before"] is not None and after.get("is_connector"):
            continue
        _count_works(row, after, works, ground)
        counts[_WORDS[row["operation"]]] += 1
        features.append(_feature(row, after or row["before"]))
    return PlanDifference(
        features,
        counts,
        sum(amount for (work, *_), amount in works.items() if work == "lay"),
        sum(amount for (work, *_), amount in works.items() if work == "abandon"),
        remarks,
        dict(works),
    )


@dataclass(frozen=True)
class _PipeGround:
    """Pipes (by uid) whose ground was another's before the edit (`inherited`) or is another's after it (`absorbed`),
    and all that stand in a lineage."""

    inherited: set[str]
    absorbed: set[str]
    in_lineage: set[str]


def _changed_elements(edit_id: int) -> tuple[list[dict[str, Any]], _PipeGround]:
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED_ELEMENTS, [edit_id])
        names = [column.name for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        for row in rows:
            # A cursor of our own hands JSON over as text.
            row |= {name: json.loads(row[name]) for name in _JSON_COLUMNS if row[name] is not None}
        cursor.execute(
            "SELECT relation, ancestor_uid::text, descendant_uid::text FROM assets_lineage "
            "WHERE edit_id = %s ORDER BY id",
            [edit_id],
        )
        lineage = cursor.fetchall()
    made = {row["pipe"]["uid"] for row in rows if row["operation"] == "I" and row["pipe"]}
    return rows, _PipeGround(
        inherited=_from_existing(lineage, made),
        absorbed={
            ancestor
            for relation, ancestor, descendant in lineage
            if relation == "merge" and ancestor != descendant
        },
        in_lineage={uid for _, ancestor, descendant in lineage for uid in (ancestor, descendant)},
    )


def _feature(row: dict[str, Any], shown: dict[str, Any]) -> dict[str, Any]:
    """A changed element as GeoJSON, with what it was where that differs."""
    before = row["before"] or {}
    return {
        "type": "Feature",
        "geometry": row["geometry"],
        "properties": {
            "element": row["element"],
            "change": _WORDS[row["operation"]],
            **{name: shown[name] for name in _SHOWN if name in shown},
            "before": {
                name: before[name] for name in _SHOWN if name in before and before[name] != shown.get(name)
            },
        },
    }


def _from_existing(lineage: Sequence[tuple[str, str, str]], made: set[str]) -> set[str]:
    """Pipes made by the edit whose ground was a pipe's before it: parts of a split are not laid."""
    inherited: set[str] = set()
    for _relation, ancestor, descendant in lineage:
        if descendant in made and (ancestor not in made or ancestor in inherited) and ancestor != descendant:
            inherited.add(descendant)
    return inherited


def _count_works(
    row: dict[str, Any], after: dict[str, Any] | None, works: Works, ground: _PipeGround
) -> None:
    """What has to be dug, laid, placed or taken out for one changed element."""
    before = row["before"]
    goes = after is None or (after["lifecycle"] == "removed" and (before or {}).get("lifecycle") != "removed")
    if row["element"] == "node":
        _count_node_works(before, after, works, goes=goes)
    elif not (after or before)["is_connector"]:
        _count_pipe_works(row, after, works, ground, goes=goes)


def _count_node_works(
    before: dict[str, Any] | None, after: dict[str, Any] | None, works: Works, *, goes: bool
) -> None:
    kind = (after or before or {})["kind"]
    if before is None and not goes:
        works["place", kind, "", None] += 1
    elif before is not None and goes and kind != "junction":
        works["remove", kind, "", None] += 1


def _count_pipe_works(
    row: dict[str, Any], after: dict[str, Any] | None, works: Works, ground: _PipeGround, *, goes: bool
) -> None:
    def pipe(state: dict[str, Any]) -> tuple[str, str, float | None]:
        return ("pipe", state["material"], state["diameter_m"])

    before = row["before"]
    if before is None and after is not None:
        if after["uid"] not in ground.inherited and not goes:
            works["lay", *pipe(after)] += after["geodesic_length_m"]
    elif goes:
        if before["uid"] not in ground.absorbed:
            works["abandon", *pipe(before)] += row["before_m"]
    elif after is not None and pipe(after) != pipe(before):
        works["abandon", *pipe(before)] += row["before_m"]
        works["lay", *pipe(after)] += after["geodesic_length_m"]
    elif after is not None and after["uid"] not in ground.in_lineage:
        longer_m = after["geodesic_length_m"] - row["before_m"]
        if longer_m > _LEAST_CHANGE_M:
            works["lay", *pipe(after)] += longer_m


def cost_of(plan: Plan, *, acting_user: User | None, day: date | None = None) -> dict[str, Any]:
    """The plan's works priced by the price list of the network's division, or of the nearest above it that has a price.

    {"lines": [...], "total": Decimal, "missing": [...], "is_complete"}: works without a price are listed as missing and
    have no part in the total. Amounts are in UZS without VAT; lengths are geodesic metres, rounded to the centimetre.
    """
    difference = difference_of(plan, acting_user=acting_user)
    items = _price_list(plan.network, day or timezone.localdate())
    lines, missing, total = [], [], Decimal(0)
    for (work, kind, material, diameter_m), amount in sorted(
        difference.works.items(), key=lambda entry: str(entry[0])
    ):
        quantity = Decimal(str(round(amount, 2)))
        line = {
            "work": work,
            "kind": kind,
            "material": material,
            "diameter_m": diameter_m,
            "quantity": quantity,
            "unit": "m" if kind == "pipe" else "each",
        }
        item = _price(items, work, kind, material, diameter_m)
        if item is None:
            missing.append({**line, "reason": Sentence(_("the price list has no price for it"))})
            continue
        cost = (quantity * item.unit_price).quantize(_CENT)
        total += cost
        lines.append({**line, "unit_price": item.unit_price, "amount": cost, "price_of": item.division.code})
    return {"lines": lines, "total": total, "currency": "UZS", "missing": missing, "is_complete": not missing}


def _price_list(network: Network, day: date) -> list[PriceListItem]:
    """Prices in force, those of the nearest division first, the latest of each first."""
    nearest = Division.objects.filter(path__in=network.division.paths_to_root)
    items = PriceListItem.objects.select_related("division").filter(
        division__in=nearest, commodity=network.commodity, valid_from__lte=day
    )
    return sorted(items, key=lambda item: (-len(item.division.path), -item.valid_from.toordinal(), item.pk))


def _price(
    items: Sequence[PriceListItem], work: str, kind: str, material: str, diameter_m: float | None
) -> PriceListItem | None:
    """The price of the nearest division; of its material before any; of the smallest diameter that takes the pipe."""

    def fits(item: PriceListItem) -> bool:
        if item.work != work:
            return False
        if kind != "pipe":
            return item.kind in ("", kind)
        is_material = not item.material or item.material.casefold() == material.casefold()
        is_size = item.maximum_diameter_m is None or (
            diameter_m is not None and diameter_m <= item.maximum_diameter_m + 1e-9
        )
        return is_material and is_size

    def rank(item: PriceListItem) -> tuple[Any, ...]:
        return (
            -len(item.division.path),
            not (item.material or item.kind),
            float("inf") if item.maximum_diameter_m is None else item.maximum_diameter_m,
            -item.valid_from.toordinal(),
        )

    return min((item for item in items if fits(item)), key=rank, default=None)


def set_price(*, division: Division, acting_user: User | None, **facts: Any) -> PriceListItem:
    """Add a price to a division's list. Raises ReportedError (code_taken) when the list has it for that day."""
    with transaction.atomic():
        facts["material"] = facts.get("material", "").strip()
        if PriceListItem.objects.filter(
            division=division, **{name: value for name, value in facts.items() if name != "unit_price"}
        ).exists():
            raise ReportedError(
                Sentence(_("The price list has a price for it from that day already.")), code="code_taken"
            )
        item = PriceListItem.objects.create(division=division, **facts)
        record_change(
            acting_user=acting_user,
            action="set price",
            subject=item,
            division=division,
            new_values={name: str(value) for name, value in facts.items()},
        )
    return item


def remove_price(item: PriceListItem, *, acting_user: User | None) -> None:
    """Take a price out of a list."""
    with transaction.atomic():
        record_change(
            acting_user=acting_user,
            action="remove price",
            subject=item,
            division=item.division,
            old_values={"work": item.work, "kind": item.kind, "unit_price": str(item.unit_price)},
        )
        item.delete()
