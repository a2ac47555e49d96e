"""Findings and dirty areas for the tests of access, of query counts and of the database's guards."""

from typing import Any

from django.contrib.gis.geos import Polygon

from assets.models import DirtyArea, Finding
from tests.world import World

_NEW = (
    "INSERT INTO assets_finding (uid, network_id, division_id, check_code, severity, explanation, elements, "
    "element_codes, node_ids, pipe_ids, fingerprint, found_at, acceptance_reason, accepted_at) "
    "SELECT gen_random_uuid(), network.id, {division}, 'orphan_node', {severity}, 'x', '{{}}', '{{}}', '{{}}', '{{}}', "
    "{mark}, now(), {reason}, {accepted} FROM assets_network network WHERE code = 'N1'"
)


def _new(**values: str) -> str:
    given = {
        "division": "network.division_id",
        "severity": "'error'",
        "mark": "'m'",
        "reason": "''",
        "accepted": "NULL",
    }
    return _NEW.format(**given | values)


FINDING_ATTACKS: dict[str, list[str]] = {
    "finding_once": [f"{_new()}; {_new()}"],
    "finding_severity_known": [_new(severity="'terrible'"), _new(severity="''")],
    "finding_accepted_with_reason": [_new(accepted="now()"), _new(reason="'because'")],
    "finding_network_division": [
        _new(division="(SELECT id FROM gis_core_division WHERE code = 'ZANGIOTA')"),
    ],
}


def add_findings(world: World, numbers: range) -> list[Finding]:
    """As many findings and dirty areas as there are numbers. Their repair can be applied any number of times."""
    ground = Polygon.from_bbox((69.4, 41.4, 69.41, 41.41))
    DirtyArea.objects.bulk_create(DirtyArea(network=world.network, geom=ground) for _ in numbers)
    operation = {
        "op": "set_pipe_attributes",
        "pipe": str(world.pipes["P2"].uid),
        "values": {"material": "steel"},
    }
    return Finding.objects.bulk_create(
        Finding(
            network=world.network,
            division=world.district,
            check_code="missing_material",
            severity="note",
            explanation=f"The material of {world.network.code} {number} is not known.",
            elements=[f"pipe:{world.pipes['P2'].uid}"],
            element_codes=["P2"],
            fingerprint=f"X{number}",
            repair={"operations": [operation]},
        )
        for number in numbers
    )


def finding_details(world: World) -> dict[str, dict[str, Any]]:
    """Address arguments of what names a finding or a network's ground."""
    finding = add_findings(world, range(1))[0]
    names = ("finding-detail", "finding-accept", "finding-withdraw", "finding-repair")
    return {
        **{name: {"uid": finding.uid} for name in names},
        **{name: {"network": world.network.code} for name in ("network-dirty-areas", "network-validation")},
    }


FINDING_WRITES: dict[str, dict[str, Any]] = {
    "finding-accept": {"reason": "known and harmless {unique}"},
    "finding-withdraw": {},
    "finding-repair": {},
    "network-validation": {},
}
