"""Quality rules, flags and estimates as JSON."""

from typing import Any

from django.utils.translation import gettext_noop as _
from rest_framework import serializers

from gis_core.api.bodies import TextField, UidField
from gis_core.sentences import said
from sensors.models import DatastreamKind, QualityFlag, QualityRule, Quantity, Rule
from sensors.quality.services.estimating import METHODS


class QualityFlagSerializer(serializers.ModelSerializer[QualityFlag]):
    datastream = serializers.UUIDField(source="datastream.uid", read_only=True)
    datastream_code = serializers.CharField(source="datastream.code", read_only=True)

    class Meta:
        model = QualityFlag
        fields = (
            "id",
            "datastream",
            "datastream_code",
            "time",
            "end_time",
            "rule",
            "severity",
            "measure",
            "threshold",
            "made_at",
            "cleared_at",
        )


class QualityRuleSerializer(serializers.ModelSerializer[QualityRule]):
    division = serializers.CharField(source="division.code", read_only=True, allow_null=True, default=None)
    datastream = serializers.UUIDField(source="datastream.uid", read_only=True, allow_null=True, default=None)

    class Meta:
        model = QualityRule
        fields = (
            "uid",
            "division",
            "datastream",
            "observed_property",
            "kind",
            "rule",
            "parameters",
            "is_enabled",
            "changed_at",
        )


class QualityRuleRequestSerializer(serializers.Serializer[Any]):
    """A rule of a datastream, or of a division (with a quantity and kind, or for all)."""

    division = TextField(required=False, help_text="Code of the division")
    datastream = UidField(required=False, help_text="uid of the datastream")
    observed_property = serializers.ChoiceField(choices=Quantity.choices, required=False)
    kind = serializers.ChoiceField(choices=DatastreamKind.choices, required=False)
    rule = serializers.ChoiceField(choices=Rule.choices)
    parameters = serializers.DictField()
    is_enabled = serializers.BooleanField(default=True)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if ("division" in values) == ("datastream" in values):
            raise serializers.ValidationError(said(_("Give either a division or a datastream.")))
        if "datastream" in values and ("observed_property" in values or "kind" in values):
            raise serializers.ValidationError(said(_("A datastream has its own quantity and kind.")))
        return values


class QualityRuleChangeSerializer(serializers.Serializer[Any]):
    parameters = serializers.DictField(required=False)
    is_enabled = serializers.BooleanField(required=False)


class EstimateRequestSerializer(serializers.Serializer[Any]):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    method = serializers.ChoiceField(choices=[(name, name) for name in METHODS], default="auto")
    counter = UidField(required=False, help_text="uid of the counter to scale to")
    include_failed = serializers.BooleanField(
        default=False, help_text="Replace values that failed a rule, too"
    )
    dry_run = serializers.BooleanField(default=False)


class FilledGapSerializer(serializers.Serializer[Any]):
    first = serializers.DateTimeField()
    last = serializers.DateTimeField()
    count = serializers.IntegerField()
    method = serializers.CharField()
    reason = serializers.CharField()


class EstimateResultSerializer(serializers.Serializer[Any]):
    datastream = serializers.CharField()
    values = serializers.IntegerField()
    dry_run = serializers.BooleanField()
    gaps = FilledGapSerializer(many=True)
