"""Validation runs: dirty ground, given ground or all of a network.

Each check puts what it finds into one temporary table; then findings are written, those not found again are taken away,
and the dirty areas that the run saw are cleared. All of it is one transaction; runs of one network follow each other.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_noop as _

from assets.models import BrokenSupplySpan, DirtyArea, Finding, Network
from assets.topology.services.rebuilding import ensure_topology, renumber_supply
from assets.validation.services import findings, ground, islands, zones
from assets.validation.services.catalogue import CATALOGUE, Check
from assets.validation.services.ground import Box, parse_bbox
from gis_core.database.locks import AdvisoryLock, hold
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Figure, Sentence
from gis_core.services.audit import record_change
from gis_core.services.jobs import ProgressReport

__all__ = ["MAXIMUM_LISTED", "ValidationResult", "parse_bbox", "validate_network"]

# What one check may find in one run, and what an answer lists.
MAXIMUM_PER_CHECK = 10_000
MAXIMUM_LISTED = 1_000
MAXIMUM_BOXES = 100


@dataclass
class ValidationResult:
    """What a run looked at and found. `findings` lists the worst first, at most MAXIMUM_LISTED of `found`."""

    network: str
    mode: str
    areas: int = 0
    checked_nodes: int = 0
    checked_pipes: int = 0
    found: int = 0
    new: int = 0
    resolved: int = 0
    accepted: int = 0
    cleared_areas: int = 0
    by_severity: dict[str, int] = field(default_factory=dict)
    by_check: dict[str, int] = field(default_factory=dict)
    checks: list[str] = field(default_factory=list)
    skipped_checks: list[dict[str, str]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    is_cut: bool = False

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def validate_network(
    network: Network,
    *,
    acting_user: User | None,
    boxes: Sequence[Box] | None = None,
    is_everything: bool = False,
    only: Collection[str] | None = None,
    report_progress: ProgressReport | None = None,
) -> ValidationResult:
    """Check a network's dirty ground; `boxes` (west, south, east, north in degrees) or all of it when asked.

    Clears the dirty areas that were there when the run began, of given boxes those that lie inside; an area of an
    edit that is committed during the run stays. `only` names the checks to run; then nothing is cleared. Raises
    ReportedError: bad_areas, unknown_check.
    """
    if boxes is not None and (is_everything or not 1 <= len(boxes) <= MAXIMUM_BOXES):
        raise ReportedError(
            Sentence(_("Give all, or 1 to {maximum_boxes} boxes."), maximum_boxes=MAXIMUM_BOXES),
            code="bad_areas",
        )
    unknown = set(only or ()) - CATALOGUE.keys()
    if unknown:
        raise ReportedError(
            Sentence(_("There is no check {unknown}."), unknown=sorted(unknown)[0]), code="unknown_check"
        )
    mode = "all" if is_everything else "dirty" if boxes is None else "bbox"
    has_work = mode != "dirty" or DirtyArea.objects.filter(network=network).exists()
    if has_work:
        ground.refresh_statistics()
        ensure_topology(network)
        if is_everything and BrokenSupplySpan.objects.filter(network=network).exists():
            renumber_supply(network)
    with transaction.atomic(), connection.cursor() as cursor:
        # Two runs would settle the same findings against each other.
        hold(AdvisoryLock.VALIDATION, network.pk)
        run = _ValidationRun(cursor, network, mode, boxes or (), only, report_progress)
        result = run.do()
        record_change(
            acting_user=acting_user,
            action="validate network",
            subject=network,
            division=network.division,
            subject_id=network.code,
            new_values={key: value for key, value in result.as_dict().items() if not isinstance(value, list)},
        )
    return result


class _ValidationRun:
    """One validation in progress, inside its transaction."""

    def __init__(
        self,
        cursor: Any,
        network: Network,
        mode: str,
        boxes: Sequence[Box],
        only: Collection[str] | None,
        report_progress: ProgressReport | None,
    ) -> None:
        self.cursor = cursor
        self.network = network
        self.is_everything = mode == "all"
        self.boxes = boxes
        self.only = only
        self.report_progress = report_progress
        self.result = ValidationResult(network.code, mode)
        self.parameters: dict[str, Any] = {}
        # Checks that found more than is kept, and parts and zones that were judged: (check, fingerprint).
        self.cut_short: list[str] = []
        self.judged: list[tuple[str, str]] = []

    def do(self) -> ValidationResult:
        ground.drop_tables(self.cursor)
        # A short statement must not wait for its compilation.
        self.cursor.execute("SET LOCAL jit = off")
        dirty_ids = self._dirty_ids()
        self.result.areas = len(self.boxes) or len(dirty_ids)
        if self.is_everything or self.boxes or dirty_ids:
            self._look(dirty_ids)
            self._settle()
            self._list()
            ground.drop_tables(self.cursor)
        if self.only is None and dirty_ids:
            self.result.cleared_areas, _ = DirtyArea.objects.filter(pk__in=dirty_ids).delete()
        return self.result

    def _dirty_ids(self) -> list[int]:
        """The areas to be cleared. Read first: what is committed later is not among them."""
        dirty = DirtyArea.objects.filter(network=self.network)
        if not self.boxes:
            return list(dirty.values_list("pk", flat=True))
        self.cursor.execute(
            "SELECT id FROM assets_dirtyarea WHERE network_id = %s AND EXISTS ("
            "SELECT 1 FROM unnest(%s::float8[], %s::float8[], %s::float8[], %s::float8[]) box (w, s, e, n) "
            "WHERE ST_Covers(ST_MakeEnvelope(w, s, e, n, 4326), geom))",
            [self.network.pk, *map(list, zip(*self.boxes, strict=True))],
        )
        return [pk for (pk,) in self.cursor.fetchall()]

    def _look(self, dirty_ids: Sequence[int]) -> None:
        ground.take_areas(self.cursor, self.network, self.boxes, () if self.boxes else dirty_ids)
        self.result.checked_nodes, self.result.checked_pipes = ground.take_elements(
            self.cursor, self.network, is_everything=self.is_everything
        )
        self.cursor.execute("CREATE TEMPORARY TABLE judged (check_code text, fingerprint text)")
        self.parameters = ground.check_parameters(self.cursor, self.network)
        checks = [check for check in CATALOGUE.values() if self._is_due(check)]
        for place, check in enumerate(checks):
            if self.report_progress is not None:
                self.report_progress("checking", place, len(checks))
            if check.code == "zone_disconnected":
                self._look_at_zones(check)
            elif check.scope != "component":
                self._run_statement(check)
                self._judge_zones(check)
        components = [check.code for check in checks if check.scope == "component"]
        if components:
            self._look_for_islands(components)

    def _is_due(self, check: Check) -> bool:
        """Whether a check is run; why not stands in the result, but for those of other commodities."""
        if (self.only is not None and check.code not in self.only) or (
            self.network.commodity not in check.commodities
        ):
            return False
        if check.scope == "network" and not self.is_everything:
            self._skip(check.code, Sentence(_("looks at the whole network")))
            return False
        return True

    def _skip(self, code: str, reason: str) -> None:
        self.result.skipped_checks.append({"check": code, "reason": reason})

    def _run_statement(self, check: Check) -> None:
        statement = load_sql("assets.validation", f"checks/{check.code}")
        self.cursor.execute(
            f"INSERT INTO found SELECT %(check)s, checked.* FROM ({statement}) checked "  # noqa: S608
            "ORDER BY checked.nodes, checked.pipes LIMIT %(maximum)s",
            {**self.parameters, "check": check.code, "maximum": MAXIMUM_PER_CHECK},
        )
        if self.cursor.rowcount >= MAXIMUM_PER_CHECK:
            self.cut_short.append(check.code)
        self.result.checks.append(check.code)

    def _judge_zones(self, check: Check) -> None:
        if check.scope == "zone":
            self.judged += [(check.code, self._zone_print(zone)) for zone in self._zones()]

    def _zones(self) -> list[int]:
        self.cursor.execute("SELECT id FROM checked_zone ORDER BY id")
        return [zone for (zone,) in self.cursor.fetchall()]

    @staticmethod
    def _zone_print(zone: int) -> str:
        return findings.fingerprint((), (), f"zone {zone}")

    def _look_at_zones(self, check: Check) -> None:
        maximum = None if self.is_everything else zones.MAXIMUM_LOCAL_MEMBERS
        for zone in self._zones():
            pieces = zones.zone_pieces(
                self.cursor, self.network, zone, self.parameters["supply_kinds"], maximum
            )
            if pieces is None:
                self._skip(
                    check.code,
                    Sentence(_("a zone has more than {maximum} nodes"), maximum=Figure(maximum, ",")),
                )
                continue
            self.judged.append((check.code, self._zone_print(zone)))
            if pieces:
                self.cursor.execute(
                    "INSERT INTO found SELECT %s, '{}', '{}', %s, '{}', "
                    "(SELECT ST_ConvexHull(ST_Collect(geom)) FROM assets_node WHERE id = ANY (%s)), "
                    "jsonb_build_object('key', 'zone ' || id, 'zone', code, 'number', %s, 'node', "
                    "(SELECT code FROM assets_node WHERE id = %s)) FROM assets_zone WHERE id = %s",
                    [check.code, pieces, pieces, len(pieces), pieces[0], zone],
                )
        self.result.checks.append(check.code)

    def _look_for_islands(self, codes: Sequence[str]) -> None:
        budget = islands.NETWORK_BUDGET if self.is_everything else islands.LOCAL_BUDGET
        search = islands.SourceSearch(self.cursor, self.network, self.parameters["supply_kinds"], budget)
        seeds = self._island_seeds(search.numbered)
        known = set() if self.is_everything else self._nodes_of_known_parts()
        try:
            parts = search.find(seeds | known)
        except islands.OverBudget:
            for code in codes:
                self._skip(
                    code,
                    Sentence(
                        _("the part without supply is larger than {budget} nodes"), budget=Figure(budget, ",")
                    ),
                )
            return
        self._store_parts([part for part in parts if part.check in codes])
        if not self.is_everything:
            seen = search.judged().union(known - search.nodes.keys(), *(part.nodes for part in parts))
            self._judge_parts(seen)
        self.result.checks += codes

    def _judge_parts(self, nodes: set[int]) -> None:
        """Parts found earlier whose first node is one of these are found again now, or gone."""
        self.cursor.execute(
            "SELECT check_code, fingerprint, node_ids[1] FROM assets_finding "
            "WHERE network_id + 0 = %s AND check_code = ANY (%s) AND node_ids && %s::bigint[]",
            [self.network.pk, list(islands.CHECKS), list(nodes)],
        )
        self.judged += [(code, mark) for code, mark, first in self.cursor.fetchall() if first in nodes]

    def _island_seeds(self, is_numbered: bool) -> set[int]:
        """The checked nodes in service; of a numbered network those without a number, others being supplied."""
        self.cursor.execute(
            "SELECT node.id FROM checked_node node LEFT JOIN assets_nodetopology topology "
            "ON topology.node_id = node.id "
            "WHERE node.lifecycle = 'in_service' AND node.degree > 0 AND NOT (%s AND topology.supply_first IS NOT NULL "
            "AND NOT EXISTS (SELECT 1 FROM assets_brokensupplyspan span WHERE span.network_id = %s "
            "AND topology.supply_first BETWEEN span.first AND span.last))",
            [is_numbered, self.network.pk],
        )
        return {node for (node,) in self.cursor.fetchall()}

    def _nodes_of_known_parts(self) -> set[int]:
        """The nodes of parts found earlier that lie on the checked ground: all of them are looked at again.

        A part that is supplied again may leave a smaller one behind, which was cut off within it.
        """
        self.cursor.execute(
            "SELECT DISTINCT unnest(finding.node_ids) FROM checked_area area "
            "JOIN assets_finding finding ON finding.network_id + 0 = %s AND finding.geom && area.geom "
            "WHERE finding.check_code = ANY (%s)",
            [self.network.pk, list(islands.CHECKS)],
        )
        return {node for (node,) in self.cursor.fetchall()}

    def _store_parts(self, parts: Sequence[islands.Unsupplied]) -> None:
        for part in parts[:MAXIMUM_PER_CHECK]:
            self.cursor.execute(
                "INSERT INTO found SELECT %s, %s, '{}', %s, %s, "
                "(SELECT ST_ConvexHull(ST_Collect(geom)) FROM assets_node WHERE id = ANY (%s)), "
                "jsonb_build_object('number', %s)",
                [
                    part.check,
                    part.nodes,
                    part.blocking_nodes,
                    part.blocking_pipes,
                    part.nodes,
                    len(part.nodes),
                ],
            )
        if len(parts) > MAXIMUM_PER_CHECK:
            self.cut_short += islands.CHECKS

    def _settle(self) -> None:
        cursor, network = self.cursor, self.network
        self.result.found = findings.prepare_rows(cursor)
        cursor.executemany("INSERT INTO judged VALUES (%s, %s)", self.judged)
        self.result.new = findings.settle(cursor, network)
        if self.is_everything:
            skipped = {entry["check"] for entry in self.result.skipped_checks}
            kept = skipped if self.only is None else CATALOGUE.keys() - set(self.result.checks)
            self.result.resolved = findings.resolve_everywhere(cursor, network, kept, self.cut_short)
        else:
            self.result.resolved = findings.resolve_on_ground(
                cursor, network, self.result.checks, self.cut_short
            )
        for code in dict.fromkeys(self.cut_short):
            self._skip(
                code,
                Sentence(
                    _("found more than {maximum_per_check}; the first of them are kept"),
                    maximum_per_check=Figure(MAXIMUM_PER_CHECK, ","),
                ),
            )

    def _list(self) -> None:
        """What was found, for the answer."""
        self.cursor.execute(
            "SELECT row.check_code, row.severity, count(*), count(finding.accepted_at) FROM finding_row row "
            "JOIN assets_finding finding ON finding.network_id = %s AND finding.check_code = row.check_code "
            "AND finding.fingerprint = row.fingerprint GROUP BY 1, 2 ORDER BY 1",
            [self.network.pk],
        )
        self.result.by_severity = dict.fromkeys(Finding.Severity.values, 0)
        for code, severity, number, accepted in self.cursor.fetchall():
            self.result.by_check[code] = number
            self.result.by_severity[severity] += number
            self.result.accepted += accepted
        self.cursor.execute(
            "SELECT finding.uid::text, finding.check_code, finding.severity, finding.explanation, finding.elements, "
            "finding.element_codes, ST_AsGeoJSON(finding.geom, 7), finding.repair IS NOT NULL, "
            "finding.accepted_at IS NOT NULL, "
            "finding.acceptance_reason FROM finding_row row "
            "JOIN assets_finding finding ON finding.network_id = %s AND finding.check_code = row.check_code "
            "AND finding.fingerprint = row.fingerprint "
            "ORDER BY array_position(ARRAY['error', 'warning', 'note'], finding.severity::text), "
            "finding.check_code, finding.id "
            "LIMIT %s",
            [self.network.pk, MAXIMUM_LISTED],
        )
        self.result.findings = [_listed(row) for row in self.cursor.fetchall()]
        self.result.is_cut = self.result.found > len(self.result.findings)


def _listed(row: tuple[Any, ...]) -> dict[str, Any]:
    uid, code, severity, explanation, elements, codes, geometry, can_be_repaired, is_accepted, reason = row
    return {
        "uid": uid,
        "check": code,
        "severity": severity,
        "explanation": explanation,
        "elements": elements,
        "element_codes": codes,
        "geometry": json.loads(geometry) if geometry else None,
        "can_be_repaired": can_be_repaired,
        "is_accepted": is_accepted,
        "acceptance_reason": reason,
    }
