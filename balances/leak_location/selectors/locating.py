"""Where leak events are: candidates, the area that holds them, the segments to step-test, by the network's model."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop as _
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from assets.models import Node, Zone
from assets.networks.selectors.zone_nesting import zones_inside
from assets.topology.selectors.segments import segments_of
from balances.leak_detection.hourly_data import ZoneHours
from balances.leak_detection.residuals import unexpected_pressures
from balances.leak_detection.selectors.zone_hours import (
    MeasuredZone,
    hour_of,
    known_span,
    measured_zone,
    zone_hours,
)
from balances.leak_location.likelihood import ObservedChange, place_likelihoods, shares
from balances.leak_location.selectors.network_model import PART_H, NetworkModel, read_network_model
from balances.leak_location.selectors.sizes import size_since
from balances.leak_location.signatures import (
    Floats,
    Integers,
    head_sensitivities,
    link_slopes,
    with_kept_inflow,
)
from balances.models import LeakEvent, LeakSearch
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence
from sensors.models import Datastream

LEAST_LOGGERS = 3
AREA_PROBABILITY = 0.9
_TRAINING_H = 28 * 24
_LONGEST_AFTER_H = 14 * 24
# Places along a pipe that are looked at.
_POSITIONS = (0.1, 0.5, 0.9)
_LEAST_NOISE_M = 0.002
_LEAST_SEGMENT_SHARE = 0.001


@dataclass(frozen=True)
class LocatedLeak:
    """A leak and its places: `shares` by pipe of the model, with the best position on it and size there, m3/h."""

    event: str | None
    zone: Zone
    until: datetime
    size_m3h: float
    sensors: list[str]
    model: NetworkModel
    shares: Floats
    positions: Floats
    sizes_m3h: Floats

    @property
    def first(self) -> int:
        return int(self.shares.argmax())


def locate_events(events: Sequence[LeakEvent], until: datetime | None) -> list[LocatedLeak]:
    """The places of some events by what came before `until` (None: their detection), by detection; those found before
    one stand in its model.

    Raises ReportedError: `too_few_sensors`, `no_data`, `no_datastream`, or EPANET's.
    """
    located: list[LocatedLeak] = []
    for event in sorted(events, key=lambda event: event.detected_at):
        model = next((one.model for one in located if one.zone.network_id == event.network_id), None)
        moment = until or event.detected_at
        size, error = _size_known(event, moment)
        located.append(
            locate(
                zone=event.zone,
                model=model or read_network_model(event.network),
                started=event.started_at,
                until=moment,
                size_m3h=size,
                size_error_m3h=error,
                event=str(event.uid),
                known=_known_leaks(event, located, moment),
            )
        )
    return located


def _size_known(event: LeakEvent, until: datetime) -> tuple[float, float]:
    """The event's size, m3/h, and its standard error, as they were known at `until`."""
    if until < event.detected_at:
        since = size_since(event.zone, event.started_at, until)
        return since.size_m3h, since.error_m3h
    return event.size_m3h, (event.size_limit_95_m3h or 0.6 * event.size_m3h) / 1.96


def _known_leaks(event: LeakEvent, located: Sequence[LocatedLeak], until: datetime) -> dict[int, float]:
    """Leaks that ran when this one began, by node of the register, as was known at `until`: those found by people by
    then, those placed just now."""
    running = LeakEvent.objects.filter(
        network_id=event.network_id, detected_at__lt=event.detected_at, detected_at__lte=until
    )
    running = running.select_related("leak__attachment__pipe").exclude(pk=event.pk)
    reached = dict(LeakSearch.objects.values_list("zone_id", "reached"))
    places = {one.event: one for one in located}
    known: dict[int, float] = {}
    for other in running:
        record = other.leak if other.leak is not None and other.leak.reported_at <= until else None
        # What ended before this one began, and so before `until`, was over by then.
        ends = [other.ended_at, record.repaired_at if record is not None else None]
        if any(end is not None and end <= event.started_at and end <= until for end in ends):
            continue
        node_id = None
        if record is not None and record.attachment is not None:
            node_id = record.attachment.node_id
        elif str(other.uid) in places:
            place = places[str(other.uid)]
            pipe = place.model.pipes[place.first]
            node_id = pipe.start_id if place.positions[place.first] < 0.5 else pipe.end_id
        if node_id is not None:
            # What is known of it now came after `until`, where its zone was searched further.
            is_now = other.zone_id in reached and hour_of(until) >= reached[other.zone_id]
            size = other.now_size_m3h if is_now else other.size_m3h
            known[node_id] = known.get(node_id, 0.0) + size
    return known


def locate(
    *,
    zone: Zone,
    model: NetworkModel,
    started: datetime,
    until: datetime,
    size_m3h: float,
    size_error_m3h: float,
    event: str | None,
    known: dict[int, float],
) -> LocatedLeak:
    """The places of a leak that began at `started`, by the whole hours before `until`."""
    measured = measured_zone(zone)
    loggers = _loggers(measured, model)
    if len(loggers) < LEAST_LOGGERS:
        raise ReportedError(
            Sentence(
                _("Zone {zone} has {count} pressure series; a leak is placed by three or more."),
                zone=zone.code,
                count=len(loggers),
            ),
            code="too_few_sensors",
        )
    hours, begins, ends = _hours_around(measured, started, until)
    changes = _changes(zone, started, until)
    observed, inflows = _observed(hours, begins, ends, [row for row, _index in loggers], changes)
    indexes = np.array([index for _row, index in loggers], dtype=np.int64)
    leaks = {index: flow for node, flow in known.items() if (index := model.index_of(node)) is not None}
    members = _members(zone, model)
    signatures = _signatures(model, indexes, members, inflows, leaks)
    inside = np.isin(model.links.starts[model.pipe_links], members) | np.isin(
        model.links.ends[model.pipe_links], members
    )
    return LocatedLeak(
        event,
        zone,
        until,
        size_m3h,
        [measured.codes[measured.streams.loggers[row].datastream_id] for row, _index in loggers],
        model,
        *_places(model, observed, signatures, size_m3h, size_error_m3h, inside),
    )


def _changes(zone: Zone, started: datetime, until: datetime) -> list[int]:
    """Hours at which other leaks of the zone began or ended before this one, as far as was known by then."""
    others = LeakEvent.objects.filter(zone=zone, detected_at__lte=until, started_at__lt=started)
    moments = [moment for pair in others.values_list("started_at", "ended_at") for moment in pair]
    return sorted(hour_of(moment) for moment in moments if moment is not None and moment < started)


def _loggers(measured: MeasuredZone, model: NetworkModel) -> list[tuple[int, int]]:
    """Rows of the zone's loggers with the model's node that each stands at."""
    rows = {stream.datastream_id: row for row, stream in enumerate(measured.streams.loggers)}
    nodes = Datastream.objects.filter(pk__in=rows).values_list("pk", "thing__attachment__node_id")
    places = ((rows[pk], model.index_of(node)) for pk, node in nodes)
    return sorted((row, index) for row, index in places if index is not None)


def _hours_around(measured: MeasuredZone, started: datetime, until: datetime) -> tuple[ZoneHours, int, int]:
    """The hours before and of the leak; the first of it and the one after the last, counted in them.

    Nothing is of a value at or after `until`: the hour that it lies in is left out.
    """
    last = hour_of(until)
    if until < started:
        raise ReportedError(
            Sentence(_("Zone {zone} has too few values about that instant."), zone=measured.zone.code),
            code="no_data",
        )
    span = known_span(measured, last)
    begins = min(hour_of(started), last - 1)
    if span is None or begins - span[0] < 14 * 24:
        raise ReportedError(
            Sentence(_("Zone {zone} has no two weeks of values before the leak."), zone=measured.zone.code),
            code="no_data",
        )
    last = min(last, span[1])
    since = max(span[0], begins - _TRAINING_H)
    hours = zone_hours(measured, since, last)
    # Of a long time the newest days tell most: a growing leak is largest then.
    return hours, begins - since, last - since


def _observed(
    hours: ZoneHours, begins: int, ends: int, rows: list[int], changes: Sequence[int]
) -> tuple[ObservedChange, Floats]:
    """What the loggers did since the leak began, by parts of the day, and the zone's mean inflow in each part."""
    residuals = unexpected_pressures(hours, begins, changes)[rows]
    part = hours.local_hour // PART_H
    first = max(begins, ends - _LONGEST_AFTER_H)
    drops, inflows = [], []
    for number in range(24 // PART_H):
        here = np.flatnonzero(part[first:ends] == number) + first
        drops.append(_mean(residuals[:, here]) if len(here) else np.full(len(rows), np.nan))
        inflow = hours.inflow[here] if len(here) else hours.inflow[part == number]
        inflows.append(float(np.nanmean(inflow)) if np.isfinite(inflow).any() else float("nan"))
    days = max(1.0, float((ends - first) / 24))
    return ObservedChange(np.array(drops), _noise(residuals[:, :begins], part[:begins], days)), np.array(
        inflows
    )


def _mean(rows: Floats) -> Floats:
    known = np.isfinite(rows)
    count = known.sum(axis=1)
    mean = np.where(known, rows, 0.0).sum(axis=1) / count.clip(1)
    return np.where(count > 0, mean, np.nan)


def _noise(residuals: Floats, part: Integers, days: float) -> Floats:
    """Covariance of a part's mean over so many days, from the days before; drawn a third towards its diagonal."""
    blocks = len(part) // PART_H
    taken = np.where(np.isfinite(residuals), residuals, 0.0)[:, -blocks * PART_H :]
    means = taken.reshape(len(residuals), blocks, PART_H).mean(axis=2)
    covariance = np.atleast_2d(np.cov(means))
    shrunk = 0.67 * covariance + 0.33 * np.diag(np.diag(covariance))
    return np.asarray(shrunk / days + np.eye(len(residuals)) * _LEAST_NOISE_M**2)


def _members(zone: Zone, model: NetworkModel) -> Integers:
    """The model's nodes that lie in the zone or in zones inside it."""
    inside = [zone.pk, *zones_inside(zone)]
    nodes = Node.objects.filter(zone_id__in=inside).values_list("pk", flat=True)
    found = {index for node in nodes if (index := model.index_of(node)) is not None}
    return np.array(sorted(found), dtype=np.int64)


def _signatures(
    model: NetworkModel, loggers: Integers, members: Integers, inflows: Floats, leaks: dict[int, float]
) -> Floats:
    """Parts x loggers x nodes, m per m3/h, at the flows that were measured."""
    solved = model.solved(leaks)
    found = []
    for hour, slope, inflow in zip(solved, link_slopes(model.links, solved), inflows, strict=True):
        usual = float(np.clip(hour.demand_m3h[members], 0, None).sum())
        scale = 1.0 if not np.isfinite(inflow) or usual <= 0 else float(np.clip(inflow / usual, 0.4, 2.5))
        raw = head_sensitivities(model.links, hour, slope * scale**0.852, loggers)
        found.append(with_kept_inflow(raw, hour.demand_m3h, members))
    return np.array(found)


def _places(
    model: NetworkModel,
    observed: ObservedChange,
    signatures: Floats,
    size_m3h: float,
    size_error_m3h: float,
    inside: Any,
) -> tuple[Floats, Floats, Floats]:
    """Share of probability, best position and size there of each pipe."""
    starts = model.links.starts[model.pipe_links]
    ends = model.links.ends[model.pipe_links]
    likelihoods, sizes = [], []
    for position in _POSITIONS:
        along = (1 - position) * signatures[:, :, starts] + position * signatures[:, :, ends]
        likelihood, size = place_likelihoods(observed, along, size_m3h, size_error_m3h)
        likelihoods.append(np.where(inside, likelihood, -np.inf))
        sizes.append(size)
    stacked, weights = np.array(likelihoods), np.tile(model.lengths_m / len(_POSITIONS), len(_POSITIONS))
    probability = shares(stacked.reshape(-1), weights).reshape(stacked.shape)
    best = stacked.argmax(axis=0)
    columns = np.arange(stacked.shape[1])
    return probability.sum(axis=0), np.array(_POSITIONS)[best], np.array(sizes)[best, columns]


def located_document(leak: LocatedLeak, limit: int) -> dict[str, Any]:
    """A located leak as its readers expect it; candidates are cut to `limit`, the area and segments are not."""
    order = np.argsort(-leak.shares, kind="stable")
    order = order[leak.shares[order] > 0]
    distances = _distances(leak)
    candidates = []
    for rank, pipe in enumerate(order[:limit], start=1):
        lon, lat = _point(leak.model.pipes[pipe].points, float(leak.positions[pipe]))
        candidates.append(
            {
                "rank": rank,
                "pipe": leak.model.pipes[pipe].code,
                "position": float(leak.positions[pipe]),
                "lon": lon,
                "lat": lat,
                "score": float(leak.shares[pipe]),
                "distance_m": float(distances[pipe]) if np.isfinite(distances[pipe]) else None,
                "size_m3h": float(leak.sizes_m3h[pipe]),
            }
        )
    held = np.cumsum(leak.shares[order])
    area = order[: int(np.searchsorted(held, AREA_PROBABILITY - 1e-12)) + 1]
    return {
        "event": leak.event,
        "zone_code": leak.zone.code,
        "until": leak.until.isoformat(),
        "size_m3h": float(leak.shares @ leak.sizes_m3h),
        "sensors": leak.sensors,
        "candidates": candidates,
        "area": {
            "pipes": [leak.model.pipes[pipe].code for pipe in area],
            "length_m": float(leak.model.lengths_m[area].sum()),
            "probability": float(leak.shares[area].sum()),
        },
        "segments": _segments(leak),
    }


def _segments(leak: LocatedLeak) -> list[dict[str, Any]]:
    """The segments that may hold the leak, the likeliest first: each is closed in turn until the flow falls."""
    share = {pipe.code: float(value) for pipe, value in zip(leak.model.pipes, leak.shares, strict=True)}
    found = []
    for segment in segments_of(leak.model.network):
        probability = sum(share.get(code, 0.0) for code in segment["pipes"])
        if probability >= _LEAST_SEGMENT_SHARE:
            found.append(
                {"segment": segment["id"], "close": segment["valves"], "probability": min(1.0, probability)}
            )
    return sorted(found, key=lambda one: (-one["probability"], len(one["close"]), one["segment"]))


def _distances(leak: LocatedLeak) -> Floats:
    """Along the links, from the first pipe's centre to the centre of each, m; infinite where nothing joins them."""
    model = leak.model
    lengths = np.full(len(model.links.starts), 0.01)
    lengths[model.pipe_links] = model.lengths_m
    nodes = len(model.links.is_fixed)
    first_link = model.pipe_links[leak.first]
    half = lengths[first_link] / 2
    # Of two links between the same nodes the shorter one counts; a matrix would add them.
    order = np.argsort(-lengths, kind="stable")
    table = dict(
        zip(zip(model.links.starts[order], model.links.ends[order], strict=True), lengths[order], strict=True)
    )
    pairs = np.array(list(table), dtype=np.int64)
    graph = coo_matrix((list(table.values()), (pairs[:, 0], pairs[:, 1])), shape=(nodes, nodes)).tocsr()
    ends = [int(model.links.starts[first_link]), int(model.links.ends[first_link])]
    reached = dijkstra(graph, directed=False, indices=ends).min(axis=0) + half
    starts, stops = model.links.starts[model.pipe_links], model.links.ends[model.pipe_links]
    distances = np.minimum(reached[starts], reached[stops]) + model.lengths_m / 2
    distances[leak.first] = 0.0
    return np.asarray(distances)


def _point(points: Sequence[Any], position: float) -> tuple[float, float]:
    """The point at a share of a line's length; longitude, latitude."""
    line = np.array([[float(point[0]), float(point[1])] for point in points])
    scale = np.array([np.cos(np.radians(line[0, 1])), 1.0])
    steps = np.linalg.norm(np.diff(line, axis=0) * scale, axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    target = position * along[-1]
    return float(np.interp(target, along, line[:, 0])), float(np.interp(target, along, line[:, 1]))
