"""Registers of the network. The graph itself is changed by services, so here it is only looked at."""

from django.contrib import admin

from assets.models import (
    Attachment,
    Building,
    BulkMeterDetail,
    CommodityKind,
    Curve,
    Demand,
    DirtyArea,
    Document,
    DocumentLink,
    DrawingTemplate,
    Edit,
    FacilityDetail,
    Finding,
    HydrantDetail,
    Inspection,
    LeakRecord,
    LineDetail,
    MaterialLife,
    Network,
    Node,
    Parcel,
    Pattern,
    Pipe,
    PipeCondition,
    Plan,
    PriceListItem,
    PumpDetail,
    ReservoirDetail,
    SurveyPoint,
    SwitchDetail,
    TankDetail,
    TransformerDetail,
    ValveDetail,
    Verification,
    VerificationPolicy,
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


@admin.register(LineDetail)
class LineDetailAdmin(_NetworkPartAdmin):
    division_lookup = "pipe__division"
    list_display = ["pipe", "voltage_kv", "conductor", "phases", "pressure_class", "circuit", "flow_regime"]
    list_select_related = ["pipe"]
    search_fields = ["pipe__code"]


@admin.register(TransformerDetail, SwitchDetail)
class PowerDetailAdmin(_NetworkPartAdmin):
    division_lookup = "node__division"
    list_display = ["node", "node_kind"]
    list_select_related = ["node"]
    search_fields = ["node__code"]


@admin.register(CommodityKind)
class CommodityKindAdmin(ReadOnlyAdmin):
    """The rules of `assets/models/commodities.py`, which migrations write."""

    view_capability = Capability.VIEW_NETWORK
    division_lookup = None
    list_display = ["commodity", "kind"]
    list_filter = ["commodity"]
    search_fields = ["kind"]


@admin.register(MaterialLife)
class MaterialLifeAdmin(RegisterAdmin):
    """The utility's own norms go here."""

    view_capability = Capability.VIEW_NETWORK
    division_lookup = None
    list_display = ["code", "name", "life_years", "names"]
    search_fields = ["code", "name"]


@admin.register(VerificationPolicy)
class VerificationPolicyAdmin(RegisterAdmin):
    """The general intervals; those of a division are set through the service."""

    view_capability = Capability.VIEW_NETWORK
    division_lookup = None
    list_display = ["commodity", "kind", "interval_months", "division"]
    list_filter = ["commodity"]
    list_select_related = ["division"]
    search_fields = ["kind"]


class _PlotAdmin(RegisterAdmin):
    """Numbers and addresses can be corrected; drawings come through the API and imports."""

    view_capability = Capability.VIEW_NETWORK
    list_select_related = ["division", "street"]
    search_fields = ["cadastral_number"]
    exclude = ["geom", "uid"]
    readonly_fields = ["area_m2"]

    def has_add_permission(self, request: object) -> bool:
        return False


@admin.register(Parcel)
class ParcelAdmin(_PlotAdmin):
    list_display = ["cadastral_number", "land_use", "area_m2", "street", "house", "division"]
    list_filter = ["land_use"]


@admin.register(Building)
class BuildingAdmin(_PlotAdmin):
    list_display = ["cadastral_number", "purpose", "storeys", "year_built", "street", "house", "division"]
    list_filter = ["purpose"]


@admin.register(SurveyPoint)
class SurveyPointAdmin(RegisterAdmin):
    view_capability = Capability.VIEW_NETWORK
    list_display = ["code", "accuracy_class", "method", "surveyed_on", "surveyor", "division"]
    list_filter = ["accuracy_class", "method"]
    list_select_related = ["division"]
    search_fields = ["code"]
    exclude = ["geom", "uid"]

    def has_add_permission(self, request: object) -> bool:
        return False


@admin.register(Document)
class DocumentAdmin(RegisterAdmin):
    view_capability = Capability.VIEW_NETWORK
    list_display = ["title", "kind", "reference_number", "issued_on", "file_name", "division"]
    list_filter = ["kind"]
    list_select_related = ["division"]
    search_fields = ["title", "reference_number"]
    exclude = ["uid"]
    readonly_fields = ["file_name", "content_type", "size_bytes", "sha256", "created_by", "created_at"]


@admin.register(DocumentLink)
class DocumentLinkAdmin(_NetworkPartAdmin):
    list_display = ["document", "node", "pipe", "parcel", "building", "survey_point"]
    list_select_related = ["document", "node", "pipe", "parcel", "building", "survey_point"]
    search_fields = ["document__title"]


@admin.register(Inspection)
class InspectionAdmin(_NetworkPartAdmin):
    list_display = ["inspected_on", "node", "pipe", "grade", "method", "inspector"]
    list_filter = ["grade", "method"]
    list_select_related = ["node", "pipe"]
    search_fields = ["node__code", "pipe__code"]


@admin.register(Verification)
class VerificationAdmin(_NetworkPartAdmin):
    list_display = ["verified_on", "node", "pipe", "verified_by", "method", "position_confirmed"]
    list_filter = ["method"]
    list_select_related = ["node", "pipe", "verified_by"]
    search_fields = ["node__code", "pipe__code"]


@admin.register(LeakRecord)
class LeakRecordAdmin(_NetworkPartAdmin):
    list_display = ["number", "network", "state", "kind", "cause", "reported_at", "repaired_at"]
    list_filter = ["state", "kind"]
    list_select_related = ["network"]
    search_fields = ["number"]


@admin.register(PipeCondition)
class PipeConditionAdmin(_NetworkPartAdmin):
    list_display = ["code", "network", "material", "age_years", "used_life_percent", "breaks", "grade"]
    list_select_related = ["network"]
    search_fields = ["code"]


@admin.register(Finding)
class FindingAdmin(_NetworkPartAdmin):
    list_display = ["check_code", "severity", "network", "explanation", "accepted_by", "found_at"]
    list_filter = ["severity", "check_code"]
    list_select_related = ["network", "accepted_by"]
    search_fields = ["check_code", "explanation"]
    exclude = ["geom"]


@admin.register(DirtyArea)
class DirtyAreaAdmin(_NetworkPartAdmin):
    division_lookup = "network__division"
    list_display = ["network", "edit", "made_at"]
    list_select_related = ["network", "edit"]
    exclude = ["geom"]


@admin.register(Edit)
class EditAdmin(_NetworkPartAdmin):
    list_display = ["made_at", "network", "operation", "summary", "acting_user", "undone_by"]
    list_filter = ["operation"]
    list_select_related = ["network", "acting_user", "undone_by"]
    search_fields = ["summary"]


@admin.register(Plan)
class PlanAdmin(_NetworkPartAdmin):
    list_display = ["code", "name", "network", "state", "made_by", "approved_at"]
    list_filter = ["state"]
    list_select_related = ["network", "made_by"]
    search_fields = ["code", "name"]


@admin.register(DrawingTemplate)
class DrawingTemplateAdmin(RegisterAdmin):
    """What new elements are drawn as, in a division and those below."""

    view_capability = Capability.VIEW_NETWORK
    list_display = ["name", "commodity", "kind", "place", "diameter_m", "material", "division"]
    list_filter = ["commodity", "kind"]
    list_select_related = ["division"]
    search_fields = ["name", "material"]
    exclude = ["uid"]


@admin.register(PriceListItem)
class PriceListItemAdmin(_NetworkPartAdmin):
    list_display = ["work", "kind", "material", "maximum_diameter_m", "unit_price", "valid_from", "division"]
    list_filter = ["work", "commodity"]
    list_select_related = ["division"]
    search_fields = ["material", "kind"]
