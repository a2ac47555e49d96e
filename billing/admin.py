"""Registers of billing. What is posted only grows, and only services post: here it is looked at."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from billing.models import (
    Absence,
    Account,
    AccountChange,
    AccountNumberCounter,
    AccountValue,
    BankFileRow,
    BankSettlement,
    Benefit,
    BenefitService,
    BillDelivery,
    BillingException,
    BillingMonth,
    BillingParameters,
    BillingRun,
    CashDesk,
    CashShift,
    CashSlip,
    ChannelSettings,
    ConsumptionProfile,
    Contract,
    ContractService,
    ContractServicePoint,
    GivenQuantity,
    GroupMeter,
    GroupMeterFlat,
    Invoice,
    InvoiceCancellation,
    InvoiceCounter,
    InvoiceLine,
    LedgerEntry,
    LedgerTransaction,
    Meter,
    MeterInstallation,
    MeterMovement,
    MeterRemark,
    MeterType,
    MonthReopening,
    Payment,
    PaymentReversal,
    PenaltyTerms,
    PricedAccount,
    ProviderTransaction,
    QualityAct,
    QuantityFactor,
    Reading,
    Reconciliation,
    Repricing,
    ServicePoint,
    ServiceValue,
    Subscriber,
    Subsidy,
    SubsidyService,
    SuppliedService,
    SuspenseItem,
    Tariff,
    VatRate,
    WaitingPayment,
    WaitingRefund,
    WaitingWriteOff,
    WriteOff,
)
from gis_core.access import Capability
from gis_core.admin_base import ReadOnlyAdmin, RegisterAdmin


class _BillingRegister(RegisterAdmin):
    view_capability = Capability.VIEW_SUBSCRIBERS


class _PostedAdmin(ReadOnlyAdmin):
    view_capability = Capability.VIEW_SUBSCRIBERS


@admin.register(Subscriber)
class SubscriberAdmin(_BillingRegister):
    list_display = ["registry_number", "name", "subscriber_class", "street", "house", "flat", "division"]
    list_filter = ["subscriber_class", "is_priority"]
    list_select_related = ["street", "division"]
    search_fields = ["registry_number", "name", "tax_id", "phone"]
    # The number is given once and kept; a subscriber moves to another division with account and books, by a service.
    readonly_fields = ["registry_number"]
    kept_fields = ("division",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        # A subscriber comes with an account, a contract and a meter: the service makes them together.
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Bills and payments stand on them: a contract ends, its subscriber stays.
        return False


@admin.register(Meter)
class MeterAdmin(_BillingRegister):
    list_display = ["serial", "model_name", "digits", "multiplier", "division"]
    list_select_related = ["division"]
    search_fields = ["serial"]
    kept_fields = ("division",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_used = obj is not None and MeterInstallation.objects.filter(meter=obj).exists()
        return super().has_delete_permission(request, obj) and not is_used


@admin.register(MeterType)
class MeterTypeAdmin(_BillingRegister):
    division_lookup = None
    list_display = ["name", "digits", "verification_months"]
    search_fields = ["name"]


@admin.register(MeterMovement)
class MeterMovementAdmin(_PostedAdmin):
    list_display = [
        *("meter", "kind", "happened_on", "holder", "is_fit", "valid_until", "document", "made_by"),
        *("taken_back_by", "taken_back_at"),
    ]
    list_filter = ["kind"]
    list_select_related = ["meter", "made_by", "taken_back_by"]
    search_fields = ["meter__serial", "holder"]


@admin.register(MeterRemark)
class MeterRemarkAdmin(_PostedAdmin):
    list_display = ["installation", "noted_on", "text", "entered_by", "entered_at"]
    list_select_related = ["installation__meter", "installation__service_point", "entered_by"]
    search_fields = ["installation__meter__serial", "text"]


@admin.register(Tariff)
class TariffAdmin(_BillingRegister):
    """A price that has been billed stays as it is; a new one is added from its first day."""

    division_lookup = "enterprise__division"
    list_display = [
        *("enterprise", "division", "service", "subscriber_class", "validity", "form", "price_per_m3"),
        *("part_prices", "vat_included"),
    ]
    list_filter = ["service", "subscriber_class", "form"]
    list_select_related = ["enterprise", "division"]
    search_fields = ["enterprise__name"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or _is_unbilled(obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or _is_unbilled(obj))


@admin.register(VatRate)
class VatRateAdmin(_BillingRegister):
    """The state's rate by day; one that has been billed stays as it is."""

    division_lookup = None
    list_display = ["service", "percent", "validity"]
    list_select_related = ["service"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or _is_unbilled(obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or _is_unbilled(obj))


def _is_unbilled(rate: Model) -> bool:
    name = "tariff" if isinstance(rate, Tariff) else "vat_rate"
    return not InvoiceLine.objects.filter(**{name: rate}).exists()


@admin.register(ConsumptionProfile)
class ConsumptionProfileAdmin(_BillingRegister):
    division_lookup = None
    list_display = ["subscriber_class", "iso_weekday", "weight"]
    list_filter = ["subscriber_class"]


@admin.register(SuppliedService)
class SuppliedServiceAdmin(_BillingRegister):
    division_lookup = None
    list_display = ["code", "name", "unit", "basis", "base", "position", "is_water"]
    list_filter = ["basis"]
    list_select_related = ["base"]
    search_fields = ["code", "name"]


@admin.register(ServiceValue)
class ServiceValueAdmin(_BillingRegister):
    division_lookup = "enterprise__division"
    list_display = ["enterprise", "division", "service", "subscriber_class", "kind", "valid_from", "value"]
    list_filter = ["kind", "service"]
    list_select_related = ["enterprise", "division", "service"]
    search_fields = ["enterprise__name"]


@admin.register(PenaltyTerms)
class PenaltyTermsAdmin(_BillingRegister):
    """Terms that were charged stay as they are, or are withdrawn; new ones are added from their first day."""

    division_lookup = "enterprise__division"
    list_display = [
        *("enterprise", "division", "subscriber_class", "valid_from", "daily_percent", "grace_days"),
        *("cap_percent", "is_withdrawn"),
    ]
    list_filter = ["subscriber_class", "is_withdrawn"]
    list_select_related = ["enterprise", "division"]
    search_fields = ["enterprise__name"]
    _terms = (
        *("enterprise", "division", "subscriber_class", "valid_from", "daily_percent", "grace_days"),
        "cap_percent",
    )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or not obj.is_withdrawn)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        said = super().get_readonly_fields(request, obj)
        if obj is None:
            return [*said, "is_withdrawn"]
        is_charged = obj.lines.exists()
        return [*said, *(name for name in self._terms if is_charged)]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or not obj.lines.exists())


@admin.register(BillingParameters)
class BillingParametersAdmin(_BillingRegister):
    division_lookup = "enterprise__division"
    list_display = [
        *("enterprise", "valid_from", "absence_minimum_days", "average_months", "average_at_most_months")
    ]
    list_select_related = ["enterprise"]
    search_fields = ["enterprise__name"]


class _AccountRegister(_BillingRegister):
    division_lookup = "account__division"
    list_select_related = ["account"]
    search_fields = ["account__number"]


@admin.register(AccountValue)
class AccountValueAdmin(_AccountRegister):
    list_display = ["account", "kind", "service", "valid_from", "value", "document"]
    list_filter = ["kind"]
    list_select_related = ["account", "service"]


@admin.register(GivenQuantity)
class GivenQuantityAdmin(_AccountRegister):
    list_display = ["account", "service", "month", "charged_on", "quantity", "document"]
    list_filter = ["service"]
    list_select_related = ["account", "service"]


@admin.register(GroupMeter)
class GroupMeterAdmin(_BillingRegister):
    list_display = ["name", "service_point", "enterprise", "service", "share_by"]
    list_filter = ["share_by"]
    list_select_related = ["service_point", "enterprise", "service"]
    search_fields = ["name", "service_point__code"]


@admin.register(GroupMeterFlat)
class GroupMeterFlatAdmin(_AccountRegister):
    list_display = ["account", "group_meter", "service", "validity"]
    list_select_related = ["account", "group_meter", "service"]


@admin.register(Absence)
class AbsenceAdmin(_AccountRegister):
    list_display = ["account", "validity", "residents", "document"]


@admin.register(Benefit)
class BenefitAdmin(_AccountRegister):
    list_display = [*("account", "kind", "beneficiary", "validity", "residents", "share_percent", "document")]
    list_filter = ["kind"]


@admin.register(BenefitService)
class BenefitServiceAdmin(_BillingRegister):
    division_lookup = "benefit__account__division"
    list_display = ["benefit", "service"]
    list_select_related = ["benefit", "service"]
    search_fields = ["benefit__account__number"]


@admin.register(QualityAct)
class QualityActAdmin(_AccountRegister):
    list_display = ["account", "service", "validity", "percent", "document"]
    list_filter = ["service"]
    list_select_related = ["account", "service"]


@admin.register(Subsidy)
class SubsidyAdmin(_AccountRegister):
    list_display = ["account", "month", "amount", "document"]


@admin.register(SubsidyService)
class SubsidyServiceAdmin(_AccountRegister):
    list_display = ["subsidy", "service", "account", "month"]
    list_select_related = ["subsidy", "service", "account"]


@admin.register(ContractService)
class ContractServiceAdmin(_BillingRegister):
    division_lookup = "contract__account__division"
    list_display = ["contract", "service", "validity"]
    list_filter = ["service"]
    list_select_related = ["contract", "service"]
    search_fields = ["contract__number"]


@admin.register(QuantityFactor)
class QuantityFactorAdmin(_BillingRegister):
    division_lookup = "installation__service_point__division"
    list_display = ["installation", "valid_from", "value"]
    list_select_related = ["installation__meter", "installation__service_point"]
    search_fields = ["installation__meter__serial"]


@admin.register(Account)
class AccountAdmin(_PostedAdmin):
    list_display = ["number", "subscriber", "enterprise", "division"]
    list_select_related = ["subscriber", "enterprise", "division"]
    search_fields = ["number", "subscriber__name", "subscriber__registry_number"]


@admin.register(AccountChange)
class AccountChangeAdmin(_PostedAdmin):
    division_lookup = "account__division"
    list_display = ["day", "account", "kind", "other_account", "detail", "made_by", "made_at"]
    list_filter = ["kind"]
    list_select_related = ["account", "other_account", "made_by"]
    search_fields = ["account__number", "account__subscriber__name"]


@admin.register(AccountNumberCounter)
class AccountNumberCounterAdmin(_PostedAdmin):
    division_lookup = "enterprise__division"
    list_display = ["enterprise", "prefix", "last_number"]
    list_select_related = ["enterprise"]


@admin.register(Contract)
class ContractAdmin(_PostedAdmin):
    division_lookup = "account__division"
    list_display = ["number", "account", "validity"]
    list_select_related = ["account"]
    search_fields = ["number", "account__number"]


@admin.register(ServicePoint)
class ServicePointAdmin(_PostedAdmin):
    list_display = ["code", "service", "division"]
    list_filter = ["service"]
    list_select_related = ["division"]
    search_fields = ["code"]


@admin.register(ContractServicePoint)
class ContractServicePointAdmin(_PostedAdmin):
    division_lookup = "service_point__division"
    list_display = ["contract", "service_point", "basis", "validity"]
    list_select_related = ["contract", "service_point"]
    search_fields = ["contract__number", "service_point__code"]


@admin.register(MeterInstallation)
class MeterInstallationAdmin(_PostedAdmin):
    division_lookup = "service_point__division"
    list_display = ["meter", "register", "service_point", "validity"]
    list_select_related = ["meter", "service_point"]
    search_fields = ["meter__serial", "service_point__code"]


@admin.register(Reading)
class ReadingAdmin(_PostedAdmin):
    list_display = ["installation", "read_on", "index_m3", "state", "source"]
    list_filter = ["state", "source"]
    list_select_related = ["installation__meter", "installation__service_point"]
    search_fields = ["installation__meter__serial"]


@admin.register(BillingMonth)
class BillingMonthAdmin(_PostedAdmin):
    division_lookup = "enterprise__division"
    list_display = ["enterprise", "month", "state"]
    list_filter = ["state"]
    list_select_related = ["enterprise"]


@admin.register(BillingRun)
class BillingRunAdmin(_PostedAdmin):
    list_display = ["id", "enterprise", "month", "is_trial", "invoices_created", "total_net", "total_vat"]
    list_filter = ["is_trial"]
    list_select_related = ["enterprise"]
    search_fields = ["enterprise__name"]


@admin.register(BillingException)
class BillingExceptionAdmin(_PostedAdmin):
    division_lookup = "account__division"
    list_display = ["account", "run", "month", "service", "service_point", "reason"]
    list_filter = ["reason"]
    list_select_related = ["account", "run", "service", "service_point"]
    search_fields = ["account__number"]


@admin.register(InvoiceCounter)
class InvoiceCounterAdmin(_PostedAdmin):
    division_lookup = "enterprise__division"
    list_display = ["enterprise", "year", "last_number"]
    list_select_related = ["enterprise"]


@admin.register(Invoice)
class InvoiceAdmin(_PostedAdmin):
    list_display = ["number", "account", "month", "issued_on", "total_net", "total_vat", "total"]
    list_select_related = ["account"]
    search_fields = ["number", "account__number"]


@admin.register(InvoiceLine)
class InvoiceLineAdmin(_PostedAdmin):
    division_lookup = "invoice__division"
    list_display = [
        "invoice",
        "service",
        "kind",
        "consumption_month",
        "quantity",
        "price",
        "net",
        "vat",
        "is_reversal",
    ]
    list_filter = ["kind"]
    list_select_related = ["invoice", "service"]
    search_fields = ["invoice__number"]


@admin.register(PricedAccount)
class PricedAccountAdmin(_PostedAdmin):
    division_lookup = "account__division"
    list_display = ["account", "priced_to"]
    list_select_related = ["account"]
    search_fields = ["account__number"]


@admin.register(Repricing)
class RepricingAdmin(_PostedAdmin):
    division_lookup = "enterprise__division"
    list_display = ["enterprise", "account", "from_month"]
    list_select_related = ["enterprise", "account"]
    search_fields = ["account__number"]


@admin.register(Payment)
class PaymentAdmin(_PostedAdmin):
    list_display = ["paid_on", "account", "amount", "channel", "reference"]
    list_filter = ["channel"]
    list_select_related = ["account"]
    search_fields = ["reference", "account__number"]


@admin.register(WaitingWriteOff)
class WaitingWriteOffAdmin(_PostedAdmin):
    list_display = ["account", "sheet", "amount", "reason", "state", "proposed_by", "decided_by"]
    list_filter = ["state"]
    list_select_related = ["account", "proposed_by", "decided_by"]
    search_fields = ["sheet", "account__number"]


@admin.register(WaitingPayment)
class WaitingPaymentAdmin(_PostedAdmin):
    list_display = [
        "paid_on",
        "account",
        "amount",
        "channel",
        "reference",
        "state",
        "entered_by",
        "decided_by",
    ]
    list_filter = ["state", "channel"]
    list_select_related = ["account", "entered_by", "decided_by"]
    search_fields = ["reference", "account__number"]


@admin.register(CashDesk)
class CashDeskAdmin(_BillingRegister):
    """A desk that was used keeps its code and place; one that is not needed any more is taken out of use."""

    list_display = ["code", "name", "enterprise", "division", "is_active"]
    list_filter = ["is_active"]
    list_select_related = ["enterprise", "division"]
    search_fields = ["code", "name"]
    kept_fields = ("division",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(CashShift)
class CashShiftAdmin(_PostedAdmin):
    list_display = [
        *("desk", "number", "cashier", "opened_at", "float_amount", "closed_at", "closed_by", "counted"),
        *("expected", "difference", "reason"),
    ]
    list_select_related = ["desk", "cashier", "closed_by"]
    search_fields = ["desk__code", "cashier__username"]


@admin.register(CashSlip)
class CashSlipAdmin(_PostedAdmin):
    list_display = [
        *("desk", "number", "kind", "made_on", "account", "amount", "receipt", "reason", "made_by"),
        *("approved_by", "prints"),
    ]
    list_filter = ["kind"]
    list_select_related = ["desk", "account", "receipt__desk", "made_by", "approved_by"]
    search_fields = ["account__number", "payment__reference"]


@admin.register(WaitingRefund)
class WaitingRefundAdmin(_PostedAdmin):
    list_display = ["receipt", "amount", "reason", "state", "proposed_by", "decided_by"]
    list_filter = ["state"]
    list_select_related = ["receipt__desk", "proposed_by", "decided_by"]
    search_fields = ["receipt__payment__reference", "receipt__account__number"]


@admin.register(PaymentReversal)
class PaymentReversalAdmin(_PostedAdmin):
    list_display = ["reversed_on", "payment", "reason"]
    list_select_related = ["payment"]
    search_fields = ["payment__reference", "payment__account__number"]


@admin.register(WriteOff)
class WriteOffAdmin(_PostedAdmin):
    list_display = ["written_off_on", "account", "amount", "sheet", "reason"]
    list_select_related = ["account"]
    search_fields = ["sheet", "account__number"]


@admin.register(MonthReopening)
class MonthReopeningAdmin(_PostedAdmin):
    list_display = ["billing_month", "reason", "reopened_by", "reopened_at"]
    list_select_related = ["billing_month__enterprise", "reopened_by"]


@admin.register(InvoiceCancellation)
class InvoiceCancellationAdmin(_PostedAdmin):
    list_display = ["invoice", "credit_note", "reason", "cancelled_by", "cancelled_at"]
    list_select_related = ["invoice", "credit_note", "cancelled_by"]
    search_fields = ["invoice__number", "credit_note__number", "reason"]


@admin.register(BillDelivery)
class BillDeliveryAdmin(_PostedAdmin):
    list_display = ["invoice", "handed_over_on", "received_by", "recorded_by", "recorded_at"]
    list_select_related = ["invoice", "recorded_by"]
    search_fields = ["invoice__number", "received_by"]


@admin.register(ChannelSettings)
class ChannelSettingsAdmin(_PostedAdmin):
    list_display = ["enterprise", "channel", "is_enabled", "min_amount", "max_amount", "refunds_allowed"]
    list_filter = ["channel", "is_enabled"]
    list_select_related = ["enterprise"]
    exclude = ["credentials"]


@admin.register(ProviderTransaction)
class ProviderTransactionAdmin(_PostedAdmin):
    list_display = ["id", "channel", "provider_id", "account", "amount_tiyin", "state", "payment"]
    list_filter = ["channel", "state"]
    list_select_related = ["account", "payment"]
    search_fields = ["provider_id", "account__number"]


@admin.register(SuspenseItem)
class SuspenseItemAdmin(_PostedAdmin):
    list_display = ["paid_on", "amount", "channel", "reference", "payer", "reason", "state"]
    list_filter = ["state", "channel"]
    search_fields = ["reference", "payer", "purpose"]


@admin.register(BankSettlement)
class BankSettlementAdmin(_PostedAdmin):
    list_display = ["paid_on", "channel", "amount", "fee", "reference"]
    list_filter = ["channel"]
    search_fields = ["reference"]


@admin.register(BankFileRow)
class BankFileRowAdmin(_PostedAdmin):
    list_display = ["paid_on", "channel", "file_format", "reference", "amount", "state"]
    list_filter = ["channel", "file_format", "state"]
    search_fields = ["reference"]


@admin.register(Reconciliation)
class ReconciliationAdmin(_PostedAdmin):
    list_display = ["day", "enterprise", "channel", "our_count", "their_count", "matched", "agrees"]
    list_filter = ["channel", "agrees"]
    list_select_related = ["enterprise"]


@admin.register(LedgerTransaction)
class LedgerTransactionAdmin(_PostedAdmin):
    list_display = ["id", "booked_on", "month", "invoice", "payment", "reversal", "write_off", "settlement"]
    list_select_related = ["invoice", "payment", "reversal__payment", "write_off", "settlement"]
    search_fields = ["invoice__number", "payment__reference"]


@admin.register(LedgerEntry)
class LedgerEntryAdmin(_PostedAdmin):
    list_display = ["id", "transaction", "book", "account", "service", "amount"]
    list_filter = ["book"]
    list_select_related = ["transaction", "account", "service"]
    search_fields = ["account__number"]
