"""Subscribers, accounts, invoices and payments, as a viewer may see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import DecimalField, OuterRef, Prefetch, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_noop

from billing.ledger.selectors.debts import debt_summary
from billing.models import (
    Account,
    BillingException,
    BillingRun,
    CashSlip,
    ContractServicePoint,
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
from gis_core.access import Capability, Viewer, access, divisions_of, is_unrestricted, visible
from gis_core.errors import ReportedError
from gis_core.models import Enterprise
from gis_core.sentences import Sentence

# (value, word) of the ways of payments that somebody enters by hand; the others tell us themselves.
HAND_CHANNELS = [
    (channel.value, channel.label)
    for channel in (Payment.Channel.CASH_DESK, Payment.Channel.BANK, Payment.Channel.POST)
]


def subscribers_visible_to(viewer: Viewer) -> QuerySet[Subscriber]:
    """Subscribers of the viewer's divisions."""
    subscribers = Subscriber.objects.select_related("street", "division")
    return visible(subscribers, viewer, Capability.VIEW_SUBSCRIBERS)


def accounts_visible_to(viewer: Viewer) -> QuerySet[Account]:
    """Accounts of the viewer's divisions, each with `balance`: positive is debt, negative is credit."""
    entries = LedgerEntry.objects.filter(account=OuterRef("pk")).order_by().values("account")
    balance = Coalesce(
        Subquery(entries.annotate(total=Sum("amount")).values("total")),
        Value(Decimal(0)),
        output_field=DecimalField(max_digits=18, decimal_places=2),
    )
    accounts = Account.objects.select_related("enterprise", "subscriber__street", "division")
    return visible(accounts, viewer, Capability.VIEW_SUBSCRIBERS).annotate(balance=balance)


def service_points_visible_to(viewer: Viewer) -> QuerySet[ServicePoint]:
    """Service points of the viewer's divisions with their place on the graph."""
    points = ServicePoint.objects.select_related(
        "attachment__node__zone", "attachment__network", "attachment__pipe"
    )
    return visible(points, viewer, Capability.VIEW_SUBSCRIBERS)


def meters_visible_to(viewer: Viewer) -> QuerySet[Meter]:
    """Meters of the viewer's divisions."""
    return visible(Meter.objects.all(), viewer, Capability.VIEW_SUBSCRIBERS)


def installations_visible_to(viewer: Viewer) -> QuerySet[MeterInstallation]:
    """Meter installations at the service points of the viewer's divisions."""
    installations = MeterInstallation.objects.select_related("meter", "service_point")
    return visible(installations, viewer, Capability.VIEW_SUBSCRIBERS, division="service_point__division")


def readings_visible_to(viewer: Viewer) -> QuerySet[Reading]:
    """Readings of the viewer's divisions."""
    readings = Reading.objects.select_related("installation__meter", "installation__service_point")
    return visible(readings, viewer, Capability.VIEW_SUBSCRIBERS)


def queued_readings_visible_to(viewer: Viewer) -> QuerySet[Reading]:
    """Readings that wait for a decision, the oldest first, with `account_uid`, `account_number`, `subscriber_name`."""
    contracts = ContractServicePoint.objects.filter(
        service_point=OuterRef("installation__service_point")
    ).order_by("-pk")
    account = "contract__account__"
    return (
        readings_visible_to(viewer)
        .filter(state=Reading.State.QUEUED)
        .annotate(
            account_uid=Subquery(contracts.values(f"{account}uid")[:1]),
            account_number=Subquery(contracts.values(f"{account}number")[:1]),
            subscriber_name=Subquery(contracts.values(f"{account}subscriber__name")[:1]),
        )
        .order_by("read_on", "pk")
    )


def invoices_visible_to(viewer: Viewer) -> QuerySet[Invoice]:
    """Invoices of the viewer's divisions with their lines."""
    return visible(_invoices_as_shown(), viewer, Capability.VIEW_SUBSCRIBERS)


def _invoices_as_shown() -> QuerySet[Invoice]:
    return Invoice.objects.select_related(
        "account__subscriber__street", "enterprise", "cancellation__credit_note"
    ).prefetch_related(Prefetch("lines", queryset=invoice_lines()))


def invoice_lines() -> QuerySet[InvoiceLine]:
    """Lines with everything that explains them."""
    return InvoiceLine.objects.select_related(
        *("service", "service_point", "previous_reading", "current_reading__installation__meter", "tariff"),
        *("vat_rate", "penalized_invoice"),
    ).order_by("id")


def payments_visible_to(viewer: Viewer) -> QuerySet[Payment]:
    """Payments of the viewer's divisions."""
    payments = Payment.objects.select_related("account", "reversal").prefetch_related("cash_slips")
    return visible(payments, viewer, Capability.VIEW_SUBSCRIBERS)


def waiting_payments_visible_to(
    viewer: Viewer, capability: Capability = Capability.VIEW_SUBSCRIBERS
) -> QuerySet[WaitingPayment]:
    """Large payments of the viewer's divisions that were entered by hand, with who decided about them."""
    rows = WaitingPayment.objects.select_related("account", "entered_by", "decided_by", "payment")
    return visible(rows, viewer, capability)


def waiting_write_offs_visible_to(
    viewer: Viewer, capability: Capability = Capability.VIEW_SUBSCRIBERS
) -> QuerySet[WaitingWriteOff]:
    """Debts of the viewer's divisions that somebody proposed to give up, with who decided about them."""
    rows = WaitingWriteOff.objects.select_related("account", "proposed_by", "decided_by", "write_off")
    return visible(rows, viewer, capability)


def tariffs_visible_to(viewer: Viewer) -> QuerySet[Tariff]:
    """Tariffs of the enterprises that serve the viewer's divisions or contain them."""
    tariffs = Tariff.objects.select_related("enterprise")
    return visible(tariffs, viewer, Capability.VIEW_SUBSCRIBERS, division="enterprise__division")


def penalty_terms_visible_to(viewer: Viewer) -> QuerySet[PenaltyTerms]:
    """Terms of penalties of the enterprises that serve the viewer's divisions or contain them."""
    terms = PenaltyTerms.objects.select_related("enterprise", "division")
    return visible(terms, viewer, Capability.VIEW_SUBSCRIBERS, division="enterprise__division")


def billing_runs_visible_to(viewer: Viewer) -> QuerySet[BillingRun]:
    """Billing runs of the viewer's divisions, newest first."""
    runs = BillingRun.objects.select_related("enterprise")
    return visible(runs, viewer, Capability.VIEW_SUBSCRIBERS)


def billing_exceptions_visible_to(viewer: Viewer) -> QuerySet[BillingException]:
    """Accounts that runs could not bill, in the viewer's divisions."""
    exceptions = BillingException.objects.select_related("account__subscriber", "run", "service_point")
    return visible(exceptions, viewer, Capability.VIEW_SUBSCRIBERS, division="account__division")


def ledger_entries_visible_to(viewer: Viewer) -> QuerySet[LedgerEntry]:
    """Legs of the ledger in the viewer's divisions."""
    entries = LedgerEntry.objects.select_related(
        *("transaction__invoice", "transaction__payment", "transaction__reversal__payment"),
        *("transaction__write_off", "transaction__refund", "transaction__shift", "account"),
    )
    return visible(entries, viewer, Capability.VIEW_SUBSCRIBERS)


def account_by_number(number: str, enterprise: str | None = None) -> Account:
    """The account of a number; where several enterprises have it, the enterprise's code decides. For commands.

    Raises ReportedError when there is none, or more than one.
    """
    found = Account.objects.filter(number=number).select_related("enterprise").order_by("enterprise__code")
    if enterprise is not None:
        found = found.filter(enterprise__code=enterprise)
    accounts = list(found[:20])
    if not accounts:
        raise ReportedError(
            Sentence(gettext_noop("There is no account {number}."), number=number), code="account"
        )
    if len(accounts) > 1:
        raise ReportedError(
            Sentence(
                gettext_noop("Several enterprises have an account {number}: {enterprises}."),
                number=number,
                enterprises=", ".join(account.enterprise.code for account in accounts),
            ),
            code="enterprise",
        )
    return accounts[0]


def masked_name(account: Account) -> str:
    """The subscriber's name as others may see it: its first letter."""
    first = next((letter for letter in account.subscriber.name if letter.isalnum()), "")
    return f"{first}***"


def visible_account_by_number(viewer: Viewer, enterprise: Enterprise, number: str) -> Account:
    """The account of a number with an enterprise, of the viewer's divisions; ReportedError (`account`) otherwise."""
    found = accounts_visible_to(viewer).filter(enterprise=enterprise, number=number).first()
    if found is None:
        raise ReportedError(
            Sentence(gettext_noop("There is no account {number}."), number=number), code="account"
        )
    return found


@dataclass(frozen=True)
class AccountOverview:
    """Everything the account page shows. Money in the account's currency; `balance` positive is debt.

    `installations` are the meters that hang today at points that the account pays for today.
    """

    account: Account
    subscriber: Subscriber
    balance: Decimal
    service_points: list[ServicePoint]
    installations: list[MeterInstallation]
    readings: list[Reading]
    invoices: list[Invoice]
    payments: list[Payment]
    waiting: list[WaitingPayment]
    waiting_write_offs: list[WaitingWriteOff]


def account_overview(viewer: Viewer, uid: UUID | str) -> AccountOverview:
    """The account `uid` as the viewer may see it; NotVisible otherwise. At most 60 rows of each kind."""
    account = access(accounts_visible_to(viewer), viewer, Capability.VIEW_SUBSCRIBERS, uid=uid)
    points = ServicePoint.objects.filter(contracts__contract__account=account).distinct()
    readings = Reading.objects.filter(installation__service_point__in=points).select_related(
        "installation__meter"
    )
    today = timezone.localdate()
    hanging = MeterInstallation.objects.filter(
        service_point__in=ServicePoint.objects.filter(
            contracts__contract__account=account, contracts__validity__contains=today
        ),
        validity__contains=today,
    )
    invoices = account.invoices.prefetch_related(Prefetch("lines", queryset=invoice_lines()))
    return AccountOverview(
        account=account,
        subscriber=account.subscriber,
        balance=account.balance,  # type: ignore[attr-defined]
        service_points=list(points.select_related("attachment__node__zone", "attachment__network")),
        installations=list(hanging.select_related("meter", "service_point").order_by("meter__serial")[:60]),
        readings=list(readings.order_by("-read_on", "-id")[:60]),
        invoices=list(invoices.order_by("-month", "-id")[:60]),
        payments=list(account.payments.order_by("-paid_on", "-id")[:60]),
        waiting=list(
            account.waiting_payments.filter(state=WaitingPayment.State.OPEN).select_related("entered_by")[:60]
        ),
        waiting_write_offs=list(
            account.waiting_write_offs.filter(state=WaitingWriteOff.State.OPEN).select_related("proposed_by")[
                :60
            ]
        ),
    )


def invoice_visible_to(viewer: Viewer, uid: UUID | str) -> Invoice:
    """One invoice with its lines; NotVisible otherwise."""
    return access(invoices_visible_to(viewer), viewer, Capability.VIEW_SUBSCRIBERS, uid=uid)


@dataclass(frozen=True)
class BillAmounts:
    """What a bill asks for, in the account's currency: its own total, what stood before it, and what is to be paid.

    `paid_ahead` is what is left over when nothing is to be paid. A page, a PDF and a QR code show these and no others.
    """

    total: Decimal
    previous_balance: Decimal

    @property
    def to_pay(self) -> Decimal:
        return max(self.previous_balance + self.total, Decimal(0))

    @property
    def paid_ahead(self) -> Decimal:
        return max(-self.previous_balance - self.total, Decimal(0))


def amounts_of(invoice: Invoice) -> BillAmounts:
    """The amounts of a bill as it was issued: what was paid since does not change them."""
    return BillAmounts(invoice.total, balance_before(invoice))


def invoices_with_amounts(ids: Sequence[int]) -> list[tuple[Invoice, BillAmounts]]:
    """Invoices with all that a bill shows, in the order of the ids. Two queries, however many."""
    earlier = LedgerEntry.objects.filter(
        account=OuterRef("account"), transaction__lt=OuterRef("ledgertransaction__pk")
    )
    before = earlier.order_by().values("account").annotate(total=Sum("amount")).values("total")
    annotated = _invoices_as_shown().annotate(before=Coalesce(Subquery(before), Decimal(0)))
    found = {invoice.pk: invoice for invoice in annotated.filter(pk__in=ids)}
    return [(found[key], BillAmounts(found[key].total, found[key].before)) for key in ids]


def balance_before(invoice: Invoice) -> Decimal:
    """The account's balance just before this invoice was booked: the sum of the legs written earlier."""
    head = invoice.ledgertransaction  # type: ignore[attr-defined]
    total = LedgerEntry.objects.filter(account_id=invoice.account_id, transaction_id__lt=head.pk).aggregate(
        total=Sum("amount")
    )["total"]
    return total or Decimal(0)


def _paid_in(viewer: Viewer, month: date) -> Decimal:
    """What was paid on the days of a month and not taken back, in the viewer's divisions."""
    next_month = (month + timedelta(days=31)).replace(day=1)
    payments = payments_visible_to(viewer).filter(
        paid_on__gte=month, paid_on__lt=next_month, reversal__isnull=True
    )
    # What was paid back at a desk is counted with the payment, as what was taken back whole.
    back = CashSlip.objects.filter(kind=CashSlip.Kind.REFUND, payment__in=payments)
    paid, refunded = (rows.order_by().aggregate(total=Sum("amount"))["total"] for rows in (payments, back))
    return (paid or Decimal(0)) - (refunded or Decimal(0))


def _debts_visible_to(viewer: Viewer) -> QuerySet[Any, Any]:
    """By account what it owes, of the viewer's divisions; only those that owe something."""
    entries = LedgerEntry.objects.filter(account__isnull=False)
    if not is_unrestricted(viewer):
        entries = entries.filter(division__in=divisions_of(viewer, Capability.VIEW_SUBSCRIBERS).values("pk"))
    return entries.order_by().values("account").annotate(balance=Sum("amount")).filter(balance__gt=0)


def largest_debts(viewer: Viewer, most: int) -> list[Account]:
    """The accounts that owe the most, the largest debt first, each with its `balance`; `most` of them."""
    owed = {
        row["account"]: row["balance"]
        for row in _debts_visible_to(viewer).order_by("-balance", "account")[:most]
    }
    rows = Account.objects.select_related("enterprise", "subscriber__street", "division").in_bulk(list(owed))
    for key, account in rows.items():
        account.balance = owed[key]  # type: ignore[attr-defined]
    return [rows[key] for key in owed]


def billing_summary(viewer: Viewer) -> dict[str, Any]:
    """For the home page of clerks: accounts, last run, paid in its month, its exceptions, debts today."""
    last_run = billing_runs_visible_to(viewer).filter(is_trial=False, is_penalty=False).first()
    debts = debt_summary(viewer, level="republic", as_of=timezone.localdate()).total
    return {
        "accounts": debts.accounts,
        "last_run": last_run,
        "paid": _paid_in(viewer, last_run.month) if last_run else Decimal(0),
        "exceptions": last_run.exceptions.count() if last_run else 0,
        "debts": debts,
    }
