"""The collections: each one is a declaration, and everything else follows from it."""

from typing import Any

from assets.models import Building, LeakRecord, Lifecycle, Network, NodeKind, Parcel, Pipe, SurveyPoint
from assets.models.validation import Finding
from assets.ogc.selectors.definitions import (
    CollectionDefinition,
    FeatureProperty,
    Join,
    PropertyType,
    ValidTime,
)

_TEXT, _NUMBER, _WHOLE, _TRUTH, _DAY, _TIME = (
    PropertyType.STRING,
    PropertyType.NUMBER,
    PropertyType.INTEGER,
    PropertyType.BOOLEAN,
    PropertyType.DATE,
    PropertyType.TIMESTAMP,
)


def _values(choices: Any) -> tuple[str, ...]:
    return tuple(str(value) for value in choices.values)


def _column(name: str, kind: PropertyType, title: str, **more: Any) -> FeatureProperty:
    return FeatureProperty(name, kind, f"t.{name}", title, **more)


_UID = FeatureProperty("uid", _TEXT, "t.uid::text", "Identifier, the same everywhere in Tarmoq")
_CODE = _column("code", _TEXT, "Code, unique within the network")
_DIVISION = FeatureProperty("division", _TEXT, "division.code", "Code of the division", joins=("division",))
_NETWORK = FeatureProperty("network", _TEXT, "network.code", "Code of the network", joins=("network",))
_COMMODITY = FeatureProperty(
    "commodity",
    _TEXT,
    "network.commodity",
    "What flows",
    joins=("network",),
    values=_values(Network.Commodity),
)
_LIFECYCLE = _column("lifecycle", _TEXT, "Stage of life", values=_values(Lifecycle))
_VALID_FROM = _column("valid_from", _TIME, "When the present state began")
_VERSION = _column("version", _WHOLE, "Number of the present state")
_IN_NETWORK = (_NETWORK, _COMMODITY, _DIVISION)
_STATES = (_VALID_FROM, _VERSION)

_JOIN_DIVISION = Join("division", "JOIN gis_core_division division ON division.id = t.division_id")
_JOIN_NETWORK = Join("network", "JOIN assets_network network ON network.id = t.network_id")
_JOIN_ZONE = Join("zone", "LEFT JOIN assets_zone zone ON zone.id = t.zone_id")
_JOIN_STREET = Join("street", "LEFT JOIN gis_core_street street ON street.id = t.street_id")
_JOIN_DOCUMENT = Join(
    "source_document",
    "LEFT JOIN assets_document source_document ON source_document.id = t.source_document_id",
)
_STREET = FeatureProperty("street", _TEXT, "street.name", "Street", joins=("street",))
_DOCUMENT = FeatureProperty(
    "source_document",
    _TEXT,
    "trim(source_document.title || ' ' || source_document.reference_number)",
    "Document it rests on",
    joins=("source_document",),
)

# A row holds from the moment its present state began.
_PRESENT_STATE = ValidTime(_TIME, "t.valid_from", "NULL::timestamptz")

_NODE_PROPERTIES = (
    _UID,
    _CODE,
    _column("kind", _TEXT, "Kind of node or device", values=_values(NodeKind)),
    *_IN_NETWORK,
    FeatureProperty("zone", _TEXT, "zone.code", "Code of the zone it belongs to", joins=("zone",)),
    _column("elevation_m", _NUMBER, "Elevation above the datum, m"),
    _LIFECYCLE,
    _column("installed_on", _DAY, "Day of installation"),
    *_STATES,
)
_NODE_JOINS = (_JOIN_DIVISION, _JOIN_NETWORK, _JOIN_ZONE)


def _nodes(id_: str, title: str, description: str, **more: Any) -> CollectionDefinition:
    return CollectionDefinition(
        id=id_,
        title=title,
        description=description,
        table="assets_node",
        geometry_type="Point",
        valid_time=_PRESENT_STATE,
        **more,
    )


def _devices(
    id_: str, title: str, description: str, detail: str, *properties: FeatureProperty
) -> CollectionDefinition:
    """Nodes of the kinds that have rows in the table `detail`, with its columns."""
    join = Join("detail", f"JOIN assets_{detail}detail detail ON detail.node_id = t.id")
    return _nodes(
        id_,
        title,
        description,
        properties=(*_NODE_PROPERTIES, *properties),
        joins=(*_NODE_JOINS, join),
        required_joins=("detail",),
    )


def _detail(name: str, kind: PropertyType, title: str, sql: str = "", **more: Any) -> FeatureProperty:
    return FeatureProperty(name, kind, sql or f"detail.{name}", title, joins=("detail",), **more)


def _detail_mm(name: str, column: str, title: str) -> FeatureProperty:
    return _detail(name, _NUMBER, title, f"detail.{column} * 1000", digits=3)


_PIPE_JOINS = (
    _JOIN_DIVISION,
    _JOIN_NETWORK,
    Join("start_node", "JOIN assets_node start_node ON start_node.id = t.start_node_id"),
    Join("end_node", "JOIN assets_node end_node ON end_node.id = t.end_node_id"),
    Join(
        "start_zone",
        "LEFT JOIN assets_zone start_zone ON start_zone.id = start_node.zone_id",
        ("start_node",),
    ),
)
_ENDS = (
    FeatureProperty(
        "start_node", _TEXT, "start_node.code", "Code of the node it starts at", joins=("start_node",)
    ),
    FeatureProperty("end_node", _TEXT, "end_node.code", "Code of the node it ends at", joins=("end_node",)),
)

_PIPES = CollectionDefinition(
    id="pipes",
    title="Pipes",
    description="Pipes and other lines of the networks, each between two nodes. Removed ones say so as lifecycle.",
    table="assets_pipe",
    geometry_type="LineString",
    condition="NOT t.is_connector",
    joins=_PIPE_JOINS,
    properties=(
        _UID,
        _CODE,
        *_IN_NETWORK,
        *_ENDS,
        FeatureProperty(
            "zone",
            _TEXT,
            "start_zone.code",
            "Code of the zone of its start",
            joins=("start_node", "start_zone"),
        ),
        FeatureProperty("diameter_mm", _NUMBER, "t.diameter_m * 1000", "Inner diameter, mm", digits=3),
        _column("material", _TEXT, "Material"),
        FeatureProperty(
            "length_m",
            _NUMBER,
            "coalesce(t.stated_length_m, t.geodesic_length_m)",
            "Length as stated, else as drawn on the ellipsoid, m",
            digits=3,
        ),
        _column("roughness", _NUMBER, "Roughness in the unit of the network's head-loss formula"),
        _column("minor_loss", _NUMBER, "Minor loss coefficient"),
        _column("year_installed", _WHOLE, "Year of installation"),
        _column("status", _TEXT, "Open or closed", values=_values(Pipe.Status)),
        _column("has_check_valve", _TRUTH, "Whether water passes in its direction only"),
        _LIFECYCLE,
        *_STATES,
    ),
    valid_time=_PRESENT_STATE,
)

_CONNECTORS = CollectionDefinition(
    id="connectors",
    title="Connectors",
    description="Short lines that join a device in a line to its neighbours. They are not pipes.",
    table="assets_pipe",
    geometry_type="LineString",
    condition="t.is_connector",
    joins=_PIPE_JOINS,
    properties=(_UID, _CODE, *_IN_NETWORK, *_ENDS, _LIFECYCLE, *_STATES),
    valid_time=_PRESENT_STATE,
)

_ALL_NODES = _nodes(
    "nodes",
    "Nodes",
    "Every point of the networks: junctions, facilities and devices. The kinds also have collections of their own.",
    properties=_NODE_PROPERTIES,
    joins=_NODE_JOINS,
)

_VALVES = _devices(
    "valves",
    "Valves and regulators",
    "Isolation, check and regulating valves with their condition.",
    "valve",
    _detail("valve_type", _TEXT, "PRV, PSV, PBV, FCV, TCV, GPV, PCV, isolation or check"),
    _detail_mm("diameter_mm", "diameter_m", "Diameter, mm"),
    _detail("setting", _NUMBER, "Setting: m of head, m3/s, loss coefficient or percent open, by its type"),
    _detail("status", _TEXT, "Active, open or closed"),
    _detail("is_broken", _TRUTH, "Whether it cannot be turned"),
    _detail("is_accessible", _TRUTH, "Whether it can be reached"),
    _detail("is_buried", _TRUTH, "Whether it is covered"),
)

_PUMPS = _devices(
    "pumps",
    "Pumps",
    "Pumps; each lifts from its start to its end.",
    "pump",
    _detail("power_kw", _NUMBER, "Constant power, kW", "detail.power_w / 1000", digits=6),
    _detail("relative_speed", _NUMBER, "Speed relative to the curve's"),
    _detail("status", _TEXT, "Open (running) or closed"),
)

_TANKS = _devices(
    "tanks",
    "Tanks",
    "Tanks with their levels above the bottom.",
    "tank",
    _detail("diameter_m", _NUMBER, "Diameter, m"),
    _detail("initial_level_m", _NUMBER, "Level at the start of a simulation, m"),
    _detail("minimum_level_m", _NUMBER, "Lowest level, m"),
    _detail("maximum_level_m", _NUMBER, "Highest level, m"),
)

_SOURCES = _devices(
    "sources",
    "Sources",
    "Reservoirs, well fields and supplies from other networks: places of known head.",
    "reservoir",
    _detail("head_m", _NUMBER, "Head, m above the datum"),
)

_HYDRANTS = _devices(
    "hydrants",
    "Hydrants",
    "Hydrants.",
    "hydrant",
    _detail_mm("outlet_diameter_mm", "outlet_diameter_m", "Diameter of the outlet, mm"),
    _detail("is_for_fire_service", _TRUTH, "Whether the fire service may use it"),
)

_BULK_METERS = _devices(
    "bulk_meters",
    "Bulk meters",
    "District and bulk meters.",
    "bulkmeter",
    _detail("serial", _TEXT, "Serial number"),
    _detail_mm("diameter_mm", "diameter_m", "Diameter, mm"),
    _detail("error_percent", _NUMBER, "Limit of error of its accuracy class, %"),
)

_FACILITIES = _devices(
    "facilities",
    "Facilities",
    "Treatment plants, stations and substations.",
    "facility",
    _detail("name", _TEXT, "Name"),
    _detail("capacity", _NUMBER, "Rated capacity in capacity_unit"),
    _detail("capacity_unit", _TEXT, "m3/h, kVA or Gcal/h"),
)

_ZONES = CollectionDefinition(
    id="zones",
    title="Zones",
    description="Areas whose supply and consumption are balanced. A zone that is not drawn has no geometry.",
    table="assets_zone",
    geometry_type="MultiPolygon",
    is_geometry_null=True,
    joins=(
        _JOIN_DIVISION,
        _JOIN_NETWORK,
        Join("parent", "LEFT JOIN assets_zone parent ON parent.id = t.parent_id"),
    ),
    properties=(
        _UID,
        _CODE,
        _column("name", _TEXT, "Name"),
        *_IN_NETWORK,
        FeatureProperty("parent", _TEXT, "parent.code", "Code of the zone it lies in", joins=("parent",)),
        *_STATES,
    ),
    valid_time=_PRESENT_STATE,
)

_PARCELS = CollectionDefinition(
    id="parcels",
    title="Parcels",
    description="Parcels of land of the cadastre.",
    table="assets_parcel",
    geometry_type="MultiPolygon",
    joins=(_JOIN_DIVISION, _JOIN_STREET, _JOIN_DOCUMENT),
    properties=(
        _UID,
        _column("cadastral_number", _TEXT, "Cadastral number"),
        _DIVISION,
        _column("land_use", _TEXT, "Use of the land", values=_values(Parcel.LandUse)),
        FeatureProperty("area_m2", _NUMBER, "t.area_m2", "Area on the ellipsoid, m2", digits=2),
        _STREET,
        _column("house", _TEXT, "House number"),
        _DOCUMENT,
    ),
)

_BUILDINGS = CollectionDefinition(
    id="buildings",
    title="Buildings",
    description="Buildings of the cadastre.",
    table="assets_building",
    geometry_type="MultiPolygon",
    joins=(
        _JOIN_DIVISION,
        _JOIN_STREET,
        _JOIN_DOCUMENT,
        Join("parcel", "LEFT JOIN assets_parcel parcel ON parcel.id = t.parcel_id"),
    ),
    properties=(
        _UID,
        _column("cadastral_number", _TEXT, "Cadastral number"),
        FeatureProperty(
            "parcel", _TEXT, "parcel.cadastral_number", "Cadastral number of its parcel", joins=("parcel",)
        ),
        _DIVISION,
        _column("purpose", _TEXT, "Purpose", values=_values(Building.Purpose)),
        FeatureProperty("area_m2", _NUMBER, "t.area_m2", "Area on the ellipsoid, m2", digits=2),
        _column("storeys", _WHOLE, "Storeys"),
        _column("year_built", _WHOLE, "Year it was built"),
        _STREET,
        _column("house", _TEXT, "House number"),
        _DOCUMENT,
    ),
)

_SURVEY_POINTS = CollectionDefinition(
    id="survey_points",
    title="Survey points",
    description="Measured points with their accuracy and the document they were taken from.",
    table="assets_surveypoint",
    geometry_type="Point",
    joins=(
        _JOIN_DIVISION,
        _JOIN_DOCUMENT,
        Join("node", "LEFT JOIN assets_node node ON node.id = t.node_id"),
    ),
    properties=(
        _UID,
        _column("code", _TEXT, "Code, unique within the division"),
        _DIVISION,
        _column("elevation_m", _NUMBER, "Elevation above the datum, m"),
        _column("accuracy_class", _TEXT, "Accuracy class", values=_values(SurveyPoint.AccuracyClass)),
        _column("horizontal_accuracy_m", _NUMBER, "Root mean square error of the position, m"),
        _column("vertical_accuracy_m", _NUMBER, "Root mean square error of the elevation, m"),
        _column("surveyed_on", _DAY, "Day of the survey"),
        _column("surveyor", _TEXT, "Surveyor"),
        _column("method", _TEXT, "Method", values=_values(SurveyPoint.Method)),
        _DOCUMENT,
        FeatureProperty("node", _TEXT, "node.code", "Code of the node whose place it fixes", joins=("node",)),
    ),
    valid_time=ValidTime(_DAY, "t.surveyed_on"),
)

_LEAKS = CollectionDefinition(
    id="leaks",
    title="Leaks",
    description="The leak register: each leak where it was found, from its report to its repair or rejection.",
    table="assets_leakrecord",
    geometry_type="Point",
    joins=(
        _JOIN_DIVISION,
        _JOIN_NETWORK,
        Join("place", "JOIN assets_attachment place ON place.id = t.attachment_id"),
        Join("node", "JOIN assets_node node ON node.id = place.node_id", ("place",)),
        Join("pipe", "LEFT JOIN assets_pipe pipe ON pipe.id = place.pipe_id", ("place",)),
    ),
    geometry_sql=(
        "CASE WHEN place.pipe_id IS NULL THEN node.geom ELSE ST_LineInterpolatePoint(pipe.geom, place.position) END"
    ),
    geometry_joins=("place", "node", "pipe"),
    properties=(
        _UID,
        _column("number", _TEXT, "Number in the register"),
        *_IN_NETWORK,
        FeatureProperty("pipe", _TEXT, "pipe.code", "Code of the pipe it is on", joins=("place", "pipe")),
        FeatureProperty("node", _TEXT, "node.code", "Code of the nearest node", joins=("place", "node")),
        _column("kind", _TEXT, "What leaks", values=_values(LeakRecord.Kind)),
        _column("cause", _TEXT, "Cause", values=_values(LeakRecord.Cause)),
        _column("source", _TEXT, "How it became known", values=_values(LeakRecord.Source)),
        _column("state", _TEXT, "State", values=_values(LeakRecord.State)),
        _column("estimated_loss_m3h", _NUMBER, "Estimated loss, m3/h"),
        _column("reported_at", _TIME, "Reported"),
        _column("located_at", _TIME, "Located"),
        _column("repair_started_at", _TIME, "Repair began"),
        _column("repaired_at", _TIME, "Repaired"),
        _column("rejected_at", _TIME, "Rejected"),
    ),
    valid_time=ValidTime(_TIME, "t.reported_at", "coalesce(t.repaired_at, t.rejected_at)"),
)

_FINDINGS = CollectionDefinition(
    id="findings",
    title="Findings",
    description="What validation found in the networks.",
    table="assets_finding",
    geometry_type="Geometry",
    is_geometry_null=True,
    joins=(_JOIN_DIVISION, _JOIN_NETWORK),
    properties=(
        _UID,
        _column("check_code", _TEXT, "Code of the check"),
        _column("severity", _TEXT, "Severity", values=_values(Finding.Severity)),
        _column("explanation", _TEXT, "What is wrong"),
        *_IN_NETWORK,
        FeatureProperty(
            "elements", _TEXT, "array_to_string(t.element_codes, ', ')", "Codes of the elements concerned"
        ),
        _column("found_at", _TIME, "Found"),
        _column("accepted_at", _TIME, "Accepted"),
        _column("acceptance_reason", _TEXT, "Why it was accepted"),
    ),
    valid_time=ValidTime(_TIME, "t.found_at", "NULL::timestamptz"),
)

COLLECTIONS: dict[str, CollectionDefinition] = {
    collection.id: collection
    for collection in (
        _PIPES,
        _CONNECTORS,
        _ALL_NODES,
        _VALVES,
        _PUMPS,
        _TANKS,
        _SOURCES,
        _HYDRANTS,
        _BULK_METERS,
        _FACILITIES,
        _ZONES,
        _PARCELS,
        _BUILDINGS,
        _SURVEY_POINTS,
        _LEAKS,
        _FINDINGS,
    )
}
