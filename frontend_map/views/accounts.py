"""Subscribers' accounts: search, one account with all its papers, one bill as a page and as a PDF."""

from itertools import pairwise
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.ledger.selectors.debts import account_debts
from billing.ledger.selectors.statement import statement_of
from billing.printing.selectors.invoice_document import BILL_LANGUAGES, invoice_pdf
from billing.selectors.account_changes import history_of
from billing.selectors.account_contracts import account_contract
from billing.selectors.accounts import (
    HAND_CHANNELS,
    AccountOverview,
    account_overview,
    amounts_of,
    invoice_visible_to,
    largest_debts,
)
from billing.selectors.circumstances import circumstances_of
from billing.selectors.months import month_to_bill
from billing.selectors.new_accounts import SUBSCRIBER_CLASSES
from billing.selectors.search import MAXIMUM_FOUND, find_accounts
from frontend_map.page_access import page
from frontend_map.views.bills import bill_languages
from frontend_map.work_lists import BILLING_REASONS, QUEUE_REASONS, reason_in_words
from gis_core.access import Capability, Viewer, divisions_of, holds

_MAXIMUM_TEXT = 100
_MOST_DEBTORS = 200
_STATEMENT_ROWS = 60


@page(Capability.VIEW_SUBSCRIBERS)
def accounts(request: HttpRequest) -> HttpResponse:
    """Search by any number, name, address or phone; `?owing=1` lists who owes the most. One hit is listed like many."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:_MAXIMUM_TEXT]
    found = find_accounts(request.user, text) if text else []
    is_of_debts = not text and "owing" in request.GET
    owing = largest_debts(request.user, _MOST_DEBTORS) if is_of_debts else []
    context = {
        "text": text,
        "found": found,
        "is_full": len(found) >= MAXIMUM_FOUND,
        "is_of_debts": is_of_debts,
        "owing": owing,
        "is_cut": len(owing) == _MOST_DEBTORS,
        "may_manage": holds(request.user, Capability.MANAGE_ACCOUNTS),
        "may_bring": holds(request.user, Capability.RUN_BILLING),
    }
    return render(request, "frontend_map/accounts.html", context)


@page(Capability.VIEW_SUBSCRIBERS)
def account(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One account: what is owed, what was read, billed and paid."""
    overview = account_overview(request.user, uid)
    readings = list(overview.readings)
    statement = statement_of(overview.account)
    may_manage = _may(request.user, Capability.MANAGE_ACCOUNTS, overview)
    bill_month = month_to_bill(overview.account.enterprise)
    context = {
        "overview": overview,
        "account": overview.account,
        "subscriber": overview.subscriber,
        "readings": sorted(readings, key=lambda reading: reading.read_on, reverse=True),
        "consumption": _consumption_series(readings),
        "may_pay": _may(request.user, Capability.RECORD_PAYMENTS, overview),
        "may_read": _may(request.user, Capability.ENTER_READINGS, overview),
        "may_decide": _may(request.user, Capability.RUN_BILLING, overview),
        "may_correct": _may(request.user, Capability.CORRECT_BOOKS, overview),
        "statement": statement,
        # Money of a cash desk is paid back there.
        "reversed_payments": {
            *(row.payment_uid for row in statement.rows if row.kind == "reversal"),
            *overview.account.cash_slips.values_list("payment__uid", flat=True),
        },
        "statement_rows": statement.newest_first[:_STATEMENT_ROWS],
        "statement_is_cut": len(statement.rows) > _STATEMENT_ROWS,
        "debts": account_debts(request.user, overview.account, timezone.localdate()),
        "may_manage": may_manage,
        "held": account_contract(overview.account),
        "circumstances": circumstances_of(overview.account),
        "history": history_of(overview.account),
        "bill_month": bill_month,
        "classes": SUBSCRIBER_CLASSES,
        "today": timezone.localdate(),
        "channels": HAND_CHANNELS,
        "settings": {
            "account": str(overview.account.uid),
            "page": reverse("account", args=[overview.account.uid]),
            "api": "/api/v1/",
            "name": overview.subscriber.name,
            "bill": {"enterprise": overview.account.enterprise.code, "month": bill_month.isoformat()},
            "jobs": reverse("jobs"),
            "reasons": {code: reason_in_words(code) for code in (*QUEUE_REASONS, *BILLING_REASONS)},
        },
        "texts": _payment_texts() | _action_texts(),
    }
    return render(request, "frontend_map/account.html", context)


def _may(viewer: Viewer, capability: Capability, overview: AccountOverview) -> bool:
    divisions = divisions_of(viewer, capability)
    return divisions.filter(pk=overview.account.division_id).exists()


def _payment_texts() -> dict[str, str]:
    return {
        "booked": _("The payment is booked."),
        "waits": _("The payment is large: somebody else books it."),
        "withdrawn": _("The payment is let go; it was in no book."),
        "accepted": _("Accepted: the next run bills it."),
        "corrected": _("Put right."),
        "correctedWaits": _("The new index waits for a decision, too."),
        "givenUp": _("Given up: it is left out of account."),
        "takenBack": _("The payment is taken back; its amount is owed again."),
        "writtenOff": _("Written off."),
        "proposed": _("Proposed: somebody else writes it off."),
        "sheetWithdrawn": _("The proposal is let go; it was in no book."),
        "noReason": _("Say why."),
        "noSheet": _("Give the number of the sheet."),
        "sureBill": _("Bill this account now? What is posted is put right by later bills only."),
        "taken": _("The reading is taken: the next run bills it."),
        "readingWaits": _("The reading waits for a decision: {reason}"),
        "badNumber": _("Give a number."),
        "noReference": _("Give the reference of the payment."),
        "failed": _("It could not be done: {reason}"),
        "loadFailed": _("This could not be loaded. Check the connection and try again."),
    }


def _action_texts() -> dict[str, Any]:
    return {
        "written": _("Written down: the next run bills it."),
        "exchanged": _("The meter hangs: its first reading is taken."),
        "closed": _("The account is closed. The next run bills its last days."),
        "reopened": _("The closing is undone."),
        "sureReopen": _("Undo the closing of this account? Its contract goes on as before."),
        "previewed": _("This would happen. Nothing of it is done yet."),
        "newAccount": _("{name} gets the account {account} with the contract {contract} from {day} on."),
        "goesOver": _("With it goes: {what}."),
        "staysOwed": _("{amount} UZS stay owed by {name}."),
        "staysAhead": _("{amount} UZS stay paid ahead by {name}."),
        "nothingOwed": _("{name} owes nothing now."),
        "toBill": _("{amount} UZS with VAT are still to be billed to {name} up to that day."),
        "lastIndex": _("Meter {meter}: {index} m³"),
        "unbillable": _("Some of it could not be billed: {reasons}."),
    }


def _consumption_series(readings: list[Any]) -> dict[str, Any]:
    """Cubic metres between accepted readings of one meter, by the later reading's day."""
    accepted = sorted(
        (reading for reading in readings if reading.state == "accepted"),
        key=lambda reading: (reading.installation_id, reading.read_on),
    )
    steps = [
        (
            later.read_on.isoformat(),
            float(later.index_m3 - earlier.index_m3),
            (later.read_on - earlier.read_on).days,
        )
        for earlier, later in pairwise(accepted)
        if later.installation_id == earlier.installation_id and later.index_m3 >= earlier.index_m3
    ]
    steps.sort()
    return {
        "days": [day for day, _volume, _length in steps],
        "volumes": [volume for _day, volume, _length in steps],
        "lengths": [length for _day, _volume, length in steps],
        "texts": {"consumption": _("Consumption, m³"), "until": _("Until")},
    }


@page(Capability.VIEW_SUBSCRIBERS)
def invoice(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One bill as a page."""
    shown = invoice_visible_to(request.user, uid)
    context = {
        "invoice": shown,
        "lines": list(shown.lines.all()),
        "amounts": amounts_of(shown),
        "languages": bill_languages(),
        "may_cancel": divisions_of(request.user, Capability.CORRECT_BOOKS)
        .filter(pk=shown.division_id)
        .exists(),
        "settings": {
            "api": f"/api/v1/invoices/{shown.uid}/cancel/",
            "page": reverse("invoice", args=[shown.uid]).replace(str(shown.uid), "UID"),
        },
        "texts": {
            "noReason": _("Say why."),
            "failed": _("It was not done: {reason}"),
            "loadFailed": _("This could not be loaded. Check the connection and try again."),
        },
    }
    return render(request, "frontend_map/invoice.html", context)


@page(Capability.VIEW_SUBSCRIBERS)
def invoice_as_pdf(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One bill as a PDF (`?language=`, Uzbek unless said), shown in the browser under the bill's number."""
    language = request.GET.get("language", BILL_LANGUAGES[0])
    if language not in BILL_LANGUAGES:
        raise Http404
    shown = invoice_visible_to(request.user, uid)
    response = HttpResponse(invoice_pdf(shown, language), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{shown.number}.pdf"'
    response["Cache-Control"] = "no-store"
    return response
