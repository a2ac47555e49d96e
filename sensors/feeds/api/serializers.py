"""JSON forms of feeds."""

from typing import Any

from django.utils.translation import gettext_noop as _
from rest_framework import serializers

from gis_core.api.bodies import TextField, UidField
from gis_core.api.serializers import ToldField
from gis_core.sentences import said
from sensors.models import (
    Datastream,
    FeedFile,
    FeedKind,
    FeedProfile,
    FeedSource,
    QuarantinedRow,
    TopicPrefix,
)

LONGEST_SAMPLE = 1024 * 1024


class FeedProfileSerializer(serializers.ModelSerializer):
    division = serializers.CharField(source="division.code", read_only=True)

    class Meta:
        model = FeedProfile
        fields = ["uid", "name", "division", "description", "settings", "changed_at"]


class NewFeedProfileSerializer(serializers.Serializer):
    name = TextField(max_length=60)
    division = TextField(max_length=40)
    description = TextField(max_length=1000, required=False, allow_blank=True)
    settings = serializers.JSONField()


class ProfileTrialSerializer(serializers.Serializer):
    """Settings, or the name of a profile, and the beginning of a file."""

    profile = TextField(max_length=60, required=False)
    settings = serializers.JSONField(required=False)
    sample = serializers.CharField(max_length=LONGEST_SAMPLE, trim_whitespace=False)
    file_name = TextField(max_length=255, required=False)


class ProfileTrialResultSerializer(serializers.Serializer):
    form = serializers.JSONField()
    names = serializers.ListField(child=serializers.CharField())
    first_row = serializers.IntegerField()
    rows = serializers.IntegerField()
    values = serializers.IntegerField()
    missing = serializers.IntegerField()
    bad = serializers.IntegerField()
    series = serializers.JSONField()
    sample = serializers.JSONField()
    bad_rows = serializers.JSONField()


class FeedSourceSerializer(serializers.ModelSerializer):
    """A source and its state. Its token is shown nowhere."""

    division = serializers.CharField(source="division.code", read_only=True)
    profile = serializers.CharField(source="profile.name", read_only=True, default=None)
    has_token = serializers.SerializerMethodField()
    has_password = serializers.SerializerMethodField()
    settings = serializers.SerializerMethodField(
        help_text="address, user and the like; null for those who may not edit the source"
    )
    points = serializers.IntegerField(source="point_count", read_only=True)
    waiting = serializers.IntegerField(read_only=True, help_text="rows in quarantine")
    silent = serializers.IntegerField(
        source="silent_count", read_only=True, help_text="datastreams of points that are silent"
    )
    state = serializers.CharField(source="state.state", read_only=True, default="stopped")
    started_at = serializers.DateTimeField(source="state.started_at", read_only=True, default=None)
    seen_at = serializers.DateTimeField(source="state.seen_at", read_only=True, default=None)
    last_success_at = serializers.DateTimeField(source="state.last_success_at", read_only=True, default=None)
    last_error_at = serializers.DateTimeField(source="state.last_error_at", read_only=True, default=None)
    last_error = serializers.CharField(source="state.last_error", read_only=True, default="")
    restarts = serializers.IntegerField(source="state.restarts", read_only=True, default=0)
    messages = serializers.IntegerField(source="state.messages", read_only=True, default=0)
    inserted = serializers.IntegerField(source="state.inserted", read_only=True, default=0)
    unchanged = serializers.IntegerField(source="state.unchanged", read_only=True, default=0)
    corrected = serializers.IntegerField(source="state.corrected", read_only=True, default=0)
    quarantined = serializers.IntegerField(source="state.quarantined", read_only=True, default=0)

    class Meta:
        model = FeedSource
        fields = [
            "uid",
            "code",
            "name",
            "kind",
            "division",
            "is_active",
            "profile",
            "interval_s",
            "settings",
            "has_token",
            "has_password",
            "points",
            "waiting",
            "silent",
            "state",
            "started_at",
            "seen_at",
            "last_success_at",
            "last_error_at",
            "last_error",
            "restarts",
            "messages",
            "inserted",
            "unchanged",
            "corrected",
            "quarantined",
        ]

    def get_has_token(self, source: FeedSource) -> bool:
        return source.token_digest is not None

    def get_has_password(self, source: FeedSource) -> bool:
        return bool(source.password_sealed)

    def get_settings(self, source: FeedSource) -> dict[str, Any] | None:
        return source.settings if source.division_id in self.context["editable_divisions"] else None


class NewFeedSourceSerializer(serializers.Serializer):
    code = TextField(max_length=60)
    name = TextField(max_length=200, required=False, allow_blank=True)
    kind = serializers.ChoiceField(FeedKind.choices)
    division = TextField(max_length=40)
    profile = TextField(max_length=60, required=False)
    interval_s = serializers.FloatField(min_value=0.05, max_value=86_400 * 31, required=False)
    is_active = serializers.BooleanField(required=False)
    settings = serializers.DictField(required=False)
    password = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        write_only=True,
        help_text="of an OPC UA server; kept encrypted and never shown. Without it the one there is stays",
    )
    points = serializers.ListField(child=serializers.DictField(), required=False)


class FeedTokenSerializer(serializers.Serializer):
    source = serializers.CharField()  # type: ignore[assignment]
    token = serializers.CharField(help_text="shown once")


class FeedFileSerializer(serializers.ModelSerializer):
    division = serializers.CharField(source="division.code", read_only=True)
    profile = serializers.CharField(source="profile.name", read_only=True)
    source = serializers.CharField(source="source.code", read_only=True, default=None)  # type: ignore[assignment]

    class Meta:
        model = FeedFile
        fields = [
            "uid",
            "name",
            "division",
            "profile",
            "source",
            "content_sha256",
            "size_bytes",
            "state",
            "rows",
            "inserted",
            "unchanged",
            "corrected",
            "missing",
            "quarantined",
            "error",
            "started_at",
            "finished_at",
        ]


class TopicPrefixSerializer(serializers.ModelSerializer):
    division = serializers.CharField(source="division.code", read_only=True)
    created_by = serializers.CharField(source="created_by.username", read_only=True, default=None)

    class Meta:
        model = TopicPrefix
        fields = ["uid", "prefix", "division", "note", "created_at", "created_by"]


class NewTopicPrefixSerializer(serializers.Serializer):
    prefix = TextField(max_length=120, help_text="one to four levels, such as tarmoq/qibray")
    division = TextField(max_length=40)
    note = TextField(max_length=200, required=False, allow_blank=True)


class QuarantinedRowSerializer(serializers.ModelSerializer):
    division = serializers.CharField(source="division.code", read_only=True, default=None)
    file = serializers.UUIDField(source="file.uid", read_only=True, default=None)
    file_name = serializers.CharField(source="file.name", read_only=True, default=None)
    source = serializers.CharField(source="source.code", read_only=True, default=None)  # type: ignore[assignment]
    reason = ToldField(read_only=True)

    class Meta:
        model = QuarantinedRow
        fields = [
            "uid",
            "division",
            "file",
            "file_name",
            "source",
            "line",
            "raw",
            "is_base64",
            "is_cut",
            "code",
            "reason",
            "context",
            "occurrences",
            "state",
            "first_at",
            "last_at",
            "settled_at",
        ]


class ChosenRowsSerializer(serializers.Serializer):
    """Rows by their uids, or all that wait of a file or of a source, or with a code."""

    rows = serializers.ListField(child=UidField(), max_length=10_000, required=False)
    file = UidField(required=False)
    source = TextField(max_length=60, required=False)  # type: ignore[assignment]
    code = TextField(max_length=40, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self.initial_data) - set(self.fields))
        if unknown or not attrs:
            raise serializers.ValidationError(
                said(_("Name rows, a file, a source or a code, and nothing else."))
            )
        return attrs


class RetrySerializer(serializers.Serializer):
    tried = serializers.IntegerField()
    taken = serializers.IntegerField()
    waiting = serializers.IntegerField()


class DismissedSerializer(serializers.Serializer):
    dismissed = serializers.IntegerField()


class FeedingDatastreamSerializer(serializers.ModelSerializer):
    division = serializers.CharField(source="division.code", read_only=True)
    thing = serializers.CharField(source="thing.code", read_only=True)
    latest_time = serializers.DateTimeField(source="latest.time", read_only=True, default=None)
    received = serializers.IntegerField(
        read_only=True, help_text="intervals of the last 24 whole hours with a value"
    )
    expected = serializers.FloatField(read_only=True)
    is_silent = serializers.BooleanField(read_only=True)

    class Meta:
        model = Datastream
        fields = [
            "uid",
            "code",
            "thing",
            "division",
            "observed_property",
            "interval_s",
            "latest_time",
            "received",
            "expected",
            "is_silent",
        ]


class UplinkAnswerSerializer(serializers.Serializer):
    inserted = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    corrected = serializers.IntegerField()
    quarantined = serializers.IntegerField()
