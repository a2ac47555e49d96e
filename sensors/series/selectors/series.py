"""Reading time series, scoped by division."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from gis_core.access import Capability, Viewer, visible
from gis_core.database.sql_files import load_sql
from sensors.models import Datastream, Observation, SeriesEdit, Thing


def things_visible_to(viewer: Viewer) -> QuerySet[Thing]:
    """Things in the viewer's divisions."""
    things = Thing.objects.filter(deleted_at=None).select_related(
        "division", "attachment__node", "attachment__network"
    )
    return visible(things, viewer, Capability.VIEW_SENSORS)


def datastreams_visible_to(viewer: Viewer) -> QuerySet[Datastream]:
    """Datastreams in the viewer's divisions, with their latest value."""
    streams = Datastream.objects.filter(deleted_at=None).select_related("thing", "latest", "division")
    return visible(streams, viewer, Capability.VIEW_SENSORS)


def edits_visible_to(viewer: Viewer) -> QuerySet[SeriesEdit]:
    """Edits of series in the viewer's divisions, with datastream and user."""
    return visible(
        SeriesEdit.objects.select_related("datastream__division", "made_by"), viewer, Capability.VIEW_SENSORS
    )


def observations_of(
    datastream: Datastream, *, since: datetime | None = None, until: datetime | None = None
) -> QuerySet[Observation]:
    """Raw observations in [since, until), oldest first. The datastream must come from a scoped selector."""
    observations = Observation.objects.filter(datastream=datastream).order_by("time")
    if since is not None:
        observations = observations.filter(time__gte=since)
    return observations.filter(time__lt=until) if until is not None else observations


@dataclass(frozen=True)
class DailyFlow:
    """What a meter counted on a local day: m3 (missing hours filled), how much was filled, and data coverage.

    Volumes are positive along the meter's drawing.
    """

    node_id: int
    day: Any
    volume_m3: float
    filled_m3: float
    expected: int
    received: int


def daily_flows(node_ids: list[int], *, since: datetime, until: datetime, time_zone: str) -> list[DailyFlow]:
    """The daily volumes of the flow meters at `node_ids` over [since, until), which are local midnights.

    A missing interval is filled with the meter's mean at that hour of the day in the same local month, or its mean
    of the month; `received / expected` says how much was really measured. Months without any data give no rows.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("sensors.series", "daily_flows"),
            {"node_ids": node_ids, "since": since, "until": until, "time_zone": time_zone},
        )
        return [DailyFlow(*row) for row in cursor.fetchall()]
