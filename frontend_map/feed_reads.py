"""What the page of all feeds shows: received against expected, sources, files, and what was refused."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, FloatField, Sum
from django.db.models.functions import Cast, Coalesce

from gis_core.access import Viewer
from sensors.feeds.selectors.feeds import (
    WINDOW,
    feeding_datastreams_visible_to,
    files_visible_to,
    prefixes_visible_to,
    quarantined_visible_to,
    sources_visible_to,
)
from sensors.models import Datastream, FeedFile, FeedSource, FeedState, QuarantinedRow, TopicPrefix

# Whoever runs a source says so at least this often, or after two of the source's own intervals.
_SEEN_AT_LEAST_S = 120
# From this share on a datastream lacks nothing worth a line.
_AS_GOOD_AS_ALL = 0.995
_SHOWN_STREAMS = 12
_SHOWN_FILES = 20
_SHOWN_ROWS = 50
_SHOWN_PREFIXES = 200


@dataclass(frozen=True)
class Received:
    """Intervals with a value against those expected, over the last whole 24 hours."""

    since: datetime
    until: datetime
    received: float
    expected: float
    streams: int
    worst: list[Datastream]

    @property
    def share(self) -> float | None:
        return min(1.0, self.received / self.expected) if self.expected else None


def received_against_expected(viewer: Viewer, moment: datetime) -> Received:
    """How much came in the last 24 whole hours, and what lacks the most (each with `share`)."""
    until = moment.replace(minute=0, second=0, microsecond=0)
    streams = feeding_datastreams_visible_to(viewer, now=moment).defer("division__boundary")
    totals = streams.order_by().aggregate(
        all_received=Coalesce(Sum("received"), 0),
        all_expected=Coalesce(Sum("expected"), 0.0),
        streams=Count("pk"),
    )
    share = Cast("received", FloatField()) / F("expected")
    lacking = streams.annotate(share=share).filter(share__lt=_AS_GOOD_AS_ALL).order_by("share", "code")
    return Received(
        since=until - WINDOW,
        until=until,
        received=totals["all_received"],
        expected=totals["all_expected"],
        streams=totals["streams"],
        worst=list(lacking[:_SHOWN_STREAMS]),
    )


@dataclass(frozen=True)
class SourceNow:
    """A source and its heartbeat; `state` is `quiet` where nobody runs it though it is switched on."""

    source: FeedSource
    beat: FeedState | None
    state: str
    points: int
    waiting: int
    silent: int


def sources_now(viewer: Viewer, moment: datetime) -> list[SourceNow]:
    """The viewer's sources: pollers, brokers, folders, webhooks."""
    sources = sources_visible_to(viewer).defer("division__boundary")
    return [_source_now(source, moment) for source in sources.order_by("code")]


def _source_now(source: Any, moment: datetime) -> SourceNow:
    beat: FeedState | None = getattr(source, "state", None)
    state = "off"
    if source.is_active:
        # Webhooks are not run by anybody: they wait for others.
        waits = source.kind in (FeedSource.Kind.CHIRPSTACK, FeedSource.Kind.TTN)
        allowed_s = max(_SEEN_AT_LEAST_S, 2 * source.interval_s)
        is_seen = beat is not None and beat.seen_at is not None
        if waits:
            state = "running" if is_seen else "waiting"
        elif not is_seen or (moment - beat.seen_at).total_seconds() > allowed_s:  # type: ignore[union-attr, operator]
            state = "quiet"
        else:
            state = beat.state  # type: ignore[union-attr]
    return SourceNow(source, beat, state, source.point_count, source.waiting, source.silent_count)


def shown_prefixes(viewer: Viewer) -> list[TopicPrefix]:
    """Topic prefixes of the divisions that the viewer administers."""
    prefixes = prefixes_visible_to(viewer).defer("division__boundary")
    return list(prefixes.order_by("prefix")[:_SHOWN_PREFIXES])


def newest_files(viewer: Viewer) -> list[FeedFile]:
    """The files taken in last."""
    files = files_visible_to(viewer).defer("form", "division__boundary")
    return list(files.order_by("-started_at")[:_SHOWN_FILES])


@dataclass(frozen=True)
class Quarantine:
    """Rows that wait: how many for each reason, and the newest of them."""

    total: int
    reasons: list[dict[str, Any]]
    rows: list[QuarantinedRow]

    @property
    def is_cut(self) -> bool:
        """Whether more rows wait than are listed."""
        return len(self.rows) == _SHOWN_ROWS


def quarantine_of(viewer: Viewer, code: str) -> Quarantine:
    """What was refused and waits for a decision; `code` narrows the rows to one reason."""
    waiting = quarantined_visible_to(viewer).filter(state=QuarantinedRow.State.WAITING)
    reasons = list(waiting.order_by().values("code").annotate(number=Count("pk")).order_by("-number", "code"))
    rows = waiting.filter(code=code) if code else waiting
    return Quarantine(
        total=sum(reason["number"] for reason in reasons),
        reasons=[dict(reason) for reason in reasons],
        rows=list(rows.defer("division__boundary").order_by("-last_at", "-pk")[:_SHOWN_ROWS]),
    )
