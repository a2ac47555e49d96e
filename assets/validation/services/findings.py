"""From what the checks found to findings: names, explanation, repair, and the same row when found again."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils import translation

from assets.consumer_providers import consumers_at_attachments
from assets.models import Network
from assets.validation.services.catalogue import CATALOGUE, Check
from assets.validation.services.islands import LOCAL_BUDGET
from gis_core.database.sql_files import load_sql

# How many elements one finding names; its own ids are kept as far as a local run could look at them again.
MAXIMUM_NAMED = 50
MAXIMUM_IDS = LOCAL_BUDGET


def fingerprint(nodes: Sequence[int], pipes: Sequence[int], key: str = "") -> str:
    """What makes a finding of one check the same finding: its own elements, or the key of what it is about."""
    text = f"{sorted(nodes)}|{sorted(pipes)}|{key}" if nodes or pipes else f"||{key}"
    return hashlib.sha256(text.encode()).hexdigest()


def part_fingerprint(first_node: int) -> str:
    """The fingerprint of a part of the network: it is known by its first node, however it grows or shrinks."""
    return fingerprint((), (), f"part of node {first_node}")


def prepare_rows(cursor: Any) -> int:
    """Fill finding_row from `found`; return how many findings there are."""
    cursor.execute(
        """
        CREATE TEMPORARY TABLE finding_row (
            check_code text, severity text, explanation text, elements text[], element_codes text[],
            node_ids bigint[], pipe_ids bigint[], fingerprint text, geom geometry, repair jsonb)
        """
    )
    cursor.execute(load_sql("assets.validation", "found_elements"), {"maximum": MAXIMUM_NAMED})
    with translation.override("en"):
        rows = [row for row in map(_row_of, cursor.fetchall()) if row is not None]
    for start in range(0, len(rows), 5_000):
        cursor.execute(
            """
            INSERT INTO finding_row
            SELECT given.check_code, given.severity, given.explanation, given.elements, given.element_codes,
                   found.nodes[1:%(maximum)s], found.pipes[1:%(maximum)s], given.fingerprint, found.geom, given.repair
              FROM jsonb_to_recordset(%(rows)s::jsonb) given (place tid, check_code text, severity text,
                   explanation text, elements text[], element_codes text[], fingerprint text, repair jsonb)
              JOIN found ON found.ctid = given.place
            """,
            {"rows": json.dumps(rows[start : start + 5_000]), "maximum": MAXIMUM_IDS},
        )
    cursor.execute("CREATE INDEX ON finding_row (fingerprint, check_code)")
    cursor.execute("ANALYZE finding_row")
    return len(rows)


def _row_of(stored: tuple[Any, ...]) -> dict[str, Any] | None:
    _place, code, facts, node_ids, pipe_ids, *named, place = stored
    facts = json.loads(facts) if isinstance(facts, str) else facts
    groups = [json.loads(group) if isinstance(group, str) else group or [] for group in named]
    if code == "service_on_transmission_main":
        # Sensors hang on mains too; only whom somebody serves from there counts.
        facts["consumers"] = consumers_at_attachments(facts["attachments"]).get("subscribers", 0)
        if not facts["consumers"]:
            return None
    check = CATALOGUE[code]
    nodes, pipes, other_nodes, other_pipes = groups
    own = (("node", nodes), ("pipe", pipes), ("node", other_nodes), ("pipe", other_pipes))
    if check.scope == "component":
        print_of = part_fingerprint(min(node_ids))
    else:
        print_of = fingerprint(node_ids, pipe_ids, str(facts.get("key", "")))
    return {
        "place": place,
        "check_code": code,
        "severity": str(check.severity),
        "explanation": _explain(check, facts, nodes, pipes, [*other_nodes, *other_pipes]),
        "elements": [f"{kind}:{element['uid']}" for kind, group in own for element in group],
        "element_codes": [element["code"] for _kind, group in own for element in group],
        "fingerprint": print_of,
        "repair": check.repair({"nodes": nodes, "pipes": pipes, "facts": facts}) if check.repair else None,
    }


def _explain(
    check: Check,
    facts: dict[str, Any],
    nodes: list[dict[str, Any]],
    pipes: list[dict[str, Any]],
    others: list[dict[str, Any]],
) -> str:
    # Six digits are more than any of these numbers is known to.
    shown = {name: f"{fact:g}" if isinstance(fact, float) else fact for name, fact in facts.items()}
    names: dict[str, Any] = defaultdict(str, shown)
    for name, group in (("node", nodes), ("pipe", pipes)):
        for place, element in enumerate(group[:2]):
            names[name if place == 0 else f"{name}{place + 1}"] = element["code"]
    names["others"] = ", ".join(element["code"] for element in others[:10])
    names["element"] = ", ".join(element["code"] for element in [*nodes, *pipes][:10])
    return str(check.explanation).format_map(names)


def settle(cursor: Any, network: Network) -> int:
    """Write the findings; return how many are new."""
    cursor.execute(
        load_sql("assets.validation", "settle_findings"),
        {"network": network.pk, "division": network.division_id},
    )
    return int(cursor.fetchone()[0])


def resolve_on_ground(cursor: Any, network: Network, checks: Iterable[str], cut_short: Iterable[str]) -> int:
    """Delete the findings of the checked ground that were not found again; return their number."""
    codes = list(checks)
    local = [code for code in codes if CATALOGUE[code].scope == "local"]
    cursor.execute(
        load_sql("assets.validation", "resolved_findings"),
        {"network": network.pk, "checks": codes, "local_checks": local},
    )
    return _delete(cursor, [pk for (pk,) in cursor.fetchall()], cut_short)


def resolve_everywhere(cursor: Any, network: Network, kept: Iterable[str], cut_short: Iterable[str]) -> int:
    """Delete all findings of the network that were not found again, but for checks that were not run (`kept`)."""
    cursor.execute(
        """
        SELECT id FROM assets_finding finding
         WHERE network_id = %s AND check_code <> ALL (%s)
           AND NOT EXISTS (SELECT 1 FROM finding_row again
                            WHERE again.check_code = finding.check_code AND again.fingerprint = finding.fingerprint)
        """,
        [network.pk, list(kept)],
    )
    return _delete(cursor, [pk for (pk,) in cursor.fetchall()], cut_short)


def _delete(cursor: Any, ids: list[int], cut_short: Iterable[str]) -> int:
    """A check that found more than is kept may have found an accepted one again without keeping it."""
    cursor.execute(
        "DELETE FROM assets_finding WHERE id = ANY (%s) AND (accepted_at IS NULL OR check_code <> ALL (%s))",
        [ids, list(cut_short)],
    )
    return int(cursor.rowcount)
