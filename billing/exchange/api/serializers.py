"""What an import of a register is asked with, and what is answered."""

from typing import Any

from rest_framework import serializers

from billing.exchange.selectors.columns import CellType
from billing.exchange.services.sheet import RowOutcome
from gis_core.api.bodies import TextField


class RegisterColumnSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    title = serializers.CharField()
    meaning = serializers.CharField()
    type = serializers.CharField(help_text=", ".join(CellType))
    required: Any = serializers.BooleanField()
    read = serializers.BooleanField(help_text="false: it is only written")
    example = serializers.CharField()
    choices = serializers.ListField(child=serializers.CharField())


class RegisterKindSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    title = serializers.CharField()
    meaning = serializers.CharField()
    key = serializers.ListField(child=serializers.CharField(), help_text="the columns that name a row")
    of_enterprise = serializers.BooleanField()
    may_import = serializers.BooleanField()
    columns = RegisterColumnSerializer(many=True)


class RegisterImportSerializer(serializers.Serializer[Any]):
    kind = TextField(max_length=40)
    file = serializers.FileField()
    enterprise = TextField(max_length=40, required=False, default="", allow_blank=True)
    dry_run = serializers.BooleanField(required=False, default=False)
    skip_refused = serializers.BooleanField(required=False, default=False)


class RegisterImportLineSerializer(serializers.Serializer[Any]):
    row = serializers.IntegerField()
    outcome = serializers.CharField(help_text=", ".join(RowOutcome))
    key = serializers.CharField()
    column = serializers.CharField()
    reason = serializers.CharField()
    changes = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), required=False, help_text="before, after"
    )


class RegisterImportReportSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    file = serializers.CharField()
    sha256 = serializers.CharField()
    enterprise: Any = serializers.CharField(allow_null=True)
    encoding = serializers.CharField()
    dry_run = serializers.BooleanField()
    skip_refused = serializers.BooleanField()
    written = serializers.BooleanField()
    rows = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField())
    message = serializers.CharField()
    warnings = serializers.ListField(child=serializers.CharField())
    lines = RegisterImportLineSerializer(many=True)
