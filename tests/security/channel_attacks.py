"""Raw SQL against the channels' guards; see test_database_guards.py and tests/security/channel_rows.py for the rows.

Payme's transaction P0 is created, P1 performed; 5 of an unknown owner are in the suspense; a settlement of 9 kept 1.
"""

from tests.security.book_attacks import ACCOUNT, booking

_CREATED = "WHERE provider_id = 'P0'"
_PERFORMED = "WHERE provider_id = 'P1'"
_UPDATE = "UPDATE billing_providertransaction SET "
_SUSPENSE = (
    "INSERT INTO billing_suspenseitem (uid, enterprise_id, division_id, channel, book, reference, paid_on, amount, purpose, "
    "payer, reason, state, return_reason{columns}) SELECT gen_random_uuid(), enterprise_id, division_id, channel, book, "
    "{reference}, '2026-01-06', {amount}, '', '', reason, {state}, ''{values} FROM billing_suspenseitem LIMIT 1"
)
_SETTLED = (
    "INSERT INTO billing_banksettlement (uid, enterprise_id, division_id, channel, reference, paid_on, amount, fee, purpose) "
    "SELECT gen_random_uuid(), enterprise_id, division_id, channel, 'S2', '2026-01-06', {amount}, {fee}, '' "
    "FROM billing_banksettlement LIMIT 1"
)
_ITEM = "billing_suspenseitem SET "
_RETURNED = (
    f"UPDATE {_ITEM} state = 'returned', returned_on = '2026-01-06', return_reason = 'x', decided_at = now()"
)


def _with_channel(sql: str, channel: str = "leg.channel") -> str:
    """The same booking, its legs with channels as their fifth value."""
    return (
        sql.replace("account_id, amount) SELECT head.id", "account_id, amount, channel) SELECT head.id")
        .replace("leg.amount FROM head", f"leg.amount, {channel} FROM head")
        .replace("AS leg (book, account_id, amount)", "AS leg (book, account_id, amount, channel)")
    )


def came(*legs: str, amount: str = "7", reference: str = "'new'") -> str:
    """Money of an unknown owner with its booking; what is given does not fit."""
    good = (f"'bank', NULL::bigint, {amount}::numeric", f"'suspense', NULL::bigint, -({amount})::numeric")
    row = _SUSPENSE.format(columns="", values="", reference=reference, amount=amount, state="'open'")
    return booking(row, "suspense_id", legs or good, "2026-01-01", "2026-01-06")


def paid_out(*legs: str, amount: str = "7", fee: str = "1") -> str:
    """What a provider paid out with its booking; what is given does not fit."""
    good = (
        f"'bank', NULL::bigint, {amount}::numeric, NULL::text",
        f"'fees', NULL::bigint, {fee}::numeric, NULL::text",
        f"'clearing', NULL::bigint, -({amount} + {fee})::numeric, 'payme'",
    )
    row = _SETTLED.format(amount=amount, fee=fee)
    return _with_channel(booking(row, "settlement_id", legs or good, "2026-01-01", "2026-01-06"))


def sent_back(*legs: str) -> str:
    """What came is returned, with its booking; what is given does not fit."""
    good = ("'bank', NULL::bigint, -5::numeric", "'suspense', NULL::bigint, 5::numeric")
    return booking(_RETURNED, "suspense_return_id", legs or good, "2026-01-01", "2026-01-06")


CHANNEL_CONTROLS = {
    "a created transaction cancelled": f"{_UPDATE} state = 'cancelled', cancelled_at_ms = 5, reason = 3 {_CREATED}",
    "a receipt's data": f"{_UPDATE} fiscal_data = '{{\"PERFORM\": {{}}}}' {_PERFORMED}",
    "money of an unknown owner": came(),
    "money taken back by the bank": came(amount="-7"),
    "a settlement": paid_out(),
    "money returned": sent_back(),
}

CHANNEL_ATTACKS = {
    "channel_settings_once": [
        "INSERT INTO billing_channelsettings (enterprise_id, division_id, channel, is_enabled, account_field, min_amount, "
        "max_amount, refunds_allowed, networks, settlement_account, credentials) SELECT enterprise_id, division_id, channel, "
        "true, 'a', 1, 2, true, '{}', '', '{}' FROM billing_channelsettings"
    ],
    "channel_settings_bounds": [
        "UPDATE billing_channelsettings SET min_amount = 0",
        "UPDATE billing_channelsettings SET max_amount = min_amount - 1",
    ],
    "provider_transaction_once": [
        "INSERT INTO billing_providertransaction (enterprise_id, division_id, account_id, channel, provider_id, "
        "amount_tiyin, state, provider_time_ms, created_at_ms, fiscal_data) SELECT enterprise_id, division_id, account_id, "
        f"channel, provider_id, 7, 'created', 1, 1, '{{}}' FROM billing_providertransaction {_CREATED}"
    ],
    "provider_transaction_positive": [
        "INSERT INTO billing_providertransaction (enterprise_id, division_id, account_id, channel, provider_id, "
        "amount_tiyin, state, provider_time_ms, created_at_ms, fiscal_data) SELECT enterprise_id, division_id, account_id, "
        f"channel, 'P9', 0, 'created', 1, 1, '{{}}' FROM billing_providertransaction {_CREATED}"
    ],
    "provider_transaction_says_when": [
        f"{_UPDATE} state = 'cancelled' {_CREATED}",
        f"{_UPDATE} state = 'performed', performed_at_ms = 5 {_CREATED}",
        f"{_UPDATE} state = 'expired', cancelled_at_ms = 5, performed_at_ms = 4 {_CREATED}",
    ],
    "provider_transaction_moves": [
        f"{_UPDATE} amount_tiyin = 1 {_CREATED}",
        f"{_UPDATE} provider_id = 'x' {_CREATED}",
        f"{_UPDATE} account_id = {ACCOUNT} {_CREATED}",
        f"{_UPDATE} created_at_ms = 1 {_PERFORMED}",
        f"{_UPDATE} performed_at_ms = 1 {_PERFORMED}",
        f"{_UPDATE} state = 'created', performed_at_ms = NULL, payment_id = NULL {_PERFORMED}",
        f"{_UPDATE} state = 'cancelled', performed_at_ms = NULL, payment_id = NULL, cancelled_at_ms = 1 {_PERFORMED}",
        f"{_UPDATE} state = 'performed', performed_at_ms = 5, payment_id = (SELECT id FROM billing_payment WHERE "
        f"reference = '1') {_CREATED}",
        f"{_UPDATE} state = 'cancelled', cancelled_at_ms = 5 {_CREATED}; {_UPDATE} state = 'created', cancelled_at_ms = NULL "
        f"{_CREATED}",
        f"{_UPDATE} state = 'expired', cancelled_at_ms = 5 {_CREATED}; {_UPDATE} cancelled_at_ms = 6 {_CREATED}",
        "DELETE FROM billing_providertransaction",
        "INSERT INTO billing_providertransaction (enterprise_id, division_id, account_id, channel, provider_id, "
        "amount_tiyin, state, provider_time_ms, created_at_ms, cancelled_at_ms, fiscal_data) SELECT enterprise_id, division_id, "
        f"account_id, channel, 'P8', 7, 'cancelled', 1, 1, 2, '{{}}' FROM billing_providertransaction {_CREATED}",
    ],
    "provider_transaction_is_not_truncated": ["TRUNCATE billing_providertransaction CASCADE"],
    "provider_transaction_is_taken_back": [f"{_UPDATE} state = 'reversed', cancelled_at_ms = 5 {_PERFORMED}"],
    "suspense_item_once": [came(reference="'unknown 0'")],
    "suspense_item_is_money": [came(amount="0")],
    "suspense_item_decided": [
        f"UPDATE {_ITEM} state = 'assigned', decided_at = now()",
        f"UPDATE {_ITEM} state = 'returned', returned_on = '2026-01-06', decided_at = now()",
        f"UPDATE {_ITEM} return_reason = 'x'",
    ],
    "suspense_item_is_decided_once": [
        f"UPDATE {_ITEM} amount = 6",
        f"UPDATE {_ITEM} reference = 'x'",
        f"UPDATE {_ITEM} state = 'assigned', decided_at = now(), payment_id = (SELECT id FROM billing_payment LIMIT 1)",
        f"{sent_back()}; UPDATE {_ITEM} return_reason = 'y'",
        f"{sent_back()}; UPDATE {_ITEM} state = 'open', returned_on = NULL, return_reason = '', decided_at = NULL",
        "DELETE FROM billing_suspenseitem",
        _SUSPENSE.format(
            columns=", returned_on, decided_at",
            values=", '2026-01-06', now()",
            reference="'r'",
            amount="7",
            state="'returned'",
        ),
    ],
    "suspense_item_is_not_truncated": ["TRUNCATE billing_suspenseitem CASCADE"],
    "suspense_item_is_booked": [came().split(", head AS")[0] + " SELECT 1"],
    "suspense_return_is_booked": [_RETURNED],
    "bank_settlement_is_booked": [paid_out().split(", head AS")[0] + " SELECT 1"],
    "bank_settlement_positive": [paid_out(amount="0"), paid_out(amount="9", fee="-1")],
    "banksettlement_is_append_only": [
        "UPDATE billing_banksettlement SET amount = 1",
        "DELETE FROM billing_banksettlement",
    ],
    "bankfilerow_is_append_only": [
        "UPDATE billing_bankfilerow SET amount = 1",
        "DELETE FROM billing_bankfilerow",
    ],
    "statement_row_once": [
        "INSERT INTO billing_bankfilerow (enterprise_id, division_id, channel, file_format, key, reference, number, paid_on, "
        "amount, state) SELECT enterprise_id, division_id, channel, '1c', key, 'x', '', paid_on, 1, 'posted' "
        "FROM billing_bankfilerow"
    ],
    "reconciliation_of_a_day": [
        "INSERT INTO billing_reconciliation (enterprise_id, division_id, channel, day, our_count, our_amount, matched, "
        "differences, clearing_balance, agrees, made_at) SELECT enterprise_id, division_id, channel, day, 0, 0, 0, '[]', 0, "
        "true, now() FROM billing_reconciliation"
    ],
    "ledger_clearing_names_channel": [
        paid_out().replace("'payme'", "NULL"),
        paid_out().replace("1::numeric, NULL::text", "1::numeric, 'payme'"),
    ],
    "ledger_transaction_balances": [
        # Another sum, book, channel or account than the document's.
        came("'bank', NULL::bigint, 6::numeric", "'suspense', NULL::bigint, -6::numeric"),
        came("'cash', NULL::bigint, 7::numeric", "'suspense', NULL::bigint, -7::numeric"),
        came("'bank', NULL::bigint, 7::numeric", f"'receivable', {ACCOUNT}, -7::numeric"),
        sent_back("'bank', NULL::bigint, -6::numeric", "'suspense', NULL::bigint, 6::numeric"),
        paid_out().replace("'payme'", "'click'"),
        paid_out(
            "'bank', NULL::bigint, 7::numeric, NULL::text", "'clearing', NULL::bigint, -7::numeric, 'payme'"
        ),
        paid_out(
            "'bank', NULL::bigint, 7::numeric, NULL::text",
            "'fees', NULL::bigint, 1::numeric, NULL::text",
            f"'advances', {ACCOUNT}, -8::numeric, NULL::text",
        ),
    ],
}

CHANNEL_WORDS = {
    **dict.fromkeys(("banksettlement_is_append_only", "bankfilerow_is_append_only"), "append-only"),
    **dict.fromkeys(
        ("provider_transaction_is_not_truncated", "suspense_item_is_not_truncated"), "append-only|TRUNCATE"
    ),
    **dict.fromkeys(
        ("suspense_item_is_booked", "suspense_return_is_booked", "bank_settlement_is_booked"), "is not booked"
    ),
    "suspense_item_is_money": "suspense_item_is_money|legs that sum",
}
