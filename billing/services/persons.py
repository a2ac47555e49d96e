"""Erasing a person: who it was goes, what the books say stays.

Accounts, bills, payments and readings with their amounts are kept as the law on accounting and taxes asks; name,
personal number, telephone, house and flat, beneficiaries and papers of benefits go. Two people do it.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Model, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from billing.job_kinds import BILLING_JOB
from billing.ledger.services.booking import lock_accounts
from billing.models import (
    Absence,
    Account,
    AccountValue,
    Benefit,
    Contract,
    GivenQuantity,
    InvoiceCounter,
    LedgerEntry,
    ProviderTransaction,
    QualityAct,
    Subscriber,
    SubscriberClass,
    Subsidy,
    WaitingPayment,
    WaitingRefund,
    WaitingWriteOff,
)
from billing.selectors.persons import audit_of, is_whole_to, of_others, rows_of_person
from gis_core.database.scope import EVERYTHING, working_in
from gis_core.errors import ReportedError
from gis_core.models import Job, User, WaitingAct
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from gis_core.services.two_people import confirm_act, propose_act, withdraw_act

ERASED = "–"
# What is told of a person beside the books, and is emptied: texts of tables that hang on accounts.
_EMPTIED: tuple[tuple[type[Model], tuple[str, ...]], ...] = (
    (Absence, ("document",)),
    (AccountValue, ("document",)),
    (Benefit, ("beneficiary", "document")),
    (GivenQuantity, ("document",)),
    (QualityAct, ("document",)),
    (Subsidy, ("document",)),
)
_OF_PERSON = ("name", "personal_id", "phone", "house", "flat")


@dataclass(frozen=True)
class Erasure:
    """How it stands: `waits` for a second person, or `erased`; how many rows were emptied, and what is kept.

    `proposal` is the one that waits, or that this call confirmed as the second person's (`is_second`).
    """

    state: str
    emptied: dict[str, int]
    kept: dict[str, int]
    proposal: WaitingAct | None = None
    is_second: bool = False


@transaction.atomic
def erase_person(*, subscriber: Subscriber, reason: str, acting_user: User | None) -> Erasure:
    """Erase who a subscriber was: the first person's wish waits, a second one's does it. Twice is as good as once.

    Raises ReportedError: `of_others` where an account is beyond the acting user's divisions, `legal_entity`,
    `contract_runs`, `owes` (or is owed), `reason`, `no_user`; and for what is under way, which is told by
    name: `run_not_done`, `payment_waits`, `write_off_waits`, `provider_transaction_begun`.
    """
    row = Subscriber.objects.select_for_update().select_related("division").get(pk=subscriber.pk)
    if _is_erased(row):
        return Erasure("erased", {}, _kept(row))
    if acting_user is not None and not is_whole_to(acting_user, row):
        raise of_others()
    _require_erasable(row)
    act = propose_act(
        kind=WaitingAct.Kind.ERASE_PERSON,
        subject=str(row.uid),
        reason=reason,
        division=row.division,
        acting_user=acting_user,
    )
    if acting_user is None or act.proposed_by_id == acting_user.pk:
        return Erasure("waits", {}, _kept(row), act)
    confirm_act(act, acting_user=acting_user)
    emptied = _empty(row)
    kept = _kept(row)
    record_change(
        acting_user=acting_user,
        action="erase person",
        subject=row,
        division=row.division,
        # Without the values, which are what is erased.
        new_values={"fields": list(_OF_PERSON), "emptied": emptied, "kept": kept, "reason": act.reason},
    )
    return Erasure("erased", emptied, kept, act, is_second=True)


def withdraw_erasure(*, subscriber: Subscriber, acting_user: User) -> WaitingAct:
    """Let one's own proposal to erase go. ReportedError as `withdraw_act`."""
    return withdraw_act(
        kind=WaitingAct.Kind.ERASE_PERSON, subject=str(subscriber.uid), acting_user=acting_user
    )


def _is_erased(row: Subscriber) -> bool:
    # Not by the name alone, which anybody may type.
    return (
        row.name == f"{ERASED} {row.registry_number}"
        and WaitingAct.objects.filter(
            kind=WaitingAct.Kind.ERASE_PERSON, subject=str(row.uid), state=WaitingAct.State.CONFIRMED
        ).exists()
    )


def _require_erasable(row: Subscriber) -> None:
    if row.subscriber_class != SubscriberClass.HOUSEHOLD:
        raise ReportedError(
            Sentence(_("A legal entity is no person: nothing of it is erased.")), code="legal_entity"
        )
    accounts = list(Account.objects.filter(subscriber=row).select_related("enterprise"))
    _require_no_run(accounts)
    lock_accounts([account.pk for account in accounts], "UPDATE")
    _require_nothing_under_way([account.pk for account in accounts])
    today = timezone.localdate()
    if Contract.objects.filter(
        Q(validity__endswith=None) | Q(validity__endswith__gt=today), account__subscriber=row
    ).exists():
        raise ReportedError(
            Sentence(_("A contract of this subscriber still runs: close the account first.")),
            code="contract_runs",
        )
    balances = (
        LedgerEntry.objects.filter(account__subscriber=row)
        .order_by()
        .values("account")
        .annotate(total=Sum("amount"))
        .exclude(total=Decimal(0))
    )
    if balances.exists():
        raise ReportedError(
            Sentence(_("The books of this subscriber are not settled: something is owed.")), code="owes"
        )


def _require_no_run(accounts: list[Account]) -> None:
    """No billing run of these accounts is under way, and none begins before this transaction ends.

    Before the accounts are locked: a run locks its enterprise's counters first, and its bills name accounts.
    """
    for enterprise in sorted({account.enterprise for account in accounts}, key=lambda row: row.pk):
        of_runs = Q(parameters__account__isnull=True) | Q(
            parameters__account__in=[row.number for row in accounts if row.enterprise == enterprise]
        )
        # A run is the enterprise's, whose division may lie above those of who asks.
        with working_in(EVERYTHING):
            counters = InvoiceCounter.objects.filter(enterprise=enterprise).order_by("year")
            is_running = len(counters.select_for_update(skip_locked=True)) < counters.count()
            is_asked_for = Job.objects.filter(
                of_runs,
                kind=BILLING_JOB,
                state__in=[Job.State.QUEUED, Job.State.RUNNING],
                parameters__enterprise=enterprise.code,
                parameters__trial=False,
            ).exists()
        if is_running or is_asked_for:
            raise ReportedError(
                Sentence(
                    _("A billing run of {enterprise} is not done: ask again after it."),
                    enterprise=enterprise.code,
                ),
                code="run_not_done",
            )


def _require_nothing_under_way(account_ids: list[int]) -> None:
    """Nothing is on its way into the books of these accounts, which are locked."""
    payment = WaitingPayment.objects.filter(account__in=account_ids, state=WaitingPayment.State.OPEN).first()
    if payment is not None:
        raise ReportedError(
            Sentence(
                _(
                    "A payment of {amount} ({reference}) waits for a second person: book it or let it go first."
                ),
                amount=payment.amount,
                reference=payment.reference,
            ),
            code="payment_waits",
        )
    sheet = WaitingWriteOff.objects.filter(account__in=account_ids, state=WaitingWriteOff.State.OPEN).first()
    if sheet is not None:
        raise ReportedError(
            Sentence(
                _("A write-off by sheet {sheet} waits for a second person: do it or let it go first."),
                sheet=sheet.sheet,
            ),
            code="write_off_waits",
        )
    refund = WaitingRefund.objects.filter(
        receipt__account__in=account_ids, state=WaitingRefund.State.OPEN
    ).first()
    if refund is not None:
        raise ReportedError(
            Sentence(
                _("A refund of {amount} waits for a second person: confirm it or let it go first."),
                amount=refund.amount,
            ),
            code="refund_waits",
        )
    begun = ProviderTransaction.objects.filter(
        account__in=account_ids, state=ProviderTransaction.State.CREATED
    ).first()
    if begun is not None:
        raise ReportedError(
            Sentence(
                _("A payment by {channel} ({reference}) has begun and is not done: ask again after it."),
                channel=begun.get_channel_display(),
                reference=begun.provider_id,
            ),
            code="provider_transaction_begun",
        )


def _empty(row: Subscriber) -> dict[str, int]:
    row.name, row.house = f"{ERASED} {row.registry_number}", ERASED
    row.personal_id = row.phone = row.flat = ""
    row.save(update_fields=list(_OF_PERSON))
    emptied = {Subscriber._meta.label: 1}
    for model, columns in _EMPTIED:
        said = Q()
        for column in columns:
            said |= ~Q(**{column: ""})
        rows = model._default_manager.filter(said, account__subscriber=row)
        number = rows.update(**dict.fromkeys(columns, ""))
        if number:
            emptied[model._meta.label] = number
    return emptied


def _kept(row: Subscriber) -> dict[str, int]:
    """How many rows stay, by table; of the audit trail, too."""
    rows: dict[Any, Any] = dict(rows_of_person(row))
    kept = {model._meta.label: len(keys) for model, keys in rows.items()}
    return kept | {"gis_core.AuditEvent": audit_of(rows).count()}
