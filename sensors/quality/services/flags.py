"""Flags found by a run, and the stored ones made equal to them: new ones added, those that no longer hold cleared."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from django.db import connection

from gis_core.database.binary_copy import bigint, binary_copy, instants, texts_everywhere
from gis_core.database.sql_files import load_sql
from sensors.models import Rule, Severity
from sensors.models.quality import RESET
from sensors.quality.services.checks import FAIL, SUSPECT, Floats, Ints
from sensors.quality.services.reading import CheckedRows
from sensors.series.services.observation_arrays import instant_of

Mask = npt.NDArray[np.bool_]
Bounds = tuple[Ints, Ints]

# Which rules' flags are computed anew in which zone of a span.
RULES_OF_ZONE: dict[str, list[str]] = {
    "point": [Rule.RANGE, Rule.NEGATIVE, Rule.FUTURE_STAMP],
    "step": [Rule.RATE_OF_CHANGE, Rule.GAP, Rule.DUPLICATE, Rule.ROLLOVER, RESET],
    "spike": [Rule.SPIKE],
    "flat": [Rule.FLAT_LINE],
}


@dataclass(frozen=True)
class Zones:
    """Stamps [since, until) of each span in which flags of a kind of rule are computed anew, in microseconds."""

    point: Bounds
    step: Bounds
    spike: Bounds
    flat: Bounds

    def holds(self, zone: str, rows: CheckedRows) -> Mask:
        """Which rows lie in the zone of their span."""
        since, until = getattr(self, zone)
        return np.asarray((rows.times_us >= since[rows.places]) & (rows.times_us < until[rows.places]))


@dataclass
class FlagSink:
    """Collects flags as arrays; nothing is made for values without one."""

    parts: list[tuple[str, str, Ints, Ints, Ints, Floats, Floats]] = field(default_factory=list)

    def add(
        self,
        rule: str,
        hit: Mask,
        rows: CheckedRows,
        code: int,
        measure: Floats,
        threshold: Floats,
        *,
        severity: str = "",
        start_us: Ints | None = None,
        end_us: Ints | None = None,
    ) -> None:
        """A flag for each row where `hit`; at its stamp, or over [start, end)."""
        which = np.flatnonzero(hit)
        if len(which) == 0:
            return
        severity = severity or {FAIL: Severity.FAIL, SUSPECT: Severity.SUSPECT}[code]
        times = (rows.times_us if start_us is None else start_us)[which]
        ends = np.full(len(which), -1, np.int64) if end_us is None else end_us[which]
        self.parts.append((rule, severity, rows.places[which], times, ends, measure[which], threshold[which]))

    def add_coded(
        self,
        rule: str,
        codes: npt.NDArray[np.uint8],
        inside: Mask,
        rows: CheckedRows,
        measure: Floats,
        thresholds: tuple[Floats, Floats],
    ) -> None:
        """Flags where the codes say SUSPECT or FAIL, with their thresholds in this order."""
        for code, threshold in zip((SUSPECT, FAIL), thresholds, strict=True):
            self.add(rule, (codes == code) & inside, rows, code, measure, threshold)

    def store(self, streams: Ints, zones: Zones) -> tuple[int, int]:
        """Make the stored flags of the zones equal to the collected ones: (added, cleared)."""
        with connection.cursor() as cursor:
            cursor.execute(load_sql("sensors.quality", "quality_staging"))
            with cursor.copy(
                "COPY found_flag (datastream_id, time, end_time, rule, severity, measure, threshold) FROM STDIN"
            ) as copy:
                for rule, severity, places, times, ends, measures, thresholds in self.parts:
                    for stream, time, end, measure, threshold in zip(
                        streams[places].tolist(),
                        times.tolist(),
                        ends.tolist(),
                        measures.tolist(),
                        thresholds.tolist(),
                        strict=True,
                    ):
                        copy.write_row(
                            (
                                stream,
                                instant_of(time),
                                instant_of(end) if end >= 0 else None,
                                rule,
                                severity,
                                _number(measure),
                                _number(threshold),
                            )
                        )
            _copy_zones(cursor, streams, zones)
            return apply_staged(cursor)


def apply_staged(cursor: object) -> tuple[int, int]:
    """From found_flag and checked_zone to the stored flags: (added, cleared)."""
    run = cursor.execute  # type: ignore[attr-defined]
    run("ANALYZE found_flag; ANALYZE checked_zone")
    run(load_sql("sensors.quality", "quality_clear"))
    cleared = cursor.rowcount  # type: ignore[attr-defined]
    run(load_sql("sensors.quality", "quality_add"))
    return cursor.rowcount, cleared  # type: ignore[attr-defined]


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _copy_zones(cursor: object, streams: Ints, zones: Zones) -> None:
    parts = []
    for zone, rules in RULES_OF_ZONE.items():
        since, until = getattr(zones, zone)
        columns = [bigint(streams), texts_everywhere(rules), instants(since), instants(until)]
        parts.append((len(streams), columns))
    with cursor.copy(  # type: ignore[attr-defined]
        "COPY checked_zone (datastream_id, rules, since, until) FROM STDIN (FORMAT binary)"
    ) as copy:
        copy.write(binary_copy(parts))
