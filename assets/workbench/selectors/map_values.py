"""Values by which the map colours elements: breaks of pipes, and what a simulation computed."""

from bisect import bisect_right
from typing import Any

from django.db import connection
from django.utils.translation import gettext_noop as _

from assets.models import Network, SimulationRun
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

THEMES = ("breaks",)
MAXIMUM_LISTED = 1000


def pipe_values(network: Network, theme: str) -> dict[str, float]:
    """Values of pipes by uid, for those that have one. Theme "breaks": breaks a kilometre and year.

    Raises ReportedError (bad_theme).
    """
    if theme not in THEMES:
        raise ReportedError(
            Sentence(_("theme must be one of {themes}."), themes=", ".join(THEMES)), code="bad_theme"
        )
    return {uid: round(value, 3) for uid, value in _rows("pipe_breaks", {"network": network.pk})}


def simulated_values(run: SimulationRun, time_s: int | None) -> dict[str, Any]:
    """What was computed at an instant: the last of the run's times that is not after `time_s`; None: the first.

    Columns, since 100,000 rows as objects would be three times as long: `pipes` has uid, flow_m3h and velocity_m_s,
    `nodes` uid, pressure_m and head_m; a value may be null.
    """
    if not run.times_s:
        raise ReportedError(Sentence(_("The simulation has no results.")), code="no_results")
    at = 0 if time_s is None else max(bisect_right(run.times_s, time_s) - 1, 0)
    place = {"run": run.pk, "at": at + 1}
    return {
        "time_s": run.times_s[at],
        "times_s": run.times_s,
        "pipes": _columns("simulated_pipes", ("uid", "flow_m3h", "velocity_m_s"), place),
        "nodes": _columns("simulated_nodes", ("uid", "pressure_m", "head_m"), place),
    }


PRINTED_VALUES = ("breaks_per_km_year", "velocity_m_s", "flow_m3h")
PRINTED_NODE_VALUES = ("pressure_m", "head_m")


def printed_values(
    network: Network, name: str, run: SimulationRun | None, time_s: int | None
) -> dict[str, float | None]:
    """One of PRINTED_VALUES by pipes' uids, flows and velocities without their sign, as the map colours by them; or one
    of PRINTED_NODE_VALUES by nodes'.

    Without breaks a pipe has 0 of them. Raises ReportedError (no_results) for a simulation's value without a run.
    """
    if name == "breaks_per_km_year":
        uids = network.pipes.values_list("uid", flat=True)
        return {**dict.fromkeys(map(str, uids), 0.0), **pipe_values(network, "breaks")}
    part = "nodes" if name in PRINTED_NODE_VALUES else "pipes"
    if run is None:
        raise ReportedError(Sentence(_("Name the simulation whose values are printed.")), code="no_results")
    found = simulated_values(run, time_s)[part]
    # A flow's sign is its direction; a pressure below zero is one.
    return {
        str(uid): abs(value) if value is not None and part == "pipes" else value
        for uid, value in zip(found["uid"], found[name], strict=True)
    }


def low_pressures(run: SimulationRun, below_m: float) -> dict[str, Any]:
    """Junctions whose pressure falls below a limit (m of water) during a run, the lowest first."""
    rows = _rows("low_pressures", {"run": run.pk, "below": below_m, "row_limit": MAXIMUM_LISTED})
    names = ("uid", "kind", "code", "lon", "lat", "zone", "pressure_m", "time_s")
    return {
        "below_m": below_m,
        "count": rows[0][-1] if rows else 0,
        "results": [dict(zip(names, row, strict=False)) for row in rows],
    }


def _columns(name: str, columns: tuple[str, ...], parameters: dict[str, Any]) -> dict[str, list[Any]]:
    rows = _rows(name, parameters)
    listed = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return {column: list(values) for column, values in zip(columns, listed, strict=True)}


def _rows(name: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(load_sql("assets.workbench", name), parameters)
        return cursor.fetchall()
