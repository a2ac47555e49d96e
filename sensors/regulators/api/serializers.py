"""Regulators, their schedules and commands as JSON."""

from typing import Any

from rest_framework import serializers

from gis_core.api.bodies import TextField, UidField
from sensors.models import Regulator, RegulatorCommand, RegulatorMode, SetPointEntry


class SetPointEntrySerializer(serializers.ModelSerializer[SetPointEntry]):
    class Meta:
        model = SetPointEntry
        fields = ("weekday", "starts_at", "set_point")


class RegulatorSerializer(serializers.ModelSerializer[Regulator]):
    node = serializers.UUIDField(source="node.uid", read_only=True)
    node_code = serializers.CharField(source="node.code", read_only=True)
    network = serializers.CharField(source="node.network.code", read_only=True)
    division = serializers.CharField(source="division.code", read_only=True)
    critical_stream = serializers.UUIDField(
        source="critical_stream.uid", read_only=True, allow_null=True, default=None
    )
    override_by = serializers.CharField(
        source="override_by.username", read_only=True, allow_null=True, default=None
    )
    schedule = SetPointEntrySerializer(many=True, read_only=True)

    class Meta:
        model = Regulator
        fields = (
            "uid",
            "code",
            "name",
            "node",
            "node_code",
            "node_kind",
            "network",
            "division",
            "unit",
            "mode",
            "is_enabled",
            "set_point",
            "minimum_set_point",
            "maximum_set_point",
            "maximum_step",
            "minimum_interval_s",
            "fallback_set_point",
            "critical_stream",
            "target_m",
            "band_m",
            "gain",
            "silent_after_s",
            "stuck_after_s",
            "time_zone",
            "command_topic",
            "answer_topic",
            "answer_within_s",
            "override_set_point",
            "override_until",
            "override_reason",
            "override_by",
            "following",
            "following_reason",
            "looked_at",
            "schedule",
        )


_DAY_S = 86_400


class RegulatorChangeSerializer(serializers.Serializer[Any]):
    name = TextField(max_length=255, required=False, allow_blank=True)
    unit = TextField(max_length=20, required=False)
    mode = serializers.ChoiceField(choices=RegulatorMode.choices, required=False)
    is_enabled = serializers.BooleanField(required=False)
    minimum_set_point = serializers.FloatField(required=False)
    maximum_set_point = serializers.FloatField(required=False)
    maximum_step = serializers.FloatField(required=False)
    minimum_interval_s = serializers.IntegerField(required=False, min_value=1, max_value=7 * _DAY_S)
    fallback_set_point = serializers.FloatField(required=False)
    critical_stream = UidField(required=False, allow_null=True)
    target_m = serializers.FloatField(required=False, allow_null=True)
    band_m = serializers.FloatField(required=False, allow_null=True)
    gain = serializers.FloatField(required=False)
    silent_after_s = serializers.IntegerField(required=False, min_value=1, max_value=7 * _DAY_S)
    stuck_after_s = serializers.IntegerField(required=False, min_value=60, max_value=31 * _DAY_S)
    time_zone = TextField(max_length=64, required=False)
    command_topic = TextField(max_length=200, required=False)
    answer_topic = TextField(max_length=200, required=False)
    answer_within_s = serializers.IntegerField(required=False, min_value=1, max_value=_DAY_S)


class RegulatorRequestSerializer(RegulatorChangeSerializer):
    node = UidField(help_text="uid of the regulator, valve, pump or station")
    code = TextField(max_length=80)
    minimum_set_point = serializers.FloatField()
    maximum_set_point = serializers.FloatField()
    maximum_step = serializers.FloatField()
    fallback_set_point = serializers.FloatField()
    set_point = serializers.FloatField(help_text="What the device holds now")
    command_topic = TextField(max_length=200)
    answer_topic = TextField(max_length=200)


class EntryRequestSerializer(serializers.Serializer[Any]):
    weekday = serializers.IntegerField(
        min_value=0, max_value=6, required=False, allow_null=True, default=None, help_text="0 is Monday"
    )
    starts_at = serializers.TimeField()
    set_point = serializers.FloatField()


class RegulatorScheduleSerializer(serializers.Serializer[Any]):
    entries = serializers.ListField(child=EntryRequestSerializer(), max_length=500)


class RegulatorOverrideSerializer(serializers.Serializer[Any]):
    set_point = serializers.FloatField()
    until = serializers.DateTimeField()
    reason = TextField(max_length=300)


class RegulatorCommandSerializer(serializers.ModelSerializer[RegulatorCommand]):
    regulator = serializers.UUIDField(source="regulator.uid", read_only=True)
    regulator_code = serializers.CharField(source="regulator.code", read_only=True)
    made_by = serializers.CharField(source="made_by.username", read_only=True, allow_null=True, default=None)

    class Meta:
        model = RegulatorCommand
        fields = (
            "uid",
            "regulator",
            "regulator_code",
            "source",
            "reason",
            "previous_set_point",
            "set_point",
            "minimum_set_point",
            "maximum_set_point",
            "state",
            "made_by",
            "made_at",
            "expires_at",
            "sent_at",
            "answered_at",
            "answer",
        )
