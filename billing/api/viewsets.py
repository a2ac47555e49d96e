"""REST views of billing."""

from typing import Any

from django.db.models import QuerySet
from django_filters import CharFilter, UUIDFilter
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api import serializers
from billing.job_kinds import BILLING_JOB
from billing.ledger.services.corrections import reverse_payment
from billing.models import Account, Invoice, MeterInstallation, Payment, Reading, WaitingPayment
from billing.selectors import accounts as selectors
from billing.services.cancelled_invoices import cancel_invoice
from billing.services.payments import confirm_payment, enter_payment, withdraw_payment
from billing.services.penalties import check_month_to_penalize
from billing.services.reading_decisions import accept_reading, correct_reading, give_up_reading
from billing.services.readings import enter_reading
from billing.services.runs import open_month_to_bill
from gis_core.access import Capability, Viewer, access
from gis_core.api.filters import FilterSet
from gis_core.api.serializers import JobSerializer
from gis_core.api.views import ScopedReadViewSet, acting
from gis_core.job_kinds import enqueue
from gis_core.models import Division, Enterprise
from gis_core.services.jobs import create_job


class SubscriberViewSet(ScopedReadViewSet):
    """The consumer base of the viewer's divisions."""

    capability = Capability.VIEW_SUBSCRIBERS
    serializer_class = serializers.SubscriberSerializer
    filterset_fields = ["registry_number", "subscriber_class", "is_priority"]

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return selectors.subscribers_visible_to(viewer)


class InstallationViewSet(ScopedReadViewSet):
    """Which meter was where, when."""

    capability = Capability.VIEW_SUBSCRIBERS
    serializer_class = serializers.InstallationSerializer
    filterset_fields = ["meter__serial", "service_point__code"]

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return selectors.installations_visible_to(viewer)


class ReadingFilter(FilterSet):
    installation = UUIDFilter("installation__uid")
    service_point = CharFilter("installation__service_point__code")

    class Meta:
        model = Reading
        fields = ["state", "read_on"]


class ReadingViewSet(ScopedReadViewSet):
    """Readings; one is entered by POST."""

    capability = Capability.VIEW_SUBSCRIBERS
    action_capabilities = {
        "create": Capability.ENTER_READINGS,
        "decide": Capability.RUN_BILLING,
    }
    serializer_class = serializers.ReadingSerializer
    filterset_class = ReadingFilter

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return selectors.readings_visible_to(viewer)

    @extend_schema(request=serializers.ReadingEntrySerializer, responses={201: serializers.ReadingSerializer})
    def create(self, request: Request) -> Response:
        """Enter a reading. An implausible one is queued, and the answer says why."""
        entry = serializers.ReadingEntrySerializer(data=request.data)
        entry.is_valid(raise_exception=True)
        installation = access(
            MeterInstallation.objects.all(),
            request.user,
            Capability.ENTER_READINGS,
            division_lookup="service_point__division",
            uid=entry.validated_data["installation"],
        )
        reading = enter_reading(
            installation=installation,
            read_on=entry.validated_data["read_on"],
            index_m3=entry.validated_data["index_m3"],
            source=Reading.Source.VISIT,
            acting_user=acting(request),
        )
        return Response(serializers.ReadingSerializer(reading).data, status=201)

    @extend_schema(request=serializers.ReadingDecisionSerializer, responses=serializers.ReadingSerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, uid: str) -> Response:
        """Accept, correct or give up a reading that waits; of a correction the answer is the new one."""
        rows = Reading.objects.all()
        reading = access(rows, request.user, Capability.RUN_BILLING, uid=self.get_object().uid)
        form = serializers.ReadingDecisionSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = {"reading": reading, "note": form.validated_data["note"], "acting_user": acting(request)}
        decision = form.validated_data["decision"]
        if decision == "correct":
            _given_up, row = correct_reading(index_m3=form.validated_data["index_m3"], **said)
        else:
            row = accept_reading(**said) if decision == "accept" else give_up_reading(**said)
        return Response(serializers.ReadingSerializer(row).data)


class TariffViewSet(ScopedReadViewSet):
    """Prices by class and day."""

    capability = Capability.VIEW_SUBSCRIBERS
    serializer_class = serializers.TariffSerializer
    filterset_fields = ["enterprise__code", "service", "subscriber_class"]
    lookup_field = "pk"

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return selectors.tariffs_visible_to(viewer)


class PenaltyTermsViewSet(ScopedReadViewSet):
    """Terms of penalties by class, division and day."""

    capability = Capability.VIEW_SUBSCRIBERS
    serializer_class = serializers.PenaltyTermsSerializer
    filterset_fields = ["enterprise__code", "subscriber_class"]
    lookup_field = "pk"

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return selectors.penalty_terms_visible_to(viewer)


class InvoiceFilter(FilterSet):
    account = UUIDFilter("account__uid")

    class Meta:
        model = Invoice
        fields = ["number", "month"]


class InvoiceViewSet(ScopedReadViewSet):
    """Posted invoices with lines that explain themselves."""

    capability = Capability.VIEW_SUBSCRIBERS
    action_capabilities = {"cancel": Capability.CORRECT_BOOKS}
    serializer_class = serializers.InvoiceSerializer
    filterset_class = InvoiceFilter

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return selectors.invoices_visible_to(viewer)

    @extend_schema(request=serializers.ReasonSerializer, responses={201: serializers.InvoiceSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, uid: str) -> Response:
        """Take a bill back by a credit note, which is the answer; the next run bills what is right then."""
        rows = Invoice.objects.select_related("enterprise__division", "account", "division")
        invoice = access(rows, request.user, Capability.CORRECT_BOOKS, uid=self.get_object().uid)
        form = serializers.ReasonSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        made = cancel_invoice(invoice=invoice, acting_user=acting(request), **form.validated_data)
        note = selectors.invoices_visible_to(request.user).get(pk=made.credit_note_id)
        return Response(serializers.InvoiceSerializer(note).data, status=201)


class LedgerEntryViewSet(ScopedReadViewSet):
    """Legs of the ledger, in the order they were written."""

    capability = Capability.VIEW_SUBSCRIBERS
    serializer_class = serializers.LedgerEntrySerializer
    filterset_fields = ["account__uid", "book"]
    lookup_field = "pk"

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return selectors.ledger_entries_visible_to(viewer)


class PaymentFilter(FilterSet):
    account = UUIDFilter("account__uid")

    class Meta:
        model = Payment
        fields = ["channel", "reference", "paid_on"]


class PaymentViewSet(ScopedReadViewSet):
    """Payments; one is booked by POST."""

    capability = Capability.VIEW_SUBSCRIBERS
    action_capabilities = {"create": Capability.RECORD_PAYMENTS, "reverse": Capability.RUN_BILLING}
    serializer_class = serializers.PaymentSerializer
    filterset_class = PaymentFilter

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return selectors.payments_visible_to(viewer)

    @extend_schema(
        request=serializers.PaymentEntrySerializer,
        responses={201: serializers.PaymentSerializer, 202: serializers.WaitingPaymentSerializer},
    )
    def create(self, request: Request) -> Response:
        """Book a payment; the same channel and reference again answers with the first one.

        A large one is kept (202) until a second person confirms it.
        """
        entry = serializers.PaymentEntrySerializer(data=request.data)
        entry.is_valid(raise_exception=True)
        values = dict(entry.validated_data)
        account = access(
            Account.objects.all(), request.user, Capability.RECORD_PAYMENTS, uid=values.pop("account")
        )
        made = enter_payment(account=account, acting_user=acting(request), **values)
        if isinstance(made, WaitingPayment):
            return Response(serializers.WaitingPaymentSerializer(made).data, status=202)
        return Response(serializers.PaymentSerializer(made).data, status=201)

    @extend_schema(request=serializers.ReasonSerializer, responses=serializers.PaymentSerializer)
    @action(detail=True, methods=["post"])
    def reverse(self, request: Request, uid: str) -> Response:
        """Take a payment back whole, as of today; its account owes the amount again."""
        payment = access(
            Payment.objects.all(), request.user, Capability.RUN_BILLING, uid=self.get_object().uid
        )
        form = serializers.ReasonSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        reversal = reverse_payment(payment=payment, acting_user=acting(request), **form.validated_data)
        return Response(serializers.PaymentSerializer(reversal.payment).data)


class WaitingPaymentFilter(FilterSet):
    account = UUIDFilter("account__uid")

    class Meta:
        model = WaitingPayment
        fields = ["state", "channel", "reference"]


class WaitingPaymentViewSet(ScopedReadViewSet):
    """Large payments entered by hand, which a second person books."""

    capability = Capability.VIEW_SUBSCRIBERS
    action_capabilities = {"confirm": Capability.RECORD_PAYMENTS, "withdraw": Capability.RECORD_PAYMENTS}
    serializer_class = serializers.WaitingPaymentSerializer
    filterset_class = WaitingPaymentFilter

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        capability = self.action_capabilities.get(self.action or "", self.capability)
        return selectors.waiting_payments_visible_to(viewer, capability)

    @extend_schema(request=None, responses=serializers.WaitingPaymentSerializer)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, uid: str) -> Response:
        """Book it; by somebody else than who entered it."""
        row = confirm_payment(waiting=self.get_object(), acting_user=acting(request))
        return Response(serializers.WaitingPaymentSerializer(row).data)

    @extend_schema(request=None, responses=serializers.WaitingPaymentSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, uid: str) -> Response:
        """Let it go; it was in no book."""
        row = withdraw_payment(waiting=self.get_object(), acting_user=acting(request))
        return Response(serializers.WaitingPaymentSerializer(row).data)


class BillingRunViewSet(ScopedReadViewSet):
    """Billing runs; POST asks for one, and the answer is a job to follow."""

    capability = Capability.VIEW_SUBSCRIBERS
    action_capabilities = {"create": Capability.RUN_BILLING}
    serializer_class = serializers.BillingRunSerializer
    filterset_fields = ["enterprise__code", "month", "is_penalty"]

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return selectors.billing_runs_visible_to(viewer)

    @extend_schema(request=serializers.BillingRequestSerializer, responses={202: JobSerializer})
    def create(self, request: Request) -> Response:
        """Start a run of services or penalties, or a trial of one."""
        wanted = serializers.BillingRequestSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        month, is_trial = wanted.validated_data["month"], wanted.validated_data["trial"]
        enterprise = access(
            Enterprise.objects.select_related("division"),
            request.user,
            Capability.RUN_BILLING,
            code=wanted.validated_data["enterprise"],
        )
        account = None
        if "account" in wanted.validated_data:
            account = access(
                Account.objects.filter(enterprise=enterprise),
                request.user,
                Capability.RUN_BILLING,
                uid=wanted.validated_data["account"],
            )
        division = None
        if "division" in wanted.validated_data:
            division = access(
                Division.objects.all(),
                request.user,
                Capability.RUN_BILLING,
                division_lookup="pk",
                code=wanted.validated_data["division"],
            )
        # Here, too, so that who asks is told at once.
        if wanted.validated_data["penalties"]:
            check_month_to_penalize(enterprise, month, is_trial=is_trial, division=division, account=account)
        open_month_to_bill(enterprise, month, is_trial=is_trial)
        job = create_job(
            kind=BILLING_JOB,
            division=enterprise.division,
            parameters={
                "enterprise": enterprise.code,
                "month": month.isoformat(),
                "trial": is_trial,
                "penalties": wanted.validated_data["penalties"],
                **({"account": account.number} if account else {}),
                **({"division": division.code} if division else {}),
            },
            acting_user=acting(request),
            enqueue=lambda uid: enqueue(BILLING_JOB, uid),
        )
        return Response(JobSerializer(job).data, status=202)


class BillingExceptionViewSet(ScopedReadViewSet):
    """Accounts that runs could not bill, with the reason."""

    capability = Capability.VIEW_SUBSCRIBERS
    serializer_class = serializers.BillingExceptionSerializer
    filterset_fields = ["run__uid", "reason"]
    lookup_field = "pk"

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return selectors.billing_exceptions_visible_to(viewer)
