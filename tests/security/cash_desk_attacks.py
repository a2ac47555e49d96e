"""Raw SQL at a cash desk (60_cash_desk.sql): its open shift has a receipt of 50, of which 20 wait to be paid back."""

from django.utils import timezone

_DESK = "(SELECT id FROM billing_cashdesk WHERE code = 'KSUV0')"
_SHIFT = f"(SELECT id FROM billing_cashshift WHERE desk_id = {_DESK})"
_CASHIER = f"(SELECT cashier_id FROM billing_cashshift WHERE desk_id = {_DESK})"
_OTHER = "(SELECT id FROM gis_core_user WHERE username = 'enterer')"
_ACCOUNT = "(SELECT id FROM billing_account WHERE number = '17000')"
_NEIGHBOUR = "(SELECT id FROM billing_account WHERE number = '17001')"
_ALIEN = "(SELECT id FROM gis_core_division WHERE code = 'ZANGIOTA')"
_RECEIPT = f"(SELECT id FROM billing_cashslip WHERE desk_id = {_DESK} AND kind = 'receipt' AND number = 1)"
_PAID = f"(SELECT payment_id FROM billing_cashslip WHERE id = {_RECEIPT})"
_LAST_PAYMENT = "(SELECT max(id) FROM billing_payment)"
_LAST_REVERSAL = "(SELECT max(id) FROM billing_paymentreversal)"
_LAST_SLIP = "(SELECT max(id) FROM billing_cashslip)"


def _booked(source: str, row: str, legs: str) -> str:
    today = timezone.localdate()
    return (
        f"INSERT INTO billing_ledgertransaction (uid, enterprise_id, division_id, month, booked_on, {source}) "
        f"SELECT gen_random_uuid(), enterprise_id, division_id, '{today:%Y-%m}-01', '{today}', id FROM {row}; "
        "INSERT INTO billing_ledgerentry (transaction_id, division_id, book, account_id, amount) "
        "SELECT head.id, head.division_id, leg.book, leg.account_id, leg.amount FROM billing_ledgertransaction head, "
        f"(VALUES {legs}) AS leg (book, account_id, amount) "
        "WHERE head.id = (SELECT max(id) FROM billing_ledgertransaction); "
    )


def _slip(**changed: str) -> str:
    values = {
        "uid": "gen_random_uuid()",
        "request_key": "gen_random_uuid()",
        "desk_id": _DESK,
        "shift_id": _SHIFT,
        "enterprise_id": "account.enterprise_id",
        "division_id": "account.division_id",
        "account_id": "account.id",
        "kind": "'receipt'",
        "number": "2",
        "payment_id": _LAST_PAYMENT,
        "amount": "30",
        "made_by_id": _CASHIER,
        "made_on": f"'{timezone.localdate()}'",
        **changed,
    }
    return (
        f"INSERT INTO billing_cashslip ({', '.join(values)}) SELECT {', '.join(values.values())} "
        f"FROM billing_account account WHERE number = '17000'; "
    )


def _receipt(paid: str = "30", reference: str = "KSUV0-000002", **changed: str) -> str:
    return (
        "INSERT INTO billing_payment (uid, enterprise_id, division_id, account_id, channel, reference, paid_on, "
        f"amount, entered_by_id) SELECT gen_random_uuid(), enterprise_id, division_id, id, 'cash_desk', '{reference}', "
        f"'{timezone.localdate()}', {paid}, {_CASHIER} FROM billing_account WHERE number = '17000'; "
        + _booked(
            "payment_id",
            f"billing_payment WHERE id = {_LAST_PAYMENT}",
            f"('cash', NULL::bigint, {paid}), ('receivable', {_ACCOUNT}, -{paid})",
        )
        + _slip(**changed)
    )


_REVERSED = (
    "INSERT INTO billing_paymentreversal (uid, enterprise_id, division_id, payment_id, reversed_on, reason, "
    f"reversed_by_id) SELECT gen_random_uuid(), enterprise_id, division_id, id, '{timezone.localdate()}', 'x', "
    f"entered_by_id FROM billing_payment WHERE id = {_PAID}; "
) + _booked(
    "reversal_id",
    f"billing_paymentreversal WHERE id = {_LAST_REVERSAL}",
    f"('cash', NULL::bigint, -50), ('receivable', {_ACCOUNT}, 50)",
)


def _cancelled(**changed: str) -> str:
    given = {
        "kind": "'cancellation'",
        "payment_id": _PAID,
        "amount": "50",
        "receipt_id": _RECEIPT,
        "reversal_id": _LAST_REVERSAL,
        "reason": "'x'",
    }
    return _REVERSED + _slip(**(given | changed))


_CONFIRMED = (
    f"UPDATE billing_waitingrefund SET state = 'confirmed', decided_at = now(), decided_by_id = {_OTHER}, "
    f"slip_id = {_LAST_SLIP} WHERE receipt_id = {_RECEIPT}; "
)
_REFUND_BOOKED = _booked(
    "refund_id",
    f"billing_cashslip WHERE id = {_LAST_SLIP}",
    f"('cash', NULL::bigint, -20), ('receivable', {_ACCOUNT}, 20)",
)


def _refunded(after: str = _REFUND_BOOKED + _CONFIRMED, **changed: str) -> str:
    given = {
        "kind": "'refund'",
        "payment_id": _PAID,
        "amount": "20",
        "receipt_id": _RECEIPT,
        "approved_by_id": _OTHER,
        "reason": "'twice'",
    }
    return _slip(**(given | changed)) + after


def _opened(**changed: str) -> str:
    values = {
        "uid": "gen_random_uuid()",
        "desk_id": "desk.id",
        "enterprise_id": "desk.enterprise_id",
        "division_id": "desk.division_id",
        "cashier_id": _OTHER,
        "float_amount": "0",
        **changed,
    }
    return (
        "INSERT INTO billing_cashdesk (uid, enterprise_id, division_id, code, name) SELECT gen_random_uuid(), "
        "enterprise_id, division_id, 'NEW', 'New' FROM billing_cashdesk WHERE code = 'KSUV0'; "
        f"INSERT INTO billing_cashshift ({', '.join(values)}) SELECT {', '.join(values.values())} "
        "FROM billing_cashdesk desk WHERE code = 'NEW'; "
    )


def _closed(counted: str = "1050", reason: str = "''", **changed: str) -> str:
    values = {
        "closed_at": "now()",
        "closed_by_id": _CASHIER,
        "counted": counted,
        "expected": counted,
        "reason": reason,
        **changed,
    }
    sets = ", ".join(f"{column} = {value}" for column, value in values.items())
    return f"UPDATE billing_cashshift SET {sets} WHERE desk_id = {_DESK}; "


def _waiting(**changed: str) -> str:
    values = {
        "uid": "gen_random_uuid()",
        "enterprise_id": "slip.enterprise_id",
        "division_id": "slip.division_id",
        "receipt_id": "slip.id",
        "amount": "5",
        "reason": "'x'",
        "state": "'open'",
        "proposed_by_id": _CASHIER,
        **changed,
    }
    return (
        f"INSERT INTO billing_waitingrefund ({', '.join(values)}) SELECT {', '.join(values.values())} "
        f"FROM billing_cashslip slip WHERE slip.id = {_RECEIPT}; "
    )


def _new_desk(**changed: str) -> str:
    values = {
        "enterprise_id": "enterprise_id",
        "division_id": "division_id",
        "code": "'NEW'",
        "name": "'New'",
    } | changed
    return (
        f"INSERT INTO billing_cashdesk (uid, {', '.join(values)}) "
        f"SELECT gen_random_uuid(), {', '.join(values.values())} FROM billing_cashdesk WHERE code = 'KSUV0'; "
    )


_DIFFERENCE = _booked(
    "shift_id",
    f"billing_cashshift WHERE desk_id = {_DESK}",
    "('cash', NULL::bigint, -50), ('differences', NULL, 50)",
)
_AGAIN = "UPDATE billing_waitingrefund SET "

CASH_DESK_CONTROLS = {
    "receipt": _receipt(),
    "cancellation": _cancelled(),
    "refund": _refunded(),
    "shift opened": _opened(),
    "shift closed": _closed(),
    "shift closed with a difference": _closed("1000", "'x'") + _DIFFERENCE,
    "slip printed": "UPDATE billing_cashslip SET prints = prints + 1",
    "refund withdrawn": f"{_AGAIN}state = 'withdrawn', decided_at = now(), decided_by_id = proposed_by_id",
}

CASH_DESK_ATTACKS: dict[str, list[str]] = {
    "cash_desk_code_once": [_new_desk() + _new_desk()],
    "cash_desk_named": [_new_desk(name="''"), _new_desk(code="'a-1'"), _new_desk(code="''")],
    "cash_desk_stays": [
        f"UPDATE billing_cashdesk SET {change}"
        for change in ("code = 'OTHER'", f"division_id = {_ALIEN}", "enterprise_id = enterprise_id + 1")
    ],
    "cash_desk_in_its_enterprise": [
        _new_desk(division_id=_ALIEN),
        # Somebody's payment has a number like its first receipt's.
        (
            "INSERT INTO billing_payment (uid, enterprise_id, division_id, account_id, channel, reference, paid_on, "
            "amount) SELECT gen_random_uuid(), enterprise_id, division_id, id, 'cash_desk', 'NEW-000001', "
            f"'2026-01-06', 5 FROM billing_account WHERE number = '17000'; {_new_desk()}"
        ),
        # Or will have, once it is confirmed.
        (
            "INSERT INTO billing_waitingpayment (uid, enterprise_id, division_id, account_id, channel, reference, "
            "paid_on, amount, state, entered_by_id) SELECT gen_random_uuid(), enterprise_id, division_id, id, "
            f"'cash_desk', 'NEW-000001', '2026-01-06', 5, 'open', {_OTHER} FROM billing_account "
            f"WHERE number = '17000'; {_new_desk()}"
        ),
    ],
    "cash_shift_moves": [
        _opened(closed_at="now()", closed_by_id=_OTHER, counted="0", expected="0"),
        _opened(division_id=_ALIEN),
        f"UPDATE billing_cashdesk SET is_active = false; {_opened(desk_id=_DESK)}",
        _opened() + "UPDATE billing_cashshift SET float_amount = 7",
        _closed(float_amount="7"),
        _closed() + _closed(),
        _closed() + f"UPDATE billing_cashshift SET closed_at = NULL WHERE desk_id = {_DESK}",
        f"DELETE FROM billing_cashshift WHERE desk_id = {_DESK}",
    ],
    "cash_shift_number_once": ["UPDATE billing_cashshift SET number = 1"],
    "cash_shift_open_once_a_desk": [_opened(desk_id=_DESK)],
    "cash_shift_open_once_a_cashier": [_opened(cashier_id=_CASHIER)],
    "cash_shift_amounts_not_negative": [_opened(float_amount="-1"), _closed("-1", "'x'")],
    "cash_shift_closed_whole": [_closed(closed_by_id="NULL"), _closed("NULL"), _opened(reason="'x'")],
    "cash_shift_difference_says_why": [_closed("1049"), _closed("1049", expected="1049")],
    "cash_shift_difference_is_booked": [
        _closed("1000", "'x'"),
        _closed("1000", "'x'") + _DIFFERENCE.replace("50", "49"),
    ],
    "cash_shift_is_not_truncated": ["TRUNCATE billing_cashshift CASCADE"],
    "cash_slip_is_made_in_a_shift": [
        _closed() + _receipt(),
        _receipt(number="3"),
        _receipt(number="1"),
        _receipt(prints="1"),
        _receipt(amount="29"),
        _receipt(reference="other"),
        _receipt(made_by_id=_OTHER),
        _receipt(payment_id=_PAID),
        _receipt(account_id=_NEIGHBOUR),
        _receipt(division_id=_ALIEN),
        _opened() + _receipt(shift_id="(SELECT max(id) FROM billing_cashshift)"),
        f"SELECT set_config('tarmoq.acting_user', {_OTHER}::text, true); "
        + _slip(payment_id=_PAID, amount="50"),
        # A part of it, of another shift's, or what was taken back already.
        _cancelled(amount="49"),
        _cancelled(receipt_id="NULL"),
        _refunded() + _cancelled(number="3"),
        _refunded(amount="51"),
        _cancelled() + _refunded(number="3"),
        _refunded() + _refunded(number="3", amount="31"),
        _refunded(receipt_id=_LAST_SLIP, payment_id=_LAST_PAYMENT),
    ],
    "cash_slip_kind_known": [_receipt(kind="'gift'")],
    "cash_slip_number_once": ["UPDATE billing_cashslip SET number = 2"],
    "cash_slip_positive": [_refunded(amount="0"), _refunded(amount="-1")],
    "cash_slip_tendered_enough": [_receipt(tendered="29"), _cancelled(tendered="50")],
    "cash_slip_says_why": [_cancelled(reason="''"), _refunded(reason="''")],
    "cash_slip_of_a_receipt": [_receipt(receipt_id=_RECEIPT)],
    "cash_slip_cancellation_reverses": [_cancelled(reversal_id="NULL")],
    "cash_slip_refund_by_two_people": [
        _refunded(approved_by_id=_CASHIER),
        _refunded(approved_by_id="NULL"),
        _receipt(approved_by_id=_OTHER),
    ],
    "cash_slip_one_receipt_a_payment": [_receipt(payment_id=_PAID)],
    "cash_slip_stays": [
        f"UPDATE billing_cashslip SET {change}"
        for change in (
            "prints = prints + 2",
            "prints = prints",
            "amount = 1, prints = prints + 1",
            "kind = 'refund'",
        )
    ],
    "cashslip_is_append_only": ["DELETE FROM billing_cashslip", "TRUNCATE billing_cashslip CASCADE"],
    "cash_refund_is_booked": [
        _refunded(after=_CONFIRMED),
        _refunded(after=_REFUND_BOOKED.replace("-20)", "-10)").replace(", 20)", ", 10)") + _CONFIRMED),
        _refunded(after=_REFUND_BOOKED.replace("'cash'", "'bank'") + _CONFIRMED),
    ],
    "cash_refund_was_proposed": [_refunded(after=_REFUND_BOOKED)],
    "receipt_is_cancelled_by_slip": [_REVERSED, _REVERSED.replace("entered_by_id FROM", f"{_OTHER} FROM")],
    "waiting_refund_is_of_a_receipt": [
        _waiting(amount="51"),
        _waiting(division_id=_ALIEN),
        _cancelled() + _waiting(receipt_id=_LAST_SLIP),
    ],
    "waiting_refund_state_known": [f"{_AGAIN}state = 'lost', decided_at = now(), decided_by_id = {_OTHER}"],
    "waiting_refund_positive": [_waiting(amount="0")],
    "waiting_refund_says_why": [_waiting(reason="''")],
    "waiting_refund_decided_by_somebody": [f"{_AGAIN}state = 'withdrawn'"],
    "waiting_refund_by_two_people": [
        _refunded(after=_REFUND_BOOKED + _CONFIRMED.replace(_OTHER, _CASHIER), approved_by_id=_CASHIER)
    ],
    "waiting_refund_paid_when_confirmed": [
        f"{_AGAIN}state = 'confirmed', decided_at = now(), decided_by_id = {_OTHER}"
    ],
    "waiting_refund_open_once": [_waiting()],
    "waiting_refund_is_decided_once": [
        f"{_AGAIN}amount = 1",
        "DELETE FROM billing_waitingrefund",
        _refunded(amount="19"),
        _refunded(reason="'other'"),
        _refunded(approved_by_id="(SELECT min(id) FROM gis_core_user)"),
    ],
    "waiting_refund_is_not_truncated": ["TRUNCATE billing_waitingrefund"],
}

_AT_THE_SLIP = "cash_slip_is_made_in_a_shift"
CASH_DESK_WORDS = {
    "cash_desk_stays": "cash_desk_stays|cash_desk_in_its_enterprise",
    "cash_shift_number_once": "cash_shift_moves",
    "cash_shift_difference_is_booked": "is not booked|legs that sum|its money lies in",
    "cash_shift_is_not_truncated": "append-only",
    "cash_slip_number_once": "cash_slip_stays",
    "cash_slip_kind_known": f"cash_slip_kind_known|{_AT_THE_SLIP}",
    "cash_slip_positive": f"cash_slip_positive|{_AT_THE_SLIP}",
    "cash_slip_one_receipt_a_payment": _AT_THE_SLIP,
    "cash_slip_refund_by_two_people": "cash_slip_refund_by_two_people|null value",
    "cashslip_is_append_only": "append-only",
    "cash_refund_is_booked": "is not booked|its document says|its money lies in|in books or accounts",
    "waiting_refund_by_two_people": "waiting_refund_by_two_people|cash_slip_refund_by_two_people",
    "waiting_refund_is_not_truncated": "append-only",
    "cash_slip_cancellation_reverses": f"cash_slip_cancellation_reverses|{_AT_THE_SLIP}",
}
