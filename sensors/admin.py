"""Registers of what reports from the field. Observations, too many for lists, are read through the API."""

from django.contrib import admin

from gis_core.access import Capability
from gis_core.admin_base import ReadOnlyAdmin
from sensors.models import (
    Alarm,
    AlarmEvent,
    AlarmRule,
    Datastream,
    DeviceNetwork,
    FeatureOfInterest,
    FeedFile,
    FeedPoint,
    FeedProfile,
    FeedSource,
    HistoricalLocation,
    LatestObservation,
    LimitProposal,
    Location,
    MultiDatastream,
    Notification,
    NotificationChannel,
    ObservedProperty,
    QualityFlag,
    QualityRule,
    QuarantinedRow,
    Regulator,
    RegulatorCommand,
    Sensor,
    SeriesEdit,
    SetPointCeiling,
    SetPointEntry,
    Thing,
    TopicPrefix,
)


class _SensorAdmin(ReadOnlyAdmin):
    """Written by services only: people change them on the pages of devices and through REST."""

    view_capability = Capability.VIEW_SENSORS


@admin.register(Thing)
class ThingAdmin(_SensorAdmin):
    list_display = ["code", "name", "division", "installed_on"]
    list_select_related = ["division"]
    search_fields = ["code", "name"]


@admin.register(Datastream)
class DatastreamAdmin(_SensorAdmin):
    list_display = ["code", "thing", "observed_property", "unit", "kind", "interval_s"]
    list_filter = ["observed_property", "kind"]
    list_select_related = ["thing"]
    search_fields = ["code", "thing__name"]


@admin.register(LatestObservation)
class LatestObservationAdmin(_SensorAdmin):
    division_lookup = "datastream__division"
    list_display = ["datastream", "time", "value"]
    list_select_related = ["datastream"]
    search_fields = ["datastream__code"]


@admin.register(MultiDatastream)
class MultiDatastreamAdmin(_SensorAdmin):
    list_display = ["name", "thing", "division"]
    list_select_related = ["thing", "division"]
    search_fields = ["name", "thing__name"]
    exclude = ["observed_area"]


@admin.register(ObservedProperty, Sensor)
class CatalogueAdmin(_SensorAdmin):
    """What is observed and with what. Rows of the system itself, without a division, are listed for superusers."""

    list_display = ["name", "code", "division"]
    list_select_related = ["division"]
    search_fields = ["name", "code"]


@admin.register(Location, FeatureOfInterest)
class PlaceAdmin(_SensorAdmin):
    list_display = ["name", "description", "division"]
    list_select_related = ["division"]
    search_fields = ["name"]
    exclude = ["geom"]


@admin.register(HistoricalLocation)
class HistoricalLocationAdmin(_SensorAdmin):
    division_lookup = "thing__division"
    list_display = ["thing", "time"]
    list_select_related = ["thing"]
    search_fields = ["thing__code"]


@admin.register(SeriesEdit)
class SeriesEditAdmin(_SensorAdmin):
    division_lookup = "datastream__division"
    list_display = ["made_at", "datastream", "code", "reason", "made_by"]
    list_filter = ["code"]
    list_select_related = ["datastream", "made_by"]
    search_fields = ["datastream__code", "reason"]


@admin.register(FeedProfile)
class FeedProfileAdmin(_SensorAdmin):
    list_display = ["name", "description", "division", "changed_at"]
    list_select_related = ["division"]
    search_fields = ["name"]


@admin.register(FeedSource)
class FeedSourceAdmin(_SensorAdmin):
    list_display = ["code", "name", "kind", "is_active", "interval_s", "division"]
    list_filter = ["kind", "is_active"]
    list_select_related = ["division"]
    search_fields = ["code", "name"]
    # Tokens, and passwords of brokers and servers.
    exclude = ["token_digest", "settings", "password_sealed"]


@admin.register(DeviceNetwork)
class DeviceNetworkAdmin(_SensorAdmin):
    """Written by an operator's command; here it is seen what is allowed."""

    view_capability = Capability.MANAGE_USERS
    list_display = ["network", "division", "plain_passwords", "note", "created_at"]
    list_select_related = ["division"]
    search_fields = ["network", "note"]


@admin.register(TopicPrefix)
class TopicPrefixAdmin(_SensorAdmin):
    """Given on the page of feeds, by REST or by a command; here it is seen what is given."""

    view_capability = Capability.MANAGE_USERS
    list_display = ["prefix", "division", "note", "created_at"]
    list_select_related = ["division"]
    search_fields = ["prefix", "note"]


@admin.register(FeedPoint)
class FeedPointAdmin(_SensorAdmin):
    division_lookup = "source__division"
    list_display = ["source", "address", "field", "datastream", "template", "scale", "shift"]
    list_select_related = ["source", "datastream"]
    search_fields = ["address", "datastream__code"]


@admin.register(FeedFile)
class FeedFileAdmin(_SensorAdmin):
    list_display = [
        "name",
        "state",
        "rows",
        "inserted",
        "unchanged",
        "corrected",
        "quarantined",
        "started_at",
    ]
    list_filter = ["state"]
    search_fields = ["name"]


@admin.register(QuarantinedRow)
class QuarantinedRowAdmin(_SensorAdmin):
    list_display = ["code", "reason", "file", "source", "line", "occurrences", "state", "last_at"]
    list_filter = ["state", "code"]
    list_select_related = ["file", "source"]
    search_fields = ["reason"]


@admin.register(QualityRule)
class QualityRuleAdmin(_SensorAdmin):
    list_display = ["rule", "observed_property", "kind", "datastream", "division", "is_enabled"]
    list_filter = ["rule", "is_enabled"]
    list_select_related = ["datastream", "division"]
    search_fields = ["datastream__code"]


@admin.register(QualityFlag)
class QualityFlagAdmin(_SensorAdmin):
    division_lookup = "datastream__division"
    list_display = [
        "datastream",
        "rule",
        "severity",
        "time",
        "end_time",
        "measure",
        "threshold",
        "cleared_at",
    ]
    list_filter = ["rule", "severity"]
    list_select_related = ["datastream"]
    search_fields = ["datastream__code"]


@admin.register(AlarmRule)
class AlarmRuleAdmin(_SensorAdmin):
    list_display = ["name", "kind", "severity", "observed_property", "datastream", "is_enabled", "division"]
    list_filter = ["kind", "severity", "is_enabled"]
    list_select_related = ["datastream", "division"]
    search_fields = ["name"]


@admin.register(Alarm)
class AlarmAdmin(_SensorAdmin):
    list_display = ["datastream", "rule", "severity", "state", "value", "started_at", "ended_at"]
    list_filter = ["state", "severity"]
    list_select_related = ["datastream", "rule"]
    search_fields = ["datastream__code", "rule__name"]


@admin.register(AlarmEvent)
class AlarmEventAdmin(_SensorAdmin):
    division_lookup = "alarm__division"
    list_display = ["alarm", "action", "made_at", "made_by", "value", "note"]
    list_filter = ["action"]
    list_select_related = ["alarm__rule", "alarm__datastream", "made_by"]


@admin.register(NotificationChannel)
class NotificationChannelAdmin(_SensorAdmin):
    list_display = ["name", "kind", "target", "language", "is_enabled", "division"]
    list_filter = ["kind", "is_enabled"]
    list_select_related = ["division"]
    search_fields = ["name"]
    exclude = ["secret"]


@admin.register(Notification)
class NotificationAdmin(_SensorAdmin):
    division_lookup = "channel__division"
    list_display = ["channel", "event", "state", "attempts", "created_at", "sent_at", "last_error"]
    list_filter = ["state"]
    list_select_related = ["channel", "event"]


@admin.register(Regulator)
class RegulatorAdmin(_SensorAdmin):
    list_display = ["code", "node", "mode", "is_enabled", "set_point", "unit", "following", "division"]
    list_filter = ["mode", "is_enabled"]
    list_select_related = ["node", "division"]
    search_fields = ["code", "name"]
    exclude = ["key_sealed"]


@admin.register(SetPointCeiling)
class SetPointCeilingAdmin(_SensorAdmin):
    """Written by an operator's command."""

    division_lookup = None
    list_display = ["node_kind", "unit", "greatest"]
    search_fields = ["node_kind"]


@admin.register(LimitProposal)
class LimitProposalAdmin(_SensorAdmin):
    list_display = [
        "regulator",
        "minimum_set_point",
        "maximum_set_point",
        "state",
        "proposed_by",
        "decided_by",
    ]
    list_filter = ["state"]
    list_select_related = ["regulator", "proposed_by", "decided_by"]
    search_fields = ["regulator__code"]


@admin.register(SetPointEntry)
class SetPointEntryAdmin(_SensorAdmin):
    division_lookup = "regulator__division"
    list_display = ["regulator", "weekday", "starts_at", "set_point"]
    list_select_related = ["regulator"]
    search_fields = ["regulator__code"]


@admin.register(RegulatorCommand)
class RegulatorCommandAdmin(_SensorAdmin):
    list_display = ["regulator", "source", "previous_set_point", "set_point", "state", "made_at", "answer"]
    list_filter = ["state", "source"]
    list_select_related = ["regulator"]
    search_fields = ["regulator__code"]
