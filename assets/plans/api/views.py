"""Planned alternatives through REST: plans, their operations, difference, cost and approval; price lists."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets.editing.api.views import body_of, network_of
from assets.models import Network, NodeKind, Plan, PlannedEdit, PriceListItem
from assets.plans.selectors.plans import plans_visible_to, prices_visible_to
from assets.plans.services import plans
from gis_core.access import Capability, access
from gis_core.api.bodies import TextField
from gis_core.api.filters import FilterSet
from gis_core.api.views import CapabilityMixin, ScopedReadViewSet, acting
from gis_core.models import Division
from gis_core.sentences import said

_NOTHING: dict[str, Any] = {"request": None}


class PlannedEditSerializer(serializers.ModelSerializer[PlannedEdit]):
    class Meta:
        model = PlannedEdit
        fields = ("ordinal", "operation", "parameters", "base_versions")


class PlanSerializer(serializers.ModelSerializer[Plan]):
    network = serializers.CharField(source="network.code", read_only=True)
    made_by = serializers.CharField(source="made_by.username", read_only=True, default=None)
    approved_by = serializers.CharField(source="approved_by.username", read_only=True, default=None)
    applied_edit = serializers.UUIDField(source="applied_edit.uid", read_only=True, default=None)
    state = serializers.CharField(read_only=True, help_text="draft, approved or withdrawn")

    class Meta:
        model = Plan
        fields: tuple[str, ...] = (
            "uid",
            "network",
            "code",
            "name",
            "state",
            "made_by",
            "made_at",
            "approved_by",
            "approved_at",
            "applied_edit",
        )


class PlanDetailSerializer(PlanSerializer):
    operations = PlannedEditSerializer(source="planned_edits", many=True, read_only=True)

    class Meta(PlanSerializer.Meta):
        fields = (*PlanSerializer.Meta.fields, "operations")


class NewPlanSerializer(serializers.Serializer[Any]):
    network = TextField(max_length=60)
    code = TextField(max_length=60)
    name = TextField(max_length=200)


class PlannedOperationsSerializer(serializers.Serializer[Any]):
    operations = serializers.ListField(child=serializers.DictField(), help_text="As in a bulk edit")


class ConflictSerializer(serializers.Serializer[Any]):
    element = serializers.CharField()
    reason = serializers.CharField()


class PlanDifferenceSerializer(serializers.Serializer[Any]):
    """A FeatureCollection of what would be added, changed and removed."""

    type = serializers.CharField()
    features = serializers.ListField(child=serializers.DictField())
    counts = serializers.DictField(child=serializers.IntegerField())
    laid_m = serializers.FloatField()
    abandoned_m = serializers.FloatField()
    remarks = serializers.ListField(child=serializers.DictField())
    conflicts = ConflictSerializer(many=True)


class CostLineSerializer(serializers.Serializer[Any]):
    work = serializers.CharField()
    kind = serializers.CharField()
    material = serializers.CharField()
    diameter_m = serializers.FloatField(allow_null=True)
    quantity = serializers.DecimalField(18, 2)
    unit = serializers.CharField()
    unit_price = serializers.DecimalField(18, 2, required=False)
    amount = serializers.DecimalField(20, 2, required=False)
    price_of = serializers.CharField(required=False, help_text="Code of the division whose price it is")
    reason = serializers.CharField(required=False)


class PlanCostSerializer(serializers.Serializer[Any]):
    lines = CostLineSerializer(many=True)
    total = serializers.DecimalField(20, 2)
    currency = serializers.CharField()
    missing = CostLineSerializer(many=True)
    is_complete = serializers.BooleanField()


class PlanFilter(FilterSet):
    network = django_filters.CharFilter(field_name="network__code", label="Code of the network")
    state = django_filters.ChoiceFilter(choices=Plan.State.choices)

    class Meta:
        model = Plan
        fields: ClassVar[list[str]] = []


class PlanViewSet(ScopedReadViewSet):
    """Planned alternatives. A single one comes with its operations."""

    capability = Capability.VIEW_NETWORK
    action_capabilities: ClassVar[dict[str, Capability]] = {"create": Capability.EDIT_NETWORK}
    serializer_class = PlanSerializer
    filterset_class = PlanFilter
    lookup_value_converter = "uuid"

    def get_serializer_class(self) -> Any:
        return PlanDetailSerializer if self.action == "retrieve" else PlanSerializer

    def select(self, viewer: Any) -> QuerySet[Plan]:
        return plans_visible_to(viewer)

    @extend_schema(request=NewPlanSerializer, responses={201: PlanSerializer})
    def create(self, request: Request) -> Response:
        form = NewPlanSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        network = network_of(request.user, form.validated_data["network"])
        plan = plans.create_plan(
            network,
            code=form.validated_data["code"],
            name=form.validated_data["name"],
            acting_user=acting(request),
        )
        return Response(PlanSerializer(plan).data, status=201)


class _PlanView(CapabilityMixin, APIView):
    capability = Capability.EDIT_NETWORK

    def plan(self, uid: Any) -> Plan:
        return access(
            Plan.objects.select_related("network__division", "made_by"),
            self.request.user,
            self.capability,
            uid=uid,
        )


class PlanOperationsView(_PlanView):
    """Adds operations to a plan."""

    @extend_schema(
        operation_id="plan_operations_add",
        request=PlannedOperationsSerializer,
        responses={201: PlannedEditSerializer(many=True)},
    )
    def post(self, request: Request, uid: Any) -> Response:
        plan = self.plan(uid)
        body = body_of(request)
        rows = plans.add_planned_edits(plan, body.get("operations") or [], acting_user=acting(request))
        return Response(PlannedEditSerializer(rows, many=True).data, status=201)


class PlanOperationView(_PlanView):
    """Takes one operation out of a plan."""

    @extend_schema(operation_id="plan_operation_remove", responses={204: None}, **_NOTHING)
    def delete(self, request: Request, uid: Any, ordinal: int) -> Response:
        if ordinal >= 2**31:
            raise ValidationError({"ordinal": [said(_("There is no such operation."))]})
        plans.remove_planned_edit(self.plan(uid), ordinal=ordinal, acting_user=acting(request))
        return Response(status=204)


class PlanDifferenceView(_PlanView):
    """What a draft would change of the network as it is now, and what stands against it."""

    capability = Capability.VIEW_NETWORK

    @extend_schema(operation_id="plan_difference", responses=PlanDifferenceSerializer)
    def get(self, request: Request, uid: Any) -> Response:
        plan = self.plan(uid)
        difference = plans.difference_of(plan, acting_user=acting(request)).as_dict()
        return Response({**difference, "conflicts": plans.conflicts_of(plan)})


class PlanCostView(_PlanView):
    """What a draft costs by the price list in force."""

    capability = Capability.VIEW_NETWORK

    @extend_schema(operation_id="plan_cost", responses=PlanCostSerializer)
    def get(self, request: Request, uid: Any) -> Response:
        cost = plans.cost_of(self.plan(uid), acting_user=acting(request))
        return Response(PlanCostSerializer(cost).data)


class PlanApproveView(_PlanView):
    """Applies a draft to the network in one transaction; 409 with the conflicts when it does not fit any more."""

    @extend_schema(operation_id="plan_approve", responses={201: PlanSerializer}, **_NOTHING)
    def post(self, request: Request, uid: Any) -> Response:
        plan = plans.approve_plan(self.plan(uid), acting_user=acting(request))
        return Response(PlanSerializer(plan).data, status=201)


class PlanWithdrawView(_PlanView):
    """Closes a draft without applying it."""

    @extend_schema(operation_id="plan_withdraw", responses={201: PlanSerializer}, **_NOTHING)
    def post(self, request: Request, uid: Any) -> Response:
        plan = plans.withdraw_plan(self.plan(uid), acting_user=acting(request))
        return Response(PlanSerializer(plan).data, status=201)


class PlanRebaseView(_PlanView):
    """Accepts the present state of the elements that changed since the plan was drawn; answers which they were."""

    @extend_schema(operation_id="plan_rebase", responses={201: ConflictSerializer(many=True)}, **_NOTHING)
    def post(self, request: Request, uid: Any) -> Response:
        accepted = plans.rebase_plan(self.plan(uid), acting_user=acting(request))
        return Response(ConflictSerializer(accepted, many=True).data, status=201)


class PriceSerializer(serializers.ModelSerializer[PriceListItem]):
    division = serializers.CharField(source="division.code", read_only=True)

    class Meta:
        model = PriceListItem
        fields = (
            "uid",
            "division",
            "commodity",
            "work",
            "kind",
            "material",
            "maximum_diameter_m",
            "unit_price",
            "valid_from",
        )


class NewPriceSerializer(serializers.Serializer[Any]):
    """A price: per metre of pipe laid or abandoned, or per node or device placed or removed."""

    division = TextField(max_length=40)
    commodity = serializers.ChoiceField(choices=Network.Commodity.choices)
    work = serializers.ChoiceField(choices=PriceListItem.Work.choices)
    kind = serializers.ChoiceField(choices=NodeKind.choices, required=False, default="")
    material = TextField(max_length=40, required=False, default="", allow_blank=True)
    maximum_diameter_m = serializers.FloatField(
        required=False, allow_null=True, default=None, min_value=0.0001, max_value=100
    )
    unit_price = serializers.DecimalField(16, 2, min_value=0)
    valid_from = serializers.DateField()

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        is_pipe = values["work"] in ("lay", "abandon")
        if is_pipe and values["kind"]:
            raise ValidationError({"kind": [said(_("Pipes have a material and a diameter, not a kind."))]})
        if not is_pipe and (values["material"] or values["maximum_diameter_m"] is not None):
            raise ValidationError({"material": [said(_("Nodes have a kind, not a material or a diameter."))]})
        return values


class PriceFilter(FilterSet):
    division = django_filters.CharFilter(field_name="division__code", label="Code of the division")
    commodity = django_filters.ChoiceFilter(choices=Network.Commodity.choices)
    work = django_filters.ChoiceFilter(choices=PriceListItem.Work.choices)

    class Meta:
        model = PriceListItem
        fields: ClassVar[list[str]] = []


class PriceViewSet(ScopedReadViewSet):
    """Price lists of divisions, in UZS without VAT."""

    capability = Capability.VIEW_NETWORK
    action_capabilities: ClassVar[dict[str, Capability]] = dict.fromkeys(
        ("create", "destroy"), Capability.EDIT_NETWORK
    )
    serializer_class = PriceSerializer
    filterset_class = PriceFilter
    lookup_value_converter = "uuid"

    def select(self, viewer: Any) -> QuerySet[PriceListItem]:
        return prices_visible_to(viewer)

    @extend_schema(request=NewPriceSerializer, responses={201: PriceSerializer})
    def create(self, request: Request) -> Response:
        form = NewPriceSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        division = access(
            Division.objects.all(),
            request.user,
            Capability.EDIT_NETWORK,
            division_lookup="pk",
            code=values.pop("division"),
        )
        item = plans.set_price(division=division, acting_user=acting(request), **values)
        return Response(PriceSerializer(item).data, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, uid: Any) -> Response:
        item = access(
            PriceListItem.objects.select_related("division"), request.user, Capability.EDIT_NETWORK, uid=uid
        )
        plans.remove_price(item, acting_user=acting(request))
        return Response(status=204)
