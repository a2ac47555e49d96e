"""Deleting entities: each gets a tombstone, and so does what hangs on it (18-088 clause 10.4, table 25).

Nothing measured is destroyed: rows stay with `deleted_at`, and numbers of series stay under a correction without value.
"""

from typing import Any

from django.db import connection
from django.utils import timezone

from sensors.models import (
    Datastream,
    HistoricalLocation,
    Location,
    MultiDatastream,
    RichObservation,
    SeriesEdit,
)
from sensors.sensorthings.selectors.errors import StaError
from sensors.sensorthings.selectors.schema import OBSERVATION, EntityType
from sensors.sensorthings.services.observations import delete_observation
from sensors.sensorthings.services.writer import MODELS, Writer

MOST_NUMBERS = 5_000_000


def delete(writer: Writer, entity: EntityType, entity_id: Any) -> None:
    """Delete an entity and all that cannot be without it. Raises StaError (404, 403, 409)."""
    if entity is OBSERVATION:
        delete_observation(writer, entity_id)
        return
    row = writer.row(entity, entity_id, for_writing=False)
    is_shared = entity.name in {"Sensor", "ObservedProperty"} and row.division_id is None
    if not is_shared:
        writer.require(row.thing.division_id if isinstance(row, HistoricalLocation) else row.division_id)
    before = writer.keep_version(entity, entity_id, "delete")
    _delete_below(writer, entity, row)
    if not is_shared:
        # What belongs to the system stays; without streams of theirs, the viewer no longer sees it.
        MODELS[entity.name]._default_manager.filter(pk=row.pk).update(deleted_at=timezone.now())
    writer.record("delete", entity, row, old_values={"name": str(before.get("name", ""))[:255]})


def _delete_below(writer: Writer, entity: EntityType, row: Any) -> None:
    now = timezone.now()
    match entity.name:
        case "Thing":
            _delete_streams(writer, thing_id=row.pk)
            HistoricalLocation.objects.filter(thing_id=row.pk, deleted_at=None).update(deleted_at=now)
            row.locations.clear()
        case "Location":
            HistoricalLocation.objects.filter(locations=row, deleted_at=None).update(deleted_at=now)
            row.things.clear()
        case "Sensor":
            _delete_streams(writer, sensor_id=row.pk)
        case "ObservedProperty":
            _delete_streams(writer, sta_property_id=row.pk)
            multi = MultiDatastream.objects.filter(observed_properties=row, deleted_at=None)
            _tombstone(writer, multi)
        case "FeatureOfInterest":
            _delete_about(writer, row)


def _delete_streams(writer: Writer, **condition: Any) -> None:
    _tombstone(writer, Datastream.objects.filter(**condition, deleted_at=None))
    if "sta_property_id" not in condition:
        _tombstone(writer, MultiDatastream.objects.filter(**condition, deleted_at=None))


def _tombstone(writer: Writer, rows: Any) -> None:
    """Only streams in divisions where the writer may write; others of a shared sensor are none of theirs."""
    writable = writer.reader.scope.writable
    if writable is not None:
        rows = rows.filter(division_id__in=writable)
    rows.model.objects.filter(pk__in=list(rows.values_list("pk", flat=True))).update(
        deleted_at=timezone.now()
    )


def _delete_about(writer: Writer, feature: Any) -> None:
    """The observations of a feature: rich ones, and the numbers of the series that are about it."""
    RichObservation.objects.filter(feature=feature, deleted_at=None).update(deleted_at=timezone.now())
    Location.objects.filter(generated_feature=feature).update(generated_feature=None)
    for stream in Datastream.objects.filter(feature=feature):
        if stream.deleted_at is None:
            writer.require(stream.division_id)
        _delete_numbers(writer, stream)
        Datastream.objects.filter(pk=stream.pk).update(feature=None, has_result_time=None)


def _delete_numbers(writer: Writer, stream: Datastream) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM sensors_final(ARRAY[%s::bigint], '-infinity', 'infinity', 'infinity')",
            [stream.pk],
        )
        count = int(cursor.fetchone()[0])
        if count == 0:
            return
        if count > MOST_NUMBERS:
            raise StaError(
                f"{count} observations are about this feature; delete the datastream instead.", status=409
            )
        edit = SeriesEdit.objects.create(
            datastream=stream,
            division_id=stream.division_id,
            code=SeriesEdit.Code.DELETED,
            reason="their feature of interest was deleted through SensorThings",
            made_by=writer.user,
        )
        cursor.execute(
            "SELECT sensors_make_partition(month) FROM (SELECT DISTINCT date_trunc('month', final.time, 'UTC') "
            "AS month "
            "FROM sensors_final(ARRAY[%s::bigint], '-infinity', 'infinity', 'infinity') final) months",
            [stream.pk],
        )
        cursor.execute(
            "INSERT INTO sensors_correction (datastream_id, time, edit_id, value, is_manual) "
            "SELECT final.datastream_id, final.time, %s, NULL, true "
            "FROM sensors_final(ARRAY[%s::bigint], '-infinity', 'infinity', 'infinity') final",
            [edit.pk, stream.pk],
        )
