"""Raw SQL against the books' guards: write-offs, payments taken back, months opened again; see test_database_guards.py.

The world's account 17000 owes its bill of December (closed), less a payment of 100 with the reference 1.
"""

from datetime import date
from decimal import Decimal

from billing.models import Account, WaitingWriteOff
from billing.services.payments import record_payment
from gis_core.models import User
from tests.world import World

ACCOUNT = "(SELECT id FROM billing_account WHERE number = '17000')"
NEIGHBOUR = "(SELECT id FROM billing_account WHERE number = '17001')"
ALIEN = "(SELECT id FROM gis_core_division WHERE code = 'ZANGIOTA')"


def booking(document: str, source: str, legs: tuple[str, ...], month: str, booked_on: str) -> str:
    return (
        f"WITH document AS ({document} RETURNING *), head AS ("
        f"INSERT INTO billing_ledgertransaction (uid, enterprise_id, division_id, month, booked_on, {source}) "
        f"SELECT gen_random_uuid(), enterprise_id, division_id, '{month}', '{booked_on}', id "
        "FROM document RETURNING *) "
        "INSERT INTO billing_ledgerentry (transaction_id, division_id, book, account_id, amount) "
        "SELECT head.id, head.division_id, leg.book, leg.account_id, leg.amount FROM head, "
        f"(VALUES {', '.join(f'({leg})' for leg in legs)}) AS leg (book, account_id, amount)"
    )


def add_waiting_write_offs(account: Account, numbers: range) -> None:
    """Debts of an account that somebody proposed to write off."""
    somebody = User.objects.get_or_create(username="enterer")[0]
    WaitingWriteOff.objects.bulk_create(
        WaitingWriteOff(
            division_id=account.division_id,
            account=account,
            sheet=f"W-{number}",
            amount=Decimal(5),
            reason="dead",
            proposed_by=somebody,
        )
        for number in numbers
    )


def add_two_people(world: World) -> None:
    """A debt of the first account that somebody proposed to write off, a payment of the second entered by hand."""
    add_waiting_write_offs(world.account(0), range(1))
    somebody = User.objects.get(username="enterer")
    record_payment(
        account=world.account(1),
        amount=Decimal("77.77"),
        paid_on=date(2026, 1, 5),
        channel="bank",
        reference="by hand",
        acting_user=somebody,
        entered_by=somebody,
    )


# The last sheet, proposed and confirmed by its people.
PROPOSED = (
    "; INSERT INTO billing_waitingwriteoff (uid, division_id, account_id, sheet, amount, reason, state, "
    "proposed_by_id) SELECT gen_random_uuid(), division_id, account_id, sheet, amount, reason, 'open', proposed_by_id "
    "FROM billing_writeoff WHERE id = (SELECT max(id) FROM billing_writeoff); "
    "UPDATE billing_waitingwriteoff waiting SET state = 'confirmed', decided_at = now(), "
    "decided_by_id = sheet.confirmed_by_id, write_off_id = sheet.id FROM billing_writeoff sheet "
    "WHERE sheet.id = (SELECT max(id) FROM billing_writeoff) AND waiting.state = 'open' "
    "AND (waiting.account_id, waiting.sheet) = (sheet.account_id, sheet.sheet)"
)
# The session works for this person until the transaction ends.
ACTING = "SELECT set_config('tarmoq.acting_user', ({who})::text, true); "
TWO_PEOPLE = "(SELECT min(id) FROM gis_core_user), (SELECT max(id) FROM gis_core_user)"


def written_off(
    *legs: str,
    amount: str = "5",
    reason: str = "'dead'",
    sheet: str = "'A-1'",
    division: str = "division_id",
    month: str = "2026-01-01",
    booked_on: str = "2026-01-06",
    people: str = TWO_PEOPLE,
    proposal: str = PROPOSED,
) -> str:
    """A write-off of 6 January with its booking and proposal; what is given does not fit."""
    sheet_row = (
        "INSERT INTO billing_writeoff (uid, enterprise_id, division_id, account_id, sheet, written_off_on, amount, "
        f"reason, proposed_by_id, confirmed_by_id) SELECT gen_random_uuid(), enterprise_id, {division}, id, {sheet}, "
        f"'2026-01-06', {amount}, {reason}, {people} "
        "FROM billing_account WHERE number = '17000'"
    )
    good = (
        f"'write_offs', NULL::bigint, {amount}::numeric",
        f"'receivable', {ACCOUNT}, -({amount})::numeric",
    )
    return booking(sheet_row, "write_off_id", legs or good, month, booked_on) + proposal


def taken_back(
    *legs: str,
    reason: str = "'bounced'",
    division: str = "division_id",
    month: str = "2026-01-01",
    booked_on: str = "2026-01-06",
) -> str:
    """The world's payment taken back on 6 January with its booking; what is given does not fit."""
    reversal = (
        "INSERT INTO billing_paymentreversal (uid, enterprise_id, division_id, payment_id, reversed_on, reason) "
        f"SELECT gen_random_uuid(), enterprise_id, {division}, id, '2026-01-06', {reason} "
        "FROM billing_payment WHERE reference = '1'"
    )
    good = ("'bank', NULL::bigint, -100::numeric", f"'receivable', {ACCOUNT}, 100::numeric")
    return booking(reversal, "reversal_id", legs or good, month, booked_on)


# December's opening proposed by one person and confirmed by another, who opens it in the same transaction.
REOPENING_PROPOSED = (
    "INSERT INTO gis_core_waitingact (uid, division_id, kind, subject, reason, state, proposed_by_id) "
    "SELECT gen_random_uuid(), division_id, 'reopen month', code || ' 2025-12', 'a bill was wrong', 'open', "
    "(SELECT min(id) FROM gis_core_user) FROM gis_core_enterprise WHERE id = (SELECT enterprise_id "
    "FROM billing_billingmonth WHERE month = '2025-12-01')"
)
REOPENING_CONFIRMED = (
    "UPDATE gis_core_waitingact SET state = 'confirmed', decided_at = now(), "
    "decided_by_id = (SELECT max(id) FROM gis_core_user) WHERE state = 'open'"
)
REOPENING_ALONE = (
    "INSERT INTO billing_monthreopening (billing_month_id, division_id, reason, reopened_by_id{columns}) "
    "SELECT id, (SELECT division_id FROM gis_core_enterprise WHERE id = enterprise_id), {reason}, "
    "(SELECT max(id) FROM gis_core_user){values} "
    "FROM billing_billingmonth WHERE month = '2025-12-01' AND state = 'closed'"
)
REOPENING = f"{REOPENING_PROPOSED}; {REOPENING_CONFIRMED}; {REOPENING_ALONE}"
REOPENED_ALONE = REOPENING_ALONE.format(columns="", values="", reason="'mine'")
ACT_CHANGED = "UPDATE gis_core_waitingact SET "
REOPENED = REOPENING.format(columns="", values="", reason="'a bill was wrong'")
OPENED = "UPDATE billing_billingmonth SET state = 'open' WHERE month = '2025-12-01' AND state = 'closed'"


def handed_over(day: str = "invoice.issued_on", division: str = "invoice.division_id") -> str:
    """The world's first bill handed over; what is given does not fit."""
    return (
        "INSERT INTO billing_billdelivery (invoice_id, division_id, handed_over_on, received_by) "
        f"SELECT invoice.id, {division}, {day}, '' FROM billing_invoice invoice ORDER BY id LIMIT 1"
    )


def cancelled(note: str, invoice: str = "(SELECT min(id) FROM billing_invoice)", reason: str = "'x'") -> str:
    """The world's first bill taken back by `note`, which did not."""
    return (
        "INSERT INTO billing_invoicecancellation (invoice_id, credit_note_id, division_id, reason) "
        f"SELECT {invoice}, {note}, division_id, {reason} FROM billing_invoice WHERE id = {invoice}"
    )


BOOK_CONTROLS = {
    "a debt written off by who works in the session": ACTING.format(who="SELECT max(id) FROM gis_core_user")
    + written_off(
        proposal="; "
        + ACTING.format(who="SELECT min(id) FROM gis_core_user")
        + PROPOSED[2:].split("; UPDATE", maxsplit=1)[0]
        + "; "
        + ACTING.format(who="SELECT max(id) FROM gis_core_user")
        + "UPDATE"
        + PROPOSED.split("; UPDATE")[1]
    ),
    "a bill handed over": handed_over(),
    "a debt written off": written_off(),
    "a debt written off of what was paid ahead and owed": written_off(
        "'write_offs', NULL::bigint, 5::numeric",
        f"'receivable', {ACCOUNT}, -6::numeric",
        f"'advances', {ACCOUNT}, 1::numeric",
    ),
    "a payment taken back": taken_back(),
    "a month opened again": f"{REOPENED}; {OPENED}",
    "a proposal withdrawn by who made it": f"{REOPENING_PROPOSED}; {ACT_CHANGED} state = 'withdrawn', "
    "decided_at = now(), decided_by_id = proposed_by_id",
}

TAKEN_BACK_BY = (
    "INSERT INTO billing_paymentreversal (uid, enterprise_id, division_id, payment_id, reversed_on, reason, "
    "reversed_by_id) "
    "SELECT gen_random_uuid(), enterprise_id, division_id, id, '2026-01-06', 'mine', {who} "
    "FROM billing_payment WHERE reference = 'by hand'"
)
_BROUGHT = (
    "INSERT INTO billing_bankfilerow (enterprise_id, division_id, channel, file_format, key, reference, number, "
    "paid_on, amount, state, payment_id, taken_by_id) SELECT enterprise_id, division_id, 'post', 'registry', "
    "'brought', 'b', '', paid_on, amount, 'posted', id, (SELECT id FROM gis_core_user WHERE username = 'enterer') "
    "FROM billing_payment WHERE entered_by_id IS NULL AND NOT EXISTS (SELECT FROM billing_paymentreversal "
    "WHERE payment_id = billing_payment.id) LIMIT 1; "
    "INSERT INTO billing_paymentreversal (uid, enterprise_id, division_id, payment_id, reversed_on, reason, "
    "reversed_by_id) SELECT gen_random_uuid(), enterprise_id, division_id, payment_id, '2026-01-06', 'mine', {who} "
    "FROM billing_bankfilerow WHERE key = 'brought'"
)
_WAITING_AGAIN = (
    "INSERT INTO billing_waitingwriteoff (uid, division_id, account_id, sheet, amount, reason, state, proposed_by_id) "
    "SELECT gen_random_uuid(), division_id, account_id, {sheet}, {amount}, {reason}, 'open', proposed_by_id "
    "FROM billing_waitingwriteoff"
)
BOOK_ATTACKS = {
    "cancellation_is_of_one_account": [
        cancelled("(SELECT max(id) FROM billing_invoice)"),
        cancelled("(SELECT min(id) FROM billing_invoice)"),
    ],
    "cancellation_says_why": [cancelled("(SELECT max(id) FROM billing_invoice)", reason="''")],
    "invoicecancellation_is_append_only": [
        "UPDATE billing_invoicecancellation SET reason = 'x'",
        "DELETE FROM billing_invoicecancellation",
    ],
    "bill_delivery_is_of_its_bill": [
        handed_over(day="invoice.issued_on - 1"),
        handed_over(day="'2099-01-01'::date"),
        handed_over(division="(SELECT max(id) FROM gis_core_division WHERE id <> invoice.division_id)"),
        f"{handed_over()}; UPDATE billing_billdelivery SET handed_over_on = '2099-01-01'",
    ],
    "paymentreversal_is_append_only": [
        "UPDATE billing_paymentreversal SET reason = 'x'",
        "DELETE FROM billing_paymentreversal",
    ],
    "writeoff_is_append_only": ["UPDATE billing_writeoff SET amount = 1", "DELETE FROM billing_writeoff"],
    "monthreopening_is_append_only": [
        "UPDATE billing_monthreopening SET reason = 'x'",
        "DELETE FROM billing_monthreopening",
    ],
    # Prepared for a transaction to come: it is of this one, whatever it says.
    "monthreopening_is_stamped": [
        REOPENING.format(columns=", written_by_transaction", values=", '9'::xid8", reason="'later'")
        + "; SELECT 1 / count(*) FROM billing_monthreopening WHERE written_by_transaction = '9'::xid8"
    ],
    "month_reopening_says_why": [REOPENING.format(columns="", values="", reason="''")],
    "payment_reversal_says_why": [taken_back(reason="''")],
    "payment_reversal_of_enterprise": [taken_back(division=ALIEN)],
    "payment_reversal_is_booked": [
        taken_back().split(", head AS")[0] + " SELECT 1",
        taken_back().replace(
            "reversal_id) SELECT gen_random_uuid(), enterprise_id, division_id, '2026-01-01', "
            "'2026-01-06', id",
            "payment_id) SELECT gen_random_uuid(), enterprise_id, division_id, "
            "'2026-01-01', '2026-01-06', payment_id",
        ),
    ],
    "write_off_by_two_people": [
        written_off(people="(SELECT min(id) FROM gis_core_user), (SELECT min(id) FROM gis_core_user)")
    ],
    "write_off_names_two_people": [
        written_off(people="NULL::bigint, NULL::bigint"),
        written_off(people="(SELECT min(id) FROM gis_core_user), NULL::bigint"),
        # Who proposed it confirms it in another's name.
        ACTING.format(who="SELECT min(id) FROM gis_core_user") + written_off(),
    ],
    # Booked as a confirmed one is, which nobody proposed.
    "write_off_was_proposed": [
        written_off(proposal=""),
        written_off(proposal=PROPOSED.split("; UPDATE", maxsplit=1)[0]),
    ],
    "payment_is_taken_back_by_another": [
        TAKEN_BACK_BY.format(who="NULL::bigint"),
        TAKEN_BACK_BY.format(who="entered_by_id"),
        _BROUGHT.format(who="taken_by_id"),
        _BROUGHT.format(who="NULL::bigint"),
        # Who entered it takes it back in another's name.
        ACTING.format(who="SELECT id FROM gis_core_user WHERE username = 'enterer'")
        + TAKEN_BACK_BY.format(
            who="(SELECT max(id) FROM gis_core_user WHERE id <> billing_payment.entered_by_id)"
        ),
    ],
    "waiting_write_off_state_known": [
        "UPDATE billing_waitingwriteoff SET state = 'lost', decided_at = now(), decided_by_id = proposed_by_id"
    ],
    "waiting_write_off_positive": [_WAITING_AGAIN.format(sheet="'y'", amount="0", reason="reason")],
    "waiting_write_off_says_why": [
        _WAITING_AGAIN.format(sheet="'y'", amount="1", reason="''"),
        _WAITING_AGAIN.format(sheet="''", amount="1", reason="reason"),
    ],
    "waiting_write_off_decided_by_somebody": ["UPDATE billing_waitingwriteoff SET state = 'withdrawn'"],
    "waiting_write_off_booked_when_confirmed": [
        "UPDATE billing_waitingwriteoff SET state = 'confirmed', decided_at = now(), "
        "decided_by_id = (SELECT max(id) FROM gis_core_user)"
    ],
    "waiting_write_off_open_once": [_WAITING_AGAIN.format(sheet="sheet", amount="amount", reason="reason")],
    "waiting_write_off_is_decided_once": [
        "UPDATE billing_waitingwriteoff SET amount = 1",
        "DELETE FROM billing_waitingwriteoff",
        # Proposed, and let go, in another's name.
        ACTING.format(who="SELECT max(id) FROM gis_core_user WHERE username <> 'enterer'")
        + _WAITING_AGAIN.format(sheet="'y'", amount="1", reason="reason"),
        ACTING.format(who="SELECT max(id) FROM gis_core_user WHERE username <> 'enterer'")
        + "UPDATE billing_waitingwriteoff SET state = 'withdrawn', decided_at = now(), decided_by_id = proposed_by_id",
        # Confirmed by another sheet.
        f"{written_off(proposal='')}; UPDATE billing_waitingwriteoff SET state = 'confirmed', decided_at = now(), "
        "decided_by_id = (SELECT max(id) FROM gis_core_user), write_off_id = (SELECT max(id) FROM billing_writeoff)",
    ],
    "waiting_write_off_is_of_its_account": [
        _WAITING_AGAIN.format(sheet="'y'", amount="1", reason="reason").replace(
            "SELECT gen_random_uuid(), division_id,",
            "SELECT gen_random_uuid(), (SELECT min(id) FROM gis_core_division),",
        ),
    ],
    "waiting_write_off_is_not_truncated": ["TRUNCATE billing_waitingwriteoff"],
    "write_off_once_by_a_sheet": [f"{written_off()}; {written_off()}"],
    "write_off_positive": [written_off(amount="0"), written_off(amount="-5")],
    "write_off_says_why": [written_off(reason="''"), written_off(sheet="''")],
    "write_off_account_of_enterprise": [written_off(division=ALIEN, proposal="")],
    "write_off_is_booked": [written_off().split(", head AS")[0] + " SELECT 1"],
    "ledger_service_of_revenue": [
        written_off()
        .replace("account_id, amount) SELECT head.id", "account_id, amount, service_id) SELECT head.id")
        .replace("leg.amount FROM head", "leg.amount, 'cold_water' FROM head")
    ],
    "ledger_leg_of_subscriber_names_account": [
        written_off("'write_offs', NULL::bigint, 5::numeric", "'receivable', NULL::bigint, -5::numeric"),
        written_off("'write_offs', NULL::bigint, 5::numeric", "'advances', NULL::bigint, -5::numeric"),
        written_off(f"'write_offs', {ACCOUNT}, 5::numeric", f"'receivable', {ACCOUNT}, -5::numeric"),
    ],
    "ledger_transaction_balances": [
        # More than is owed, another amount, another account, a book of other documents, another day.
        written_off(amount="100000000"),
        written_off("'write_offs', NULL::bigint, 4::numeric", f"'receivable', {ACCOUNT}, -4::numeric"),
        written_off("'write_offs', NULL::bigint, 5::numeric", f"'receivable', {NEIGHBOUR}, -5::numeric"),
        written_off("'cash', NULL::bigint, 5::numeric", f"'receivable', {ACCOUNT}, -5::numeric"),
        written_off("'revenue', NULL::bigint, 5::numeric", f"'receivable', {ACCOUNT}, -5::numeric"),
        written_off(booked_on="2026-01-07"),
        taken_back("'bank', NULL::bigint, -50::numeric", f"'receivable', {ACCOUNT}, 50::numeric"),
        taken_back("'write_offs', NULL::bigint, -100::numeric", f"'receivable', {ACCOUNT}, 100::numeric"),
        taken_back(booked_on="2026-01-07"),
        # Booked in a later month while its own is open.
        "INSERT INTO billing_billingmonth (enterprise_id, month, state) SELECT enterprise_id, '2026-02-01', 'open' "
        "FROM billing_billingmonth WHERE month = '2026-01-01'; "
        + taken_back(month="2026-02-01", booked_on="2026-02-01"),
    ],
    "billing_month_stays": [
        OPENED,
        # A reason of another month opens none; with one, nothing but the state changes; and a later one is closed.
        f"{REOPENED.replace('2025-12', '2026-01').replace('closed', 'open')}; {OPENED}",
        f"{REOPENED}; {OPENED.replace('SET', 'SET month = DATE ' + chr(39) + '2025-11-01' + chr(39) + ',')}",
        "UPDATE billing_billingmonth SET state = 'closed' WHERE month = '2026-01-01'; "
        + f"{REOPENED}; {OPENED}",
        # February is not closed before January.
        "INSERT INTO billing_billingmonth (enterprise_id, month, state) SELECT enterprise_id, '2026-02-01', 'open' "
        "FROM billing_billingmonth WHERE month = '2026-01-01'; "
        "UPDATE billing_billingmonth SET state = 'closed' WHERE month = '2026-02-01'",
    ],
    "month_reopening_is_of_two_people": [
        REOPENED_ALONE,
        f"{REOPENING_PROPOSED}; {REOPENED_ALONE}",
        # Of another month; by who did not confirm it.
        f"{REOPENING_PROPOSED.replace(' 2025-12', ' 2025-11')}; {REOPENING_CONFIRMED}; {REOPENED_ALONE}",
        f"{REOPENING_PROPOSED}; {REOPENING_CONFIRMED}; {REOPENED_ALONE.replace('max(id)', 'min(id)')}",
    ],
    "waiting_act_is_decided_once": [
        REOPENING_PROPOSED.replace("'open'", "'withdrawn'"),
        f"{REOPENING_PROPOSED}; {REOPENING_CONFIRMED}; {ACT_CHANGED} state = 'withdrawn'",
        f"{REOPENING_PROPOSED}; {ACT_CHANGED} reason = 'another'",
        f"{REOPENING_PROPOSED}; {ACT_CHANGED} proposed_by_id = (SELECT max(id) FROM gis_core_user), "
        "state = 'confirmed', decided_at = now(), decided_by_id = (SELECT min(id) FROM gis_core_user)",
        f"{REOPENING_PROPOSED}; DELETE FROM gis_core_waitingact",
    ],
    "waiting_act_is_withdrawn_by_its_proposer": [
        f"{REOPENING_PROPOSED}; {REOPENING_CONFIRMED.replace(chr(39) + 'confirmed', chr(39) + 'withdrawn')}"
    ],
    "waiting_act_is_not_truncated": ["TRUNCATE gis_core_waitingact"],
    "waiting_act_kind_known": [REOPENING_PROPOSED.replace("'reopen month'", "'anything'")],
    "waiting_act_state_known": [
        f"{REOPENING_PROPOSED}; {REOPENING_CONFIRMED.replace(chr(39) + 'confirmed', chr(39) + 'lost')}"
    ],
    "waiting_act_says_why": [REOPENING_PROPOSED.replace("'a bill was wrong'", "''")],
    "waiting_act_decided_by_somebody": [
        f"{REOPENING_PROPOSED}; {ACT_CHANGED} state = 'withdrawn', decided_at = now()",
    ],
    "waiting_act_by_two_people": [
        f"{REOPENING_PROPOSED}; {REOPENING_CONFIRMED.replace('max(id)', 'min(id)')}"
    ],
    "waiting_act_open_once": [f"{REOPENING_PROPOSED}; {REOPENING_PROPOSED}"],
    "billing_month_opens": [
        # Before a closed one.
        "INSERT INTO billing_billingmonth (enterprise_id, month, state) SELECT enterprise_id, '2025-11-01', 'open' "
        "FROM billing_billingmonth WHERE month = '2025-12-01'",
    ],
}

BOOK_WORDS = {
    **dict.fromkeys(
        (
            *("paymentreversal_is_append_only", "writeoff_is_append_only", "monthreopening_is_append_only"),
            "invoicecancellation_is_append_only",
        ),
        "append-only",
    ),
    "billing_month_stays": "stays so|earlier one is open",
    "cancellation_is_of_one_account": "is not taken back",
    "cancellation_says_why": "is not taken back|cancellation_says_why",
    # What names another is refused by the column's own guard first.
    **dict.fromkeys(
        (
            "write_off_names_two_people",
            "payment_is_taken_back_by_another",
            "waiting_write_off_is_decided_once",
        ),
        "is not whom the session works for",
    ),
    "bill_delivery_is_of_its_bill": "is not handed over",
    "monthreopening_is_stamped": "division by zero",
    "payment_reversal_of_enterprise": "of another division or enterprise|payment_reversal_of_enterprise",
    "write_off_account_of_enterprise": "of another division or enterprise|write_off_account_of_enterprise",
    "payment_reversal_is_booked": "is not booked|payment_id",
    "write_off_is_booked": "is not booked",
    "waiting_write_off_is_not_truncated": "append-only",
    "waiting_act_is_not_truncated": "append-only",
    # Refused for the session's person or by the first of them that looks.
    "waiting_act_state_known": "waiting_act_state_known",
}
