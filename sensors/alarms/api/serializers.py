"""Alarms, their rules, channels and journals as JSON."""

from typing import Any

from django.utils.translation import gettext_noop as _
from rest_framework import serializers

from gis_core.api.bodies import TextField, UidField
from gis_core.sentences import said
from sensors.models import (
    LANGUAGES,
    Alarm,
    AlarmEvent,
    AlarmKind,
    AlarmRule,
    AlarmSeverity,
    ChannelKind,
    Notification,
    NotificationChannel,
    Quantity,
)


class AlarmSerializer(serializers.ModelSerializer[Alarm]):
    rule = serializers.UUIDField(source="rule.uid", read_only=True)
    rule_name = serializers.CharField(source="rule.name", read_only=True)
    kind = serializers.ChoiceField(source="rule.kind", choices=AlarmKind.choices, read_only=True)
    datastream = serializers.UUIDField(source="datastream.uid", read_only=True)
    datastream_code = serializers.CharField(source="datastream.code", read_only=True)
    thing = serializers.UUIDField(source="datastream.thing.uid", read_only=True)
    unit = serializers.CharField(source="datastream.unit", read_only=True)
    division = serializers.CharField(source="division.code", read_only=True)
    acknowledged_by = serializers.CharField(
        source="acknowledged_by.username", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = Alarm
        fields = (
            "uid",
            "rule",
            "rule_name",
            "kind",
            "datastream",
            "datastream_code",
            "thing",
            "unit",
            "division",
            "severity",
            "state",
            "value",
            "started_at",
            "ended_at",
            "raised_at",
            "acknowledged_at",
            "acknowledged_by",
            "cleared_at",
            "closed_at",
            "times_raised",
        )


class AlarmEventSerializer(serializers.ModelSerializer[AlarmEvent]):
    made_by = serializers.CharField(source="made_by.username", read_only=True, allow_null=True, default=None)

    class Meta:
        model = AlarmEvent
        fields = ("id", "action", "made_at", "made_by", "sample_time", "value", "note")


class NoteSerializer(serializers.Serializer[Any]):
    note = TextField(max_length=400, required=False, default="", allow_blank=True)


class AlarmRuleSerializer(serializers.ModelSerializer[AlarmRule]):
    division = serializers.CharField(source="division.code", read_only=True)
    datastream = serializers.UUIDField(source="datastream.uid", read_only=True, allow_null=True, default=None)
    network = serializers.CharField(source="network.code", read_only=True, allow_null=True, default=None)
    channels: Any = serializers.SlugRelatedField(many=True, read_only=True, slug_field="uid")

    class Meta:
        model = AlarmRule
        fields = (
            "uid",
            "division",
            "datastream",
            "observed_property",
            "network",
            "name",
            "kind",
            "severity",
            "low",
            "high",
            "hysteresis",
            "raise_after_s",
            "clear_after_s",
            "silent_after_s",
            "night_from",
            "night_to",
            "channels",
            "is_enabled",
            "created_at",
        )


class AlarmRuleChangeSerializer(serializers.Serializer[Any]):
    name = TextField(max_length=120, required=False)
    severity = serializers.ChoiceField(choices=AlarmSeverity.choices, required=False)
    low = serializers.FloatField(required=False, allow_null=True)
    high = serializers.FloatField(required=False, allow_null=True)
    hysteresis = serializers.FloatField(required=False, min_value=0)
    raise_after_s = serializers.IntegerField(required=False, min_value=0, max_value=31 * 86400)
    clear_after_s = serializers.IntegerField(required=False, min_value=0, max_value=31 * 86400)
    silent_after_s = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=366 * 86400
    )
    night_from = serializers.TimeField(required=False, allow_null=True)
    night_to = serializers.TimeField(required=False, allow_null=True)
    channels = serializers.ListField(child=UidField(), required=False, max_length=20)
    is_enabled = serializers.BooleanField(required=False)


class AlarmRuleRequestSerializer(AlarmRuleChangeSerializer):
    """A rule for one datastream, or for all of an observed property within a division (and network)."""

    name = TextField(max_length=120)
    kind = serializers.ChoiceField(choices=AlarmKind.choices)
    division = TextField(required=False, help_text="Code of the division")
    datastream = UidField(required=False, help_text="uid of the datastream")
    observed_property = serializers.ChoiceField(choices=Quantity.choices, required=False)
    network = TextField(required=False, help_text="Code of the network")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if ("division" in values) == ("datastream" in values):
            raise serializers.ValidationError(
                said(_("Give either a datastream, or a division with an observed property."))
            )
        return values


class NotificationChannelSerializer(serializers.ModelSerializer[NotificationChannel]):
    division = serializers.CharField(source="division.code", read_only=True)
    has_secret = serializers.SerializerMethodField()

    class Meta:
        model = NotificationChannel
        fields = ("uid", "division", "name", "kind", "target", "language", "has_secret", "is_enabled")

    def get_has_secret(self, channel: NotificationChannel) -> bool:
        return bool(channel.secret)


class ChannelChangeSerializer(serializers.Serializer[Any]):
    name = TextField(max_length=100, required=False)
    target = TextField(max_length=500, required=False)
    secret = TextField(
        max_length=100, required=False, allow_blank=True, help_text="Signs what a webhook gets"
    )
    language = serializers.ChoiceField(
        choices=LANGUAGES,
        required=False,
        allow_blank=True,
        help_text="Of its e-mails; empty: that of the settings",
    )
    is_enabled = serializers.BooleanField(required=False)


class ChannelRequestSerializer(ChannelChangeSerializer):
    division = TextField(help_text="Code of the division")
    name = TextField(max_length=100)
    kind = serializers.ChoiceField(choices=ChannelKind.choices)
    target = TextField(max_length=500, help_text="E-mail addresses separated by commas, or an http(s) URL")


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    alarm = serializers.UUIDField(source="event.alarm.uid", read_only=True)
    event = serializers.CharField(source="event.action", read_only=True)
    channel = serializers.UUIDField(source="channel.uid", read_only=True)

    class Meta:
        model = Notification
        fields = (
            "uid",
            "alarm",
            "event",
            "channel",
            "state",
            "attempts",
            "next_attempt_at",
            "last_error",
            "created_at",
            "sent_at",
        )
