"""Registers of the balances: what was computed, and what people know was used without a bill."""

from django.contrib import admin

from balances.models import (
    ImportedConsumption,
    LeakEvent,
    ProductionCost,
    UnbilledConsumption,
    ZoneBalance,
    ZoneMeter,
)
from gis_core.access import Capability
from gis_core.admin_base import ReadOnlyAdmin, RegisterAdmin


@admin.register(ZoneBalance)
class ZoneBalanceAdmin(ReadOnlyAdmin):
    view_capability = Capability.VIEW_BALANCES
    list_display = [
        "zone",
        "granularity",
        "period_start",
        "supply_m3",
        "billed_m3",
        "apportioned_m3",
        "imbalance_billed_m3",
        "status",
    ]
    list_filter = ["granularity", "status"]
    list_select_related = ["zone"]
    search_fields = ["zone__code", "zone__name"]


@admin.register(UnbilledConsumption)
class UnbilledConsumptionAdmin(RegisterAdmin):
    view_capability = Capability.VIEW_BALANCES
    list_display = ["zone", "started_on", "ended_on", "volume_m3", "is_metered", "purpose"]
    list_filter = ["is_metered"]
    list_select_related = ["zone"]
    search_fields = ["zone__code", "purpose"]


@admin.register(ZoneMeter)
class ZoneMeterAdmin(ReadOnlyAdmin):
    view_capability = Capability.VIEW_BALANCES
    division_lookup = "zone__division"
    list_display = ["zone", "datastream", "role", "error_percent", "from_connection", "made_at", "removed_at"]
    list_filter = ["role", "from_connection"]
    list_select_related = ["zone", "datastream"]
    search_fields = ["zone__code", "datastream__code"]


@admin.register(ImportedConsumption)
class ImportedConsumptionAdmin(ReadOnlyAdmin):
    view_capability = Capability.VIEW_BALANCES
    division_lookup = "zone__division"
    list_display = [
        "zone",
        "first_day",
        "last_day",
        "kind",
        "volume_m3",
        "connections",
        "made_at",
        "replaced_at",
    ]
    list_filter = ["kind"]
    list_select_related = ["zone"]
    search_fields = ["zone__code"]


@admin.register(ProductionCost)
class ProductionCostAdmin(RegisterAdmin):
    view_capability = Capability.VIEW_BALANCES
    list_display = ["division", "valid_from", "cost_per_m3"]
    list_select_related = ["division"]
    search_fields = ["division__code"]


@admin.register(LeakEvent)
class LeakEventAdmin(ReadOnlyAdmin):
    view_capability = Capability.VIEW_BALANCES
    list_display = ["zone", "kind", "started_at", "detected_at", "size_m3h", "state", "outcome", "assignee"]
    list_filter = ["state", "outcome"]
    list_select_related = ["zone", "assignee"]
    search_fields = ["zone__code", "zone__name"]
