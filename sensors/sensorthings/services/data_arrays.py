"""Data arrays: many observations in one request, with an answer for each of them (18-088 clause 12.3).

Numbers at instants go into their series together. Every other row is stored by itself; one that cannot be stored is
answered with "error", and the others stand.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from gis_core.errors import ReportedError
from sensors.models import Datastream, RichObservation
from sensors.sensorthings.selectors.errors import StaError
from sensors.sensorthings.selectors.schema import (
    DATASTREAM,
    FEATURE_OF_INTEREST,
    MULTI_DATASTREAM,
    OBSERVATION,
)
from sensors.sensorthings.services.creation import create
from sensors.sensorthings.services.iso_times import microseconds_of
from sensors.sensorthings.services.links import linked, linked_id
from sensors.sensorthings.services.observations import (
    Stream,
    fits_series,
    is_plain_number,
    put_in_series,
    series_place,
)
from sensors.sensorthings.services.places import feature_of_thing
from sensors.sensorthings.services.writer import Writer
from sensors.series.services.ingestion import EARLIEST, LONGEST_AHEAD
from sensors.series.services.observation_arrays import Observations, microseconds

ERROR = "error"
MOST_ROWS = 1_000_000
# How often one instant may be said again, with other values, in one request.
MOST_REPEATS = 20
_FEATURE = "FeatureOfInterest/id"
# What makes a row more than a number at an instant, unless it is null.
_RICH_COMPONENTS = {"resultQuality", "validTime", "parameters"}


@dataclass
class _ArrayRows:
    """Rows sorted out: numbers of series, with the place of each in the answer and what it says, and others."""

    # Series of which a row of this request has decided what they are about.
    decided: set[int] = field(default_factory=set)
    # Looked up once for all data arrays of the request: datastreams that may be written to, the features of their
    # things, and instants of theirs that are taken.
    streams: dict[int, Datastream] = field(default_factory=dict)
    features: dict[int, int] = field(default_factory=dict)
    taken: dict[int, list[int]] = field(default_factory=dict)
    places: list[npt.NDArray[np.int64]] = field(default_factory=list)
    observations: list[Observations] = field(default_factory=list)
    # Rows that are stored one by one: place in the answer, stream, components, row.
    others: list[tuple[int, Stream, list[str], list[Any]]] = field(default_factory=list)


def create_observations(writer: Writer, body: Any) -> list[str]:
    """Store the data arrays of a request; return the link of each observation, or "error", in their order."""
    groups = [body] if isinstance(body, dict) else body
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise StaError("CreateObservations takes an array of data arrays.")
    rows = [group.get("dataArray") for group in groups]
    if not all(isinstance(one, list) for one in rows):
        raise StaError("A data array has its rows in dataArray.")
    total = sum(len(one) for one in rows if isinstance(one, list))
    if total > MOST_ROWS:
        raise StaError(f"A request has {MOST_ROWS} rows at most.", status=413)
    ids = np.full(total, None, object)
    sorted_out, first = _looked_up(writer, groups), 0
    for group in groups:
        count = len(group["dataArray"])
        _sort_out(writer, group, first, sorted_out)
        first += count
    # The numbers first: a series without values would let any other row decide what it is about.
    _store_numbers(writer, sorted_out, ids)
    for place, stream, components, row in sorted_out.others:
        ids[place] = _store_alone(writer, stream, components, row)
    return _answers(writer, ids)


def _looked_up(writer: Writer, groups: list[dict[str, Any]]) -> _ArrayRows:
    """What the data arrays refer to, in a few queries for all of them."""
    links = [group.get(DATASTREAM.name) for group in groups]
    ids = {link["@iot.id"] for link in links if isinstance(link, dict) and type(link.get("@iot.id")) is int}
    ids = {entity_id for entity_id in ids if 0 <= entity_id < 2**63}
    visible = [row["id"] for row in writer.reader.keys(DATASTREAM, list(ids))] if ids else []
    found = _ArrayRows()
    for stream in Datastream.objects.filter(pk__in=visible):
        if writer.reader.scope.can_write_in(stream.division_id):
            found.streams[stream.pk] = stream
    kept = RichObservation.objects.filter(datastream__in=visible, sta_id__isnull=False, deleted_at=None)
    for sta_id in kept.values_list("sta_id", flat=True):
        place = series_place(sta_id)
        if place is not None:
            found.taken.setdefault(place[0], []).append(microseconds(place[1]))
    return found


def _answers(writer: Writer, ids: npt.NDArray[Any]) -> list[str]:
    before, after = f"{writer.reader.base}/Observations('", "')"
    stored = [entity_id for entity_id in ids.tolist() if entity_id is not None]
    if stored and settings.STA_MQTT_NOTIFICATIONS:
        writer.notices.setdefault((OBSERVATION.name, None), []).extend(stored)
    return [ERROR if entity_id is None else before + entity_id + after for entity_id in ids.tolist()]


def _sort_out(writer: Writer, group: dict[str, Any], first: int, numbers: _ArrayRows) -> None:
    """Add the rows of one data array to `numbers` or its others; those that cannot be stored to neither."""
    try:
        stream = _stream(writer, group, numbers)
        components = _components(group)
    except StaError:
        return
    rows: list[Any] = group["dataArray"]
    sound = np.fromiter(
        (type(row) is list and len(row) == len(components) for row in rows), np.bool_, len(rows)
    )
    into_series = np.zeros(len(rows), np.bool_)
    if isinstance(stream, Datastream) and {"phenomenonTime", "result"} <= set(components):
        places = np.flatnonzero(sound)
        taken, observations = _numbers_of(
            writer, stream, components, [rows[place] for place in places.tolist()], numbers
        )
        into_series[places[taken]] = True
        numbers.places.append(places[taken] + first)
        numbers.observations.append(observations)
    numbers.others += [
        (first + place, stream, components, rows[place])
        for place in np.flatnonzero(sound & ~into_series).tolist()
    ]


def _stream(writer: Writer, group: dict[str, Any], known: _ArrayRows) -> Stream:
    given = [entity for entity in (DATASTREAM, MULTI_DATASTREAM) if group.get(entity.name) is not None]
    if len(given) != 1:
        raise StaError("A data array belongs to one Datastream or one MultiDatastream.")
    entity_id = linked_id(group[given[0].name])
    if entity_id is None:
        raise StaError("A data array belongs to a datastream that exists.")
    if given[0] is DATASTREAM and entity_id in known.streams:
        return known.streams[entity_id]
    stream: Stream = linked(writer, given[0], entity_id, for_writing=True)
    return stream


def _components(group: dict[str, Any]) -> list[str]:
    components = group.get("components")
    if not isinstance(components, list) or not all(isinstance(name, str) for name in components):
        raise StaError("A data array names its components.")
    names = [
        _FEATURE if name in {"FeatureOfInterest/@iot.id", "FeatureOfInterest"} else name
        for name in components
    ]
    known = {*OBSERVATION.properties, "@iot.id", _FEATURE}
    if len(set(names)) != len(names) or not set(names) <= known:
        raise StaError("A data array names each component once, and only properties of Observations.")
    return names


def _numbers_of(
    writer: Writer, stream: Datastream, components: list[str], rows: list[list[Any]], known: _ArrayRows
) -> tuple[npt.NDArray[np.bool_], Observations]:
    """Which rows go into the series, and what they say."""
    columns = dict(zip(components, zip(*rows, strict=True), strict=True)) if rows else {}
    if not columns:
        return np.zeros(0, np.bool_), Observations.of_rows([])
    times, fits = microseconds_of(columns["phenomenonTime"])
    latest = timezone.now() + LONGEST_AHEAD
    fits &= (times >= microseconds(EARLIEST)) & (times <= microseconds(latest))
    results = columns["result"]
    fits &= np.fromiter(map(is_plain_number, results), np.bool_, len(rows))
    for name in _RICH_COMPONENTS & columns.keys():
        fits &= np.fromiter((value is None for value in columns[name]), np.bool_, len(rows))
    has_result_time = _has_result_time(columns, times)
    fits &= has_result_time >= 0
    fits &= _fits_stream(writer, stream, columns, has_result_time, fits, known)
    fits &= ~np.isin(times, known.taken.get(stream.pk, []))
    chosen = np.flatnonzero(fits)
    values = np.fromiter((float(results[place]) for place in chosen.tolist()), np.float64, len(chosen))
    return fits, Observations(np.full(len(chosen), stream.pk, np.int64), times[chosen], values)


def _has_result_time(columns: dict[str, Any], times: npt.NDArray[np.int64]) -> npt.NDArray[np.int8]:
    """1 where the result time is the phenomenon's, 0 where there is none, -1 where it is another."""
    given = columns.get("resultTime")
    if given is None:
        return np.zeros(len(times), np.int8)
    result_times, is_read = microseconds_of(given)
    has_none = np.fromiter((one is None for one in given), np.bool_, len(given))
    return np.where(has_none, 0, np.where(is_read & (result_times == times), 1, -1)).astype(np.int8)


def _fits_stream(
    writer: Writer,
    stream: Datastream,
    columns: dict[str, Any],
    has_result_time: npt.NDArray[np.int8],
    candidates: npt.NDArray[np.bool_],
    known: _ArrayRows,
) -> npt.NDArray[np.bool_]:
    """Which of the candidates are about the feature of the series and have result times as it has."""
    fits = np.zeros(len(candidates), np.bool_)
    given = columns.get(_FEATURE)
    # Equal ids are looked up once; the first of the rows decides what an empty series is about.
    kinds: dict[tuple[Any, int], list[int]] = {}
    for place in np.flatnonzero(candidates).tolist():
        feature = given[place] if given is not None else None
        if feature is None or type(feature) in {int, str}:
            kinds.setdefault((feature, int(has_result_time[place])), []).append(place)
    for (feature, with_result_time), places in kinds.items():
        try:
            pk = _feature(writer, stream, feature, known)
        except StaError:
            continue
        fits[places] = fits_series(
            stream, pk, has_result_time=bool(with_result_time), may_decide=stream.pk not in known.decided
        )
        known.decided.add(stream.pk)
    return fits


def _feature(writer: Writer, stream: Datastream, given: Any, known: _ArrayRows) -> int:
    if given is not None:
        return int(linked(writer, FEATURE_OF_INTEREST, given).pk)
    if stream.thing_id not in known.features:
        known.features[stream.thing_id] = feature_of_thing(writer, stream)
    return known.features[stream.thing_id]


def _store_alone(writer: Writer, stream: Stream, components: list[str], row: list[Any]) -> str | None:
    """Store one row; its id, or None where it cannot be stored."""
    body: dict[str, Any] = {}
    for name, value in zip(components, row, strict=True):
        if name == _FEATURE:
            if value is not None:
                body["FeatureOfInterest"] = {"@iot.id": value}
        else:
            body[name] = value
    try:
        with transaction.atomic():
            entity_id: str = create(writer, OBSERVATION, body, links={type(stream).__name__: stream}, depth=1)
            return entity_id
    except (ReportedError, DatabaseError):
        return None


def _store_numbers(writer: Writer, numbers: _ArrayRows, ids: npt.NDArray[Any]) -> None:
    """Take the numbers into their series. An instant said again with another value is taken again after it."""
    if not numbers.places:
        return
    places = np.concatenate(numbers.places)
    whole = Observations(
        np.concatenate([one.streams for one in numbers.observations]),
        np.concatenate([one.times_us for one in numbers.observations]),
        np.concatenate([one.values for one in numbers.observations]),
    )
    if len(places) == 0:
        return
    turns = _turns(whole)
    for turn in range(min(int(turns.max()) + 1, MOST_REPEATS)):
        put_in_series(whole.at(turns == turn))
    stored = np.flatnonzero(turns < MOST_REPEATS)
    streams, times = whole.streams[stored].tolist(), whole.times_us[stored].tolist()
    ids[places[stored]] = [f"{stream}_{time}" for stream, time in zip(streams, times, strict=True)]


def _turns(observations: Observations) -> npt.NDArray[np.int64]:
    """How many rows before each say another value of the same instant in a row with it; 0 where none does."""
    order = np.lexsort((observations.times_us, observations.streams))
    ordered = observations.at(order)
    is_same = (np.diff(ordered.streams) == 0) & (np.diff(ordered.times_us) == 0)
    turns = np.zeros(len(order), np.int64)
    if is_same.any():
        is_other = np.append(False, is_same & (np.diff(ordered.values) != 0)).astype(np.int64)
        starts = np.append(True, ~is_same)
        counted = np.cumsum(is_other)
        turns[order] = counted - np.maximum.accumulate(np.where(starts, counted, 0))
    return turns
