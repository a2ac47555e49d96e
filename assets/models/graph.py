"""The graph: nodes (devices and facilities among them), pipes, and the zones drawn over them."""

import uuid

from django.contrib.gis.db import models
from django.contrib.postgres.indexes import GistIndex
from django.db.models import Case, F, Func, Q, Value, When

from assets.models.history import Versioned
from assets.models.networks import Curve, Network, Pattern
from gis_core.models import Division


class Lifecycle(models.TextChoices):
    PLANNED = "planned", "planned"
    UNDER_CONSTRUCTION = "under_construction", "under construction"
    IN_SERVICE = "in_service", "in service"
    OUT_OF_SERVICE = "out_of_service", "out of service"
    REMOVED = "removed", "removed"


LIFECYCLES = list(Lifecycle.values)


class Zone(Versioned):
    """An area of a network whose supply and consumption are balanced; zones may nest.

    Its members are the nodes that name it; its edge is its `ZoneConnection`s.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="zones")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="zones")
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    code = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    geom = models.MultiPolygonField(srid=4326, null=True, blank=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["network", "code"], name="zone_code_in_network"),
            models.CheckConstraint(
                name="zone_not_its_own_parent", condition=Q(parent=None) | ~Q(parent=F("id"))
            ),
        ]

    def __str__(self) -> str:
        return self.name


class NodeKind(models.TextChoices):
    """What stands at a point of the network. The kinds of `DEVICE_KINDS` sit in a line; the others end lines."""

    JUNCTION = "junction", "junction"
    TANK = "tank", "tank"
    RESERVOIR = "reservoir", "reservoir"
    SOURCE = "source", "source"
    TREATMENT = "treatment", "treatment plant"
    PUMPING_STATION = "pumping_station", "pumping station"
    SUBSTATION = "substation", "substation"
    DISTRIBUTION_CENTRE = "distribution_centre", "distribution centre"
    PUMP = "pump", "pump"
    VALVE = "valve", "valve"
    REGULATOR = "regulator", "regulator"
    HYDRANT = "hydrant", "hydrant"
    BULK_METER = "bulk_meter", "bulk meter"
    # sewerage
    MANHOLE = "manhole", "manhole"
    OUTFALL = "outfall", "outfall"
    LIFT_STATION = "lift_station", "lift station"
    # gas
    REGULATOR_STATION = "regulator_station", "regulator station"
    METERING_STATION = "metering_station", "metering station"
    # electricity
    BUSBAR = "busbar", "busbar"
    FEEDER_HEAD = "feeder_head", "feeder head"
    TRANSFORMER = "transformer", "transformer"
    SWITCH = "switch", "switch"
    POLE = "pole", "pole"
    SERVICE_CABINET = "service_cabinet", "service cabinet"
    # heat
    BOILER_HOUSE = "boiler_house", "boiler house"
    HEAT_EXCHANGER = "heat_exchanger", "heat exchanger"
    HEAT_SUBSTATION = "heat_substation", "heat substation"
    HEAT_CHAMBER = "heat_chamber", "heat chamber"


DEVICE_KINDS = [
    NodeKind.PUMP.value,
    NodeKind.VALVE.value,
    NodeKind.REGULATOR.value,
    NodeKind.HYDRANT.value,
    NodeKind.BULK_METER.value,
    NodeKind.SWITCH.value,
]


class Node(Versioned):
    """A point of the network.

    Codes are unique per network and class: a pump and a reservoir may share one, two junctions may not.
    `geom` is longitude/latitude (EPSG:4326); elevation is that of the node itself, metres above the datum.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="nodes")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="nodes")
    kind = models.CharField(max_length=20, choices=NodeKind.choices)
    code = models.CharField(max_length=60)
    code_class = models.GeneratedField(
        expression=Case(
            When(kind__in=DEVICE_KINDS, then=Value("device")),
            default=Value("node"),
            output_field=models.CharField(max_length=6),
        ),
        output_field=models.CharField(max_length=6),
        db_persist=True,
    )
    geom = models.PointField(srid=4326, spatial_index=False)
    elevation_m = models.FloatField(null=True, blank=True)
    lifecycle = models.CharField(max_length=20, choices=Lifecycle.choices, default=Lifecycle.IN_SERVICE)
    zone = models.ForeignKey(Zone, on_delete=models.SET_NULL, null=True, blank=True, related_name="nodes")
    installed_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["network", "code_class", "code"], name="node_code_in_class"),
            models.CheckConstraint(name="node_code_not_empty", condition=~Q(code="")),
            models.CheckConstraint(name="node_kind_known", condition=Q(kind__in=list(NodeKind.values))),
            models.CheckConstraint(name="node_lifecycle_known", condition=Q(lifecycle__in=LIFECYCLES)),
        ]
        indexes = [
            GistIndex(fields=["geom"], name="node_geom"),
            models.Index(fields=["zone"], name="node_by_zone"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.code}"


class _GeodesicLength(Func):
    """ST_Length on the WGS 84 ellipsoid, metres."""

    template = "ST_Length(%(expressions)s::geography, true)"
    output_field = models.FloatField()


class Pipe(Versioned):
    """A line between two nodes.

    The database holds the end nodes' geometry equal to the line's ends: `start_point` and `end_point` are
    generated from the line, and (network, end node, end point) is a deferrable foreign key to the node's
    (network, id, geom). So it is exact, and it also keeps both ends in the pipe's own network.
    Device connectors (`is_connector`) join a device to its neighbours; they are not pipes to people.
    """

    class Status(models.TextChoices):
        OPEN = "open", "open"
        CLOSED = "closed", "closed"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="pipes")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="pipes")
    code = models.CharField(max_length=80)
    is_connector = models.BooleanField(default=False)
    start_node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="pipes_out")
    end_node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="pipes_in")
    geom = models.LineStringField(srid=4326, spatial_index=False)
    start_point = models.GeneratedField(
        expression=Func(F("geom"), function="ST_StartPoint"),
        output_field=models.PointField(srid=4326, spatial_index=False),
        db_persist=True,
    )
    end_point = models.GeneratedField(
        expression=Func(F("geom"), function="ST_EndPoint"),
        output_field=models.PointField(srid=4326, spatial_index=False),
        db_persist=True,
    )
    geodesic_length_m = models.GeneratedField(
        expression=_GeodesicLength(F("geom")), output_field=models.FloatField(), db_persist=True
    )
    stated_length_m = models.FloatField(null=True, blank=True)
    diameter_m = models.FloatField(null=True, blank=True)
    material = models.CharField(max_length=40, blank=True)
    roughness = models.FloatField(
        null=True, blank=True, help_text="In the unit of the network's head-loss formula"
    )
    minor_loss = models.FloatField(default=0)
    year_installed = models.PositiveSmallIntegerField(null=True, blank=True)
    status = models.CharField(max_length=6, choices=Status.choices, default=Status.OPEN)
    has_check_valve = models.BooleanField(default=False)
    lifecycle = models.CharField(max_length=20, choices=Lifecycle.choices, default=Lifecycle.IN_SERVICE)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["network", "is_connector", "code"], name="pipe_code_in_network"),
            models.CheckConstraint(name="pipe_code_not_empty", condition=~Q(code="")),
            models.CheckConstraint(
                name="pipe_stated_length_positive",
                condition=Q(stated_length_m=None) | Q(stated_length_m__gt=0, stated_length_m__lt=1e9),
            ),
            models.CheckConstraint(
                name="pipe_diameter_positive",
                condition=Q(diameter_m=None) | Q(diameter_m__gt=0, diameter_m__lt=100.0),
            ),
            models.CheckConstraint(name="pipe_status_known", condition=Q(status__in=["open", "closed"])),
            models.CheckConstraint(name="pipe_lifecycle_known", condition=Q(lifecycle__in=LIFECYCLES)),
            models.CheckConstraint(
                name="pipe_year_plausible",
                condition=Q(year_installed=None) | Q(year_installed__gte=1800, year_installed__lte=2200),
            ),
        ]
        indexes = [GistIndex(fields=["geom"], name="pipe_geom")]

    def __str__(self) -> str:
        return f"pipe {self.code}"


class ZoneConnection(Versioned):
    """What crosses a zone's edge or stores water in it.

    An inlet or outlet is a metered device. Its drawing points into the zone for an inlet and out of it for an
    outlet, so the device's flow (positive along the drawing) is an input of the one and an output of the other;
    a bulk meter between two zones is an outlet of the first and an inlet of the second.
    """

    class Role(models.TextChoices):
        INLET = "inlet", "inlet"
        OUTLET = "outlet", "outlet"
        STORAGE = "storage", "storage"
        CLOSED = "closed", "closed boundary"

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="connections")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="zone_connections")
    role = models.CharField(max_length=8, choices=Role.choices)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["zone", "node"], name="zone_connection_once"),
            models.CheckConstraint(
                name="zone_connection_role_known",
                condition=Q(role__in=["inlet", "outlet", "storage", "closed"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.zone}"


class Demand(Versioned):
    """A junction's base demand in one category, m3/s, shaped by a pattern."""

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="demands")
    ordinal = models.PositiveSmallIntegerField(default=0)
    base_demand_m3s = models.FloatField()
    pattern = models.ForeignKey(Pattern, on_delete=models.PROTECT, null=True, blank=True)
    category = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["node", "ordinal"]
        constraints = [models.UniqueConstraint(fields=["node", "ordinal"], name="demand_once")]

    def __str__(self) -> str:
        return f"{self.base_demand_m3s} m3/s at {self.node}"


class _DeviceDetail(Versioned):
    """Details of a node of one kind; the pair (node, kind) is a foreign key, so the kind is the node's own."""

    class Meta:
        abstract = True


def _kind_is(*kinds: str) -> Q:
    return Q(node_kind__in=list(kinds))


class TankDetail(_DeviceDetail):
    """A tank: levels above its bottom and diameter in metres, or a volume curve."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True, related_name="tank")
    node_kind = models.CharField(max_length=20, default=NodeKind.TANK)
    initial_level_m = models.FloatField()
    minimum_level_m = models.FloatField()
    maximum_level_m = models.FloatField()
    diameter_m = models.FloatField()
    minimum_volume_m3 = models.FloatField(default=0)
    volume_curve = models.ForeignKey(Curve, on_delete=models.PROTECT, null=True, blank=True)
    can_overflow = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="tank_kind", condition=_kind_is("tank")),
            models.CheckConstraint(
                name="tank_levels_in_order", condition=Q(minimum_level_m__lte=F("maximum_level_m"))
            ),
        ]


class ReservoirDetail(_DeviceDetail):
    """A boundary of known head (lake, well field, supply from another network)."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True, related_name="reservoir")
    node_kind = models.CharField(max_length=20, default=NodeKind.RESERVOIR)
    head_m = models.FloatField()
    head_pattern = models.ForeignKey(Pattern, on_delete=models.PROTECT, null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="reservoir_kind", condition=_kind_is("reservoir", "source"))
        ]


class PumpDetail(_DeviceDetail):
    """A pump that lifts from `start` of its drawing to its end: by a head curve or by constant power."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True, related_name="pump")
    node_kind = models.CharField(max_length=20, default=NodeKind.PUMP)
    head_curve = models.ForeignKey(
        Curve, on_delete=models.PROTECT, null=True, blank=True, related_name="head_of_pumps"
    )
    power_w = models.FloatField(null=True, blank=True)
    relative_speed = models.FloatField(default=1.0)
    speed_pattern = models.ForeignKey(Pattern, on_delete=models.PROTECT, null=True, blank=True)
    efficiency_curve = models.ForeignKey(
        Curve, on_delete=models.PROTECT, null=True, blank=True, related_name="efficiency_of_pumps"
    )
    status = models.CharField(max_length=6, default="open")
    is_isolating = models.BooleanField(
        default=False, db_default=False, help_text="May be used to shut off a segment"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(name="pump_kind", condition=_kind_is("pump")),
            models.CheckConstraint(name="pump_status_known", condition=Q(status__in=["open", "closed"])),
        ]


class ValveDetail(_DeviceDetail):
    """A valve or regulator. `valve_type` is EPANET's (PRV, PSV, PBV, FCV, TCV, GPV, PCV) or "isolation".

    `setting` is in metres of head (PRV, PSV, PBV), m3/s (FCV), a loss coefficient (TCV) or percent open (PCV).
    Its condition is several separate facts, since a valve can be both closed and inoperable.
    """

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True, related_name="valve")
    node_kind = models.CharField(max_length=20, default=NodeKind.VALVE)
    valve_type = models.CharField(max_length=10, default="isolation")
    diameter_m = models.FloatField(null=True, blank=True)
    setting = models.FloatField(null=True, blank=True)
    minor_loss = models.FloatField(default=0)
    headloss_curve = models.ForeignKey(Curve, on_delete=models.PROTECT, null=True, blank=True)
    status = models.CharField(max_length=6, default="active", help_text="active, open or closed")
    is_broken = models.BooleanField(default=False)
    is_accessible = models.BooleanField(default=True)
    is_buried = models.BooleanField(default=False)
    is_isolating = models.BooleanField(
        default=False,
        db_default=False,
        help_text="A regulating valve that may be used to shut off a segment; isolation valves always may",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(name="valve_kind", condition=_kind_is("valve", "regulator")),
            models.CheckConstraint(
                name="valve_status_known", condition=Q(status__in=["active", "open", "closed"])
            ),
            models.CheckConstraint(
                name="valve_type_known",
                condition=Q(
                    valve_type__in=["PRV", "PSV", "PBV", "FCV", "TCV", "GPV", "PCV", "isolation", "check"]
                ),
            ),
        ]


class BulkMeterDetail(_DeviceDetail):
    """A district or bulk meter; `error_percent` is the limit of its declared accuracy class at 95 %."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True, related_name="bulk_meter")
    node_kind = models.CharField(max_length=20, default=NodeKind.BULK_METER)
    serial = models.CharField(max_length=60, blank=True)
    diameter_m = models.FloatField(null=True, blank=True)
    error_percent = models.FloatField(default=2.0)

    class Meta:
        constraints = [
            models.CheckConstraint(name="bulk_meter_kind", condition=_kind_is("bulk_meter")),
            models.CheckConstraint(
                name="bulk_meter_error_plausible", condition=Q(error_percent__gte=0, error_percent__lte=100)
            ),
        ]


class HydrantDetail(_DeviceDetail):
    """A hydrant: its outlet diameter and whether the fire service may use it."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True, related_name="hydrant")
    node_kind = models.CharField(max_length=20, default=NodeKind.HYDRANT)
    outlet_diameter_m = models.FloatField(null=True, blank=True)
    is_for_fire_service = models.BooleanField(default=True)

    class Meta:
        constraints = [models.CheckConstraint(name="hydrant_kind", condition=_kind_is("hydrant"))]


class FacilityDetail(_DeviceDetail):
    """A substation, boiler house, treatment plant, pumping or other station: name and rated capacity.

    `capacity_unit` says what the capacity is measured in: m3/h for water, sewerage and gas, kVA for electricity,
    Gcal/h for heat.
    """

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True, related_name="facility")
    node_kind = models.CharField(max_length=20)
    name = models.CharField(max_length=200)
    capacity = models.FloatField(null=True, blank=True)
    capacity_unit = models.CharField(max_length=10, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="facility_kind",
                condition=_kind_is(
                    "substation",
                    "distribution_centre",
                    "treatment",
                    "pumping_station",
                    "lift_station",
                    "regulator_station",
                    "metering_station",
                    "boiler_house",
                    "heat_substation",
                ),
            )
        ]
