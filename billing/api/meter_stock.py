"""Meters over REST: where they are and what is done with them, verifications that are due."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.api.account_forms import text
from billing.api.serializers import MeterSerializer
from billing.models import Meter, MeterMovement
from billing.selectors import accounts as selectors
from billing.selectors.meter_stock import (
    DUE_COLUMNS,
    METER_PLACES,
    MOST_DUE,
    due_row,
    meter_movements_visible_to,
    meter_stock,
    verifications_due,
)
from billing.services.meter_stock import (
    MOST_METERS,
    move_meters,
    receive_meters,
    take_back_movement,
    verify_meter,
)
from gis_core.access import Capability, NotVisible, Viewer, access, visible
from gis_core.api.bodies import TextField
from gis_core.api.downloads import short_table_download
from gis_core.api.parameters import choice_parameter, day_parameter
from gis_core.api.views import CapabilityMixin, ScopedReadViewSet, acting
from gis_core.models import Division

_ON_A_PAGE = 200


class MeterMovementSerializer(serializers.ModelSerializer):
    meter = serializers.CharField(source="meter.serial", read_only=True)
    made_by = serializers.CharField(source="made_by.username", read_only=True, default=None)
    taken_back_by = serializers.CharField(source="taken_back_by.username", read_only=True, default=None)

    class Meta:
        model = MeterMovement
        fields = [
            *("id", "meter", "kind", "happened_on", "holder", "is_fit", "valid_until", "document", "made_by"),
            *("made_at", "taken_back_by", "taken_back_at"),
        ]


class _SerialsField(serializers.ListField):
    child = TextField(max_length=40)

    def __init__(self) -> None:
        super().__init__(min_length=1, max_length=MOST_METERS)


class MeterReceiptSerializer(serializers.Serializer):
    """Meters of one model that came into the store of a division; `digits` are the type's where it is registered."""

    division = TextField()
    model_name = TextField(max_length=60)
    digits = serializers.IntegerField(min_value=3, max_value=9, required=False, default=None, allow_null=True)
    serials = _SerialsField()
    day = serializers.DateField()
    document = text(200)


class MeterMoveSerializer(serializers.Serializer):
    """What is done with meters of the store or of crews: `holder` is to whom they are issued."""

    serials = _SerialsField()
    kind = serializers.ChoiceField(choices=["issued", "returned", "written_off"])
    day = serializers.DateField()
    holder = text(100)
    document = text(200)


class MeterVerificationSerializer(serializers.Serializer):
    """What a verification found; without `valid_until` the type's months count."""

    day = serializers.DateField()
    is_fit = serializers.BooleanField()
    valid_until = serializers.DateField(required=False, default=None, allow_null=True)
    document = text(200)


class StockedMeterSerializer(serializers.Serializer):
    uid = serializers.UUIDField()
    serial = serializers.CharField()
    model_name = serializers.CharField()
    digits = serializers.IntegerField()
    place = serializers.ChoiceField(choices=METER_PLACES)
    since: Any = serializers.DateField(allow_null=True)
    holder = serializers.CharField()
    service_point: Any = serializers.CharField(allow_null=True)
    account: Any = serializers.UUIDField(allow_null=True)
    division = serializers.CharField()
    verified_on: Any = serializers.DateField(allow_null=True)
    movement: Any = serializers.IntegerField(allow_null=True, help_text="by which it is there")
    verification: Any = serializers.IntegerField(allow_null=True, help_text="the last one")


class MeterStockSerializer(serializers.Serializer):
    found = serializers.IntegerField(help_text="more than the rows when only the first are listed")
    rows = StockedMeterSerializer(many=True)


class VerificationDueSerializer(serializers.Serializer):
    meter = serializers.UUIDField()
    serial = serializers.CharField()
    model_name = serializers.CharField()
    due_on = serializers.DateField()
    verified_on: Any = serializers.DateField(allow_null=True)
    is_fit: Any = serializers.BooleanField(allow_null=True)
    service_point = serializers.CharField()
    account: Any = serializers.UUIDField(allow_null=True)
    account_number: Any = serializers.CharField(allow_null=True)
    subscriber: Any = serializers.CharField(allow_null=True)
    street: Any = serializers.CharField(allow_null=True)
    house: Any = serializers.CharField(allow_null=True)
    flat: Any = serializers.CharField(allow_null=True)


class VerificationsDueSerializer(serializers.Serializer):
    found = serializers.IntegerField(help_text="more than the rows when only the first are listed")
    rows = VerificationDueSerializer(many=True)


class MeterMovementViewSet(ScopedReadViewSet):
    """What was done with meters: received, issued, returned, verified, written off."""

    capability = Capability.VIEW_SUBSCRIBERS
    action_capabilities: ClassVar[dict[str, Capability]] = {"take_back": Capability.MANAGE_ACCOUNTS}
    serializer_class = MeterMovementSerializer
    filterset_fields = ["meter__serial", "kind", "happened_on"]
    lookup_field = "pk"

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        capability = self.action_capabilities.get(self.action or "", self.capability)
        return meter_movements_visible_to(viewer, capability)

    @extend_schema(request=None, responses=MeterMovementSerializer)
    @action(detail=True, methods=["post"], url_path="take-back")
    def take_back(self, request: Request, pk: str) -> Response:
        """Take back what was entered by mistake; it counts as if it had never been entered."""
        row = take_back_movement(movement=self.get_object(), acting_user=acting(request))
        return Response(MeterMovementSerializer(row).data)


class MeterViewSet(ScopedReadViewSet):
    """Customers' meters; they are received and moved by POST."""

    capability = Capability.VIEW_SUBSCRIBERS
    action_capabilities: ClassVar[dict[str, Capability]] = dict.fromkeys(
        ("receive", "move", "verify"), Capability.MANAGE_ACCOUNTS
    )
    action_parameters: ClassVar[dict[str, frozenset[str]]] = {"stock": frozenset({"place", "q"})}
    serializer_class = MeterSerializer
    filterset_fields = ["serial"]

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return selectors.meters_visible_to(viewer)

    @extend_schema(
        filters=False,
        parameters=[
            OpenApiParameter("place", enum=METER_PLACES, description="anywhere by default"),
            OpenApiParameter("q", description="some of the serial number, or of who has it"),
        ],
        responses=MeterStockSerializer,
    )
    @action(detail=False, methods=["get"], pagination_class=None)
    def stock(self, request: Request) -> Response:
        """Where meters are today, those there the longest first; at most 200 are listed."""
        place = choice_parameter(request, "place", METER_PLACES, None)
        rows, found = meter_stock(
            request.user, place=place or "", text=request.query_params.get("q", "").strip(), most=_ON_A_PAGE
        )
        return Response(MeterStockSerializer({"found": found, "rows": rows}).data)

    @extend_schema(request=MeterReceiptSerializer, responses={201: MeterSerializer(many=True)})
    @action(detail=False, methods=["post"])
    def receive(self, request: Request) -> Response:
        """Register meters that came into the store."""
        form = MeterReceiptSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        division = access(
            Division.objects.all(),
            request.user,
            Capability.MANAGE_ACCOUNTS,
            division_lookup="pk",
            code=values.pop("division"),
        )
        made = receive_meters(division=division, acting_user=acting(request), **values)
        return Response(MeterSerializer(made, many=True).data, status=201)

    @extend_schema(request=MeterMoveSerializer, responses={201: MeterMovementSerializer(many=True)})
    @action(detail=False, methods=["post"])
    def move(self, request: Request) -> Response:
        """Issue meters, take them back into the store, or write them off; all or none."""
        form = MeterMoveSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        serials = list(dict.fromkeys(values.pop("serials")))
        meters = visible(Meter.objects.select_related("division"), request.user, Capability.MANAGE_ACCOUNTS)
        found = {meter.serial: meter for meter in meters.filter(serial__in=serials)}
        missing = next((serial for serial in serials if serial not in found), None)
        if missing is not None:
            raise NotVisible(f"no meter {missing}")
        made = move_meters(
            meters=[found[serial] for serial in serials], acting_user=acting(request), **values
        )
        return Response(MeterMovementSerializer(made, many=True).data, status=201)

    @extend_schema(request=MeterVerificationSerializer, responses={201: MeterMovementSerializer})
    @action(detail=True, methods=["post"])
    def verify(self, request: Request, uid: str) -> Response:
        """Note what a verification found."""
        rows = Meter.objects.select_related("division")
        meter = access(rows, request.user, Capability.MANAGE_ACCOUNTS, uid=self.get_object().uid)
        form = MeterVerificationSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        made = verify_meter(meter=meter, acting_user=acting(request), **form.validated_data)
        return Response(MeterMovementSerializer(made).data, status=201)


class VerificationsDueView(CapabilityMixin, APIView):
    """Meters that hang and are to be verified by a day, in walking order, as JSON or as a table."""

    capability = Capability.VIEW_SUBSCRIBERS
    query_parameters: ClassVar[frozenset[str]] = frozenset({"until", "street", "file_format"})

    @extend_schema(
        operation_id="meter_verifications_due",
        parameters=[
            OpenApiParameter("until", OpenApiTypes.DATE, description="today by default"),
            OpenApiParameter("street", description="a street as DIVISION/STREET"),
            OpenApiParameter("file_format", enum=["csv", "xlsx"]),
        ],
        responses=VerificationsDueSerializer,
    )
    def get(self, request: Request) -> HttpResponseBase:
        file_format = choice_parameter(request, "file_format", ("csv", "xlsx"), None)
        rows, found = verifications_due(
            request.user,
            until=day_parameter(request, "until") or timezone.localdate(),
            street=request.query_params.get("street") or None,
            most=_ON_A_PAGE if file_format is None else MOST_DUE,
        )
        if file_format is not None:
            return short_table_download(file_format, "verifications-due", DUE_COLUMNS, map(due_row, rows))
        return Response(VerificationsDueSerializer({"found": found, "rows": rows}).data)
