"""Findings, dirty areas, checks and validation runs as JSON."""

from typing import Any

from django.utils.translation import gettext_noop as _
from rest_framework import serializers

from assets.models import DirtyArea, Finding
from assets.networks.api.serializers import GeometryField
from assets.validation.services import CATALOGUE
from assets.validation.services.catalogue import explanation_in_words
from gis_core.api.bodies import TextField
from gis_core.api.serializers import ToldField
from gis_core.sentences import said


class FindingSerializer(serializers.ModelSerializer[Finding]):
    network = serializers.CharField(source="network.code", read_only=True)
    check_code = serializers.CharField(read_only=True, help_text="A code of /api/v1/checks/")
    title = serializers.SerializerMethodField()
    explanation = serializers.SerializerMethodField()
    elements = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="node:<uid> and pipe:<uid>, the offenders first",
    )
    element_codes = serializers.ListField(child=serializers.CharField(), read_only=True)
    geometry = GeometryField(source="geojson", read_only=True)
    repair = serializers.JSONField(
        read_only=True,
        help_text="The edit that would mend it, as POST /networks/{network}/edits/ takes it; or null",
    )
    is_accepted = serializers.SerializerMethodField()
    accepted_by = serializers.CharField(
        source="accepted_by.username", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = Finding
        fields = (
            "uid",
            "network",
            "check_code",
            "title",
            "severity",
            "explanation",
            "elements",
            "element_codes",
            "geometry",
            "repair",
            "found_at",
            "is_accepted",
            "accepted_by",
            "accepted_at",
            "acceptance_reason",
        )

    def get_title(self, finding: Finding) -> str:
        check = CATALOGUE.get(finding.check_code)
        return str(check.title) if check else finding.check_code

    def get_explanation(self, finding: Finding) -> str:
        return explanation_in_words(finding.check_code, finding.explanation)

    def get_is_accepted(self, finding: Finding) -> bool:
        return finding.accepted_at is not None


class DirtyAreaSerializer(serializers.ModelSerializer[DirtyArea]):
    edit = serializers.UUIDField(source="edit.uid", read_only=True, allow_null=True, default=None)
    edited_by = serializers.CharField(
        source="edit.acting_user.username", read_only=True, allow_null=True, default=None
    )
    geometry = GeometryField(source="geojson", read_only=True)

    class Meta:
        model = DirtyArea
        fields = ("id", "edit", "edited_by", "made_at", "geometry")


class CheckSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    title = serializers.CharField()
    severity = serializers.ChoiceField(choices=Finding.Severity.choices)
    explanation = serializers.CharField(help_text="With {names} of what is filled in")
    scope = serializers.ChoiceField(choices=["local", "zone", "component", "network"])
    commodities = serializers.ListField(child=serializers.CharField())
    repair = serializers.CharField(help_text="What its repair does; empty where none is safe")


class AcceptanceSerializer(serializers.Serializer[Any]):
    reason = TextField(max_length=400, help_text="Why the finding may stand")


class ValidationRequestSerializer(serializers.Serializer[Any]):
    """Nothing for the dirty ground; `bboxes` for other ground, or `all`."""

    bboxes = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=4, max_length=4),
        required=False,
        min_length=1,
        max_length=100,
        help_text="[west, south, east, north] in degrees",
    )
    all = serializers.BooleanField(default=False, help_text="The whole network, as a job")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if values["all"] and "bboxes" in values:
            raise serializers.ValidationError(said(_("Give either all or bboxes.")))
        return values


class ListedFindingSerializer(serializers.Serializer[Any]):
    uid = serializers.UUIDField()
    check = serializers.CharField()
    severity = serializers.CharField()
    explanation = serializers.CharField()
    elements = serializers.ListField(child=serializers.CharField())
    element_codes = serializers.ListField(child=serializers.CharField())
    geometry = GeometryField()
    can_be_repaired = serializers.BooleanField()
    is_accepted = serializers.BooleanField()
    acceptance_reason = serializers.CharField()

    def to_representation(self, row: dict[str, Any]) -> dict[str, Any]:
        return super().to_representation(
            {**row, "explanation": explanation_in_words(row["check"], row["explanation"])}
        )


class SkippedCheckSerializer(serializers.Serializer[Any]):
    check = serializers.CharField()
    reason = ToldField()


class ValidationResultSerializer(serializers.Serializer[Any]):
    """What a run looked at and found; `findings` lists at most 1,000, the worst first."""

    network = serializers.CharField()
    mode = serializers.ChoiceField(choices=["dirty", "bbox", "all"])
    areas = serializers.IntegerField()
    checked_nodes = serializers.IntegerField()
    checked_pipes = serializers.IntegerField()
    found = serializers.IntegerField()
    new = serializers.IntegerField()
    resolved = serializers.IntegerField()
    accepted = serializers.IntegerField()
    cleared_areas = serializers.IntegerField()
    by_severity = serializers.DictField(child=serializers.IntegerField())
    by_check = serializers.DictField(child=serializers.IntegerField())
    checks = serializers.ListField(child=serializers.CharField())
    skipped_checks = SkippedCheckSerializer(many=True)
    findings = ListedFindingSerializer(many=True)
    is_cut = serializers.BooleanField()


class RepairedSerializer(serializers.Serializer[Any]):
    edit = serializers.UUIDField(source="edit.uid", help_text="The edit that mended it; it can be undone")
    is_resolved = serializers.BooleanField()
    validation = ValidationResultSerializer()
