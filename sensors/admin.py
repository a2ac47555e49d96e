"""Registers of what reports from the field. Observations, too many for lists, are read through the API."""

from django.contrib import admin

from gis_core.access import Capability
from gis_core.admin_base import ReadOnlyAdmin
from sensors.models import Datastream, LatestObservation, Thing


@admin.register(Thing)
class ThingAdmin(ReadOnlyAdmin):
    view_capability = Capability.VIEW_SENSORS
    list_display = ["code", "name", "division", "installed_on"]
    list_select_related = ["division"]
    search_fields = ["code", "name"]


@admin.register(Datastream)
class DatastreamAdmin(ReadOnlyAdmin):
    view_capability = Capability.VIEW_SENSORS
    list_display = ["code", "thing", "observed_property", "unit", "kind", "interval_s"]
    list_filter = ["observed_property", "kind"]
    list_select_related = ["thing"]
    search_fields = ["code", "thing__name"]


@admin.register(LatestObservation)
class LatestObservationAdmin(ReadOnlyAdmin):
    view_capability = Capability.VIEW_SENSORS
    division_lookup = "datastream__division"
    list_display = ["datastream", "time", "value"]
    list_select_related = ["datastream"]
    search_fields = ["datastream__code"]
