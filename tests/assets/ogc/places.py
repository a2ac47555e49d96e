"""Rows like those of the CQL2 test data set: places (points), countries (areas), rivers (lines), with every data type.

Made here, since the set itself is a large download; what each predicate must find is computed by Python and Shapely.
"""

import random
import uuid
from datetime import UTC, date, datetime
from typing import Any

import shapely
from django.db import connection

from assets.ogc.selectors.definitions import (
    CollectionDefinition,
    FeatureProperty,
    Join,
    PropertyType,
    ValidTime,
)
from gis_core.models import Division

_NAMES = [
    "København",
    "Kobenhavn",
    "Kiev",
    "kiev",
    "Berlin",
    "Bern",
    "Brno",
    "Athens",
    "Straße",
    "STRASSE",
    "Côte d'Azur",
    "Do‘stlik",
    "Ташкент",
    "ташкент",
    "50 % sharp",
    "a_b",
    "back\\slash",
    "tab\there",
    "ÄÉ",
    "ae",
    "",
]

_PROPERTIES = (
    FeatureProperty("name", PropertyType.STRING, "t.name", "Name"),
    FeatureProperty("pop_other", PropertyType.INTEGER, "t.pop_other", "Population"),
    FeatureProperty("share", PropertyType.NUMBER, "t.share", "A fraction"),
    FeatureProperty("date", PropertyType.DATE, "t.date", "A day"),
    FeatureProperty("start", PropertyType.TIMESTAMP, "t.start", "A beginning"),
    FeatureProperty("end", PropertyType.TIMESTAMP, 't."end"', "An end"),
    FeatureProperty("boolean", PropertyType.BOOLEAN, "t.boolean", "A truth"),
    FeatureProperty("division", PropertyType.STRING, "division.code", "Division", joins=("division",)),
)


def _collection(id_: str, geometry_type: str) -> CollectionDefinition:
    return CollectionDefinition(
        id=id_,
        title=id_.title(),
        description=f"{id_.title()} for tests.",
        table=f"test_{id_}",
        geometry_type=geometry_type,
        is_geometry_null=True,
        joins=(Join("division", "JOIN gis_core_division division ON division.id = t.division_id"),),
        properties=_PROPERTIES,
        valid_time=ValidTime(PropertyType.TIMESTAMP, "t.start", 't."end"', is_start_null=True),
    )


PLACES_COLLECTIONS = [
    _collection("places", "Point"),
    _collection("countries", "Polygon"),
    _collection("rivers", "LineString"),
]


def make_places(district: Division) -> dict[str, list[dict[str, Any]]]:
    """Create and fill the tables; returns the rows of each with `geom` as Shapely geometry or None."""
    chance = random.Random(7)
    rows: dict[str, list[dict[str, Any]]] = {}
    with connection.cursor() as cursor:
        for collection in PLACES_COLLECTIONS:
            cursor.execute(
                f"""CREATE TEMPORARY TABLE {collection.table} (
                    id bigserial PRIMARY KEY, uid uuid NOT NULL, division_id bigint NOT NULL, name text,
                    pop_other integer, share float8, date date, start timestamptz, "end" timestamptz, boolean boolean,
                    geom geometry(Geometry, 4326)
                )"""
            )
            made = [_row(chance, number, collection.id) for number in range(120)]
            rows[collection.id] = made
            for row in made:
                cursor.execute(
                    f"""INSERT INTO {collection.table}
                        (uid, division_id, name, pop_other, share, date, start, "end", boolean, geom)
                        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, ST_SetSRID(%s::geometry, 4326))""",
                    [
                        row["uid"],
                        district.pk,
                        *(
                            row[key]
                            for key in ("name", "pop_other", "share", "date", "start", "end", "boolean")
                        ),
                        None if row["geom"] is None else shapely.to_wkb(row["geom"], hex=True),
                    ],
                )
    return rows


def _row(chance: random.Random, number: int, kind: str) -> dict[str, Any]:
    days = [date(2021, 4, 16), date(2022, 4, 16), date(2022, 4, 18), date(2023, 4, 16)]
    # Few values, so that the relations of intervals all occur.
    moments = [
        datetime(2021, 4, 16, 10, 15, 59, tzinfo=UTC),
        datetime(2022, 4, 16, 10, 13, 19, tzinfo=UTC),
        datetime(2022, 4, 16, 10, 15, 10, tzinfo=UTC),
        datetime(2022, 4, 16, 10, 16, 6, tzinfo=UTC),
        datetime(2023, 1, 1, 0, 0, 0, tzinfo=UTC),
    ]
    start, end = sorted(chance.sample(moments, 2))
    has_times = number % 6 != 0
    return {
        "uid": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        "name": None if number % 11 == 10 else _NAMES[number % len(_NAMES)],
        "pop_other": None if number % 7 == 6 else chance.choice([1038288, 1611692, 3013258, 0, -5, 37]),
        "share": chance.choice([0.1, 0.5, 3.14, 1e9, -2.25]),
        "date": None if number % 5 == 4 else chance.choice(days),
        "start": start if has_times else None,
        "end": end if has_times and number % 9 != 8 else None,
        "boolean": chance.choice([True, False, None]),
        "geom": None if number % 13 == 12 else _geometry(chance, kind),
    }


def _geometry(chance: random.Random, kind: str) -> Any:
    # Whole degrees, so that edges and corners meet exactly.
    x, y = chance.randint(-178, 170), chance.randint(-80, 70)
    if chance.random() < 0.5:
        x, y = chance.randint(0, 9), chance.randint(40, 49)
    if kind == "places":
        return shapely.Point(x, y)
    width, height = chance.randint(1, 6), chance.randint(1, 6)
    if kind == "rivers":
        return shapely.LineString([(x, y), (x + width, y + height), (x + width, y)])
    return shapely.box(x, y, x + width, y + height)
