"""JSON forms of the core's rows."""

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from gis_core.api.bodies import TextField
from gis_core.models import ApiToken, AuditEvent, Division, Enterprise, Job, Street, WaitingAct
from gis_core.sentences import told, told_in


class DivisionSerializer(serializers.ModelSerializer):
    level = serializers.CharField(source="get_level_display", read_only=True)

    class Meta:
        model = Division
        fields = ["code", "name", "level", "path"]


class StreetSerializer(serializers.ModelSerializer):
    division = serializers.CharField(source="division.code", read_only=True)
    division_name = serializers.CharField(source="division.name", read_only=True)

    class Meta:
        model = Street
        fields = ["id", "code", "name", "division", "division_name"]


class NewStreetSerializer(serializers.Serializer):
    division = TextField(max_length=40)
    name = TextField(max_length=200)


class EnterpriseSerializer(serializers.ModelSerializer):
    division = serializers.CharField(source="division.code", read_only=True)

    class Meta:
        model = Enterprise
        fields = [
            "code",
            "name",
            "division",
            "tax_id",
            "bank_name",
            "bank_code",
            "bank_account",
            "address",
            "phone",
        ]


class ApiTokenSerializer(serializers.ModelSerializer):
    """A token as its owner sees it; the secret is stored nowhere."""

    class Meta:
        model = ApiToken
        fields = ["uid", "name", "created_at", "expires_at", "revoked_at", "last_used_at"]
        read_only_fields = fields


class JobSerializer(serializers.ModelSerializer):
    division = serializers.CharField(source="division.code", read_only=True)
    created_by = serializers.CharField(source="created_by.username", read_only=True, default=None)

    class Meta:
        model = Job
        fields = [
            "uid",
            "kind",
            "division",
            "created_by",
            "state",
            "progress_done",
            "progress_total",
            "message",
            "result",
            "error",
            "created_at",
            "started_at",
            "soft_limit_passed_at",
            "ended_at",
        ]

    def to_representation(self, job: Job) -> dict[str, Any]:
        shown = super().to_representation(job)
        # They were kept in English by whatever worker did the job.
        return {**shown, "result": told_in(shown["result"]), "error": told(shown["error"])}


class ToldField(serializers.CharField):
    """A sentence of ours that is kept in English, in the asker's language."""

    def to_representation(self, value: str) -> str:
        return told(super().to_representation(value))


class AuditEventSerializer(serializers.ModelSerializer):
    user = serializers.CharField(source="user.username", read_only=True, default=None)
    division = serializers.CharField(source="division.code", read_only=True, default=None)

    class Meta:
        model = AuditEvent
        fields = [
            "id",
            "at",
            "user",
            "action",
            "object_type",
            "object_id",
            "division",
            "old_values",
            "new_values",
        ]


class ViewerSerializer(serializers.Serializer):
    """Who is asking, and what they may do where."""

    username = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    capabilities = serializers.ListField(child=serializers.CharField())
    divisions = serializers.ListField(child=serializers.CharField())


class AcceptedJobSerializer(serializers.Serializer[Any]):
    uid = serializers.UUIDField(help_text="Follow it at /api/v1/jobs/{uid}/")


def accepted(job: Job) -> Response:
    """The answer to a request that became a job, with the address where it is followed."""
    headers = {"Location": f"/api/v1/jobs/{job.uid}/"}
    return Response(AcceptedJobSerializer(job).data, status=202, headers=headers)


class ProposalSerializer(serializers.ModelSerializer):
    """What one person proposed and a second one does or did; withdrawn, it was let go."""

    proposed_by = serializers.CharField(source="proposed_by.username", read_only=True)
    decided_by = serializers.CharField(source="decided_by.username", read_only=True, default=None)
    open_until = serializers.DateTimeField(read_only=True, help_text="then it has to be proposed anew")

    class Meta:
        model = WaitingAct
        fields = [
            *(
                "uid",
                "reason",
                "state",
                "proposed_by",
                "proposed_at",
                "open_until",
                "decided_by",
                "decided_at",
            )
        ]


class OpenProposalSerializer(serializers.Serializer):
    """What waits for a second person, if anything does."""

    proposal = ProposalSerializer(allow_null=True)
