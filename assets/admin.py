"""Registers of the network. The graph itself is changed by services, so here it is only looked at."""

from django.contrib import admin

from assets.models import (
    Attachment,
    BulkMeterDetail,
    Curve,
    Demand,
    FacilityDetail,
    HydrantDetail,
    Network,
    Node,
    Pattern,
    Pipe,
    PumpDetail,
    ReservoirDetail,
    TankDetail,
    ValveDetail,
    Zone,
    ZoneConnection,
)
from gis_core.access import Capability
from gis_core.admin_base import ReadOnlyAdmin, RegisterAdmin


@admin.register(Network)
class NetworkAdmin(RegisterAdmin):
    """Name and tolerance can be corrected; networks come by import and do not go from here."""

    view_capability = Capability.VIEW_NETWORK
    list_display = ["code", "name", "commodity", "division"]
    list_filter = ["commodity"]
    list_select_related = ["division"]
    search_fields = ["code", "name"]
    fields = ["code", "name", "commodity", "division", "snap_tolerance_m", "headloss_formula", "placement"]
    readonly_fields = ["code", "commodity", "division", "headloss_formula", "placement"]

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False


class _NetworkPartAdmin(ReadOnlyAdmin):
    view_capability = Capability.VIEW_NETWORK


@admin.register(Zone)
class ZoneAdmin(_NetworkPartAdmin):
    list_display = ["code", "name", "network", "parent"]
    list_select_related = ["network", "parent"]
    search_fields = ["code", "name"]
    exclude = ["geom"]


@admin.register(Node)
class NodeAdmin(_NetworkPartAdmin):
    list_display = ["code", "kind", "network", "zone", "lifecycle", "elevation_m"]
    list_filter = ["kind", "lifecycle"]
    list_select_related = ["network", "zone"]
    search_fields = ["code"]
    exclude = ["geom"]


@admin.register(Pipe)
class PipeAdmin(_NetworkPartAdmin):
    list_display = ["code", "network", "diameter_m", "material", "year_installed", "status", "lifecycle"]
    list_filter = ["status", "lifecycle", "is_connector"]
    list_select_related = ["network"]
    search_fields = ["code"]
    exclude = ["geom"]


@admin.register(Attachment)
class AttachmentAdmin(_NetworkPartAdmin):
    list_display = ["uid", "network", "node", "pipe", "position"]
    list_select_related = ["network", "node", "pipe"]
    search_fields = ["node__code", "pipe__code"]


@admin.register(ZoneConnection)
class ZoneConnectionAdmin(_NetworkPartAdmin):
    division_lookup = "zone__division"
    list_display = ["zone", "role", "node"]
    list_filter = ["role"]
    list_select_related = ["zone", "node"]
    search_fields = ["zone__code", "node__code"]


@admin.register(Pattern, Curve)
class ModelPartAdmin(_NetworkPartAdmin):
    division_lookup = "network__division"
    list_display = ["code", "network"]
    list_select_related = ["network"]
    search_fields = ["code"]


@admin.register(Demand)
class DemandAdmin(_NetworkPartAdmin):
    division_lookup = "node__division"
    list_display = ["node", "ordinal", "base_demand_m3s", "pattern", "category"]
    list_select_related = ["node", "pattern"]
    search_fields = ["node__code"]


@admin.register(
    TankDetail, ReservoirDetail, PumpDetail, ValveDetail, BulkMeterDetail, HydrantDetail, FacilityDetail
)
class DeviceDetailAdmin(_NetworkPartAdmin):
    division_lookup = "node__division"
    list_display = ["node", "node_kind"]
    list_select_related = ["node"]
    search_fields = ["node__code"]
