"""Edits as JSON. The forms of requests are made from the operations' own parameters (services.editing.bulk)."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from assets.editing.services.bulk import MAXIMUM_OPERATIONS, OPERATIONS, Operation, OperationParameter
from assets.models import Edit, Lineage
from gis_core.api.serializers import ToldField

_ANY_GEOMETRY = {"type": "object", "description": "GeoJSON geometry, WGS 84, or bare coordinates"}


@extend_schema_field(_ANY_GEOMETRY)
class PostedGeometryField(serializers.JSONField):
    """Read by the service, which says what is wrong with it."""


def form_of(operation: Operation, *, without: str | None = None) -> type[serializers.Serializer[Any]]:
    """The request form of an operation, for the description of the API; `without` is named by the address."""
    fields: dict[str, Any] = {
        name: _field(parameter) for name, parameter in operation.parameters.items() if name != without
    }
    name = "".join(part.capitalize() for part in operation.name.split("_"))
    fields["__doc__"] = f"The parameters of {operation.name}."
    of = (without or "").capitalize() if operation.name == "change_lifecycle" else ""
    return type(f"{name}{of}Serializer", (serializers.Serializer,), fields)


def _field(parameter: OperationParameter) -> serializers.Field[Any, Any, Any, Any]:
    more: dict[str, Any] = {"required": parameter.is_required, "help_text": parameter.help}
    match parameter.type:
        case "number":
            return serializers.FloatField(**more)
        case "truth":
            return serializers.BooleanField(**more)
        case "geometry":
            return PostedGeometryField(**more)
        case "object":
            return serializers.DictField(**more)
        case "choice":
            more["help_text"] = ", ".join(parameter.choices)
    return serializers.CharField(**more)


class BulkSerializer(serializers.Serializer[Any]):
    summary = serializers.CharField(required=False, max_length=400, default="", allow_blank=True)
    operations = serializers.ListField(
        child=serializers.DictField(),
        help_text=f"At most {MAXIMUM_OPERATIONS:,}. Each has `op` ("
        + ", ".join(OPERATIONS)
        + ") and its parameters, `if_match` with "
        "the version it was drawn against, and may have `ref`: later operations write `#ref` for what it makes",
    )


class UndoSerializer(serializers.Serializer[Any]):
    edit = serializers.UUIDField(required=False, help_text="By default one's own last")


class RemarkSerializer(serializers.Serializer[Any]):
    element = serializers.CharField()
    reason = ToldField()


class ChangedElementSerializer(serializers.Serializer[Any]):
    element = serializers.CharField(help_text="node or pipe")
    uid = serializers.UUIDField()
    code = serializers.CharField()
    version = serializers.IntegerField(allow_null=True, help_text="For If-Match; null when it is gone")
    change = serializers.CharField(help_text="made, changed or deleted")


class EditSerializer(serializers.ModelSerializer[Edit]):
    network = serializers.CharField(source="network.code", read_only=True)
    by = serializers.CharField(source="acting_user.username", read_only=True, default=None, allow_null=True)
    undoes = serializers.UUIDField(  # type: ignore[assignment]
        source="undoes.uid", read_only=True, default=None, allow_null=True
    )
    undone_by = serializers.UUIDField(  # type: ignore[assignment]
        source="undone_by.uid", read_only=True, default=None, allow_null=True
    )
    summary = ToldField(read_only=True)
    remarks = RemarkSerializer(many=True, read_only=True)

    class Meta:
        model = Edit
        fields: tuple[str, ...] = (
            "uid",
            "network",
            "operation",
            "summary",
            "by",
            "made_at",
            "undoes",
            "undone_by",
            "remarks",
        )


class EditOutcomeSerializer(EditSerializer):
    """An edit just made: what each operation returned, and the elements with their new versions."""

    results = serializers.ListField(child=serializers.DictField(), read_only=True)
    elements = ChangedElementSerializer(many=True, read_only=True)

    class Meta(EditSerializer.Meta):
        fields = (*EditSerializer.Meta.fields, "results", "elements")


class RowChangeSerializer(serializers.Serializer[Any]):
    table = serializers.CharField()
    row = serializers.IntegerField()
    change = serializers.CharField(help_text="made, changed or deleted")
    version = serializers.IntegerField(allow_null=True)
    before = serializers.DictField(allow_null=True)
    geometry = PostedGeometryField(allow_null=True)


class EarlierStateSerializer(RowChangeSerializer):
    valid_from = serializers.DateTimeField(allow_null=True)
    valid_to = serializers.DateTimeField()
    edit = serializers.UUIDField(allow_null=True)
    by = serializers.CharField(allow_null=True)


class LineageSerializer(serializers.ModelSerializer[Lineage]):
    edit = serializers.UUIDField(source="edit.uid", read_only=True)

    class Meta:
        model = Lineage
        fields = (
            "edit",
            "element",
            "relation",
            "ancestor_uid",
            "ancestor_code",
            "descendant_uid",
            "descendant_code",
            "from_share",
            "to_share",
        )


class ElementHistorySerializer(serializers.Serializer[Any]):
    states = EarlierStateSerializer(many=True)
    lineage = LineageSerializer(many=True)


class EditDetailSerializer(EditSerializer):
    """An edit with the rows it changed and the elements that came from others."""

    parameters = serializers.DictField(read_only=True)
    elements = ChangedElementSerializer(many=True, read_only=True)
    changes = RowChangeSerializer(many=True, read_only=True)
    lineage = LineageSerializer(many=True, read_only=True)

    class Meta(EditSerializer.Meta):
        fields = (*EditSerializer.Meta.fields, "parameters", "elements", "changes", "lineage")
