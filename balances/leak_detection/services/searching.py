"""Searching zones for leaks as values come: events are made once, with what was known when they were decided."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from assets.models import Network, Zone
from assets.networks.selectors.zone_nesting import zone_depths, zones_inside
from balances.leak_detection.engine import (
    ENGINE_VERSION,
    WINDOW_H,
    KnownLeak,
    OtherFinding,
    SearchState,
    first_step,
    search,
)
from balances.leak_detection.selectors.valve_moves import valve_moved
from balances.leak_detection.selectors.zone_hours import (
    MeasuredZone,
    hour_of,
    instant_of,
    known_span,
    last_stamp,
    measured_zone,
    zone_hours,
)
from balances.leak_detection.services.telling import tell_of_leak
from balances.models import LeakEvent, LeakEventState, LeakSearch
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from gis_core.services.jobs import ProgressReport
from sensors.series.services.roll_ups import refresh_roll_ups

_log = logging.getLogger(__name__)
# A leak that is searched for anew, with other data, is the event that began within these of it.
_SAME_LEAK = timedelta(days=4)
_SAME_LEAK_H = 4 * 24
# The reason of what is no event here, since zones inside this one have it.
INSIDE = "zone_inside"
DEMAND, VALVE = "demand_shift", "valve_move"
# When a flow changed at once is known to some hours.
_AT_A_VALVE = timedelta(hours=6)
# So much of it found in the zones inside a zone is the same leak: each size is known to a third or so.
_MOST_OF_IT = 0.5
_CHUNK_H = 90 * 24
_UNCERTAIN = 0.5
# Alarms are of events that were made within this time, whenever their leaks began.
_OF_LATE = timedelta(days=3)
# A search of a year that came at once finds old leaks: those are for the list, and wake nobody.
_OLD = timedelta(days=31)


@dataclass(frozen=True)
class ZoneSearch:
    """What a search left: the zone, its events made now, and all other findings so far."""

    measured: MeasuredZone
    made: list[LeakEvent]
    others: list[OtherFinding]


def searched_zones(network: Network) -> list[Zone]:
    """The zones of a network that have meters or an edge of their own, the inner ones first, by code."""
    zones = network.zones.select_related("network", "division").defer("geom", "division__boundary")
    metered = Q(meters__removed_at=None, meters__isnull=False) | Q(connections__isnull=False)
    return inner_first(zones.filter(metered).distinct().order_by("code"))


def inner_first(zones: Iterable[Zone]) -> list[Zone]:
    """Zones in the order in which they are searched: a leak is that of the innermost zone that shows it."""
    listed = list(zones)
    depths = zone_depths(zone.network_id for zone in listed)
    return sorted(listed, key=lambda zone: depths[zone.pk], reverse=True)


def search_network(
    *,
    network: Network,
    until: datetime,
    acting_user: User | None,
    is_told: bool = False,
    report_progress: ProgressReport | None = None,
) -> list[ZoneSearch]:
    """Search all measured zones of a network; those whose edge is not measured are left out.

    A zone that cannot be searched holds up no other one. Progress is reported in zones. Raises ReportedError
    (`wrong_quantity`) for other than water.
    """
    if network.commodity != "water":
        raise ReportedError(
            Sentence(_("Leaks are searched for in networks of water.")), code="wrong_quantity"
        )
    searches = []
    zones = searched_zones(network)
    for number, zone in enumerate(zones):
        if report_progress is not None:
            report_progress(zone.name, number, len(zones))
        searches.append(
            _search_or_log(zone, until, acting_user, is_told=is_told, is_job=report_progress is not None)
        )
    return [done for done in searches if done is not None]


def search_named(*, zones: Sequence[Zone], until: datetime, acting_user: User | None) -> list[ZoneSearch]:
    """Search some zones, and before them the measured zones inside them, whose leaks are theirs too.

    Raises ReportedError as `search_zone` does, of the zones that are named.
    """
    named = {zone.pk for zone in zones}
    inside = {pk for zone in zones for pk in zones_inside(zone)}
    networks = {zone.network_id: zone.network for zone in zones}
    others = [
        zone
        for network in networks.values()
        for zone in searched_zones(network)
        if zone.pk in inside and zone.pk not in named
    ]
    searches = [
        search_zone(zone=zone, until=until, acting_user=acting_user)
        if zone.pk in named
        else _search_or_log(zone, until, acting_user, is_told=False, is_job=False)
        for zone in inner_first([*others, *zones])
    ]
    return [done for done in searches if done is not None]


def _search_or_log(
    zone: Zone, until: datetime, acting_user: User | None, *, is_told: bool, is_job: bool
) -> ZoneSearch | None:
    """The zone's search; None, with a line in the log, where it failed.

    What ends a job in the database, at its limit or when it is cancelled, is no fault of the zone.
    """
    try:
        return search_zone(zone=zone, until=until, acting_user=acting_user, is_told=is_told)
    except ReportedError as error:
        _log.info("zone %s is not searched for leaks: %s", zone.code, error)
    except Exception as error:  # whatever it is, the other zones are searched
        if is_job and isinstance(error, OperationalError):
            raise
        _log.exception("the search for leaks in zone %s failed", zone.code)
    return None


@transaction.atomic
def search_zone(
    *, zone: Zone, until: datetime, acting_user: User | None, is_told: bool = False
) -> ZoneSearch:
    """Go on with the zone's search to `until`, from where it stood; from the beginning where what measures it changed.

    What was found stays, whatever is searched again: begun anew, it makes no event that was decided before what the
    former search had reached. `is_told`: events of late that were not told yet raise an alarm, whoever made them.
    Raises ReportedError: `wrong_quantity`, `no_datastream`, `tank_unknown`, `no_data`.
    """
    measured = measured_zone(zone)
    refresh_roll_ups(streams=measured.streams.ids)
    # Of the hour that runs only a part can have come: nothing is decided on it.
    until = min(until, timezone.now())
    span = known_span(measured, hour_of(until))
    if span is None:
        raise ReportedError(
            Sentence(_("Nothing was measured in zone {zone}."), zone=zone.code), code="no_data"
        )
    row, is_anew = _locked_row(measured, span[0])
    state = SearchState.from_dict(row.state)
    known, known_others = len(state.leaks), len(state.others)
    before = [(leak.now_size_m3h, leak.ended_hour) for leak in state.leaks]
    started_at = state.next_hour
    while state.next_hour <= span[1]:
        ahead = min(span[1], state.next_hour + _CHUNK_H)
        since = max(span[0], state.next_hour - WINDOW_H - 1)
        search(
            zone_hours(measured, since, ahead),
            state,
            ahead,
            valve_of=lambda leak: _valve_of_rise(row, zone, state, leak),
        )
    for other in state.others[known_others:]:
        _explain_by_valve(zone, other)
    made = [
        event
        for leak in state.leaks[known:]
        if (event := _made_event(measured, row, state, leak, is_anew)) is not None
    ]
    for leak, was in zip(state.leaks, before, strict=False):
        if was != (leak.now_size_m3h, leak.ended_hour):
            _follow(row, leak)
    row.state, row.reached = state.as_dict(), max(row.since, row.reached, state.next_hour)
    row.save()
    if is_told:
        _tell_untold(measured, acting_user)
    if made:
        record_change(
            acting_user=acting_user,
            action="detect leaks",
            subject=zone,
            subject_id=zone.code,
            division=zone.division,
            new_values={
                "from": instant_of(started_at).isoformat(),
                "to": instant_of(state.next_hour).isoformat(),
                "events": [str(event.uid) for event in made],
            },
        )
    return ZoneSearch(measured, made, state.others)


def search_everywhere() -> tuple[int, int]:
    """Search the zones of all water networks up to now; how many were searched, and how many events were made."""
    zones = events = 0
    for network in Network.objects.filter(commodity="water").select_related("division").order_by("pk"):
        done = search_network(network=network, until=timezone.now(), acting_user=None, is_told=True)
        zones += len(done)
        events += sum(len(search.made) for search in done)
    return zones, events


def _tell_untold(measured: MeasuredZone, acting_user: User | None) -> None:
    """Raise the alarms of the zone's events that were made of late and not told; who closed one knows of it."""
    events = LeakEvent.objects.select_for_update(of=("self",)).select_related("network__division")
    now = timezone.now()
    events = events.filter(
        zone=measured.zone, told_at=None, made_at__gte=now - _OF_LATE, detected_at__gte=now - _OLD
    )
    for event in events.exclude(state=LeakEventState.CLOSED).order_by("detected_at", "pk"):
        tell_of_leak(event, measured, acting_user)
        event.told_at = timezone.now()
        event.save(update_fields=["told_at"])


def _locked_row(measured: MeasuredZone, first_hour: int) -> tuple[LeakSearch, bool]:
    """The zone's search, locked; begun anew (true) where it is another engine's or of other data.

    What the former search had reached stays: before it nothing is decided again.
    """
    fresh = {
        "since": first_hour,
        "version": ENGINE_VERSION,
        "measured_by": measured.digest,
        "state": SearchState(first_step(first_hour)).as_dict(),
    }
    LeakSearch.objects.get_or_create(zone=measured.zone, defaults={**fresh, "reached": first_hour})
    row = LeakSearch.objects.select_for_update().get(zone=measured.zone)
    is_same = row.version == ENGINE_VERSION and row.measured_by == measured.digest
    is_anew = not is_same or first_hour < row.since
    if is_anew:
        for name, value in fresh.items():
            setattr(row, name, value)
        row.events = {}
    return row, is_anew


def _is_known_inside(zone: Zone, state: SearchState, leak: KnownLeak) -> bool:
    """Whether zones inside this one had shown the leak, or most of what it consists of, when it was decided here.

    What their searches decided by the same hour counts, whoever searched when; and what explained an earlier find of
    this zone does not explain another one.
    """
    inside = LeakSearch.objects.filter(zone__in=zones_inside(zone))
    alike = [
        (search.events[str(found.number)], found.size_m3h)
        for search in inside
        for found in SearchState.from_dict(search.state).leaks
        if str(found.number) in search.events
        and found.decided_hour <= leak.decided_hour
        and abs(found.started_hour - leak.started_hour) <= _SAME_LEAK_H
    ]
    if not alike:
        return False
    false_alarms = LeakEvent.objects.filter(
        uid__in=[uid for uid, _size in alike], outcome=LeakEvent.Outcome.FALSE_ALARM
    )
    no_leaks = {str(uid) for uid in false_alarms.values_list("uid", flat=True)}
    shown = sum(size for uid, size in alike if uid not in no_leaks)
    used = sum(
        other.change
        for other in state.others
        if other.reason == INSIDE and abs(other.at_hour - leak.started_hour) <= _SAME_LEAK_H
    )
    return shown - used >= _MOST_OF_IT * leak.size_m3h


def _found_elsewhere(reason: str, leak: KnownLeak, element: str | None = None) -> OtherFinding:
    return OtherFinding(
        reason, leak.started_hour, leak.decided_hour, None, leak.size_m3h, "m3/h", leak.score, element
    )


def _valve_of(zone: Zone, leak: KnownLeak) -> str | None:
    """The valve that was turned when the flow rose, if that was known when the rise was decided.

    What grows for days began at no turning.
    """
    return None if leak.kind == "growing" else _turned_about(zone, leak.started_hour, leak.decided_hour)


def _turned_about(zone: Zone, hour: int, decided_hour: int) -> str | None:
    about = instant_of(hour)
    return valve_moved(
        zone,
        since=about - _AT_A_VALVE,
        until=about + _AT_A_VALVE,
        about=about,
        known_until=instant_of(decided_hour),
    )


def _valve_of_rise(row: LeakSearch, zone: Zone, state: SearchState, leak: KnownLeak) -> str | None:
    """The valve of a rise that is no leak: neither zones inside this one nor an earlier search call it one."""
    valve = _valve_of(zone, leak)
    if valve is None or _is_known_inside(zone, state, leak):
        return None
    started = instant_of(leak.started_hour)
    event = _event_before(row, started, None)
    if event is None:
        return valve
    # An event that lies nearer to another leak of this search is that one's.
    own = abs(event.started_at - started)
    others = [abs(event.started_at - instant_of(other.started_hour)) for other in state.leaks]
    return valve if min(others, default=own) < own else None


def _explain_by_valve(zone: Zone, other: OtherFinding) -> None:
    """A shift of demand about the time of which a valve was turned is that valve's."""
    if other.reason != DEMAND:
        return
    valve = _turned_about(zone, other.at_hour, other.decided_hour)
    if valve is not None:
        other.reason, other.element = VALVE, valve


def _made_event(
    measured: MeasuredZone, row: LeakSearch, state: SearchState, leak: KnownLeak, is_anew: bool
) -> LeakEvent | None:
    """A new event of a leak; None where it has one from an earlier search, is known from zones inside this one, or was
    decided before what an earlier search reached.
    """
    zone = measured.zone
    stamp = last_stamp(measured, leak.decided_hour - 24, leak.decided_hour)
    started = min(instant_of(leak.started_hour), stamp)
    started_from = min(instant_of(leak.started_from), started)
    ended = None if leak.ended_hour is None else max(instant_of(leak.ended_hour), started)
    event = _event_before(row, started, (started_from, ended) if is_anew else None)
    if event is None and _is_known_inside(zone, state, leak):
        state.others.append(_found_elsewhere(INSIDE, leak))
        return None
    if event is None and (valve := _valve_of(zone, leak)) is not None:
        state.others.append(_found_elsewhere(VALVE, leak, valve))
        return None
    if event is None and leak.decided_hour < row.reached:
        return None
    is_new = event is None
    if event is None:
        event = LeakEvent.objects.create(
            zone=zone,
            network_id=zone.network_id,
            division_id=zone.division_id,
            kind=leak.kind,
            started_at=started,
            started_from=started_from,
            started_to=max(min(instant_of(leak.started_to), stamp), started),
            detected_at=stamp,
            size_m3h=leak.size_m3h,
            size_limit_95_m3h=leak.limit_m3h,
            confidence=confidence_of(leak.score),
            evidence=_evidence(measured, leak),
            now_size_m3h=leak.now_size_m3h,
            ended_at=ended,
            made_at=timezone.now(),
        )
    row.events[str(leak.number)] = str(event.uid)
    return event if is_new else None


def _event_before(
    row: LeakSearch, started: datetime, span: tuple[datetime, datetime | None] | None
) -> LeakEvent | None:
    """The event that an earlier search made of a leak: one that began within days of it, or, in a search begun anew,
    that ran at the same time. `span`: from when to when the leak ran, without an end: until now."""
    alike = Q(started_at__range=(started - _SAME_LEAK, started + _SAME_LEAK))
    if span is not None:
        since, until = span
        overlaps = Q(ended_at=None) | Q(ended_at__gte=since)
        alike |= overlaps & Q(started_from__lte=until) if until is not None else overlaps
    events = LeakEvent.objects.filter(alike, zone_id=row.zone_id).exclude(uid__in=list(row.events.values()))
    # What people found to be no leak is not what is found now.
    events = events.exclude(state=LeakEventState.CLOSED, outcome=LeakEvent.Outcome.FALSE_ALARM)
    return min(events, key=lambda event: (abs(event.started_at - started), event.pk), default=None)


def confidence_of(score: float) -> float:
    """How sure a find is, 0.5 to 0.99, rising with its score; not a measured share of true finds."""
    return round(min(0.99, _UNCERTAIN + 0.05 * max(0.0, score - 6.0)), 3)


def _evidence(measured: MeasuredZone, leak: KnownLeak) -> list[dict[str, Any]]:
    found = []
    for logger, change, score in leak.evidence:
        meter = measured.streams.meters[0].datastream_id
        found.append(
            {
                "datastream": measured.codes.get(meter if logger is None else logger),
                "change": change,
                "unit": "m3/h" if logger is None else "m",
                "score": score,
            }
        )
    return found


def _follow(row: LeakSearch, leak: KnownLeak) -> None:
    """What is known of a leak now, where it has an event; a closed one is people's."""
    uid = row.events.get(str(leak.number))
    if uid is None:
        return
    event = LeakEvent.objects.select_for_update().get(uid=uid)
    if event.state == LeakEventState.CLOSED:
        return
    event.now_size_m3h = leak.now_size_m3h
    event.ended_at = None if leak.ended_hour is None else max(instant_of(leak.ended_hour), event.started_at)
    event.save(update_fields=["now_size_m3h", "ended_at"])


def events_within(zones: Sequence[Zone], since: datetime, until: datetime) -> list[LeakEvent]:
    """The events of some zones that were detected in [since, until), by detection."""
    events = LeakEvent.objects.select_related("zone", "network", "division", "leak", "assignee")
    events = events.defer("zone__geom", "division__boundary")
    return list(events.filter(zone__in=zones, detected_at__gte=since, detected_at__lt=until))
