"""The entities of OGC SensorThings 1.1 (18-088, clause 8 and 14.1) as they lie in the database.

An entity type names its table, its properties and its navigation. SQL is written with `{a}` for the alias of the
entity's row; in navigation `{p}` is the parent's row and `{c}` the child's.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class ValueKind(StrEnum):
    """What a property holds, and so how it is compared and written."""

    ID = "id"
    TEXT = "text"
    JSON = "json"
    INSTANT = "instant"
    INTERVAL = "interval"
    GEOMETRY = "geometry"
    RESULT = "result"


@dataclass(frozen=True, eq=False)
class EntityProperty:
    """A property: `sql` is its value; `end_sql` the end of an interval, `geometry_sql` the geometry of a place."""

    name: str
    kind: ValueKind
    sql: str
    end_sql: str = ""
    geometry_sql: str = ""
    # A lateral join that the SQL needs, named in `EntityType.laterals`.
    lateral: str = ""
    # Written even where it is null.
    is_always_shown: bool = False


@dataclass(frozen=True, eq=False)
class Navigation:
    """A way to other entities: `rows` is a FROM item that names `{c}`, `condition` ties it to `{p}`."""

    name: str
    target: str
    is_many: bool
    condition: str
    rows: str = ""
    order: str = ""
    # The column of `{p}` that holds the child's id, where there is one.
    foreign_key: str = ""


@dataclass(frozen=True, eq=False)
class EntityType:
    """An entity type; `scope` says how a row belongs to divisions, with `%s` for the list of division ids."""

    name: str
    plural: str
    rows: str
    scope: str
    properties: dict[str, EntityProperty]
    navigation: dict[str, Navigation]
    is_alive: str = "{a}.deleted_at IS NULL"
    # The scope of those who see all divisions.
    unrestricted_scope: str = "true"
    laterals: dict[str, str] = field(default_factory=dict)


def _named(*properties: EntityProperty) -> dict[str, EntityProperty]:
    return {one.name: one for one in properties}


def _ways(*ways: Navigation) -> dict[str, Navigation]:
    return {way.name: way for way in ways}


def _text(name: str, column: str = "") -> EntityProperty:
    return EntityProperty(name, ValueKind.TEXT, f"{{a}}.{column or name}", is_always_shown=True)


_ID = EntityProperty("id", ValueKind.ID, "{a}.id")
_PROPERTIES = EntityProperty("properties", ValueKind.JSON, "{a}.properties")
_OWN_DIVISION = "{a}.division_id = ANY (%s)"
# What belongs to the system is shown where a stream that the viewer sees uses it.
_SENSOR_IS_USED = (
    "EXISTS (SELECT 1 FROM sensors_datastream used WHERE used.sensor_id = {a}.id AND used.deleted_at IS NULL{of}) "
    "OR EXISTS (SELECT 1 FROM sensors_multidatastream used WHERE used.sensor_id = {a}.id AND "
    "used.deleted_at IS NULL{of})"
)
_PROPERTY_IS_USED = (
    "EXISTS (SELECT 1 FROM sensors_datastream used WHERE used.sta_property_id = {a}.id AND "
    "used.deleted_at IS NULL{of}) "
    "OR EXISTS (SELECT 1 FROM sensors_multidatastream used JOIN sensors_multidatastreamproperty place "
    "ON place.multi_datastream_id = used.id WHERE place.observed_property_id = {a}.id AND used.deleted_at IS NULL{of})"
)
_OF_DIVISION = " AND used.division_id = ANY (%s)"
# A place that stands for a node of the network is where the node is.
_LOCATION_ROWS = (
    "(SELECT place.id, place.division_id, place.deleted_at, place.name, place.description, place.encoding_type, "
    "CASE WHEN node.id IS NULL THEN place.location ELSE ST_AsGeoJSON(node.geom, 15)::jsonb END AS location, "
    "coalesce(node.geom, place.geom) AS geom, place.properties "
    "FROM sensors_location place LEFT JOIN assets_node node ON node.id = place.node_id)"
)
_UNIT = (
    "coalesce({a}.unit_of_measurement, jsonb_build_object('name', nullif({a}.unit, ''), "
    "'symbol', nullif({a}.unit, ''), 'definition', NULL))"
)
_STREAM_TIMES = (
    EntityProperty(
        "phenomenonTime",
        ValueKind.INTERVAL,
        "{a}_x.phenomenon_start",
        "{a}_x.phenomenon_end",
        lateral="extent",
    ),
    EntityProperty(
        "resultTime", ValueKind.INTERVAL, "{a}_x.result_start", "{a}_x.result_end", lateral="extent"
    ),
)
# The standard has a polygon there, also where everything was observed at one point or along a line.
_AREA = EntityProperty(
    "observedArea",
    ValueKind.GEOMETRY,
    "ST_AsGeoJSON(CASE WHEN ST_Dimension({a}.observed_area) < 2 THEN ST_MakeEnvelope("
    "ST_XMin({a}.observed_area), ST_YMin({a}.observed_area), ST_XMax({a}.observed_area), "
    "ST_YMax({a}.observed_area), 4326) ELSE {a}.observed_area END, 15)::jsonb",
    geometry_sql="{a}.observed_area",
)

THING = EntityType(
    "Thing",
    "Things",
    "sensors_thing",
    _OWN_DIVISION,
    _named(_ID, _text("name"), _text("description"), _PROPERTIES),
    _ways(
        Navigation(
            "Locations",
            "Location",
            True,
            "{c}_of.thing_id = {p}.id",
            f"{_LOCATION_ROWS} {{c}} JOIN sensors_thing_locations {{c}}_of ON {{c}}_of.location_id = {{c}}.id",
        ),
        Navigation("HistoricalLocations", "HistoricalLocation", True, "{c}.thing_id = {p}.id"),
        Navigation("Datastreams", "Datastream", True, "{c}.thing_id = {p}.id"),
        Navigation("MultiDatastreams", "MultiDatastream", True, "{c}.thing_id = {p}.id"),
    ),
)
LOCATION = EntityType(
    "Location",
    "Locations",
    _LOCATION_ROWS,
    _OWN_DIVISION,
    _named(
        _ID,
        _text("name"),
        _text("description"),
        _text("encodingType", "encoding_type"),
        EntityProperty(
            "location", ValueKind.GEOMETRY, "{a}.location", geometry_sql="{a}.geom", is_always_shown=True
        ),
        _PROPERTIES,
    ),
    _ways(
        Navigation(
            "Things",
            "Thing",
            True,
            "{c}_of.location_id = {p}.id",
            "sensors_thing {c} JOIN sensors_thing_locations {c}_of ON {c}_of.thing_id = {c}.id",
        ),
        Navigation(
            "HistoricalLocations",
            "HistoricalLocation",
            True,
            "{c}_of.location_id = {p}.id",
            "sensors_historicallocation {c} JOIN sensors_historicallocation_locations {c}_of "
            "ON {c}_of.historicallocation_id = {c}.id",
        ),
    ),
)
HISTORICAL_LOCATION = EntityType(
    "HistoricalLocation",
    "HistoricalLocations",
    "sensors_historicallocation",
    "EXISTS (SELECT 1 FROM sensors_thing placed WHERE placed.id = {a}.thing_id AND placed.division_id = ANY (%s))",
    _named(_ID, EntityProperty("time", ValueKind.INSTANT, "{a}.time", is_always_shown=True)),
    _ways(
        Navigation("Thing", "Thing", False, "{c}.id = {p}.thing_id", foreign_key="thing_id"),
        Navigation(
            "Locations",
            "Location",
            True,
            "{c}_of.historicallocation_id = {p}.id",
            f"{_LOCATION_ROWS} {{c}} JOIN sensors_historicallocation_locations {{c}}_of "
            "ON {c}_of.location_id = {c}.id",
        ),
    ),
)
DATASTREAM = EntityType(
    "Datastream",
    "Datastreams",
    "sensors_datastream",
    _OWN_DIVISION,
    _named(
        _ID,
        EntityProperty(
            "name", ValueKind.TEXT, "coalesce(nullif({a}.name, ''), {a}.code)", is_always_shown=True
        ),
        _text("description"),
        _text("observationType", "observation_type"),
        EntityProperty("unitOfMeasurement", ValueKind.JSON, _UNIT, is_always_shown=True),
        _AREA,
        *_STREAM_TIMES,
        _PROPERTIES,
    ),
    _ways(
        Navigation("Thing", "Thing", False, "{c}.id = {p}.thing_id", foreign_key="thing_id"),
        Navigation("Sensor", "Sensor", False, "{c}.id = {p}.sensor_id", foreign_key="sensor_id"),
        Navigation(
            "ObservedProperty",
            "ObservedProperty",
            False,
            "{c}.id = {p}.sta_property_id",
            foreign_key="sta_property_id",
        ),
        Navigation("Observations", "Observation", True, "{c}.datastream_id = {p}.id"),
    ),
    laterals={"extent": "LEFT JOIN LATERAL sensors_sta_extent({a}.id) {a}_x ON true"},
)
MULTI_DATASTREAM = EntityType(
    "MultiDatastream",
    "MultiDatastreams",
    "sensors_multidatastream",
    _OWN_DIVISION,
    _named(
        _ID,
        _text("name"),
        _text("description"),
        _text("observationType", "observation_type"),
        EntityProperty(
            "multiObservationDataTypes",
            ValueKind.JSON,
            "{a}.multi_observation_data_types",
            is_always_shown=True,
        ),
        EntityProperty(
            "unitOfMeasurements", ValueKind.JSON, "{a}.unit_of_measurements", is_always_shown=True
        ),
        _AREA,
        *_STREAM_TIMES,
        _PROPERTIES,
    ),
    _ways(
        Navigation("Thing", "Thing", False, "{c}.id = {p}.thing_id", foreign_key="thing_id"),
        Navigation("Sensor", "Sensor", False, "{c}.id = {p}.sensor_id", foreign_key="sensor_id"),
        Navigation(
            "ObservedProperties",
            "ObservedProperty",
            True,
            "{c}_of.multi_datastream_id = {p}.id",
            "sensors_observedproperty {c} JOIN sensors_multidatastreamproperty {c}_of "
            "ON {c}_of.observed_property_id = {c}.id",
            order="{c}_of.place",
        ),
        Navigation("Observations", "Observation", True, "{c}.multi_datastream_id = {p}.id"),
    ),
    laterals={"extent": "LEFT JOIN LATERAL sensors_sta_multi_extent({a}.id) {a}_x ON true"},
)
SENSOR = EntityType(
    "Sensor",
    "Sensors",
    "sensors_sensor",
    f"({_OWN_DIVISION} OR {{a}}.division_id IS NULL AND ({_SENSOR_IS_USED.replace('{of}', _OF_DIVISION)}))",
    _named(
        _ID,
        _text("name"),
        _text("description"),
        _text("encodingType", "encoding_type"),
        EntityProperty("metadata", ValueKind.JSON, "{a}.metadata", is_always_shown=True),
        _PROPERTIES,
    ),
    _ways(
        Navigation("Datastreams", "Datastream", True, "{c}.sensor_id = {p}.id"),
        Navigation("MultiDatastreams", "MultiDatastream", True, "{c}.sensor_id = {p}.id"),
    ),
    unrestricted_scope=f"({{a}}.division_id IS NOT NULL OR {_SENSOR_IS_USED.replace('{of}', '')})",
)
OBSERVED_PROPERTY = EntityType(
    "ObservedProperty",
    "ObservedProperties",
    "sensors_observedproperty",
    f"({_OWN_DIVISION} OR {{a}}.division_id IS NULL AND ({_PROPERTY_IS_USED.replace('{of}', _OF_DIVISION)}))",
    _named(_ID, _text("name"), _text("definition"), _text("description"), _PROPERTIES),
    _ways(
        Navigation("Datastreams", "Datastream", True, "{c}.sta_property_id = {p}.id"),
        Navigation(
            "MultiDatastreams",
            "MultiDatastream",
            True,
            "{c}.id IN (SELECT place.multi_datastream_id FROM sensors_multidatastreamproperty place "
            "WHERE place.observed_property_id = {p}.id)",
        ),
    ),
    unrestricted_scope=f"({{a}}.division_id IS NOT NULL OR {_PROPERTY_IS_USED.replace('{of}', '')})",
)
FEATURE_OF_INTEREST = EntityType(
    "FeatureOfInterest",
    "FeaturesOfInterest",
    "sensors_featureofinterest",
    _OWN_DIVISION,
    _named(
        _ID,
        _text("name"),
        _text("description"),
        _text("encodingType", "encoding_type"),
        EntityProperty(
            "feature", ValueKind.GEOMETRY, "{a}.feature", geometry_sql="{a}.geom", is_always_shown=True
        ),
        _PROPERTIES,
    ),
    _ways(Navigation("Observations", "Observation", True, "{c}.feature_id = {p}.id")),
)
# Its rows come from sensors_sta_observations (see observations.py); phenomenon_end is the start for instants.
OBSERVATION = EntityType(
    "Observation",
    "Observations",
    "",
    "true",
    _named(
        EntityProperty(
            "id",
            ValueKind.ID,
            "CASE WHEN {a}.rich_id IS NULL THEN {a}.datastream_id || '_' || "
            "(extract(epoch FROM {a}.phenomenon_start) * 1000000)::bigint "
            "ELSE coalesce({a}.sta_id, 'r' || {a}.rich_id) END",
        ),
        EntityProperty(
            "phenomenonTime",
            ValueKind.INTERVAL,
            "{a}.phenomenon_start",
            "coalesce({a}.phenomenon_end, {a}.phenomenon_start)",
            is_always_shown=True,
        ),
        EntityProperty("resultTime", ValueKind.INSTANT, "{a}.result_time", is_always_shown=True),
        EntityProperty("result", ValueKind.RESULT, "{a}.result", is_always_shown=True),
        EntityProperty("resultQuality", ValueKind.JSON, "{a}.result_quality"),
        EntityProperty("validTime", ValueKind.INTERVAL, "{a}.valid_start", "{a}.valid_end"),
        EntityProperty("parameters", ValueKind.JSON, "{a}.parameters"),
    ),
    _ways(
        Navigation(
            "Datastream", "Datastream", False, "{c}.id = {p}.datastream_id", foreign_key="datastream_id"
        ),
        Navigation(
            "MultiDatastream",
            "MultiDatastream",
            False,
            "{c}.id = {p}.multi_datastream_id",
            foreign_key="multi_datastream_id",
        ),
        Navigation(
            "FeatureOfInterest",
            "FeatureOfInterest",
            False,
            "{c}.id = {p}.feature_id",
            foreign_key="feature_id",
        ),
    ),
    is_alive="true",
)

TYPES = {
    one.name: one
    for one in (
        THING,
        LOCATION,
        HISTORICAL_LOCATION,
        DATASTREAM,
        MULTI_DATASTREAM,
        SENSOR,
        OBSERVED_PROPERTY,
        OBSERVATION,
        FEATURE_OF_INTEREST,
    )
}
BY_PLURAL = {one.plural: one for one in TYPES.values()}
