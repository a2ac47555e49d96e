"""Taking a statement or registry in: whole or not at all, each row once, whatever is sent again.

    bytes --read--> MoneyRow's --owners_of--> payments, settlements, suspense --> BankFileRow's by key

A row is known again by the bank's (source's) own reference, else by number, day, payer and sum, and by its place among
those that are equal: two equal payments are two, the same file again is none.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from billing.channels.selectors.owners import UNMATCHED_RETURN, Owner, Said, owners_of
from billing.channels.services.money import book_settlements, book_suspense
from billing.channels.services.statements.camt053 import read_camt053
from billing.channels.services.statements.exchange_1c import read_1c
from billing.channels.services.statements.mt940 import read_mt940
from billing.channels.services.statements.registry import read_registry
from billing.channels.services.statements.rows import (
    NOT_YET,
    BadStatementRows,
    MoneyRow,
    ReadStatement,
    amount_of,
    refused,
    require_size,
)
from billing.ledger.services.corrections import may_take_back, reverse_payment
from billing.models import (
    BankFileRow,
    BankSettlement,
    ChannelSettings,
    LedgerEntry,
    Payment,
    PaymentReversal,
    SuspenseItem,
)
from billing.services.payments import NewPayment, record_payments
from gis_core.database.locks import AdvisoryLock, hold
from gis_core.errors import ReportedError
from gis_core.models import Enterprise, User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

FORMATS = ("1c", "mt940", "camt053", "registry")
CHANNELS = ("bank", "post")
STATES = ("posted", "duplicate", "suspense", "settlement", "ignored")
_State = BankFileRow.State
_LONGEST_REFERENCE = 70
_SOURCE = re.compile(r"[A-Za-z0-9_.-]{1,15}")
_FEE = re.compile(
    r"(?:комисси\w*|komissiya\w*|commission|fee|vositachilik\s+haqi|вознаграждени\w*)(?P<rest>.{0,60})",
    re.IGNORECASE | re.DOTALL,
)
# What stands beside a fee and is none: days, percents, numbers of documents.
_NO_FEE = re.compile(
    r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4}|\d+(?:[.,]\d+)?\s*%|(?:№|\bN[oо]?\.?)\s*\d[\w/-]*", re.IGNORECASE
)
_FIGURE = re.compile(r"(?<![\d.,])(?:\d{1,3}(?:[ \u00a0]\d{3})+|\d+)(?:[.,]\d{1,2})?(?![\d%]|[.,]\d)")


@dataclass
class Taken:
    """What became of a row."""

    row: MoneyRow
    state: str
    reference: str = ""
    account: str | None = None
    payment: str | None = None
    reason: str | None = None
    amount: Decimal = Decimal(0)

    def as_dict(self) -> dict[str, Any]:
        return {
            "line": self.row.line,
            "state": self.state,
            "reference": self.reference,
            "paid_on": self.row.paid_on.isoformat(),
            "amount": f"{self.amount:.2f}",
            "account": self.account,
            "payment": self.payment,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class _Keyed:
    row: MoneyRow
    key: str
    base: str


def import_payments(
    *,
    enterprise: Enterprise,
    data: bytes,
    file: str,
    file_format: str,
    channel: str = "bank",
    source: str = "",
    is_trial: bool = False,
    acting_user: User | None,
) -> dict[str, Any]:
    """Take a file in; what became of each row. A trial does the same and leaves nothing.

    ReportedError: those of the formats (`billing/channels/services/statements/`), `other_format_that_day`,
    `reference_used`, `source`, `day`.
    """
    require_size(len(data))
    if source and not _SOURCE.fullmatch(source):
        raise ReportedError(
            Sentence(_("A source has 1 to 15 letters, digits, dots or dashes.")), code="source"
        )
    statement = _read(enterprise, data, file, file_format)
    _require_past(statement.rows)
    with transaction.atomic():
        hold(AdvisoryLock.STATEMENT_IMPORT, enterprise.pk)
        taken = _take(enterprise, statement, channel, source, acting_user)
        report = _report(statement, taken)
        if is_trial:
            transaction.set_rollback(True)
            report["lines"] = [
                {**line, "payment": line["payment"] if line["state"] == "duplicate" else None}
                for line in report["lines"]
            ]
        else:
            _record(enterprise, file, report, acting_user)
    return report


def _read(enterprise: Enterprise, data: bytes, file: str, file_format: str) -> ReadStatement:
    if file_format == "registry":
        return read_registry(data, file)
    readers = {"1c": read_1c, "mt940": read_mt940, "camt053": read_camt053}
    return readers[file_format](data, enterprise.bank_account)


def _require_past(rows: Sequence[MoneyRow]) -> None:
    bad = BadStatementRows()
    today = timezone.localdate()
    for row in rows:
        if not row.ignored and (row.paid_on.year < 2000 or row.paid_on > today):
            bad.add(row.line, NOT_YET)
    bad.raise_any()


def _report(statement: ReadStatement, taken: Sequence[Taken]) -> dict[str, Any]:
    counts = Counter(one.state for one in taken)
    posted = sum((one.amount for one in taken if one.state == "posted"), Decimal(0))
    return {
        "format": statement.file_format,
        "encoding": statement.encoding,
        "rows": len(taken),
        "posted": counts["posted"],
        "duplicates": counts["duplicate"],
        "suspense": counts["suspense"],
        "settlements": counts["settlement"],
        "ignored": counts["ignored"],
        "posted_amount": f"{posted:.2f}",
        "lines": [one.as_dict() for one in taken],
    }


def _record(enterprise: Enterprise, file: str, report: dict[str, Any], acting_user: User | None) -> None:
    record_change(
        acting_user=acting_user,
        action="import payments",
        subject=enterprise,
        division=enterprise.division,
        new_values={"file": file[:200], **{name: report[name] for name in report if name != "lines"}},
        subject_id=enterprise.code,
    )


def _take(
    enterprise: Enterprise, statement: ReadStatement, channel: str, source: str, acting_user: User | None
) -> list[Taken]:
    rows = statement.rows
    keyed = _keyed(statement.file_format, source, [row for row in rows if not row.ignored])
    before = BankFileRow.objects.select_related("payment__account", "suspense__payment__account").filter(
        enterprise=enterprise, key__in=[one.key for one in keyed]
    )
    if statement.file_format == "registry":
        # A source has its references in a channel; a row of the bank is one, whatever channel it is taken for.
        before = before.filter(channel=channel)
    known = {row.key: row for row in before}
    _require_one_format(enterprise, statement.file_format, rows)
    taken = {one.key: _taken_before(one, known[one.key]) for one in keyed if one.key in known}
    if statement.file_format == "registry":
        _require_same_sums(keyed, known)
        taken |= _paid_before(enterprise, channel, [one for one in keyed if one.key not in taken])
    # A registry may name one payment twice.
    new = {one.key: one for one in reversed(keyed) if one.key not in taken}
    work = _Work(enterprise, channel, statement.file_format, acting_user)
    taken |= work.take(list(reversed(new.values())))
    by_row: dict[int, Taken] = {}
    for one in keyed:
        is_again = one.key in new and new[one.key] is not one
        now = taken[one.key]
        by_row[id(one.row)] = replace(now, row=one.row, state="duplicate" if is_again else now.state)
    return [
        by_row[id(row)]
        if not row.ignored
        else Taken(row, "ignored", row.reference or row.number, reason=row.ignored, amount=row.amount)
        for row in rows
    ]


def _keyed(file_format: str, source: str, rows: Sequence[MoneyRow]) -> list[_Keyed]:
    """Each row with its key, and the reference that it has where nothing else has it."""
    seen: Counter[tuple[str, ...]] = Counter()
    found: list[_Keyed] = []
    for row in rows:
        if file_format == "registry":
            base = f"{source}:{row.reference}" if source else row.reference
            parts: tuple[str, ...] = ("registry", source, row.reference)
        elif row.reference:
            base = row.reference
            parts = (file_format, row.reference, f"{row.amount:.2f}", str(row.is_taken_back))
        else:
            base = f"{row.number}/{row.numbered_on:%d.%m.%Y}"
            payer = row.payer_account or row.payer
            parts = (
                file_format,
                row.number,
                str(row.numbered_on),
                payer,
                f"{row.amount:.2f}",
                str(row.is_taken_back),
            )
        seen[parts] += 1
        place = 1 if file_format == "registry" else seen[parts]
        key = hashlib.sha256("\x00".join((*parts, str(place))).encode()).hexdigest()
        if file_format == "registry" and seen[parts] > 1:
            # Twice in one file: the second is the first again.
            _require_same_in_file(row, next(one.row for one in found if one.key == key))
        found.append(_Keyed(row, key, base if file_format == "registry" else base[:_LONGEST_REFERENCE]))
    return found


def _require_same_in_file(row: MoneyRow, first: MoneyRow) -> None:
    if (row.amount, row.account) != (first.amount, first.account):
        raise _used(row)


def _used(row: MoneyRow) -> ReportedError:
    said = Sentence(_("The reference {reference} was used for another payment."), reference=row.reference)
    return ReportedError(said, code="reference_used", details=[{"line": row.line, "reason": said}])


def _require_same_sums(keyed: Sequence[_Keyed], known: dict[str, BankFileRow]) -> None:
    for one in keyed:
        before = known.get(one.key)
        if before is None:
            continue
        is_other = before.payment is not None and before.payment.account.number != one.row.account
        if before.amount != one.row.amount or (is_other and before.suspense_id is None):
            raise _used(one.row)


def _paid_before(enterprise: Enterprise, channel: str, keyed: Sequence[_Keyed]) -> dict[str, Taken]:
    """Rows of a registry whose payment came by another way: by hand, or by a provider's own call."""
    payments = Payment.objects.select_related("account").filter(
        enterprise=enterprise, channel=channel, reference__in={one.base for one in keyed}
    )
    by_reference = {payment.reference: payment for payment in payments}
    found: dict[str, Taken] = {}
    for one in keyed:
        payment = by_reference.get(one.base)
        if payment is None:
            continue
        if (payment.amount, payment.account.number) != (one.row.amount, one.row.account):
            raise _used(one.row)
        number, uid = payment.account.number, str(payment.uid)
        found[one.key] = Taken(one.row, "duplicate", payment.reference, number, uid, amount=payment.amount)
    return found


def _require_one_format(enterprise: Enterprise, file_format: str, rows: Sequence[MoneyRow]) -> None:
    """A day's money is told by one format: by another its rows would not be known again."""
    if file_format == "registry":
        return
    days = {row.paid_on for row in rows if not row.ignored}
    other = (
        BankFileRow.objects.filter(enterprise=enterprise, paid_on__in=days)
        .exclude(file_format__in=[file_format, "registry"])
        .order_by("paid_on")
        .first()
    )
    if other is not None:
        line = next(row.line for row in rows if row.paid_on == other.paid_on and not row.ignored)
        raise refused(
            "other_format_that_day",
            _("{day} was taken in from a file of the format {name} already."),
            line=line,
            day=other.paid_on,
            name=other.file_format,
        )


def _taken_before(one: _Keyed, row: BankFileRow) -> Taken:
    payment = row.payment or (row.suspense.payment if row.suspense is not None else None)
    return Taken(
        one.row,
        "duplicate",
        row.reference,
        account=payment.account.number if payment else None,
        payment=str(payment.uid) if payment else None,
        amount=row.amount,
    )


class _Work:
    """Books the rows of a file that were not known; one transaction is around it."""

    def __init__(
        self, enterprise: Enterprise, channel: str, file_format: str, acting_user: User | None
    ) -> None:
        self._enterprise, self._channel, self._format = enterprise, channel, file_format
        self._acting_user = acting_user
        self._taken: dict[str, Taken] = {}
        self._rows: list[BankFileRow] = []
        book = LedgerEntry.Book.CLEARING if file_format == "registry" else LedgerEntry.Book.BANK
        self._book = book

    def take(self, keyed: Sequence[_Keyed]) -> dict[str, Taken]:
        providers = {
            row.settlement_account: row.channel
            for row in ChannelSettings.objects.filter(enterprise=self._enterprise).exclude(
                settlement_account=""
            )
        }
        settled = [one for one in keyed if one.row.payer_account in providers and not one.row.is_taken_back]
        backs = [one for one in keyed if one.row.is_taken_back]
        set_apart = {one.key for one in (*settled, *backs)}
        paid = [one for one in keyed if one.key not in set_apart]
        owners = owners_of(
            self._enterprise.pk,
            [Said(one.row.account, one.row.purpose, one.row.payer_tax_id) for one in paid],
        )
        references = self._references(keyed)
        self._post(
            [(one, owner) for one, owner in zip(paid, owners, strict=True) if owner.account], references
        )
        unknown = [
            (one, owner.reason, one.row.amount)
            for one, owner in zip(paid, owners, strict=True)
            if not owner.account
        ]
        self._settle(settled, providers, references)
        BankFileRow.objects.bulk_create(self._rows, batch_size=2000)
        self._rows = []
        unknown += [
            (one, UNMATCHED_RETURN, -one.row.amount) for one in backs if not self._take_back(one, references)
        ]
        self._suspend(unknown, references)
        BankFileRow.objects.bulk_create(self._rows, batch_size=2000)
        return self._taken

    def _references(self, keyed: Sequence[_Keyed]) -> dict[str, str]:
        """The reference of each key: its own where nothing of the channel has that, else the next place."""
        bases = {one.base for one in keyed}
        used = set(self._used(bases))
        found: dict[str, str] = {}
        for one in keyed:
            place, reference = 1, one.base
            while reference in used:
                place += 1
                reference = f"{one.base}/{place}"
                if place % 10 == 2:
                    used |= set(self._used({f"{one.base}/{place + step}" for step in range(10)}))
            used.add(reference)
            found[one.key] = reference
        return found

    def _used(self, references: set[str]) -> set[str]:
        mine: dict[str, Any] = {
            "enterprise": self._enterprise,
            "channel": self._channel,
            "reference__in": references,
        }
        kinds: tuple[Any, ...] = (Payment, SuspenseItem, BankFileRow)
        return {
            name for kind in kinds for name in kind.objects.filter(**mine).values_list("reference", flat=True)
        }

    def _post(self, paid: Sequence[tuple[_Keyed, Owner]], references: dict[str, str]) -> None:
        new = [
            NewPayment(owner.account, one.row.amount, one.row.paid_on, references[one.key])
            for one, owner in paid
            if owner.account is not None
        ]
        made = record_payments(
            payments=new, channel=self._channel, acting_user=self._acting_user, book=self._book
        )
        for (one, owner), payment in zip(paid, made, strict=True):
            account = owner.account.number if owner.account else None
            self._note(
                one, payment.reference, _State.POSTED, one.row.amount, payment=payment, account=account
            )

    def _settle(
        self, settled: Sequence[_Keyed], providers: dict[str, str], references: dict[str, str]
    ) -> None:
        made = BankSettlement.objects.bulk_create(
            BankSettlement(
                enterprise=self._enterprise,
                division_id=self._enterprise.division_id,
                channel=providers[one.row.payer_account],
                reference=references[one.key],
                paid_on=one.row.paid_on,
                amount=one.row.amount,
                fee=fee_of(one.row.purpose),
                purpose=one.row.purpose,
            )
            for one in settled
        )
        book_settlements(made)
        for one, settlement in zip(settled, made, strict=True):
            self._note(
                one,
                settlement.reference,
                _State.SETTLEMENT,
                one.row.amount,
                settlement=settlement,
                reason=settlement.channel,
            )

    def _suspend(self, unknown: Sequence[tuple[_Keyed, str, Decimal]], references: dict[str, str]) -> None:
        items = SuspenseItem.objects.bulk_create(
            SuspenseItem(
                enterprise=self._enterprise,
                division_id=self._enterprise.division_id,
                channel=self._channel,
                book=self._book,
                reference=references[one.key],
                paid_on=one.row.paid_on,
                amount=amount,
                purpose=one.row.purpose or one.row.account,
                payer=one.row.payer[:300],
                reason=reason,
            )
            for one, reason, amount in unknown
        )
        book_suspense(items)
        for (one, reason, amount), item in zip(unknown, items, strict=True):
            self._note(one, item.reference, _State.SUSPENSE, amount, suspense=item, reason=reason)

    def _take_back(self, one: _Keyed, references: dict[str, str]) -> bool:
        """Take the payment back that the bank takes back; whether there was one, of one account, that was not yet."""
        names = {name for name in (one.row.reference, one.row.number) if name}
        rows = BankFileRow.objects.filter(
            enterprise=self._enterprise,
            channel=self._channel,
            state=_State.POSTED,
            amount=one.row.amount,
            paid_on__lte=one.row.paid_on,
            payment__reversal=None,
        ).select_related("payment__account")
        named = [
            row
            for row in rows.order_by("paid_on", "pk")
            if row.number in names or re.sub(r"/\d+$", "", row.reference) in names or row.reference in names
        ]
        # The bank's own reference says more than the payer's number, which two payers may share.
        candidates = [row for row in named if row.reference == one.row.reference] or named
        if len({row.payment.account_id for row in candidates if row.payment}) != 1:
            return False
        payment = candidates[0].payment
        if payment is None or PaymentReversal.objects.filter(payment=payment).exists():
            return False
        if candidates[0].file_format == "registry" and not may_take_back(payment, self._acting_user):
            # Who brought the registry brings no return of it; somebody else decides.
            return False
        reverse_payment(
            payment=payment, reason=f"RC {references[one.key]}"[:200], acting_user=self._acting_user
        )
        account = payment.account.number
        self._note(
            one, payment.reference, _State.TAKEN_BACK, -one.row.amount, payment=payment, account=account
        )
        return True

    def _note(
        self,
        one: _Keyed,
        reference: str,
        state: str,
        amount: Decimal,
        *,
        account: str | None = None,
        reason: str | None = None,
        **document: Any,
    ) -> None:
        payment: Payment | None = document.get("payment")
        shown = _State.POSTED if state == _State.TAKEN_BACK else state
        self._taken[one.key] = Taken(
            one.row, str(shown), reference, account, str(payment.uid) if payment else None, reason, amount
        )
        self._rows.append(
            BankFileRow(
                enterprise=self._enterprise,
                division_id=self._enterprise.division_id,
                channel=self._channel,
                file_format=self._format,
                key=one.key,
                reference=reference,
                number=one.row.number[:80],
                paid_on=one.row.paid_on,
                amount=amount,
                state=state,
                taken_by=self._acting_user,
                **document,
            )
        )


def fee_of(purpose: str) -> Decimal:
    """What a provider says that it kept, in the words of its payment; 0 where it says nothing."""
    found = _FEE.search(purpose)
    if found is None:
        return Decimal(0)
    # Something is left in the place of what is no fee, so that no two figures become one.
    for figure in _FIGURE.finditer(_NO_FEE.sub(" ; ", found["rest"])):
        value = amount_of(figure[0])
        if value is not None:
            return value
    return Decimal(0)
