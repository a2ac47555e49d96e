"""Writing observations.

A number at an instant goes into its datastream's series, the fast case; anything more is a rich observation. The
numbers of a series share a feature of interest and whether they have a result time; the first one to come decides,
and others are rich. Nothing is overwritten: a number sent again with another value, changed or deleted is a
correction of its series.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection
from django.utils import timezone

from gis_core.database.sql_files import load_sql
from sensors.models import (
    Datastream,
    LatestObservation,
    MultiDatastream,
    RichObservation,
    SeriesEdit,
)
from sensors.sensorthings.selectors import observation_reading
from sensors.sensorthings.selectors.documents import observation_id, written_instant, written_interval
from sensors.sensorthings.selectors.errors import StaError, not_found
from sensors.sensorthings.selectors.grammar import TimeInterval
from sensors.sensorthings.selectors.observation_reading import series_place
from sensors.sensorthings.selectors.schema import (
    DATASTREAM,
    FEATURE_OF_INTEREST,
    MULTI_DATASTREAM,
    OBSERVATION,
)
from sensors.sensorthings.services.links import linked, linked_id, refuse_other
from sensors.sensorthings.services.places import feature_of_thing, widen_area
from sensors.sensorthings.services.values import (
    an_instant,
    an_interval,
    an_object,
    anything,
    content_hash,
    instant_or_interval,
    split_body,
)
from sensors.sensorthings.services.writer import Writer
from sensors.series.services.ingestion import EARLIEST, GREATEST_VALUE, LONGEST_AHEAD, take_observations
from sensors.series.services.observation_arrays import Observations, microseconds
from sensors.series.services.series_edits import edit_series

Stream = Datastream | MultiDatastream
_WHOLE = 2**53
ORIGIN = "SensorThings"


@dataclass(frozen=True)
class Content:
    """What an observation says, besides which stream it belongs to."""

    start: datetime
    end: datetime | None
    result: Any
    result_time: datetime | None = None
    result_quality: Any = None
    valid: TimeInterval | None = None
    parameters: Any = None

    @property
    def is_number_at_instant(self) -> bool:
        """Whether it may stand in a series, as far as it can be told without the series."""
        latest = timezone.now() + LONGEST_AHEAD
        return (
            self.end is None
            and EARLIEST <= self.start <= latest
            and is_plain_number(self.result)
            and self.result_quality is None
            and self.valid is None
            and self.parameters is None
            and self.result_time in {None, self.start}
        )


def is_plain_number(value: Any) -> bool:
    """Whether a float holds the value exactly."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= (_WHOLE if isinstance(value, int) else GREATEST_VALUE)


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "phenomenonTime": instant_or_interval,
    "resultTime": lambda name, value: None if value is None else an_instant(name, value),
    "result": anything,
    "resultQuality": anything,
    "validTime": an_interval,
    "parameters": an_object,
}


def read_content(properties: dict[str, Any], before: Content | None = None) -> Content:
    """The content from JSON properties; those left out are as `before`, or nothing and now."""
    values = {name: _READERS[name](name, value) for name, value in properties.items() if name in _READERS}
    if before is None:
        if "result" not in values:
            raise StaError("An Observation needs its result.")
        before = Content(timezone.now(), None, None)
    changes: dict[str, Any] = {
        field: values[name]
        for name, field in (
            ("resultTime", "result_time"),
            ("result", "result"),
            ("resultQuality", "result_quality"),
            ("validTime", "valid"),
            ("parameters", "parameters"),
        )
        if name in values
    }
    if "phenomenonTime" in values:
        when = values["phenomenonTime"]
        start, end = (when.start, when.end) if isinstance(when, TimeInterval) else (when, None)
        changes |= {"start": start, "end": end}
    return replace(before, **changes)


def add_observation(writer: Writer, stream: Stream, content: Content, feature: int | None) -> str:
    """Store an observation of a stream about a feature, by default where the stream's thing is; return its id."""
    feature = feature if feature is not None else feature_of_thing(writer, stream)
    entity_id, is_as_said = store(stream, content, feature)
    if is_as_said:
        writer.said[entity_id] = _said(entity_id, stream, content, feature)
    writer.notice(OBSERVATION, entity_id)
    return entity_id


def _said(entity_id: str, stream: Stream, content: Content, feature: int) -> dict[str, Any]:
    """The values of an observation's properties, as readers of the database find them."""
    is_multi = isinstance(stream, MultiDatastream)
    span = written_interval(content.start, content.end)
    return {
        "id": entity_id,
        "phenomenonTime": span or written_instant(content.start),
        "resultTime": written_instant(content.result_time) if content.result_time else None,
        "result": content.result,
        "resultQuality": content.result_quality,
        "validTime": written_interval(content.valid.start, content.valid.end) if content.valid else None,
        "parameters": content.parameters,
        "datastream_id": None if is_multi else stream.pk,
        "multi_datastream_id": stream.pk if is_multi else None,
        "feature_id": feature,
    }


def stream_of(writer: Writer, ways: dict[str, Any], links: dict[str, Any]) -> Stream:
    """The one datastream or multi-datastream that an observation belongs to, which the writer may write to."""
    found: dict[str, Stream] = {
        name: links[name] for name in ("Datastream", "MultiDatastream") if name in links
    }
    for entity in (DATASTREAM, MULTI_DATASTREAM):
        value = ways.get(entity.name)
        if value is None:
            continue
        entity_id = linked_id(value)
        if entity_id is None:
            raise StaError("A change links to entities that exist; new ones are posted.")
        if entity.name in found:
            refuse_other(entity.name, value, found[entity.name])
        else:
            found[entity.name] = linked(writer, entity, entity_id, for_writing=True)
    if len(found) != 1:
        raise StaError("An Observation belongs to one Datastream or one MultiDatastream.")
    (stream,) = found.values()
    writer.require(stream.division_id)
    return stream


def refuse_misfit(stream: Stream, result: Any) -> None:
    """A multi-datastream's result is an array with a value for each observed property."""
    if isinstance(stream, MultiDatastream):
        wanted = len(stream.multi_observation_data_types)
        if not isinstance(result, list) or len(result) != wanted:
            raise StaError(f"The result is an array of {wanted} values, one for each ObservedProperty.")


def store(stream: Stream, content: Content, feature: int) -> tuple[str, bool]:
    """Put an observation into its series, or beside it; return its id, and whether it now says what was sent.

    The same again is the same observation. What a person has said of an instant stands over a number sent later.
    """
    if (
        isinstance(stream, Datastream)
        and content.is_number_at_instant
        and fits_series(stream, feature, has_result_time=content.result_time is not None)
    ):
        entity_id = observation_id(stream.pk, content.start)
        if _insert_number(stream, content, entity_id):
            return entity_id, True
        if not _is_taken(entity_id):
            rows = Observations.of_rows([(stream.pk, content.start, float(content.result))])
            return entity_id, put_in_series(rows)
    row = make_rich(stream, content, feature)
    return row.sta_id or f"r{row.pk}", True


def fits_series(stream: Datastream, feature: int, *, has_result_time: bool, may_decide: bool = True) -> bool:
    """Whether the series is about the feature and has result times or not, as the observation.

    A series without values takes on what its first observation says, if that `may_decide`.
    """
    if stream.feature_id == feature and (stream.has_result_time or False) == has_result_time:
        return True
    locked = Datastream.objects.select_for_update().get(pk=stream.pk)
    if not may_decide or LatestObservation.objects.filter(pk=stream.pk).exists():
        if locked.feature_id is None:
            # What feeds brought before was about no place that anybody named.
            locked.feature_id = feature
            locked.save(update_fields=["feature"])
            widen_area(locked, feature)
        fits = locked.feature_id == feature and (locked.has_result_time or False) == has_result_time
    else:
        locked.feature_id, locked.has_result_time = feature, has_result_time
        locked.save(update_fields=["feature", "has_result_time"])
        widen_area(locked, feature)
        fits = True
    stream.feature_id, stream.has_result_time = locked.feature_id, locked.has_result_time
    return fits


def _insert_number(stream: Datastream, content: Content, entity_id: str) -> bool:
    """Put a number into its series where nothing is known of its instant yet; whether that was so."""
    month = content.start.astimezone(UTC)
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("sensors.sensorthings", "sta_insert_number"),
            {
                "stream": stream.pk,
                "time": content.start,
                "value": float(content.result),
                "partition": f"sensors_observation_{month:%Y_%m}",
                "month": f"{month:%Y-%m}-01",
                "entity_id": entity_id,
            },
        )
        return bool(cursor.rowcount == 1)


def _is_taken(entity_id: str) -> bool:
    """Whether an observation that was in the series at that instant lives on beside it under the id."""
    return RichObservation.objects.filter(sta_id=entity_id, deleted_at=None).exists()


def put_in_series(observations: Observations) -> bool:
    """Take numbers in, and bring back those that had been deleted; whether all of them are now what was sent."""
    take_observations(observations, acting_user=None, origin=ORIGIN, is_audited=False)
    return restore_deleted(observations)


def restore_deleted(observations: Observations) -> bool:
    """What is sent again after it was deleted is there again. False where a person's word stands over some of it."""
    streams = np.unique(observations.streams).tolist()
    since, until = (
        datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(edge))
        for edge in (observations.times_us.min(), observations.times_us.max())
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (one.datastream_id, one.time) one.datastream_id, one.time, one.value "
            "FROM sensors_correction one WHERE one.datastream_id = ANY (%s) AND one.time BETWEEN %s AND %s "
            "AND one.is_manual ORDER BY one.datastream_id, one.time, one.edit_id DESC",
            [streams, since, until],
        )
        found = cursor.fetchall()
    deleted = {(stream, microseconds(time)) for stream, time, value in found if value is None}
    if not deleted:
        return not found
    by_stream: dict[int, list[tuple[datetime, float | None]]] = {}
    for stream, time_us, value in zip(
        observations.streams.tolist(),
        observations.times_us.tolist(),
        observations.values.tolist(),
        strict=True,
    ):
        if (stream, time_us) in deleted:
            time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)
            by_stream.setdefault(stream, []).append((time, value))
    for stream, corrections in by_stream.items():
        edit_series(
            datastream=Datastream.objects.get(pk=stream),
            corrections=corrections,
            code=SeriesEdit.Code.RESTORED,
            reason="sent again through SensorThings",
            acting_user=None,
        )
    return len(deleted) == len(found)


def make_rich(
    stream: Stream,
    content: Content,
    feature: int,
    *,
    sta_id: str | None = None,
    row: RichObservation | None = None,
) -> RichObservation:
    """Keep an observation beside the series: a new row, the one that says the same already, or `row` changed."""
    own = {"Datastream": stream.pk} if isinstance(stream, Datastream) else {"MultiDatastream": stream.pk}
    said = {**own, **content.__dict__, "valid": str(content.valid), "feature": feature}
    if row is not None or sta_id is not None:
        # One that was changed stays itself, even where it now says what another one does.
        said["id"] = row.pk if row is not None else sta_id
    digest = content_hash(said)
    if row is None:
        same = RichObservation.objects.filter(content_hash=digest, deleted_at=None).first()
        if same is not None:
            return same
        row = RichObservation(sta_id=sta_id)
    row.datastream = stream if isinstance(stream, Datastream) else None
    row.multi_datastream = stream if isinstance(stream, MultiDatastream) else None
    row.division_id, row.feature_id, row.content_hash = stream.division_id, feature, digest
    row.phenomenon_start, row.phenomenon_end = content.start, content.end
    row.result_time, row.result, row.result_quality = (
        content.result_time,
        content.result,
        content.result_quality,
    )
    row.valid_start = content.valid.start if content.valid else None
    row.valid_end = content.valid.end if content.valid else None
    row.parameters = content.parameters
    row.save()
    widen_area(stream, feature)
    return row


# --- changes ---


@dataclass(frozen=True)
class Found:
    """An observation as it stands: its stream, content and feature, and its row where it is a rich one."""

    entity_id: str
    stream: Stream
    content: Content
    feature: int | None
    row: RichObservation | None


def find(writer: Writer, entity_id: str) -> Found:
    """An observation that the writer may change. Raises StaError (404, 403)."""
    values = observation_reading.one(writer.reader.scope, entity_id)
    if values is None:
        raise not_found("Observation")
    if values["rich_id"] is not None:
        row = RichObservation.objects.select_related("datastream", "multi_datastream").get(
            pk=values["rich_id"]
        )
        stream: Stream = row.datastream or row.multi_datastream  # type: ignore[assignment]
        valid = TimeInterval(row.valid_start, row.valid_end) if row.valid_start and row.valid_end else None
        content = Content(
            row.phenomenon_start,
            row.phenomenon_end,
            row.result,
            row.result_time,
            row.result_quality,
            valid,
            row.parameters,
        )
    else:
        row = None
        stream = Datastream.objects.get(pk=values["datastream_id"])
        start = values["start"]
        content = Content(start, None, values["result"], start if stream.has_result_time else None)
    writer.require(stream.division_id)
    return Found(entity_id, stream, content, values["feature_id"], row)


def change_observation(writer: Writer, entity_id: str, body: Any, *, is_whole: bool) -> None:
    """Change what an observation says (PATCH), or say it anew (PUT); its id stays, and so does what it said before."""
    properties, ways = split_body(OBSERVATION, body)
    found = find(writer, entity_id)
    if is_whole and "result" not in properties:
        raise StaError("An Observation needs its result.")
    before = Content(found.content.start, None, None) if is_whole else found.content
    content = read_content(properties, before)
    stream = _other_stream(writer, found, ways)
    refuse_misfit(stream, content.result)
    feature = _other_feature(writer, found, stream, ways)
    if content == found.content and stream == found.stream and feature == found.feature:
        return
    writer.keep_version(OBSERVATION, entity_id, "update")
    changed = sorted(set(properties) | set(ways))
    if found.row is not None:
        make_rich(stream, content, feature, row=found.row)
    elif _stays_in_series(found, stream, content, feature):
        edit_series(
            datastream=_series(found),
            corrections=[(content.start, float(content.result))],
            code=SeriesEdit.Code.EDITED,
            reason="changed through SensorThings",
            acting_user=writer.user,
        )
    else:
        _take_out_of_series(writer, found, "changed through SensorThings")
        make_rich(stream, content, feature, sta_id=entity_id)
    writer.notice(OBSERVATION, entity_id, changed)


def delete_observation(writer: Writer, entity_id: str) -> None:
    """Let an observation be no more; what it said is kept."""
    found = find(writer, entity_id)
    writer.keep_version(OBSERVATION, entity_id, "delete")
    if found.row is not None:
        found.row.deleted_at = timezone.now()
        found.row.save(update_fields=["deleted_at"])
    else:
        _take_out_of_series(writer, found, "deleted through SensorThings")


def _stays_in_series(found: Found, stream: Stream, content: Content, feature: int) -> bool:
    return (
        stream == found.stream
        and feature == found.feature
        and content.is_number_at_instant
        and content.start == found.content.start
        and content.result_time == found.content.result_time
    )


def _series(found: Found) -> Datastream:
    assert isinstance(found.stream, Datastream)
    return found.stream


def _take_out_of_series(writer: Writer, found: Found, reason: str) -> None:
    place = series_place(found.entity_id)
    assert place is not None
    edit_series(
        datastream=_series(found),
        corrections=[(place[1], None)],
        code=SeriesEdit.Code.DELETED,
        reason=reason,
        acting_user=writer.user,
    )


def _other_stream(writer: Writer, found: Found, ways: dict[str, Any]) -> Stream:
    given = {name: value for name, value in ways.items() if name != "FeatureOfInterest" and value is not None}
    if not given:
        return found.stream
    stream = stream_of(writer, given, {})
    is_left = ways.get(type(found.stream).__name__, found) is None
    if type(stream) is not type(found.stream) and not is_left:
        raise StaError("An Observation belongs to one Datastream or one MultiDatastream.")
    return stream


def _other_feature(writer: Writer, found: Found, stream: Stream, ways: dict[str, Any]) -> int:
    value = ways.get("FeatureOfInterest")
    if value is None:
        return found.feature if found.feature is not None else feature_of_thing(writer, stream)
    entity_id = linked_id(value)
    if entity_id is None:
        raise StaError("A change links to entities that exist; new ones are posted.")
    return int(linked(writer, FEATURE_OF_INTEREST, entity_id).pk)
