"""Resource paths (18-088 clause 9.2): from `Things(1)/Datastreams(2)/Observations` to what is meant.

Each step is looked up in the one before it, so that a path through entities that do not belong together leads nowhere.
"""

import re
from dataclasses import dataclass
from typing import Any

from sensors.sensorthings.selectors import observation_reading
from sensors.sensorthings.selectors.errors import StaError, not_found
from sensors.sensorthings.selectors.reading import Reader
from sensors.sensorthings.selectors.schema import BY_PLURAL, TYPES, EntityType, Navigation, ValueKind

LONGEST_PATH = 12
_SEGMENT = re.compile(r"(?P<name>[^(\[]+)(?P<key>\(.*\))?(?P<indexes>(?:\[\d{1,6}\])*)", re.DOTALL)
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Resource:
    """What a path names: a set (`entity_id` is None), an entity, or something of it.

    `parent` is the entity a set hangs on, with the way there. `steps` lead to a property and into its JSON.
    """

    entity: EntityType
    entity_id: Any = None
    parent: tuple[EntityType, Any, Navigation] | None = None
    steps: tuple[str | int, ...] = ()
    # The last written step of a property, which names it in the answer.
    label: str = ""
    is_reference: bool = False
    is_value: bool = False
    is_count: bool = False

    @property
    def is_set(self) -> bool:
        return self.entity_id is None


def parse_id(entity: EntityType, text: str) -> Any:
    """The id in `Things(1)`: a whole number, or text for observations; quoted or not. Raises 404 for what is none."""
    bare = text
    if len(text) >= 2 and text[0] == text[-1] == "'":
        bare = text[1:-1].replace("''", "'")
    if entity.name == "Observation":
        if not bare:
            raise not_found(entity.name)
        return bare
    if not (bare.isascii() and bare.isdigit()) or len(bare) > 19 or int(bare) > _LARGEST_ID:
        raise not_found(f"{entity.name}({text[:40]})")
    return int(bare)


def resolve(reader: Reader, path: str) -> Resource:
    """What the path names. Raises StaError: 404 for what is not there, 400 for what is no path."""
    segments = _segments(path)
    if len(segments) > LONGEST_PATH:
        raise StaError(f"A path has {LONGEST_PATH} steps at most.")
    first, key = _split(segments[0])
    entity = BY_PLURAL.get(first)
    if entity is None:
        raise not_found(f"The set {first[:60]}")
    resource = Resource(entity)
    if key is not None:
        resource = _entity_of_set(reader, resource, key)
    for place, segment in enumerate(segments[1:], 1):
        resource = _step(reader, resource, segment, is_last=place == len(segments) - 1)
    return resource


def _step(reader: Reader, resource: Resource, segment: str, *, is_last: bool) -> Resource:
    if segment in {"$ref", "$value", "$count"}:
        return _suffix(resource, segment, is_last=is_last)
    if resource.steps:
        return _below_property(resource, segment)
    if resource.is_set:
        raise not_found(segment[:60])
    name, key = _split(segment)
    way = resource.entity.navigation.get(name)
    if way is not None:
        return _followed(reader, resource, way, key)
    match = _SEGMENT.fullmatch(segment)
    if match is None or match["key"] or _property_name(match["name"]) not in resource.entity.properties:
        raise not_found(f"{segment[:60]} of {resource.entity.name}")
    steps: tuple[str | int, ...] = (_property_name(match["name"]), *_indexes(match["indexes"]))
    return Resource(resource.entity, resource.entity_id, steps=steps, label=segment)


def _suffix(resource: Resource, segment: str, *, is_last: bool) -> Resource:
    entity, parent = resource.entity, resource.parent
    fits = {
        "$ref": not resource.steps,
        "$value": bool(resource.steps),
        "$count": resource.is_set,
    }[segment]
    if not fits or not is_last:
        raise StaError(f"{segment} does not stand there.")
    return Resource(
        entity,
        resource.entity_id,
        parent,
        resource.steps,
        resource.label,
        is_reference=segment == "$ref",
        is_value=segment == "$value",
        is_count=segment == "$count",
    )


def _below_property(resource: Resource, segment: str) -> Resource:
    one = resource.entity.properties[str(resource.steps[0])]
    match = _SEGMENT.fullmatch(segment)
    if (
        one.kind not in {ValueKind.JSON, ValueKind.GEOMETRY, ValueKind.RESULT}
        or match is None
        or match["key"]
    ):
        raise not_found(segment[:60])
    steps = (*resource.steps, match["name"], *_indexes(match["indexes"]))
    return Resource(resource.entity, resource.entity_id, steps=steps, label=segment)


def _followed(reader: Reader, resource: Resource, way: Navigation, key: str | None) -> Resource:
    target = TYPES[way.target]
    if way.is_many:
        below = Resource(target, None, (resource.entity, resource.entity_id, way))
        return below if key is None else _entity_of_set(reader, below, key)
    if key is not None:
        raise not_found(f"{way.name}({key[:40]})")
    values = _values(reader, resource.entity, resource.entity_id)
    entity_id = values[way.foreign_key] if values else None
    if entity_id is None or not reader.keys(target, [entity_id]):
        raise not_found(f"{way.name} of {resource.entity.name}")
    return Resource(target, entity_id)


def _entity_of_set(reader: Reader, resource: Resource, key: str) -> Resource:
    entity = resource.entity
    entity_id = parse_id(entity, key)
    values = _values(reader, entity, entity_id)
    if values is None or (
        resource.parent and not _belongs(reader, resource.parent, entity, entity_id, values)
    ):
        raise not_found(f"{entity.name}({key[:60]})")
    return Resource(entity, entity_id)


def _values(reader: Reader, entity: EntityType, entity_id: Any) -> dict[str, Any] | None:
    if entity.name == "Observation":
        return observation_reading.one(reader.scope, entity_id)
    found = reader.keys(entity, [entity_id])
    return found[0] if found else None


def _belongs(
    reader: Reader,
    parent: tuple[EntityType, Any, Navigation],
    entity: EntityType,
    entity_id: Any,
    values: dict[str, Any],
) -> bool:
    if entity.name == "Observation":
        column = {
            "Datastream": "datastream_id",
            "MultiDatastream": "multi_datastream_id",
            "FeatureOfInterest": "feature_id",
        }[parent[0].name]
        return bool(values[column] == parent[1])
    return bool(reader.keys(entity, [entity_id], parent=parent))


def _segments(path: str) -> list[str]:
    """The path split at slashes outside of quotes."""
    if "\x00" in path:
        raise not_found()
    segments = re.findall(r"(?:'(?:[^']|'')*'|[^/'])+", path)
    if not segments or "/".join(segments) != path.strip("/"):
        raise not_found(path[:60])
    return segments


def _split(segment: str) -> tuple[str, str | None]:
    name, parenthesis, rest = segment.partition("(")
    if not parenthesis:
        return name, None
    if not rest.endswith(")"):
        raise StaError(f"A parenthesis is not closed: {segment[:60]}")
    return name, rest[:-1]


def _property_name(name: str) -> str:
    return "id" if name == "@iot.id" else name


def _indexes(text: str) -> tuple[int, ...]:
    return tuple(int(index) for index in re.findall(r"\d+", text))
