"""Creating entities, with what is nested in them (18-088 clause 10.2)."""

import uuid
from typing import Any

from gis_core.errors import ReportedError
from gis_core.models import Division
from sensors.models import Datastream, HistoricalLocation, MultiDatastream, MultiDatastreamProperty, Thing
from sensors.sensorthings.selectors.errors import StaError
from sensors.sensorthings.selectors.schema import (
    DATASTREAM,
    FEATURE_OF_INTEREST,
    HISTORICAL_LOCATION,
    LOCATION,
    MULTI_DATASTREAM,
    OBSERVATION,
    OBSERVED_PROPERTY,
    THING,
    TYPES,
    EntityType,
    Navigation,
)
from sensors.sensorthings.services.links import linked, linked_id, refuse_other
from sensors.sensorthings.services.observations import (
    Stream,
    add_observation,
    read_content,
    refuse_misfit,
    stream_of,
)
from sensors.sensorthings.services.places import follow_history, set_locations
from sensors.sensorthings.services.values import columns, place_columns, split_body, unit
from sensors.sensorthings.services.writer import DEEPEST_INSERT, MODELS, Writer
from sensors.series.units import unit_factor

# What must be linked to, besides the properties.
_REQUIRED = {
    # It may lead to no Location (18-088, table 5: zero to many).
    "HistoricalLocation": ("Thing",),
    "Datastream": ("Thing", "Sensor", "ObservedProperty"),
    "MultiDatastream": ("Thing", "Sensor", "ObservedProperties"),
}
# The way back from a child that is made inside its parent.
INVERSE = {
    ("Thing", "Datastreams"): "Thing",
    ("Thing", "MultiDatastreams"): "Thing",
    ("Thing", "HistoricalLocations"): "Thing",
    ("Sensor", "Datastreams"): "Sensor",
    ("Sensor", "MultiDatastreams"): "Sensor",
    ("ObservedProperty", "Datastreams"): "ObservedProperty",
    ("ObservedProperty", "MultiDatastreams"): "ObservedProperties",
    ("Location", "HistoricalLocations"): "Locations",
    ("Datastream", "Observations"): "Datastream",
    ("MultiDatastream", "Observations"): "MultiDatastream",
    ("FeatureOfInterest", "Observations"): "FeatureOfInterest",
}

# The name of the parent in a child that is posted to the parent's set.
PARENT_LINK = {
    ("Thing", "Datastreams"): "Thing",
    ("Thing", "MultiDatastreams"): "Thing",
    ("Thing", "HistoricalLocations"): "Thing",
    ("Thing", "Locations"): "Things",
    ("Location", "Things"): "Locations",
    ("Location", "HistoricalLocations"): "Locations",
    ("HistoricalLocation", "Locations"): "HistoricalLocations",
    ("Sensor", "Datastreams"): "Sensor",
    ("Sensor", "MultiDatastreams"): "Sensor",
    ("ObservedProperty", "Datastreams"): "ObservedProperty",
    ("ObservedProperty", "MultiDatastreams"): "ObservedProperties",
    ("Datastream", "Observations"): "Datastream",
    ("MultiDatastream", "Observations"): "MultiDatastream",
    ("FeatureOfInterest", "Observations"): "FeatureOfInterest",
}


def create(
    writer: Writer,
    entity: EntityType,
    body: Any,
    *,
    links: dict[str, Any] | None = None,
    division: Division | None = None,
    depth: int = 0,
) -> Any:
    """Make an entity and what is nested in its body; return its id.

    `links` are ids by navigation name that the place of the request gives, e.g. of the thing in Things(1)/Datastreams.
    Raises StaError: 400 for what is wrong with the body, 403 and 404 for what it links to.
    """
    if depth > DEEPEST_INSERT:
        raise StaError(f"Entities are nested {DEEPEST_INSERT} levels deep at most.")
    writer.count_created()
    if entity is OBSERVATION:
        return _create_observation(writer, body, links or {}, depth)
    properties, ways = split_body(entity, body)
    made = columns(entity, properties)
    if entity.name in {"Location", "FeatureOfInterest"}:
        made |= place_columns(entity, made, made["encoding_type"])
    found = {**_single_links(writer, entity, ways, links or {}, division, depth), **(links or {})}
    division = division or _division_of(found) or writer.division_for(properties.get("properties"))
    sets = {name: value for name, value in ways.items() if entity.navigation[name].is_many}
    _refuse_missing(entity, found, sets, links or {})
    row = _insert(writer, entity, made, found, sets, division, depth)
    if depth == 0:
        writer.record("create", entity, row, new_values={"name": str(made.get("name", ""))[:255]})
    writer.notice(entity, row.pk)
    _add_sets(writer, entity, row, sets, links or {}, depth)
    return row.pk


def _create_observation(writer: Writer, body: Any, links: dict[str, Any], depth: int) -> str:
    """Make an observation of a JSON body, after what is nested in it; return its id."""
    properties, ways = split_body(OBSERVATION, body)
    content = read_content(properties)
    stream = stream_of(writer, _made_streams(writer, ways, depth), links)
    refuse_misfit(stream, content.result)
    feature = links["FeatureOfInterest"].pk if "FeatureOfInterest" in links else None
    given = ways.get("FeatureOfInterest")
    if feature is not None and given is not None:
        refuse_other("FeatureOfInterest", given, links["FeatureOfInterest"])
    elif given is not None:
        feature = _feature_of(writer, stream, given, depth)
    return add_observation(writer, stream, content, feature)


def _made_streams(writer: Writer, ways: dict[str, Any], depth: int) -> dict[str, Any]:
    """The links of an observation, with a stream that is described in them made (18-088 clause 10.2.1.2)."""
    made = dict(ways)
    for entity in (DATASTREAM, MULTI_DATASTREAM):
        value = ways.get(entity.name)
        if value is not None and linked_id(value) is None:
            made[entity.name] = {"@iot.id": create(writer, entity, value, depth=depth + 1)}
    return made


def _feature_of(writer: Writer, stream: Stream, value: Any, depth: int) -> int:
    entity_id = linked_id(value)
    if entity_id is not None:
        return int(linked(writer, FEATURE_OF_INTEREST, entity_id).pk)
    return int(create(writer, FEATURE_OF_INTEREST, value, division=stream.division, depth=depth + 1))


def parent_links(writer: Writer, parent: tuple[EntityType, Any, Navigation] | None) -> dict[str, Any]:
    """What an entity posted to a parent's set is linked to. Raises StaError where nothing is posted there."""
    if parent is None:
        return {}
    parent_type, parent_id, way = parent
    name = PARENT_LINK.get((parent_type.name, way.name))
    if name is None:
        raise StaError(f"{way.name} of a {parent_type.name} are not posted there.")
    is_shared = parent_type.name in {"Sensor", "ObservedProperty"}
    return {name: writer.row(parent_type, parent_id, for_writing=not is_shared, is_resolved=True)}


def _single_links(
    writer: Writer,
    entity: EntityType,
    ways: dict[str, Any],
    links: dict[str, Any],
    division: Division | None,
    depth: int,
) -> dict[str, Any]:
    """The rows that to-one navigation leads to, made where they are described."""
    found = {}
    for name, value in ways.items():
        way = entity.navigation[name]
        if name in links and not way.is_many:
            refuse_other(name, value, links[name])
        elif not way.is_many:
            found[name] = _linked_or_made(writer, TYPES[way.target], value, division, depth)
    return found


def _linked_or_made(
    writer: Writer, target: EntityType, value: Any, division: Division | None, depth: int
) -> Any:
    entity_id = linked_id(value)
    if entity_id is not None:
        # What belongs to a thing is the thing's; other entities are shared.
        return linked(writer, target, entity_id, for_writing=target is THING)
    made = create(writer, target, value, division=division, depth=depth + 1)
    return MODELS[target.name]._default_manager.get(pk=made)


def _division_of(found: dict[str, Any]) -> Division | None:
    thing = found.get("Thing")
    return thing.division if isinstance(thing, Thing) else None


def _refuse_missing(
    entity: EntityType, found: dict[str, Any], sets: dict[str, Any], links: dict[str, Any]
) -> None:
    for name in _REQUIRED.get(entity.name, ()):
        if name not in found and not sets.get(name) and name not in links:
            raise StaError(f"A {entity.name} needs its {name}.")


def _insert(
    writer: Writer,
    entity: EntityType,
    made: dict[str, Any],
    found: dict[str, Any],
    sets: dict[str, Any],
    division: Division,
    depth: int,
) -> Any:
    made = {name: value for name, value in made.items() if value is not None or name in {"properties"}}
    writer.require(division.pk)
    if entity is HISTORICAL_LOCATION:
        return HistoricalLocation.objects.create(thing=found["Thing"], **made)
    if entity is THING:
        return Thing.objects.create(code=f"STA-{uuid.uuid4()}", division=division, **made)
    if entity is DATASTREAM:
        return _insert_datastream(made, found)
    if entity is MULTI_DATASTREAM:
        return _insert_multi_datastream(writer, made, found, sets, division, depth)
    return MODELS[entity.name]._default_manager.create(division=division, **made)


def _insert_datastream(made: dict[str, Any], found: dict[str, Any]) -> Datastream:
    thing, sta_property = found["Thing"], found["ObservedProperty"]
    symbol = str(made["unit_of_measurement"].get("symbol") or "")[:60]
    quantity, factor = "other", 1.0
    if sta_property.code and sta_property.code in Datastream.ObservedProperty.values and symbol:
        try:
            quantity, factor = sta_property.code, unit_factor(sta_property.code, symbol)
        except ReportedError:
            # A unit that the rest of the system does not understand.
            quantity, factor = "other", 1.0
        if Datastream.objects.filter(thing=thing, observed_property=quantity, deleted_at=None).exists():
            # A balance takes a thing's one flow; a second one is kept, but not counted.
            quantity, factor = "other", 1.0
    return Datastream.objects.create(
        code=f"STA-{uuid.uuid4()}",
        thing=thing,
        division_id=thing.division_id,
        sensor=found["Sensor"],
        sta_property=sta_property,
        observed_property=quantity,
        unit=symbol,
        unit_factor=factor,
        **made,
    )


def _insert_multi_datastream(
    writer: Writer,
    made: dict[str, Any],
    found: dict[str, Any],
    sets: dict[str, Any],
    division: Division,
    depth: int,
) -> Any:
    properties = _observed_properties(writer, found, sets.pop("ObservedProperties", None), division, depth)
    types = made["multi_observation_data_types"]
    # Some clients send null for units that they do not know.
    units = made.setdefault("unit_of_measurements", [unit("unitOfMeasurements", {}) for _one in properties])
    if not len(properties) == len(types) == len(units):
        raise StaError(
            "A MultiDatastream has as many multiObservationDataTypes and unitOfMeasurements as ObservedProperties."
        )
    thing = found["Thing"]
    row = MultiDatastream.objects.create(
        thing=thing, division_id=thing.division_id, sensor=found["Sensor"], **made
    )
    MultiDatastreamProperty.objects.bulk_create(
        MultiDatastreamProperty(multi_datastream=row, observed_property=one, place=place)
        for place, one in enumerate(properties)
    )
    return row


def _observed_properties(
    writer: Writer, found: dict[str, Any], given: Any, division: Division, depth: int
) -> list[Any]:
    """What a MultiDatastream observes, in its order. One made in the set of a property observes at least that one."""
    parent = found.get("ObservedProperties")
    if parent is not None and not given:
        return [parent]
    if not isinstance(given, list):
        raise StaError("ObservedProperties is an array.")
    properties = [_linked_or_made(writer, OBSERVED_PROPERTY, one, division, depth) for one in given]
    if parent is not None and parent.pk not in {one.pk for one in properties}:
        raise StaError(f"The MultiDatastream does not observe ObservedProperty {parent.pk}.")
    return properties


def _add_sets(
    writer: Writer, entity: EntityType, row: Any, sets: dict[str, Any], links: dict[str, Any], depth: int
) -> None:
    """What hangs on the new entity: links and new entities of its to-many navigation."""
    # Observations may need the location that stands beside them, or the one that their thing is made in.
    if entity is THING and "Locations" in links and "Locations" not in sets:
        set_locations(writer, row, [links["Locations"].pk])
    for name, value in sorted(sets.items(), key=lambda one: one[0] not in {"Locations", "Things"}):
        if not isinstance(value, list):
            raise StaError(f"{name} is an array.")
        add_set(writer, entity, row, entity.navigation[name], value, depth, links=links)
    if entity is LOCATION and "Things" in links:
        set_locations(writer, links["Things"], [row.pk])
    if entity is LOCATION and "HistoricalLocations" in links:
        links["HistoricalLocations"].locations.add(row)
        follow_history(links["HistoricalLocations"])
    if entity is HISTORICAL_LOCATION:
        if "Locations" in links:
            row.locations.add(links["Locations"])
        follow_history(row)


def add_set(
    writer: Writer,
    entity: EntityType,
    row: Any,
    way: Navigation,
    given: list[Any],
    depth: int,
    *,
    links: dict[str, Any],
) -> None:
    """Link or make what a to-many way of a row is to lead to."""
    target = TYPES[way.target]
    inverse = INVERSE.get((entity.name, way.name))
    if inverse is not None:
        for one in given:
            if linked_id(one) is not None:
                raise StaError(f"{way.name} that exist belong to another {entity.name}; change them there.")
            create(writer, target, one, links={inverse: row}, depth=depth + 1)
        return
    division = row.thing.division if isinstance(row, HistoricalLocation) else row.division
    if entity is LOCATION:
        _place_things(writer, row, given, division, depth)
        return
    rows = [_linked_or_made(writer, target, one, division, depth) for one in given]
    if entity is THING:
        outer = [links["Locations"].pk] if "Locations" in links else []
        set_locations(writer, row, [*outer, *(one.pk for one in rows)])
    else:
        row.locations.set([one.pk for one in rows])


def _place_things(writer: Writer, location: Any, given: list[Any], division: Division, depth: int) -> None:
    """Let things, or new ones, be at a new location."""
    for one in given:
        if linked_id(one) is None:
            create(writer, THING, one, links={"Locations": location}, division=division, depth=depth + 1)
        else:
            thing = linked(writer, THING, linked_id(one), for_writing=True)
            set_locations(writer, thing, [location.pk])
