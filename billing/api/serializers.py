"""JSON forms of billing's registers and documents. Money and volumes are decimal strings."""

from typing import Any

from django.utils.translation import gettext_noop as _
from rest_framework import serializers

from billing.models import (
    Account,
    BillingException,
    BillingRun,
    Invoice,
    InvoiceLine,
    LedgerEntry,
    Meter,
    MeterInstallation,
    Payment,
    PenaltyTerms,
    Reading,
    ServicePoint,
    Subscriber,
    Tariff,
    WaitingPayment,
    WaitingWriteOff,
)
from billing.selectors.accounts import HAND_CHANNELS
from billing.selectors.bill_lines import explained
from gis_core.api.bodies import MonthField, TextField, UidField
from gis_core.sentences import said


class SubscriberSerializer(serializers.ModelSerializer):
    division = serializers.CharField(source="division.code", read_only=True)
    street = serializers.CharField(source="street.name", read_only=True)

    class Meta:
        model = Subscriber
        fields = [
            "uid",
            "registry_number",
            "subscriber_class",
            "name",
            "tax_id",
            "phone",
            "division",
            "street",
            "house",
            "flat",
            "residents",
            "is_priority",
        ]


class AccountSerializer(serializers.ModelSerializer):
    enterprise = serializers.CharField(source="enterprise.code", read_only=True)
    subscriber = serializers.UUIDField(source="subscriber.uid", read_only=True)
    subscriber_name = serializers.CharField(source="subscriber.name", read_only=True)
    address = serializers.CharField(source="subscriber.address", read_only=True)
    balance = serializers.DecimalField(max_digits=18, decimal_places=2, read_only=True)

    class Meta:
        model = Account
        fields = [
            "uid",
            "number",
            "enterprise",
            "subscriber",
            "subscriber_name",
            "address",
            "currency",
            "balance",
        ]


class ServicePointSerializer(serializers.ModelSerializer):
    network = serializers.CharField(source="attachment.network.code", read_only=True)
    node = serializers.UUIDField(source="attachment.node.uid", read_only=True)
    node_code = serializers.CharField(source="attachment.node.code", read_only=True)
    zone = serializers.UUIDField(source="attachment.node.zone.uid", read_only=True, default=None)
    pipe = serializers.UUIDField(source="attachment.pipe.uid", read_only=True, default=None)
    position = serializers.FloatField(source="attachment.position", read_only=True)

    class Meta:
        model = ServicePoint
        fields = ["uid", "code", "service", "network", "node", "node_code", "zone", "pipe", "position"]


class MeterSerializer(serializers.ModelSerializer):
    class Meta:
        model = Meter
        fields = ["uid", "serial", "model_name", "digits"]


class InstallationSerializer(serializers.ModelSerializer):
    meter = serializers.CharField(source="meter.serial", read_only=True)
    service_point = serializers.CharField(source="service_point.code", read_only=True)
    installed_on = serializers.DateField(source="validity.lower", read_only=True)
    removed_on = serializers.DateField(source="validity.upper", read_only=True)

    class Meta:
        model = MeterInstallation
        fields = ["uid", "meter", "service_point", "installed_on", "removed_on"]


class ReadingSerializer(serializers.ModelSerializer):
    installation = serializers.UUIDField(source="installation.uid", read_only=True)
    meter = serializers.CharField(source="installation.meter.serial", read_only=True)
    service_point = serializers.CharField(source="installation.service_point.code", read_only=True)

    class Meta:
        model = Reading
        fields = [
            "uid",
            "installation",
            "meter",
            "service_point",
            "read_on",
            "index_m3",
            "state",
            "source",
            "queue_reason",
            "entered_at",
        ]


class ReadingEntrySerializer(serializers.Serializer):
    """A reading to enter: the installation, the day, and the index in m3 to the litre."""

    installation = UidField()
    read_on = serializers.DateField()
    index_m3 = serializers.DecimalField(max_digits=13, decimal_places=3, min_value=0)


class ReadingDecisionSerializer(serializers.Serializer):
    """What becomes of a reading that waits, and why; `index_m3` of a correction is what the meter showed indeed."""

    decision = serializers.ChoiceField(choices=["accept", "correct", "give_up"])
    index_m3 = serializers.DecimalField(max_digits=13, decimal_places=3, min_value=0, required=False)
    note = TextField(max_length=400, required=False, default="", allow_blank=True)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if (values["decision"] == "correct") != ("index_m3" in values):
            raise serializers.ValidationError(said(_("A correction takes index_m3, and nothing else does.")))
        return values


class TariffSerializer(serializers.ModelSerializer):
    enterprise = serializers.CharField(source="enterprise.code", read_only=True)
    first_day = serializers.DateField(source="validity.lower", read_only=True)
    day_after_last = serializers.DateField(source="validity.upper", read_only=True)

    class Meta:
        model = Tariff
        fields = [
            "id",
            "enterprise",
            "service",
            "subscriber_class",
            "first_day",
            "day_after_last",
            "form",
            "price_per_m3",
            "part_names",
            "part_prices",
            "block_limits",
            "per_resident",
            "vat_included",
        ]


class PenaltyTermsSerializer(serializers.ModelSerializer):
    enterprise = serializers.CharField(source="enterprise.code", read_only=True)
    division = serializers.CharField(source="division.code", read_only=True, default=None)

    class Meta:
        model = PenaltyTerms
        fields = [
            *(
                "id",
                "enterprise",
                "division",
                "subscriber_class",
                "valid_from",
                "daily_percent",
                "grace_days",
            ),
            "cap_percent",
        ]


class InvoiceLineSerializer(serializers.ModelSerializer):
    service = serializers.CharField(source="service_id", read_only=True, allow_null=True)
    unit = serializers.CharField(source="service.unit", read_only=True, default=None)
    service_point = serializers.CharField(source="service_point.code", read_only=True, default=None)
    meter = serializers.CharField(
        source="current_reading.installation.meter.serial", read_only=True, default=None
    )
    previous_index_m3 = serializers.DecimalField(
        source="previous_reading.index_m3", max_digits=13, decimal_places=3, read_only=True, default=None
    )
    current_index_m3 = serializers.DecimalField(
        source="current_reading.index_m3", max_digits=13, decimal_places=3, read_only=True, default=None
    )
    previous_read_on = serializers.DateField(source="previous_reading.read_on", read_only=True, default=None)
    current_read_on = serializers.DateField(source="current_reading.read_on", read_only=True, default=None)
    penalized_invoice = serializers.CharField(
        source="penalized_invoice.number",
        read_only=True,
        default=None,
        help_text="The bill not paid in time.",
    )
    explanation = serializers.SerializerMethodField()

    class Meta:
        model = InvoiceLine
        fields = [
            "id",
            "service",
            "kind",
            "service_point",
            "meter",
            "previous_read_on",
            "previous_index_m3",
            "current_read_on",
            "current_index_m3",
            "consumption_month",
            "consumption_from",
            "consumption_to",
            "days",
            "quantity",
            "unit",
            "quantity_m3",
            "price",
            "coefficient",
            "share_percent",
            "vat_percent",
            "vat_included",
            "net",
            "vat",
            "is_reversal",
            "tariff_id",
            "vat_rate_id",
            "penalized_invoice",
            "explanation",
        ]

    def get_explanation(self, line: InvoiceLine) -> str:
        return explained(line)


class InvoiceSerializer(serializers.ModelSerializer):
    enterprise = serializers.CharField(source="enterprise.code", read_only=True)
    account = serializers.UUIDField(source="account.uid", read_only=True)
    account_number = serializers.CharField(source="account.number", read_only=True)
    lines = InvoiceLineSerializer(many=True, read_only=True)
    cancelled_by = serializers.CharField(
        source="cancellation.credit_note.number", read_only=True, default=None, help_text="Credit note."
    )

    class Meta:
        model = Invoice
        fields = [
            "uid",
            "number",
            "enterprise",
            "account",
            "account_number",
            "month",
            "is_penalty",
            "issued_on",
            "due_on",
            "total_net",
            "total_vat",
            "state_net",
            "state_vat",
            "total",
            "cancelled_by",
            "lines",
        ]


class LedgerEntrySerializer(serializers.ModelSerializer):
    transaction = serializers.UUIDField(source="transaction.uid", read_only=True)
    booked_on = serializers.DateField(source="transaction.booked_on", read_only=True)
    account = serializers.UUIDField(source="account.uid", read_only=True, default=None)
    invoice = serializers.CharField(source="transaction.invoice.number", read_only=True, default=None)
    payment = serializers.UUIDField(source="transaction.payment.uid", read_only=True, default=None)
    reversal_of = serializers.UUIDField(
        source="transaction.reversal.payment.uid", read_only=True, default=None
    )
    write_off = serializers.UUIDField(source="transaction.write_off.uid", read_only=True, default=None)
    refund = serializers.UUIDField(source="transaction.refund.uid", read_only=True, default=None)
    shift = serializers.UUIDField(source="transaction.shift.uid", read_only=True, default=None)

    class Meta:
        model = LedgerEntry
        fields = [
            *("id", "transaction", "booked_on", "book", "account", "service", "amount", "invoice", "payment"),
            *("reversal_of", "write_off", "refund", "shift", "channel"),
        ]


class PaymentSerializer(serializers.ModelSerializer):
    account = serializers.UUIDField(source="account.uid", read_only=True)
    state: Any = serializers.ChoiceField(choices=["posted", "reversed"], read_only=True)

    class Meta:
        model = Payment
        fields = ["uid", "account", "channel", "reference", "paid_on", "amount", "state"]


class PaymentEntrySerializer(serializers.Serializer):
    """A payment to book; the same channel and reference twice is one payment."""

    account = UidField()
    channel = serializers.ChoiceField(choices=[code for code, _label in HAND_CHANNELS])
    reference = TextField(max_length=80)
    paid_on = serializers.DateField()
    amount = serializers.DecimalField(max_digits=18, decimal_places=2)


class ReasonSerializer(serializers.Serializer):
    """Why something of the books is put right."""

    reason = TextField(max_length=200)


class WriteOffEntrySerializer(ReasonSerializer):
    """A debt to give up, by the sheet of that number; the same sheet twice is one."""

    sheet = TextField(max_length=40)
    amount = serializers.DecimalField(max_digits=18, decimal_places=2)


class WaitingWriteOffSerializer(serializers.ModelSerializer):
    account = serializers.UUIDField(source="account.uid", read_only=True)
    proposed_by = serializers.CharField(source="proposed_by.username", read_only=True)
    decided_by = serializers.CharField(
        source="decided_by.username", read_only=True, allow_null=True, default=None
    )
    written_off_on = serializers.DateField(
        source="write_off.written_off_on", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = WaitingWriteOff
        fields = [
            *("uid", "account", "sheet", "amount", "reason", "state", "proposed_by", "proposed_at"),
            *("decided_by", "decided_at", "written_off_on"),
        ]


class WaitingPaymentSerializer(serializers.ModelSerializer):
    account = serializers.UUIDField(source="account.uid", read_only=True)
    entered_by = serializers.CharField(source="entered_by.username", read_only=True)
    decided_by = serializers.CharField(
        source="decided_by.username", read_only=True, allow_null=True, default=None
    )
    payment = serializers.UUIDField(source="payment.uid", read_only=True, allow_null=True, default=None)

    class Meta:
        model = WaitingPayment
        fields = [
            "uid",
            "account",
            "channel",
            "reference",
            "paid_on",
            "amount",
            "state",
            "entered_by",
            "entered_at",
            "decided_by",
            "decided_at",
            "payment",
        ]


class BillingRunSerializer(serializers.ModelSerializer):
    enterprise = serializers.CharField(source="enterprise.code", read_only=True)

    class Meta:
        model = BillingRun
        fields = [
            "uid",
            "enterprise",
            "month",
            "is_penalty",
            "started_at",
            "invoices_created",
            "lines_created",
            "total_net",
            "total_vat",
        ]


class BillingRequestSerializer(serializers.Serializer):
    """Which run to start: `month` as its first day, of a division and below, or of one account, alone where given; a
    trial posts nothing.

    With `penalties` it bills what was not paid in time instead of services, of a month that has ended.
    """

    enterprise = TextField()
    month = MonthField()
    division = TextField(required=False, help_text="code")
    account = UidField(required=False)
    trial = serializers.BooleanField(default=False)
    penalties = serializers.BooleanField(default=False)


class BillingExceptionSerializer(serializers.ModelSerializer):
    run = serializers.UUIDField(source="run.uid", read_only=True)
    account = serializers.UUIDField(source="account.uid", read_only=True)
    account_number = serializers.CharField(source="account.number", read_only=True)
    service_point = serializers.CharField(source="service_point.code", read_only=True, default=None)

    class Meta:
        model = BillingException
        fields = ["id", "run", "account", "account_number", "service_point", "reason"]
