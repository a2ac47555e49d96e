"""Work orders as JSON."""

from typing import Any

from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from assets.models import WorkMaterial, WorkOrder, WorkOrderMove
from assets.registers.api.serializers import NumberField, StrictSerializer, WholeField
from assets.work_orders.services.leaks import is_left_open, leak_of
from gis_core.api.bodies import TextField, UidField
from gis_core.sentences import said

_OR_NULL: dict[str, Any] = {"read_only": True, "allow_null": True, "default": None}


class WorkElementSerializer(serializers.Serializer[Any]):
    element = serializers.ChoiceField(choices=["node", "pipe"])
    uid = serializers.UUIDField()
    code = serializers.CharField()
    kind = serializers.CharField()


class WorkOrderSerializer(serializers.ModelSerializer[WorkOrder]):
    network = serializers.CharField(source="network.code", read_only=True)
    division = serializers.CharField(source="division.code", read_only=True)
    assignee = serializers.CharField(source="assignee.username", **_OR_NULL)
    assignee_name = serializers.SerializerMethodField()
    created_by = serializers.CharField(source="created_by.username", **_OR_NULL)
    longitude = serializers.FloatField(source="geom.x", read_only=True)
    latitude = serializers.FloatField(source="geom.y", read_only=True)
    about = serializers.SerializerMethodField()

    class Meta:
        model = WorkOrder
        fields = (
            "uid",
            "network",
            "division",
            "number",
            "kind",
            "title",
            "description",
            "priority",
            "source",
            "source_uid",
            "source_text",
            "longitude",
            "latitude",
            "about",
            "state",
            "assignee",
            "assignee_name",
            "due_at",
            "time_spent_min",
            "version",
            "created_by",
            "created_at",
            "changed_at",
        )

    def get_assignee_name(self, order: WorkOrder) -> str:
        return order.assignee.get_full_name() or order.assignee.get_username() if order.assignee else ""

    @extend_schema_field(WorkElementSerializer(allow_null=True))
    def get_about(self, order: WorkOrder) -> dict[str, Any] | None:
        if order.attachment is None:
            return None
        pipe = order.attachment.pipe
        if pipe is not None:
            return {"element": "pipe", "uid": str(pipe.uid), "code": pipe.code, "kind": "pipe"}
        node = order.attachment.node
        return {"element": "node", "uid": str(node.uid), "code": node.code, "kind": node.kind}


class WorkMoveSerializer(serializers.ModelSerializer[WorkOrderMove]):
    assignee = serializers.CharField(source="assignee.username", **_OR_NULL)
    moved_by = serializers.CharField(source="moved_by.username", **_OR_NULL)

    class Meta:
        model = WorkOrderMove
        fields = ("from_state", "to_state", "assignee", "note", "moved_by", "moved_at", "recorded_at")


class WorkMaterialSerializer(serializers.ModelSerializer[WorkMaterial]):
    recorded_by = serializers.CharField(source="recorded_by.username", **_OR_NULL)

    class Meta:
        model = WorkMaterial
        fields = ("uid", "material", "quantity", "unit", "recorded_by", "recorded_at")


class WorkPhotoSerializer(serializers.Serializer[Any]):
    document = serializers.UUIDField(source="document.uid")
    title = serializers.CharField(source="document.title")
    created_at = serializers.DateTimeField(source="document.created_at")


class WorkLeakSerializer(serializers.Serializer[Any]):
    uid = serializers.UUIDField()
    number = serializers.CharField()
    state = serializers.CharField()
    waits = serializers.BooleanField(help_text="The order is done, and the leak is not repaired")


class WorkOrderDetailSerializer(WorkOrderSerializer):
    leak = serializers.SerializerMethodField(help_text="The leak that the order was made from")
    moves = WorkMoveSerializer(many=True, read_only=True)
    materials = WorkMaterialSerializer(many=True, read_only=True)
    photos = WorkPhotoSerializer(many=True, read_only=True)

    class Meta(WorkOrderSerializer.Meta):
        fields = (*WorkOrderSerializer.Meta.fields, "leak", "moves", "materials", "photos")  # type: ignore[assignment]

    @extend_schema_field(WorkLeakSerializer(allow_null=True))
    def get_leak(self, order: WorkOrder) -> dict[str, Any] | None:
        leak = leak_of(order)
        if leak is None:
            return None
        return {
            "uid": str(leak.uid),
            "number": leak.number,
            "state": leak.state,
            "waits": is_left_open(order, leak),
        }


class WorkOrderEntrySerializer(StrictSerializer):
    """A new order. From a leak or an outage, network, place and title follow when they are not given."""

    uid = UidField(required=False, help_text="The client's own; sent again, the order is made once")
    network = TextField(
        required=False, max_length=60, help_text="Code of the network; needed by hand and from an alarm"
    )
    kind = serializers.ChoiceField(choices=WorkOrder.Kind.choices)
    title = TextField(required=False, max_length=200)
    description = TextField(required=False, allow_blank=True, max_length=10_000)
    priority = serializers.ChoiceField(choices=WorkOrder.Priority.choices, required=False)
    source = serializers.ChoiceField(choices=WorkOrder.Source.choices, required=False)  # type: ignore[assignment]
    source_uid = UidField(required=False, help_text="uid of the leak, outage or alarm")
    source_text = TextField(required=False, allow_blank=True, max_length=300, help_text="What an alarm says")
    node = UidField(required=False, help_text="What the work is about")
    pipe = UidField(required=False, help_text="What the work is about")
    lon = NumberField(required=False, min_value=-180, max_value=180)
    lat = NumberField(required=False, min_value=-90, max_value=90)
    assignee = TextField(required=False, allow_null=True, max_length=150, help_text="User name")
    due_at = serializers.DateTimeField(required=False, allow_null=True)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        source = values.get("source", WorkOrder.Source.HAND)
        if (source == WorkOrder.Source.HAND) == ("source_uid" in values):
            raise serializers.ValidationError(said(_("A source other than by hand comes with its uid.")))
        if ("lon" in values) != ("lat" in values):
            raise serializers.ValidationError(said(_("lon and lat go together.")))
        if "node" in values and "pipe" in values:
            raise serializers.ValidationError(said(_("Give either node or pipe.")))
        if source in (WorkOrder.Source.HAND, WorkOrder.Source.ALARM):
            if not values.keys() & {"node", "pipe", "lon"}:
                raise serializers.ValidationError(said(_("Give a node, a pipe, or lon and lat.")))
            for name in ("network", "title"):
                if name not in values:
                    raise serializers.ValidationError({name: [said(_("This field is required."))]})
        elif values.keys() & {"network", "node", "pipe", "lon"}:
            raise serializers.ValidationError(said(_("Network and place are those of the source.")))
        return values


class VersionedSerializer(StrictSerializer):
    version = WholeField(required=False, min_value=1, help_text="The version you saw; another one is 412")


class WorkOrderChangeSerializer(VersionedSerializer):
    kind = serializers.ChoiceField(choices=WorkOrder.Kind.choices, required=False)
    title = TextField(required=False, max_length=200)
    description = TextField(required=False, allow_blank=True, max_length=10_000)
    priority = serializers.ChoiceField(choices=WorkOrder.Priority.choices, required=False)
    due_at = serializers.DateTimeField(required=False, allow_null=True)


class AssignmentSerializer(VersionedSerializer):
    assignee = TextField(allow_null=True, max_length=150, help_text="User name; null takes the order back")
    note = TextField(required=False, allow_blank=True, max_length=2000)


class MoveEntrySerializer(VersionedSerializer):
    state = serializers.ChoiceField(choices=WorkOrder.State.choices)
    note = TextField(required=False, allow_blank=True, max_length=2000)
    at = serializers.DateTimeField(required=False, help_text="When it was so; now by default")
    time_spent_min = WholeField(required=False, min_value=0, max_value=60_000)


class CancellationSerializer(VersionedSerializer):
    note = TextField(required=False, allow_blank=True, max_length=2000)


class UsedMaterialSerializer(StrictSerializer):
    uid = UidField(required=False, help_text="The client's own; sent again, the row is kept once")
    material = TextField(max_length=120)
    quantity = serializers.DecimalField(max_digits=12, decimal_places=3, min_value=0)
    unit = TextField(max_length=20)


class WorkDoneSerializer(StrictSerializer):
    materials = UsedMaterialSerializer(many=True, required=False)
    time_spent_min = WholeField(required=False, min_value=0, max_value=60_000)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if not values:
            raise serializers.ValidationError(said(_("Give materials, or the time spent.")))
        return values


class PhotoEntrySerializer(StrictSerializer):
    file = serializers.FileField()
    uid = UidField(required=False, help_text="The client's own; sent again, the photo is kept once")
    title = TextField(required=False, allow_blank=True, max_length=200)


class CrewMemberSerializer(serializers.Serializer[Any]):
    username = serializers.CharField()
    name = serializers.CharField()
    divisions = serializers.ListField(child=serializers.CharField())
    open_orders = serializers.IntegerField()
