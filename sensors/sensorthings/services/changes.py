"""Changing entities: PATCH, PUT and JSON Patch (18-088 clause 10.3). What an entity was before is kept as a version."""

import json
from typing import Any

import jsonpatch
from jsonpointer import JsonPointerException

from gis_core.errors import ReportedError
from sensors.models import Datastream, HistoricalLocation
from sensors.sensorthings.selectors.documents import written
from sensors.sensorthings.selectors.errors import StaError, not_found
from sensors.sensorthings.selectors.schema import (
    DATASTREAM,
    HISTORICAL_LOCATION,
    LOCATION,
    MULTI_DATASTREAM,
    OBSERVATION,
    THING,
    TYPES,
    EntityType,
)
from sensors.sensorthings.services.links import linked, linked_id
from sensors.sensorthings.services.observations import change_observation
from sensors.sensorthings.services.places import follow_history, set_locations
from sensors.sensorthings.services.values import FIELDS, columns, place_columns, split_body
from sensors.sensorthings.services.writer import Writer
from sensors.series.units import unit_factor

MOST_OPERATIONS = 200
LARGEST_PATCHED = 2_000_000
_FOREIGN_KEYS = {"Thing": "thing", "Sensor": "sensor", "ObservedProperty": "sta_property"}
_COMPUTED = {"phenomenonTime", "resultTime"}


def change(writer: Writer, entity: EntityType, entity_id: Any, body: Any, *, is_whole: bool) -> None:
    """Set the properties and links of a body; with `is_whole` (PUT) those left out become what they are by default."""
    if entity is OBSERVATION:
        change_observation(writer, entity_id, body, is_whole=is_whole)
        return
    properties, ways = split_body(entity, body)
    row = writer.row(entity, entity_id)
    made = columns(entity, properties, is_partial=not is_whole)
    made |= place_columns(entity, made, str(made.get("encoding_type") or getattr(row, "encoding_type", "")))
    if "geom" in made and getattr(row, "node_id", None) is not None:
        raise StaError("This place stands for a node of the network and is where the node is.", status=409)
    links = {name: _links(writer, entity, name, value) for name, value in ways.items()}
    if entity is MULTI_DATASTREAM:
        _refuse_other_length(row, made)
    before = writer.keep_version(entity, entity_id, "update")
    for column, value in made.items():
        if value is not None or column in {"properties", "observed_area", "geom"}:
            setattr(row, column, value)
    _relink(writer, entity, row, links)
    row.save()
    if entity is DATASTREAM and "unitOfMeasurement" in properties:
        _follow_unit(row)
    if entity is HISTORICAL_LOCATION:
        follow_history(row)
    writer.record(
        "change",
        entity,
        row,
        old_values={name: before.get(name) for name in properties},
        new_values=properties,
    )
    changed = {*properties, *ways}
    if is_whole:
        changed |= {name for name in FIELDS[entity.name] if before.get(name) is not None}
    writer.notice(entity, entity_id, sorted(changed))


def patch(writer: Writer, entity: EntityType, entity_id: Any, operations: Any) -> None:
    """Carry out a JSON Patch (RFC 6902) on the entity's properties. Raises StaError: 409 where a `test` does not
    hold."""
    document = writer.document(entity, entity_id)
    if not document:
        raise not_found(entity.name)
    before = {name: value for name, value in document.items() if name in entity.properties}
    after = _patched(before, operations)
    if not isinstance(after, dict):
        raise StaError("The patch leaves no JSON object.")
    body = {name: after.get(name) for name in {*before, *after} if after.get(name) != before.get(name)}
    unknown = [name for name in body if name not in entity.properties and name not in entity.navigation]
    if unknown:
        raise StaError(f"{entity.plural} have no {unknown[0][:60]}.")
    change(writer, entity, entity_id, body, is_whole=False)


def _patched(document: dict[str, Any], operations: Any) -> Any:
    if not isinstance(operations, list) or len(operations) > MOST_OPERATIONS:
        raise StaError(f"A JSON Patch is an array of at most {MOST_OPERATIONS} operations.")
    after: Any = json.loads(json.dumps(document))
    try:
        for operation in operations:
            after = jsonpatch.JsonPatch([operation]).apply(after)
            # Copies of copies grow without end.
            if len(written(after)) > LARGEST_PATCHED:
                raise StaError("The patch makes the entity too large.")
    except jsonpatch.JsonPatchTestFailed:
        raise StaError("A `test` of the patch does not hold.", status=409) from None
    except (
        jsonpatch.JsonPatchException,
        JsonPointerException,
        TypeError,
        KeyError,
        ValueError,
        IndexError,
        AttributeError,
    ):
        raise StaError("This is not a JSON Patch for the entity.") from None
    return after


def _links(writer: Writer, entity: EntityType, name: str, value: Any) -> Any:
    """The rows that a body links to. New entities are not made by a change (18-088 clause 10.3)."""
    way = entity.navigation[name]
    if (entity.name, name) == ("ObservedProperty", "MultiDatastreams"):
        raise StaError("Which properties a MultiDatastream observes, it says itself.")
    if (entity.name, name) == ("MultiDatastream", "ObservedProperties"):
        raise StaError("The ObservedProperties of a MultiDatastream stay what they are.")
    given = value if way.is_many else [value]
    if not isinstance(given, list):
        raise StaError(f"{name} is an array.")
    rows = []
    for one in given:
        entity_id = linked_id(one)
        if entity_id is None:
            raise StaError("A change links to entities that exist; new ones are posted.")
        if way.target == "Observation":
            raise StaError("Observations are moved by changing them.")
        rows.append(
            linked(writer, TYPES[way.target], entity_id, for_writing=way.is_many or way.target == "Thing")
        )
    return rows if way.is_many else rows[0]


def _relink(writer: Writer, entity: EntityType, row: Any, links: dict[str, Any]) -> None:
    for name, target in links.items():
        if not entity.navigation[name].is_many:
            column = _FOREIGN_KEYS[name] if name != "ObservedProperty" else "sta_property"
            setattr(row, column, target)
            if name == "Thing" and entity in {DATASTREAM, MULTI_DATASTREAM}:
                row.division_id = target.division_id
        elif entity is THING and name == "Locations":
            set_locations(writer, row, [one.pk for one in target])
        elif entity is LOCATION and name == "Things":
            for thing in target:
                set_locations(writer, thing, [row.pk])
        elif entity is HISTORICAL_LOCATION:
            row.locations.set([one.pk for one in target])
        else:
            _adopt(entity, row, name, target)


def _adopt(entity: EntityType, row: Any, name: str, children: list[Any]) -> None:
    """Let existing streams, or past places, belong to this entity."""
    column = _FOREIGN_KEYS.get(entity.name)
    if column is None:
        raise StaError(f"{name} cannot be set from a {entity.name}.")
    for child in children:
        setattr(child, column, row)
        if entity is THING and not isinstance(child, HistoricalLocation):
            child.division_id = row.division_id
        child.save()


def _refuse_other_length(row: Any, made: dict[str, Any]) -> None:
    wanted = len(row.multi_observation_data_types)
    for column in ("multi_observation_data_types", "unit_of_measurements"):
        if made.get(column) is not None and len(made[column]) != wanted:
            raise StaError(f"The MultiDatastream has {wanted} ObservedProperties.")


def _follow_unit(stream: Datastream) -> None:
    """Values stay as they came; another symbol says what they are in, which the rest of the system must know too."""
    symbol = str((stream.unit_of_measurement or {}).get("symbol") or "")[:60]
    if not symbol:
        return
    try:
        stream.unit_factor = unit_factor(stream.observed_property, symbol)
    except ReportedError:
        if stream.observed_property != "other":
            raise StaError(
                f"The unit {symbol} is not a unit of {stream.observed_property}, which this datastream is counted as."
            ) from None
    stream.unit = symbol
    stream.save(update_fields=["unit", "unit_factor"])
