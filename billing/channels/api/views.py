"""Money of unknown owners, and statements, over REST."""

from pathlib import Path

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.channels.api.serializers import (
    PaymentFileSerializer,
    SuspenseAssignmentSerializer,
    SuspenseItemSerializer,
    SuspenseReturnSerializer,
)
from billing.channels.selectors.suspense import suspense_visible_to
from billing.channels.services.importing import CHANNELS, FORMATS, import_payments
from billing.channels.services.suspense import assign_suspense, return_suspense
from billing.models import Account, SuspenseItem
from gis_core.access import Capability, Viewer, access
from gis_core.api.bodies import JsonParser
from gis_core.api.views import CapabilityMixin, ScopedReadViewSet, acting
from gis_core.errors import ReportedError
from gis_core.models import Enterprise
from gis_core.sentences import Sentence, in_words

MOST_BYTES_AT_ONCE = 10 * 1024 * 1024


# A single one says what the list says.
@extend_schema_view(retrieve=extend_schema(exclude=True))
class SuspenseViewSet(ScopedReadViewSet):
    """Money that came without an owner."""

    parser_classes = [JsonParser]

    capability = Capability.VIEW_SUBSCRIBERS
    action_capabilities = {"assign": Capability.RUN_BILLING, "reverse": Capability.RUN_BILLING}
    serializer_class = SuspenseItemSerializer
    filterset_fields = ["state"]

    def select(self, viewer: Viewer) -> QuerySet[SuspenseItem]:
        capability = self.action_capabilities.get(self.action or "", self.capability)
        return suspense_visible_to(viewer, capability)

    @extend_schema(request=SuspenseAssignmentSerializer, responses={201: SuspenseItemSerializer})
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, uid: str) -> Response:
        """Book it as a payment of an account."""
        item = self.get_object()
        form = SuspenseAssignmentSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        account = access(
            Account.objects.filter(currency="UZS"),
            request.user,
            Capability.RUN_BILLING,
            enterprise_id=item.enterprise_id,
            number=form.validated_data["account"],
        )
        done = assign_suspense(item=item, account=account, acting_user=acting(request))
        return Response(SuspenseItemSerializer(done).data, status=201)

    @extend_schema(request=SuspenseReturnSerializer, responses={201: SuspenseItemSerializer})
    @action(detail=True, methods=["post"], url_path="return", url_name="return")
    def reverse(self, request: Request, uid: str) -> Response:
        """Book it as sent back to the payer."""
        item = self.get_object()
        form = SuspenseReturnSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        done = return_suspense(item=item, acting_user=acting(request), **form.validated_data)
        return Response(SuspenseItemSerializer(done).data, status=201)


class PaymentFileView(CapabilityMixin, APIView):
    """A bank's statement or a registry of payments, taken in whole; or a trial of it."""

    capability = Capability.RUN_BILLING
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="payment_file_create",
        request={"multipart/form-data": PaymentFileSerializer},
        responses=OpenApiTypes.OBJECT,
    )
    def post(self, request: Request) -> Response:
        """What became of each row."""
        form = PaymentFileSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = form.validated_data
        enterprise = access(
            Enterprise.objects.select_related("division"),
            request.user,
            self.capability,
            code=values["enterprise"],
        )
        if values["format"] not in FORMATS or values["channel"] not in CHANNELS:
            raise ReportedError(Sentence(_("Choose the format and the channel of the file.")), code="format")
        file: UploadedFile = values["file"]
        if (file.size or 0) > MOST_BYTES_AT_ONCE:
            raise ReportedError(
                Sentence(
                    _("The file has more than {megabytes} MB."), megabytes=MOST_BYTES_AT_ONCE // 1024**2
                ),
                code="file_too_large",
            )
        report = import_payments(
            enterprise=enterprise,
            data=file.read(),
            file=Path(file.name or "").name[:200],
            file_format=values["format"],
            channel=values["channel"],
            source=values["source"],
            is_trial=values["dry_run"],
            acting_user=acting(request),
        )
        return Response(
            {**report, "lines": [{**line, "reason": in_words(line["reason"])} for line in report["lines"]]}
        )
