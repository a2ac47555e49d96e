"""What a client sent, checked and turned into what the models take. Raises StaError (400) with the property's name."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import shapely
from django.contrib.gis.geos import GEOSGeometry
from shapely.errors import ShapelyError

from sensors.sensorthings.selectors.errors import StaError
from sensors.sensorthings.selectors.grammar import TimeInterval, instant, interval
from sensors.sensorthings.selectors.schema import EntityType

LONGEST_TEXT = 100_000
GEOJSON_TYPES = {
    "application/geo+json",
    "application/vnd.geo+json",
    "application/vnd.geo json",
    "application/json",
}
_COMPUTED = {"phenomenonTime", "resultTime"}


# So many digits in a row may be a whole number that does not fit into 64 bits.
_MANY_DIGITS = b"0" * 19
_AS_NOUGHTS = bytes.maketrans(b"123456789", b"0" * 9)


@dataclass(frozen=True)
class Field:
    """How a property is written: the model's field, a reader of the JSON value, whether it must be there."""

    column: str
    read: Callable[[str, Any], Any]
    is_required: bool = True


def parsed(raw: bytes) -> Any:
    """A JSON body, with whole numbers of any length. Text with a NUL character cannot be stored."""
    if b"\\u0000" in raw:
        raise StaError("A text has no NUL character.")
    try:
        value = orjson.loads(raw)
        # orjson makes floats of those that do not fit.
        return json.loads(raw) if _MANY_DIGITS in raw.translate(_AS_NOUGHTS) else value
    except ValueError as error:
        raise StaError(f"The body is not JSON: {error}") from None


def text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise StaError(f"{name} is a text.")
    if len(value) > LONGEST_TEXT:
        raise StaError(f"{name} is too long.")
    return value


def short_text(limit: int) -> Callable[[str, Any], str]:
    def read(name: str, value: Any) -> str:
        if len(text(name, value)) > limit:
            raise StaError(f"{name} has {limit} characters at most.")
        return str(value)

    return read


def an_object(name: str, value: Any) -> Any:
    if value is not None and not isinstance(value, dict):
        raise StaError(f"{name} is a JSON object.")
    return value


def anything(name: str, value: Any) -> Any:
    del name
    return value


def something(name: str, value: Any) -> Any:
    if value is None:
        raise StaError(f"{name} is wanted.")
    return value


def unit(name: str, value: Any) -> dict[str, Any]:
    """A unit of measurement: name, symbol and definition, each a text or null (18-088 table 12)."""
    if not isinstance(value, dict):
        raise StaError(f"{name} is a JSON object of name, symbol and definition.")
    for part in ("name", "symbol", "definition"):
        if value.get(part) is not None and not isinstance(value[part], str):
            raise StaError(f"{name}/{part} is a text or null.")
    return {**dict.fromkeys(("name", "symbol", "definition")), **value}


def units(name: str, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise StaError(f"{name} is an array of units.")
    return [unit(f"{name}[{place}]", one) for place, one in enumerate(value)]


def texts(name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise StaError(f"{name} is an array of texts.")
    return value


def an_instant(name: str, value: Any) -> datetime:
    written = text(name, value)
    try:
        return instant(written)
    except StaError as error:
        if "offset" in error.message:
            raise StaError(f"{name}: {error.message}") from None
        raise StaError(f"{name} is not an ISO 8601 instant.") from None


def an_interval(name: str, value: Any) -> TimeInterval | None:
    if value is None:
        return None
    written = text(name, value)
    if "/" not in written:
        raise StaError(f"{name} is an ISO 8601 interval, start/end.")
    try:
        return interval(written)
    except StaError as error:
        raise StaError(f"{name}: {error.message}") from None


def instant_or_interval(name: str, value: Any) -> datetime | TimeInterval:
    if isinstance(value, str) and "/" in value:
        made = an_interval(name, value)
        assert made is not None
        return made
    return an_instant(name, value)


def geometry(name: str, value: Any) -> GEOSGeometry | None:
    """The geometry of GeoJSON, WGS 84; None where it has none. Features and collections of them count too.

    Heights stay in the JSON; what is looked for on the map lies flat.
    """
    shapes = [shape for shape in _shapes(name, value, depth=0) if shape is not None]
    if not shapes:
        return None
    whole = shapes[0] if len(shapes) == 1 else shapely.GeometryCollection(shapes)
    return GEOSGeometry(memoryview(shapely.to_wkb(shapely.force_2d(whole))), srid=4326)


def _shapes(name: str, value: Any, *, depth: int) -> list[Any]:
    if not isinstance(value, dict) or not isinstance(value.get("type"), str) or depth > 4:
        raise StaError(f"{name} is not GeoJSON.")
    if value["type"] == "Feature":
        inner = value.get("geometry")
        return [] if inner is None else _shapes(name, inner, depth=depth + 1)
    if value["type"] == "FeatureCollection" and isinstance(value.get("features"), list):
        return [shape for one in value["features"] for shape in _shapes(name, one, depth=depth + 1)]
    try:
        shape = shapely.geometry.shape(value)
        if shape.is_empty or not all(abs(bound) < 1e9 for bound in shape.bounds):
            raise ValueError("no coordinates")
    except (ShapelyError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        raise StaError(f"{name} is not a GeoJSON geometry.") from None
    return [shape]


_NAME = Field("name", short_text(255))
_DESCRIPTION = Field("description", text)
_PROPERTIES = Field("properties", an_object, is_required=False)
_ENCODING = Field("encoding_type", short_text(100))
_OBSERVATION_TYPE = Field("observation_type", short_text(200))
_AREA = Field("observed_area", lambda name, value: value and geometry(name, value), is_required=False)

FIELDS: dict[str, dict[str, Field]] = {
    "Thing": {"name": _NAME, "description": _DESCRIPTION, "properties": _PROPERTIES},
    "Location": {
        "name": _NAME,
        "description": _DESCRIPTION,
        "encodingType": _ENCODING,
        "location": Field("location", something),
        "properties": _PROPERTIES,
    },
    "HistoricalLocation": {"time": Field("time", an_instant)},
    "Datastream": {
        "name": _NAME,
        "description": _DESCRIPTION,
        "observationType": _OBSERVATION_TYPE,
        "unitOfMeasurement": Field("unit_of_measurement", unit),
        "observedArea": _AREA,
        "properties": _PROPERTIES,
    },
    "MultiDatastream": {
        "name": _NAME,
        "description": _DESCRIPTION,
        "observationType": Field("observation_type", short_text(200), is_required=False),
        "multiObservationDataTypes": Field("multi_observation_data_types", texts),
        "unitOfMeasurements": Field("unit_of_measurements", units, is_required=False),
        "observedArea": _AREA,
        "properties": _PROPERTIES,
    },
    "Sensor": {
        "name": _NAME,
        "description": _DESCRIPTION,
        "encodingType": _ENCODING,
        "metadata": Field("metadata", something),
        "properties": _PROPERTIES,
    },
    "ObservedProperty": {
        "name": _NAME,
        "definition": Field("definition", text),
        "description": _DESCRIPTION,
        "properties": _PROPERTIES,
    },
    "FeatureOfInterest": {
        "name": _NAME,
        "description": _DESCRIPTION,
        "encodingType": _ENCODING,
        "feature": Field("feature", something),
        "properties": _PROPERTIES,
    },
}
_PLACES = {"Location": "location", "FeatureOfInterest": "feature"}


def split_body(entity: EntityType, body: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A body's properties and its navigation. Control information is passed over, what is unknown refused."""
    if not isinstance(body, dict):
        raise StaError(f"A {entity.name} is a JSON object.")
    properties, ways = {}, {}
    for name, value in body.items():
        if "@iot." in name or name == "id":
            continue
        if name in entity.navigation:
            ways[name] = value
        elif name in entity.properties:
            is_computed = name in _COMPUTED and entity.name in {"Datastream", "MultiDatastream"}
            if not is_computed:
                properties[name] = value
        else:
            raise StaError(f"{entity.plural} have no {name[:60]}.")
    return properties, ways


def columns(entity: EntityType, properties: Mapping[str, Any], *, is_partial: bool = False) -> dict[str, Any]:
    """The model's fields for the properties; those left out are null or empty, or left alone where it is partial."""
    made: dict[str, Any] = {}
    for name, one in FIELDS[entity.name].items():
        if name in properties:
            value = (
                one.read(name, properties[name]) if properties[name] is not None or one.is_required else None
            )
            made[one.column] = value
        elif not is_partial:
            if one.is_required:
                raise StaError(f"A {entity.name} needs {name}.")
            made[one.column] = None
    if entity.name == "MultiDatastream" and made.get("observation_type", "") is None:
        del made["observation_type"]
    return made


def place_columns(entity: EntityType, made: dict[str, Any], encoding_type: str) -> dict[str, Any]:
    """The geometry that goes with a place's JSON."""
    name = _PLACES.get(entity.name)
    if name is None or name not in made:
        return {}
    value = made[name]
    if (
        encoding_type.split(";", maxsplit=1)[0].strip().lower() in GEOJSON_TYPES
        and encoding_type != "application/json"
    ):
        return {"geom": geometry(name, value)}
    try:
        return {"geom": geometry(name, value)}
    except StaError:
        # Another encoding may be anything.
        return {"geom": None}


def content_hash(values: Mapping[str, Any]) -> bytes:
    """SHA-256 of an observation's content; equal contents are one observation."""
    try:
        written = orjson.dumps(values, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str)
    except TypeError:
        # Whole numbers beyond 64 bits, which orjson does not write.
        written = json.dumps(values, sort_keys=True, default=str).encode()
    return hashlib.sha256(written).digest()
