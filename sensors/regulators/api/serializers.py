"""Regulators, their schedules and commands as JSON."""

from typing import Any

from rest_framework import serializers

from gis_core.api.bodies import TextField, UidField
from sensors.models import LimitProposal, Regulator, RegulatorCommand, RegulatorMode, SetPointEntry


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
    has_key = serializers.SerializerMethodField(help_text="whether commands and answers are signed")

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
            "limits_confirmed",
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
            "has_key",
            "key_made_at",
            "may_be_unsigned",
            "override_set_point",
            "override_until",
            "override_reason",
            "override_by",
            "following",
            "following_reason",
            "looked_at",
            "schedule",
        )

    def get_has_key(self, regulator: Regulator) -> bool:
        return bool(regulator.key_sealed)


_DAY_S = 86_400


class RegulatorChangeSerializer(serializers.Serializer[Any]):
    """What one person changes; a member that is none of these is refused, since it would be passed over silently."""

    name = TextField(max_length=255, required=False, allow_blank=True)
    mode = serializers.ChoiceField(choices=RegulatorMode.choices, required=False)
    is_enabled = serializers.BooleanField(required=False)
    minimum_interval_s = serializers.IntegerField(required=False, min_value=1, max_value=7 * _DAY_S)
    fallback_set_point = serializers.FloatField(required=False)
    critical_stream = UidField(required=False, allow_null=True)
    target_m = serializers.FloatField(required=False, allow_null=True)
    band_m = serializers.FloatField(required=False, allow_null=True)
    gain = serializers.FloatField(required=False)
    silent_after_s = serializers.IntegerField(required=False, min_value=1, max_value=7 * _DAY_S)
    stuck_after_s = serializers.IntegerField(required=False, min_value=60, max_value=31 * _DAY_S)
    time_zone = TextField(max_length=64, required=False)
    answer_within_s = serializers.IntegerField(required=False, min_value=1, max_value=_DAY_S)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self.initial_data) - set(self.fields))
        if unknown:
            raise serializers.ValidationError(
                dict.fromkeys(
                    unknown,
                    "Limits are proposed and confirmed, topics follow from the code, the unit stays.",
                )
            )
        return attrs


class RegulatorRequestSerializer(RegulatorChangeSerializer):
    node = UidField(help_text="uid of the regulator, valve, pump or station")
    code = TextField(max_length=80, help_text="without +, # and /; its topics follow from it")
    unit = TextField(max_length=20, required=False)
    minimum_set_point = serializers.FloatField()
    maximum_set_point = serializers.FloatField()
    maximum_step = serializers.FloatField()
    fallback_set_point = serializers.FloatField()
    set_point = serializers.FloatField(help_text="What the device holds now")


class LimitRequestSerializer(serializers.Serializer[Any]):
    """Other limits; what is not given stays."""

    minimum_set_point = serializers.FloatField(required=False)
    maximum_set_point = serializers.FloatField(required=False)
    maximum_step = serializers.FloatField(required=False)
    fallback_set_point = serializers.FloatField(required=False)
    reason = TextField(max_length=300)


class LimitProposalSerializer(serializers.ModelSerializer[LimitProposal]):
    regulator = serializers.UUIDField(source="regulator.uid", read_only=True)
    regulator_code = serializers.CharField(source="regulator.code", read_only=True)
    division = serializers.CharField(source="division.code", read_only=True)
    proposed_by = serializers.CharField(source="proposed_by.username", read_only=True)
    decided_by = serializers.CharField(
        source="decided_by.username", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = LimitProposal
        fields = (
            "uid",
            "regulator",
            "regulator_code",
            "division",
            "minimum_set_point",
            "maximum_set_point",
            "maximum_step",
            "fallback_set_point",
            "reason",
            "state",
            "proposed_by",
            "proposed_at",
            "decided_by",
            "decided_at",
        )


class RegulatorKeySerializer(serializers.Serializer[Any]):
    regulator = serializers.CharField()
    key = serializers.CharField(help_text="64 hexadecimal digits, shown once")


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
