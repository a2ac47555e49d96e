"""Where things are: their locations, what they were before, and the features that observations are about."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from sensors.models import Datastream, HistoricalLocation, Location, Thing
from sensors.sensorthings.selectors.errors import StaError
from sensors.sensorthings.selectors.schema import FEATURE_OF_INTEREST, HISTORICAL_LOCATION
from sensors.sensorthings.services.writer import Writer


def set_locations(
    writer: Writer, thing: Thing, location_ids: Sequence[int], *, time: datetime | None = None
) -> None:
    """Make these the thing's locations, and remember since when (18-088 clause 10.2).

    Raises StaError (409) for a thing on the network, which is where its asset is.
    """
    if thing.attachment_id is not None:
        raise StaError(f"Thing {thing.pk} is on the network and is where its asset is.", status=409)
    thing.locations.set(location_ids)
    if location_ids:
        history = HistoricalLocation.objects.create(thing=thing, time=time or timezone.now())
        history.locations.set(location_ids)
        writer.notice(HISTORICAL_LOCATION, history.pk)


def follow_history(history: HistoricalLocation) -> None:
    """A historical location that is the thing's newest says where the thing is now."""
    newest = (
        HistoricalLocation.objects.filter(thing_id=history.thing_id, deleted_at=None)
        .order_by("-time", "-id")
        .first()
    )
    if newest is not None and newest.pk == history.pk and history.locations.exists():
        history.thing.locations.set(history.locations.filter(deleted_at=None))


def feature_of_thing(writer: Writer, stream: Any) -> int:
    """The feature that observations of a stream are about when they name none: made of the thing's location.

    A location that has moved since gets another feature. Raises StaError where the thing has no location.
    """
    found = _place_of(stream.thing_id)
    if found is not None and not found[-1]:
        # Of two observations that come at once, the first makes the feature and the other one finds it.
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM sensors_location WHERE id = %s FOR UPDATE", [found[0]])
        found = _place_of(stream.thing_id)
    if found is None:
        return _unplaced_feature(stream)
    place, name, description, division, value, encoding, geom, feature, is_current = found
    if is_current:
        return int(feature)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sensors_featureofinterest (uid, division_id, name, description, encoding_type, feature, geom) "
            "VALUES (gen_random_uuid(), %s, %s, %s, %s, %s::jsonb, %s::geometry) RETURNING id",
            [division, name, description, encoding, value, geom],
        )
        made = int(cursor.fetchone()[0])
    Location.objects.filter(pk=place).update(generated_feature_id=made)
    writer.notice(FEATURE_OF_INTEREST, made)
    return made


def _place_of(thing_id: int) -> Any:
    """A thing's location, as a feature would have it, with the feature made of it and whether that still stands."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT place.id, place.name, place.description, place.division_id, "
            "       coalesce(ST_AsGeoJSON(node.geom, 15)::jsonb, place.location), "
            "       CASE WHEN node.id IS NULL THEN place.encoding_type ELSE 'application/geo+json' END, "
            "       coalesce(node.geom, place.geom)::text, feature.id, "
            "       coalesce(feature.deleted_at IS NULL AND (feature.geom = coalesce(node.geom, place.geom) "
            "         OR feature.geom IS NULL AND place.geom IS NULL AND feature.feature = place.location), false) "
            "  FROM sensors_thing_locations link JOIN sensors_location place ON place.id = link.location_id "
            "  LEFT JOIN assets_node node ON node.id = place.node_id "
            "  LEFT JOIN sensors_featureofinterest feature ON feature.id = place.generated_feature_id "
            " WHERE link.thing_id = %s AND place.deleted_at IS NULL "
            " ORDER BY coalesce(node.geom, place.geom) IS NULL, place.id LIMIT 1",
            [thing_id],
        )
        return cursor.fetchone()


def _unplaced_feature(stream: Any) -> int:
    """Streams of the registers are about something even where nobody said where it is."""
    if isinstance(stream, Datastream) and stream.feature_id is not None and stream.sensor_id is not None:
        is_register = Datastream.objects.filter(pk=stream.pk, sensor__code="register").exists()
        if is_register:
            return int(stream.feature_id)
    raise StaError("The observation names no FeatureOfInterest and its thing has no location.")


def widen_area(stream: Any, feature_id: int) -> None:
    """Let a stream's observed area hold the place of a feature too."""
    table = stream._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} stream SET observed_area = ST_Envelope(ST_Collect(stream.observed_area, feature.geom)) "  # noqa: S608
            "FROM sensors_featureofinterest feature WHERE stream.id = %s AND feature.id = %s AND feature.geom IS "
            "NOT NULL "
            "AND (stream.observed_area IS NULL OR NOT ST_Covers(stream.observed_area, feature.geom))",
            [stream.pk, feature_id],
        )
