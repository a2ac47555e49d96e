"""Cash desks over REST."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.cash_desk.api.serializers import (
    CashDeskSerializer,
    CashShiftDetailSerializer,
    CashShiftSerializer,
    CashSlipSerializer,
    FoundForPaymentSerializer,
    ReceiptCancellationSerializer,
    ReceiptSerializer,
    RefundProposalSerializer,
    ShiftClosingSerializer,
    ShiftOpeningSerializer,
    WaitingRefundSerializer,
)
from billing.cash_desk.selectors.desk import (
    desks_visible_to,
    shifts_visible_to,
    slips_visible_to,
    waiting_refunds_visible_to,
)
from billing.cash_desk.selectors.documents import SLIP_LANGUAGES, shift_pdf, slip_pdf
from billing.cash_desk.services.refunds import confirm_refund, propose_refund, withdraw_refund
from billing.cash_desk.services.shifts import close_shift, open_shift
from billing.cash_desk.services.slips import cancel_receipt, count_print, take_money
from billing.ledger.selectors.debts import account_debts
from billing.models import Account, CashSlip, WaitingRefund
from billing.selectors.search import find_accounts
from gis_core.access import Capability, Viewer, access
from gis_core.api.parameters import choice_parameter
from gis_core.api.views import CapabilityMixin, ScopedReadViewSet, acting

_LANGUAGE = OpenApiParameter("language", enum=SLIP_LANGUAGES, description="Uzbek by default")
_PDF = {(200, "application/pdf"): OpenApiTypes.BINARY}
_MOST_FOUND = 8


class CashDeskViewSet(ScopedReadViewSet):
    """Cash desks."""

    capability = Capability.VIEW_SUBSCRIBERS
    serializer_class = CashDeskSerializer
    filterset_fields = ["enterprise__code", "code", "is_active"]

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return desks_visible_to(viewer)


class CashShiftViewSet(ScopedReadViewSet):
    """Shifts of cash desks; one is opened by POST."""

    capability = Capability.VIEW_SUBSCRIBERS
    action_capabilities = {"create": Capability.RECORD_PAYMENTS, "close": Capability.RECORD_PAYMENTS}
    action_parameters: ClassVar[dict[str, frozenset[str]]] = {"slip": frozenset({"language"})}
    serializer_class = CashShiftSerializer
    filterset_fields = ["desk__code", "cashier__username"]

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return shifts_visible_to(viewer, self.action_capabilities.get(self.action or "", self.capability))

    @extend_schema(responses=CashShiftDetailSerializer)
    def retrieve(self, request: Request, *arguments: Any, **keywords: Any) -> Response:
        """One with what its slips add up to."""
        return Response(CashShiftDetailSerializer(self.get_object()).data)

    @extend_schema(request=ShiftOpeningSerializer, responses={201: CashShiftSerializer})
    def create(self, request: Request) -> Response:
        """Open a shift of the caller's; one that he has open at this desk is answered again."""
        form = ShiftOpeningSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        desk = access(
            desks_visible_to(request.user),
            request.user,
            Capability.RECORD_PAYMENTS,
            uid=form.validated_data["desk"],
        )
        shift = open_shift(
            desk=desk, float_amount=form.validated_data["float_amount"], acting_user=acting(request)
        )
        return Response(CashShiftSerializer(shift).data, status=201)

    @extend_schema(request=ShiftClosingSerializer, responses=CashShiftDetailSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, uid: str) -> Response:
        """Close it by what was counted: one's own, or one that a colleague left open."""
        shift = self.get_object()
        form = ShiftClosingSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        closed = close_shift(shift=shift, acting_user=acting(request), **form.validated_data)
        return Response(CashShiftDetailSerializer(closed).data)

    @extend_schema(parameters=[_LANGUAGE], responses=_PDF)
    @action(detail=True, methods=["get"])
    def slip(self, request: Request, uid: str) -> HttpResponse:
        """Its paper: what was taken, cancelled, paid back and counted."""
        shift = self.get_object()
        return _pdf(shift_pdf(shift, _language(request)), f"{shift.desk.code}-shift-{shift.number}")


class CashSlipViewSet(ScopedReadViewSet):
    """Papers of cash desks; a receipt is made by POST."""

    capability = Capability.VIEW_SUBSCRIBERS
    action_capabilities = dict.fromkeys(
        ("create", "cancel", "propose_refund", "print_slip"), Capability.RECORD_PAYMENTS
    )
    action_parameters: ClassVar[dict[str, frozenset[str]]] = dict.fromkeys(
        ("pdf", "print_slip"), frozenset({"language"})
    )
    serializer_class = CashSlipSerializer
    filterset_fields = [
        *("kind", "desk__code", "made_on", "made_by__username", "shift__uid", "account__uid"),
        *("payment__reference", "desk__enterprise__code"),
    ]

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return slips_visible_to(viewer, self.action_capabilities.get(self.action or "", self.capability))

    @extend_schema(request=ReceiptSerializer, responses={201: CashSlipSerializer})
    def create(self, request: Request) -> Response:
        """Take money for an account in the caller's open shift."""
        form = ReceiptSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        account = access(
            Account.objects.select_related("division"),
            request.user,
            Capability.RECORD_PAYMENTS,
            uid=values.pop("account"),
        )
        slip = take_money(account=account, acting_user=acting(request), **values)
        return Response(CashSlipSerializer(slip).data, status=201)

    @extend_schema(request=ReceiptCancellationSerializer, responses={201: CashSlipSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, uid: str) -> Response:
        """Cancel a receipt of one's own open shift, whole."""
        receipt = self.get_object()
        form = ReceiptCancellationSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        slip = cancel_receipt(receipt=receipt, acting_user=acting(request), **form.validated_data)
        return Response(CashSlipSerializer(slip).data, status=201)

    @extend_schema(request=RefundProposalSerializer, responses={202: WaitingRefundSerializer})
    @action(detail=True, methods=["post"], url_path="propose-refund")
    def propose_refund(self, request: Request, uid: str) -> Response:
        """Propose to pay a receipt back, or a part; a second person confirms it."""
        receipt = self.get_object()
        form = RefundProposalSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        row = propose_refund(receipt=receipt, acting_user=acting(request), **form.validated_data)
        return Response(WaitingRefundSerializer(row).data, status=202)

    @extend_schema(request=None, parameters=[_LANGUAGE], responses=_PDF)
    @action(detail=True, methods=["post"], url_path="print", url_name="print")
    def print_slip(self, request: Request, uid: str) -> HttpResponse:
        """The paper, counted: the first is the original, later ones say COPY."""
        slip, language = self.get_object(), _language(request)
        number = count_print(slip=slip, acting_user=acting(request))
        return _paper(request, slip, language, is_copy=number > 1)

    @extend_schema(parameters=[_LANGUAGE], responses=_PDF)
    @action(detail=True, methods=["get"])
    def pdf(self, request: Request, uid: str) -> HttpResponse:
        """The paper to look at; it says COPY."""
        return _paper(request, self.get_object(), _language(request), is_copy=True)


class WaitingRefundViewSet(ScopedReadViewSet):
    """Refunds that a cashier proposed, which a second person confirms."""

    capability = Capability.VIEW_SUBSCRIBERS
    action_capabilities = {"confirm": Capability.RECORD_PAYMENTS, "withdraw": Capability.RECORD_PAYMENTS}
    serializer_class = WaitingRefundSerializer
    filterset_fields = ["state"]

    def select(self, viewer: Viewer) -> QuerySet[WaitingRefund]:
        return waiting_refunds_visible_to(
            viewer, self.action_capabilities.get(self.action or "", self.capability)
        )

    @extend_schema(request=None, responses=WaitingRefundSerializer)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, uid: str) -> Response:
        """Have it paid out of its proposer's open shift; by somebody else than him."""
        row = confirm_refund(waiting=self.get_object(), acting_user=acting(request))
        return Response(WaitingRefundSerializer(row).data)

    @extend_schema(request=None, responses=WaitingRefundSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, uid: str) -> Response:
        """Let it go; it was in no book."""
        row = withdraw_refund(waiting=self.get_object(), acting_user=acting(request))
        return Response(WaitingRefundSerializer(row).data)


class FoundForPaymentView(CapabilityMixin, APIView):
    """Accounts by what a cashier types or scans, with what they owe."""

    capability = Capability.RECORD_PAYMENTS
    query_parameters: ClassVar[frozenset[str]] = frozenset({"q"})

    @extend_schema(
        operation_id="cash_desk_accounts",
        parameters=[OpenApiParameter("q", required=True, description="a number, a name or an address")],
        responses=FoundForPaymentSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """The best first, at most eight; an account's whole number finds that one alone."""
        found = find_accounts(request.user, request.query_params.get("q", "").strip()[:100], _MOST_FOUND)
        typed = "".join(request.query_params.get("q", "").split())
        exact = [one for one in found if one.account.number == typed]
        rows = []
        for one in exact or found:
            account, subscriber = one.account, one.account.subscriber
            debts = account_debts(request.user, account, timezone.localdate())
            rows.append(
                {
                    "uid": account.uid,
                    "number": account.number,
                    "name": subscriber.name,
                    "address": subscriber.address,
                    "owed": debts.balance,
                    "overdue": debts.overdue,
                }
            )
        return Response(FoundForPaymentSerializer(rows, many=True).data)


def _language(request: Request) -> str:
    return choice_parameter(request, "language", SLIP_LANGUAGES, SLIP_LANGUAGES[0])


def _paper(request: Request, slip: CashSlip, language: str, *, is_copy: bool) -> HttpResponse:
    address = request.build_absolute_uri(reverse("public-receipt", args=[slip.uid]))
    return _pdf(slip_pdf(slip, is_copy=is_copy, address=address, language=language), str(slip))


def _pdf(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response["Cache-Control"] = "no-store"
    return response
