"""Entities as JSON documents (18-088 clause 8.1 and 14)."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from sensors.sensorthings.selectors.options import QueryOptions
from sensors.sensorthings.selectors.schema import EntityType, ValueKind

Document = dict[str, Any]
# Beyond this a float does not hold every whole number.
_WHOLE = 2**53


def written_instant(moment: datetime) -> str:
    """ISO 8601 in UTC, with milliseconds or microseconds where there are any."""
    stamp = moment.astimezone(UTC)
    digits = "milliseconds" if stamp.microsecond % 1000 == 0 else "microseconds"
    digits = digits if stamp.microsecond else "seconds"
    return stamp.replace(tzinfo=None).isoformat(timespec=digits) + "Z"


def written_interval(start: datetime | None, end: datetime | None) -> str | None:
    if start is None or end is None:
        return None
    return f"{written_instant(start)}/{written_instant(end)}"


def written_id(entity_id: int | str) -> str:
    """An id as it stands in a URL: numbers bare, text in quotes."""
    return str(entity_id) if isinstance(entity_id, int) else "'" + entity_id.replace("'", "''") + "'"


def observation_id(datastream_id: int, time: datetime) -> str:
    """The id of a number of a series: its datastream and its microseconds since 1970."""
    microseconds = (time - datetime(1970, 1, 1, tzinfo=UTC)) // (datetime.resolution)
    return f"{datastream_id}_{microseconds}"


def plain_number(value: float) -> int | float:
    """A whole number without a decimal point, as most clients send them; minus zero stays what it is."""
    if value == int(value) and abs(value) < _WHOLE and not (value == 0 and str(value)[0] == "-"):
        return int(value)
    return value


def column_values(entity: EntityType, row: Sequence[Any], start: int = 0) -> dict[str, Any]:
    """The values of an entity's properties from the columns that `columns_of` selects, from place `start` on."""
    values: dict[str, Any] = {}
    place = start
    for one in entity.properties.values():
        value = row[place]
        place += 1
        if one.kind is ValueKind.INTERVAL:
            value, place = written_interval(value, row[place]), place + 1
        elif one.kind is ValueKind.INSTANT and value is not None:
            value = written_instant(value)
        elif one.kind in {ValueKind.JSON, ValueKind.GEOMETRY} and isinstance(value, str):
            # The database has written it; it is passed on as it is.
            value = orjson.Fragment(value)
        values[one.name] = value
    return values


def document(entity: EntityType, values: dict[str, Any], options: QueryOptions, base: str) -> Document:
    """An entity's document with control information and links; what is expanded is added by the reader."""
    link = f"{base}/{entity.plural}({written_id(values['id'])})"
    chosen = set(options.select)
    made: Document = {}
    if options.result_format:
        # The datastream that a data array is grouped by.
        made["_stream"] = (
            f"Datastreams({values['datastream_id']})"
            if values["datastream_id"] is not None
            else f"MultiDatastreams({values['multi_datastream_id']})"
        )
    if not chosen or "id" in chosen:
        made["@iot.id"] = values["id"]
    if not chosen or "selfLink" in chosen:
        made["@iot.selfLink"] = link
    for one in entity.properties.values():
        if one.name == "id" or (chosen and one.name not in chosen):
            continue
        value = values[one.name]
        if value is not None or one.is_always_shown:
            made[one.name] = value
    for way in entity.navigation.values():
        if way.name in options.expand or (chosen and way.name not in chosen):
            continue
        if way.foreign_key and entity.name == "Observation" and values.get(way.foreign_key) is None:
            continue
        made[f"{way.name}@iot.navigationLink"] = f"{link}/{way.name}"
    return made


def written(value: Any) -> bytes:
    """JSON text of a document."""
    try:
        return orjson.dumps(value)
    except TypeError:
        # Whole numbers beyond 64 bits, which orjson does not write.
        return json.dumps(value, ensure_ascii=False).encode()
