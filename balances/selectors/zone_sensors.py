"""What sensors say of a zone: the meters at its edge, its pressures."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from assets.models import Zone, ZoneConnection
from gis_core.access import Capability, Viewer, holds
from sensors.models import DailyValue, Datastream
from sensors.series.selectors.series import daily_flows, datastreams_visible_to

MOST_PRESSURES = 30


@dataclass(frozen=True)
class EdgeDay:
    """A meter's local day: m3 into the zone (out of it: negative)."""

    day: date
    volume_m3: float


@dataclass(frozen=True)
class EdgeMeter:
    """One connection of a zone's edge, with the month of the flow meter that stands there, if one does.

    `volume_m3` is into the zone for an inlet and out of it for an outlet; `coverage` is the share of its values
    that came.
    """

    connection: ZoneConnection
    stream: Datastream | None
    days: list[EdgeDay] = field(default_factory=list)
    volume_m3: float | None = None
    coverage: float | None = None


def edge_meters(viewer: Viewer, zone: Zone, month: date) -> list[EdgeMeter]:
    """The zone's edge and storages by role and code, with what flow meters counted in the local month.

    The zone must come from a scoped selector. Without the right to see sensors there are no volumes.
    """
    connections = list(
        zone.connections.select_related("node").defer("node__geom").order_by("role", "node__code")
    )
    metered = [link for link in connections if link.role in _SIGNS]
    streams = _streams_at([link.node_id for link in metered], viewer)
    flows = defaultdict(list)
    if streams:
        nodes = sorted(streams)
        until = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
        for flow in daily_flows(
            nodes, since=_midnight(month), until=_midnight(until), time_zone=settings.TIME_ZONE
        ):
            flows[flow.node_id].append(flow)
    found = []
    for link in connections:
        stream = streams.get(link.node_id) if link.role in _SIGNS else None
        days = flows[link.node_id] if stream is not None else []
        expected = sum(day.expected for day in days)
        found.append(
            EdgeMeter(
                link,
                stream,
                days=[EdgeDay(day.day, float(day.volume_m3)) for day in days],
                volume_m3=float(sum(day.volume_m3 for day in days)) if days else None,
                coverage=sum(day.received for day in days) / expected if expected else None,
            )
        )
    return found


# A meter is drawn into the zone at an inlet and out of it at an outlet.
_SIGNS = {ZoneConnection.Role.INLET.value: 1, ZoneConnection.Role.OUTLET.value: -1}


def _streams_at(node_ids: list[int], viewer: Viewer) -> dict[int, Datastream]:
    """The flow datastream at each node, the oldest where there are several."""
    if not holds(viewer, Capability.VIEW_SENSORS):
        return {}
    streams = (
        datastreams_visible_to(viewer)
        .filter(observed_property="flow", thing__attachment__node__in=node_ids)
        .select_related("thing__attachment")
        .order_by("-pk")
    )
    return {
        stream.thing.attachment.node_id: stream for stream in streams if stream.thing.attachment is not None
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(settings.TIME_ZONE))


@dataclass(frozen=True)
class ZonePressure:
    """A pressure logger in a zone with the daily means and the least value of the days shown, in its own unit."""

    stream: Datastream
    days: list[tuple[date, float]]
    mean: float | None
    least: float | None


def zone_pressures(viewer: Viewer, zone: Zone, since: date, until: date) -> list[ZonePressure]:
    """The pressure loggers at nodes of the zone, by code, with the local days of [since, until)."""
    if not holds(viewer, Capability.VIEW_SENSORS):
        return []
    streams = list(
        datastreams_visible_to(viewer)
        .filter(observed_property="pressure", thing__attachment__node__zone=zone)
        .order_by("code")[:MOST_PRESSURES]
    )
    by_stream = defaultdict(list)
    days = DailyValue.objects.filter(datastream__in=streams, day__gte=since, day__lt=until, count__gt=0)
    for row in days.order_by("day"):
        by_stream[row.datastream_id].append(row)
    return [
        ZonePressure(
            stream,
            days=[(row.day, row.mean) for row in rows],
            mean=sum(row.sum for row in rows) / sum(row.count for row in rows) if rows else None,
            least=min((row.min for row in rows), default=None),
        )
        for stream in streams
        for rows in [by_stream[stream.pk]]
    ]
