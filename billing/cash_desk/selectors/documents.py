"""Papers of a cash desk as PDF, 80 mm wide: slips and what a shift adds up to."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.cash_desk.selectors.desk import balance_after, totals_of
from billing.models import CashShift, CashSlip
from billing.selectors.accounts import masked_name
from gis_core.figures import figure
from gis_core.models import User
from gis_core.qr_codes import qr_png
from gis_core.typst_pdf import pdf_of

_TEMPLATE = Path(__file__).parents[1] / "documents" / "slip.typ"
# What papers are printed in: the languages that have words of ours.
SLIP_LANGUAGES = ("uz", "uz-cyrl", "ru", "en")
SLIP_TITLES = {
    "receipt": gettext_noop("Receipt"),
    "cancellation": gettext_noop("Cancellation of a receipt"),
    "refund": gettext_noop("Refund of a receipt"),
}
# A long day's paper is a strip, not a book.
_MOST_LISTED = 1000


def slip_pdf(slip: CashSlip, *, is_copy: bool, address: str, language: str = "uz") -> bytes:
    """The slip as PDF bytes, marked COPY but for the original; `address` is where its QR code leads."""
    with translation.override(language):
        data = {
            **_head(slip, _(SLIP_TITLES[slip.kind]), str(slip), language),
            "mark": _("Copy") if is_copy else "",
            "facts": [pair for pair in _facts(slip) if pair[1]],
            "amounts": _amounts(slip),
            # Who is paid back signs for it.
            "signatures": [] if slip.kind == "receipt" else [_("Received"), _("Cashier")],
            "qr_png": list(qr_png(address)),
            "qr": _("Scan to check this paper."),
        }
        return pdf_of(_TEMPLATE, data, made_at=slip.made_at)


def shift_pdf(shift: CashShift, language: str = "uz") -> bytes:
    """What a shift took and paid back, paper by paper, with its count once it is closed."""
    totals = totals_of(shift)
    with translation.override(language):
        data = {
            **_head(shift, _("Shift of a cash desk"), str(shift), language),
            "mark": "" if shift.closed_at else _("Not closed yet"),
            "facts": [
                (_("Cash desk"), shift.desk.name),
                (_("Cashier"), _name(shift.cashier)),
                (_("Opened"), _moment(shift.opened_at)),
                *([(_("Closed"), _moment(shift.closed_at))] if shift.closed_at else []),
                *([(_("Reason"), shift.reason)] if shift.reason else []),
            ],
            "amounts": [
                _amount(_("In the drawer before"), totals.float_amount),
                _amount(_("Receipts"), totals.receipts, totals.receipt_count),
                _amount(_("Cancelled"), -totals.cancellations, totals.cancellation_count),
                _amount(_("Paid back"), -totals.refunds, totals.refund_count),
                *_count(shift),
            ],
            "rows": [_row(slip) for slip in _slips(shift)],
            "signatures": [_("Cashier"), _("Accepted")],
        }
        return pdf_of(_TEMPLATE, data, made_at=shift.closed_at or shift.opened_at)


def _head(paper: CashSlip | CashShift, title: str, number: str, language: str) -> dict[str, Any]:
    enterprise = paper.desk.enterprise
    return {
        "language": language.partition("-")[0],
        "title": title,
        "number": number,
        "enterprise": enterprise.name,
        "about": " · ".join(part for part in (enterprise.address, enterprise.phone) if part),
        "rows": [],
        "qr_png": [],
        "qr": "",
    }


def _facts(slip: CashSlip) -> list[tuple[str, str]]:
    return [
        (_("Day and time"), _moment(slip.made_at)),
        (_("Cash desk"), slip.desk.name),
        (_("Cashier"), _name(slip.made_by)),
        (_("Confirmed by"), _name(slip.approved_by) if slip.approved_by else ""),
        (_("Of the receipt"), str(slip.receipt) if slip.receipt else ""),
        (_("Account"), slip.account.number),
        (_("Name"), masked_name(slip.account)),
        (_("Reason"), slip.reason),
    ]


def _amounts(slip: CashSlip) -> list[tuple[str, str, bool]]:
    owed = balance_after(slip)
    paid = _("Paid") if slip.kind == "receipt" else _("Paid back")
    lines = [(paid, f"{figure(slip.amount, 2)} {slip.account.currency}", True)]
    if slip.tendered is not None:
        lines += [
            _amount(_("Handed over"), slip.tendered),
            _amount(_("Change"), slip.tendered - slip.amount),
        ]
    return [
        *lines,
        _amount(_("Owed after it"), owed) if owed >= 0 else _amount(_("Paid ahead after it"), -owed),
    ]


def _amount(words: str, amount: Decimal, number: int | None = None) -> tuple[str, str, bool]:
    return (words if number is None else f"{words} ({figure(number)})", figure(amount, 2), False)


def _count(shift: CashShift) -> list[tuple[str, str, bool]]:
    if shift.counted is None or shift.expected is None:
        return []
    return [
        _amount(_("Should lie in the drawer"), shift.expected),
        _amount(_("Counted"), shift.counted),
        (_("Difference"), figure(shift.difference, 2), True),
    ]


def _slips(shift: CashShift) -> list[CashSlip]:
    slips = shift.slips.select_related("desk", "account", "receipt__desk").order_by("number")
    return list(slips[:_MOST_LISTED])


def _row(slip: CashSlip) -> tuple[str, str, str]:
    what = _(SLIP_TITLES[slip.kind]) if slip.receipt else slip.account.number
    of_which = f" {slip.receipt}" if slip.receipt else ""
    return (str(slip), f"{what}{of_which}", figure(slip.signed_amount, 2))


def _name(person: User) -> str:
    return person.get_full_name() or person.username


def _moment(instant: Any) -> str:
    return f"{timezone.localtime(instant):%d.%m.%Y %H:%M}"
