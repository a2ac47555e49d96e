"""What the pages show of devices: their newest values with age and state, edits, flags, alarms and places."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.gis.geos import Point
from django.db.models import (
    Case,
    CharField,
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.utils import timezone

from gis_core.access import Viewer
from sensors.alarms.selectors.alarms import alarms_visible_to
from sensors.feeds.selectors.feeds import SILENT_INTERVALS
from sensors.models import Alarm, Datastream, Location, QualityFlag, SeriesEdit, Thing
from sensors.quality.selectors.quality import quality_flags_visible_to
from sensors.series.selectors.series import datastreams_visible_to, edits_visible_to, things_visible_to

# A device is late where a chart shows a gap, and silent by the rule of the feeds (SILENT_INTERVALS).
LATE_INTERVALS = 1.5
STATES = ("silent", "late", "ok", "bare")
_SHOWN_EDITS = 50
# The chart marks more flags than the list shows.
SHOWN_FLAGS = 50
_MARKED_FLAGS = 1000
_SHOWN_ALARMS = 50
MOST_LISTED_ALARMS = 200
# Which states an alarm of a tab of the list may have.
ALARM_GROUPS = {
    "open": (Alarm.State.RAISED, Alarm.State.ACKNOWLEDGED),
    "cleared": (Alarm.State.CLEARED,),
    "closed": (Alarm.State.CLOSED,),
}
_MOST_STREAMS = 60
_LISTED_STREAMS = 3
# Quantities with an icon of their own.
_DRAWN = frozenset({"pressure", "flow", "level", "counter"})


def late_after_s(interval_s: int) -> float:
    """The age of the newest value, seconds, from which a datastream is late."""
    return LATE_INTERVALS * interval_s


def silent_after_s(interval_s: int) -> float:
    """The age of the newest value, seconds, from which a datastream is silent."""
    return float(SILENT_INTERVALS * interval_s)


@dataclass(frozen=True)
class StreamNow:
    """A datastream and its newest value, in its unit; without a value `time` is None and the state is `silent`."""

    stream: Datastream
    time: datetime | None
    value: float | None
    age_s: float | None
    state: str


@dataclass
class DeviceNow:
    """A device with what it measures now; `alarms` counts those that are raised or acknowledged."""

    thing: Thing
    state: str
    streams: list[StreamNow] = field(default_factory=list)
    alarms: int = 0
    is_critical: bool = False

    @property
    def shown_streams(self) -> list[StreamNow]:
        """Those for which a row of a list has room."""
        return self.streams[:_LISTED_STREAMS]

    @property
    def more_streams(self) -> int:
        return max(0, len(self.streams) - _LISTED_STREAMS)

    @property
    def symbol(self) -> str:
        """The icon of what it measures first."""
        quantity = self.streams[0].stream.observed_property if self.streams else ""
        return {"volume": "tank", "power": "substation", "energy": "counter"}.get(
            quantity, quantity if quantity in _DRAWN else "gauge"
        )

    @property
    def newest(self) -> StreamNow | None:
        """The datastream that spoke last."""
        spoken = [now for now in self.streams if now.time is not None]
        return max(spoken, key=lambda now: now.time or timezone.now(), default=None)


def stream_now(stream: Datastream, moment: datetime) -> StreamNow:
    """The newest value of a datastream that was selected with `latest`."""
    latest = getattr(stream, "latest", None)
    if latest is None:
        return StreamNow(stream, None, None, None, "silent")
    age_s = (moment - latest.time).total_seconds()
    state = "ok"
    if age_s > silent_after_s(stream.interval_s):
        state = "silent"
    elif age_s > late_after_s(stream.interval_s):
        state = "late"
    return StreamNow(stream, latest.time, latest.value, age_s, state)


def devices_with_state(viewer: Viewer, moment: datetime) -> QuerySet[Any]:
    """The viewer's devices with `state`: that of their worst datastream, `bare` without any datastream."""
    own = Datastream.objects.filter(thing=OuterRef("pk"), deleted_at=None)

    def older_than(intervals: float) -> Exists:
        allowed = ExpressionWrapper(
            F("interval_s") * Value(timedelta(seconds=intervals)), output_field=DurationField()
        )
        return Exists(own.filter(Q(latest=None) | Q(latest__time__lt=Value(moment) - allowed)))

    state = Case(
        When(~Exists(own), then=Value("bare")),
        When(older_than(SILENT_INTERVALS), then=Value("silent")),
        When(older_than(LATE_INTERVALS), then=Value("late")),
        default=Value("ok"),
        output_field=CharField(),
    )
    return (
        things_visible_to(viewer).defer("attachment__node__geom", "division__boundary").annotate(state=state)
    )


def matching(devices: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Devices whose code or name, or whose node's code, contains the text."""
    if not text:
        return devices
    return devices.filter(
        Q(code__icontains=text) | Q(name__icontains=text) | Q(attachment__node__code__icontains=text)
    )


def with_open_alarms(devices: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
    """Only devices with an alarm that is raised or acknowledged."""
    return devices.filter(Exists(_open_alarms(viewer).filter(datastream__thing=OuterRef("pk"))))


def count_by_state(devices: QuerySet[Any]) -> dict[str, int]:
    """How many devices are in each state."""
    rows = devices.order_by().values("state").annotate(number=Count("pk")).values_list("state", "number")
    return dict.fromkeys(STATES, 0) | dict(rows)


def devices_now(viewer: Viewer, things: Sequence[Thing], moment: datetime) -> list[DeviceNow]:
    """The newest values and open alarms of devices that come from `devices_with_state`."""
    ids = [thing.pk for thing in things]
    streams: dict[int, list[StreamNow]] = defaultdict(list)
    rows = Datastream.objects.filter(thing__in=ids, deleted_at=None).select_related("latest")
    for stream in rows.order_by("observed_property", "code"):
        streams[stream.thing_id].append(stream_now(stream, moment))
    alarms: dict[int, list[str]] = defaultdict(list)
    for thing_id, severity in (
        _open_alarms(viewer)
        .filter(datastream__thing__in=ids)
        .order_by()
        .values_list("datastream__thing", "severity")
    ):
        alarms[thing_id].append(severity)
    return [
        DeviceNow(
            thing=thing,
            state=thing.state,  # type: ignore[attr-defined] # annotated by devices_with_state
            streams=streams[thing.pk],
            alarms=len(alarms[thing.pk]),
            is_critical="critical" in alarms[thing.pk],
        )
        for thing in things
    ]


def _open_alarms(viewer: Viewer) -> QuerySet[Alarm]:
    return alarms_visible_to(viewer).filter(state__in=[Alarm.State.RAISED, Alarm.State.ACKNOWLEDGED])


def streams_of(viewer: Viewer, thing: Thing, moment: datetime) -> list[StreamNow]:
    """What a device measures, with the newest values; at most 60 datastreams."""
    streams = datastreams_visible_to(viewer).filter(thing=thing).defer("division__boundary")
    return [
        stream_now(stream, moment) for stream in streams.order_by("observed_property", "code")[:_MOST_STREAMS]
    ]


def place_of(thing: Thing) -> tuple[float, float] | None:
    """Longitude and latitude of a device: on its pipe or at its node, else where its newest location says."""
    if thing.attachment is not None:
        attachment = thing.attachment
        if attachment.pipe is not None and attachment.position is not None:
            spot = attachment.pipe.geom.interpolate_normalized(attachment.position)
            return (spot.x, spot.y)
        return (attachment.node.geom.x, attachment.node.geom.y)
    location = (
        Location.objects.filter(things=thing, deleted_at=None).exclude(geom=None).order_by("-pk").first()
    )
    if location is None or location.geom is None:
        return None
    middle: Point = location.geom if isinstance(location.geom, Point) else location.geom.centroid
    return (middle.x, middle.y)


def edits_of(viewer: Viewer, thing: Thing) -> list[SeriesEdit]:
    """The newest edits of a device's series, with datastream and user."""
    shown = edits_visible_to(viewer).filter(datastream__thing=thing).defer("datastream__division__boundary")
    return list(shown.order_by("-pk")[:_SHOWN_EDITS])


def flags_of(viewer: Viewer, streams: Iterable[StreamNow]) -> list[QualityFlag]:
    """The newest flags that hold on datastreams that come from `streams_of`."""
    ids = [now.stream.pk for now in streams]
    flags = quality_flags_visible_to(viewer).filter(datastream__in=ids, cleared_at=None)
    return list(flags.order_by("-time")[:_MARKED_FLAGS])


def alarms_of(viewer: Viewer, thing: Thing) -> list[Alarm]:
    """The newest alarms of a device with rule and datastream, those that are not closed first."""
    order = Case(When(state=Alarm.State.CLOSED, then=Value(1)), default=Value(0))
    rows = alarms_visible_to(viewer).filter(datastream__thing=thing).defer("division__boundary")
    return _with_hours(rows.order_by(order, "-raised_at")[:_SHOWN_ALARMS])


def _with_hours(alarms: Iterable[Alarm]) -> list[Alarm]:
    """Alarms with `hours_silent`, since the value of one for missing data is seconds without any."""
    rows = list(alarms)
    for alarm in rows:
        alarm.hours_silent = (alarm.value or 0) / 3600  # type: ignore[attr-defined]
    return rows


def listed_alarms(viewer: Viewer, group: str) -> list[Alarm]:
    """The newest 200 alarms of a group (see ALARM_GROUPS), with rule, datastream and device."""
    rows = alarms_visible_to(viewer).filter(state__in=ALARM_GROUPS[group]).defer("division__boundary")
    return _with_hours(rows.order_by("-raised_at", "-pk")[:MOST_LISTED_ALARMS])


def count_alarms(viewer: Viewer) -> dict[str, int]:
    """How many alarms are in each group."""
    rows = alarms_visible_to(viewer).order_by().values_list("state").annotate(number=Count("pk"))
    by_state = dict(rows)
    return {group: sum(by_state.get(state, 0) for state in states) for group, states in ALARM_GROUPS.items()}


def chart_streams(streams: Iterable[StreamNow]) -> list[dict[str, Any]]:
    """What the page's program must know of each datastream."""
    return [
        {
            "uid": str(now.stream.uid),
            "code": now.stream.code,
            "unit": now.stream.unit,
            "quantity": now.stream.observed_property,
            "kind": now.stream.kind,
            "interval_s": now.stream.interval_s,
            "zone": now.stream.time_zone,
            "late_after_s": late_after_s(now.stream.interval_s),
            "silent_after_s": silent_after_s(now.stream.interval_s),
            "time": None if now.time is None else now.time.timestamp(),
            "first_time": None if now.time is None else now.stream.latest.first_time.timestamp(),
            "value": now.value,
        }
        for now in streams
    ]


def chart_alarms(alarms: Iterable[Alarm]) -> list[dict[str, Any]]:
    """When the alarms' conditions held, for the chart."""
    return [
        {
            "datastream": alarm.datastream.code,
            "started_at": alarm.started_at.isoformat(),
            "ended_at": alarm.ended_at.isoformat() if alarm.ended_at else None,
        }
        for alarm in alarms
    ]


def chart_flags(flags: Iterable[QualityFlag]) -> list[dict[str, Any]]:
    """Where flags hold, for the chart."""
    return [
        {
            "datastream": flag.datastream.code,
            "time": flag.time.isoformat(),
            "end_time": flag.end_time.isoformat() if flag.end_time else None,
            "rule": flag.rule,
            "severity": flag.severity,
        }
        for flag in flags
    ]
