"""Click's SHOP API: forms with a signature, prepare and complete (docs.click.uz)."""

import hashlib
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.channels.services.agreements import credential, is_right
from billing.channels.services.transactions import (
    State,
    account_of,
    begin,
    bounded,
    cancel,
    locked,
    now_ms,
    perform,
    reverse,
)
from billing.models import ChannelSettings, ProviderTransaction

PREPARE, COMPLETE = "0", "1"
(
    OK,
    WRONG_SIGNATURE,
    WRONG_AMOUNT,
    WRONG_ACTION,
    CONFIRMED,
    NO_ACCOUNT,
    NO_TRANSACTION,
    MALFORMED,
    CANCELLED,
) = (
    *(0, -1, -2, -3, -4),
    *(-5, -6, -8, -9),
)
_NOTES = {
    OK: "Success",
    WRONG_SIGNATURE: "SIGN CHECK FAILED!",
    WRONG_AMOUNT: "Incorrect parameter amount",
    WRONG_ACTION: "Action not found",
    CONFIRMED: "Already paid",
    NO_ACCOUNT: "User does not exist",
    NO_TRANSACTION: "Transaction does not exist",
    MALFORMED: "Error in request from click",
    CANCELLED: "Transaction cancelled",
}
_FIELDS = (
    "click_trans_id",
    "service_id",
    "merchant_trans_id",
    "amount",
    "action",
    "error",
    "sign_time",
    "sign_string",
)
_SOM = re.compile(r"[0-9]{1,13}(\.[0-9]{1,2})?")
_INTEGER = re.compile(r"-?[0-9]{1,9}")


class ClickRefusal(Exception):
    """An error of the protocol; with the row where one is known."""

    def __init__(self, code: int, row: ProviderTransaction | None = None) -> None:
        super().__init__(code)
        self.code, self.row = code, row


def answer(settings: ChannelSettings | None, form: Mapping[str, str], action: str) -> dict[str, Any]:
    """What a form is answered; without settings (no such enterprise, another network) no signature is right."""
    cancelled: list[ProviderTransaction] = []
    try:
        _require_signed(settings, form, action)
        if settings is None or form["action"] != action:
            raise ClickRefusal(WRONG_ACTION)
        step = _prepare if action == PREPARE else _complete
        with transaction.atomic():
            # What ends a transaction is an error to Click, and stays done.
            row: ProviderTransaction | None = step(settings, form, cancelled)
        code = CANCELLED if cancelled else OK
    except ClickRefusal as error:
        code, row = error.code, error.row
    return told(form, action, code, row)


def told(form: Mapping[str, str], action: str, code: int, row: ProviderTransaction | None) -> dict[str, Any]:
    """The answer in Click's form."""
    given = form.get("click_trans_id", "")
    return {
        "click_trans_id": int(given) if _is_id(given) else given,
        "merchant_trans_id": form.get("merchant_trans_id", ""),
        "merchant_prepare_id" if action == PREPARE else "merchant_confirm_id": row.pk if row else None,
        "error": code,
        "error_note": _NOTES[code],
    }


def _is_id(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,19}", text)) and 0 < int(text) < 2**63


def _require_signed(settings: ChannelSettings | None, form: Mapping[str, str], action: str) -> None:
    wanted = (*_FIELDS, *(("merchant_prepare_id",) if action == COMPLETE else ()))
    if any(not form.get(name) for name in wanted):
        raise ClickRefusal(MALFORMED)
    if not _is_id(form["click_trans_id"]) or not _INTEGER.fullmatch(form["error"]):
        raise ClickRefusal(MALFORMED)
    if settings is not None and not is_right(form["service_id"], credential(settings, "service_id")):
        raise ClickRefusal(MALFORMED)
    secret = credential(settings, "secret_key") if settings is not None else ""
    parts = (
        form["click_trans_id"],
        form["service_id"],
        secret,
        form["merchant_trans_id"],
        form["merchant_prepare_id"] if action == COMPLETE else "",
        form["amount"],
        form["action"],
        form["sign_time"],
    )
    # MD5 is the provider's choice; what it protects is the secret between, which nobody else knows.
    digest = hashlib.md5("".join(parts).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
    if not secret or not is_right(form["sign_string"].lower(), digest):
        raise ClickRefusal(WRONG_SIGNATURE)


def _tiyin(text: str) -> int | None:
    return int(Decimal(text) * 100) if _SOM.fullmatch(text) else None


def _require_going_on(row: ProviderTransaction) -> None:
    if row.state in (State.CANCELLED, State.REVERSED, State.EXPIRED):
        raise ClickRefusal(CANCELLED, row)
    if row.state == State.PERFORMED:
        raise ClickRefusal(CONFIRMED, row)


def _prepare(
    settings: ChannelSettings, form: Mapping[str, str], cancelled: list[ProviderTransaction]
) -> ProviderTransaction:
    row = locked(settings, form["click_trans_id"])
    if row is None and not settings.is_enabled:
        raise ClickRefusal(MALFORMED)
    account = account_of(settings, form["merchant_trans_id"])
    if account is None:
        raise ClickRefusal(NO_ACCOUNT)
    tiyin = _tiyin(form["amount"])
    is_ended = int(form["error"]) < 0
    if row is None:
        if is_ended:
            raise ClickRefusal(CANCELLED)
        if tiyin is None or bounded(settings, tiyin).fault:
            raise ClickRefusal(WRONG_AMOUNT)
        row, is_new = begin(
            settings,
            provider_id=form["click_trans_id"],
            account=account,
            amount_tiyin=tiyin,
            provider_time_ms=now_ms(),
        )
        if is_new:
            return row
    if (account.pk, tiyin) != (row.account_id, row.amount_tiyin):
        raise ClickRefusal(MALFORMED)
    if is_ended:
        return _end(settings, row, cancelled)
    _require_going_on(row)
    return row


def _complete(
    settings: ChannelSettings, form: Mapping[str, str], cancelled: list[ProviderTransaction]
) -> ProviderTransaction:
    account = account_of(settings, form["merchant_trans_id"])
    if account is None:
        raise ClickRefusal(NO_ACCOUNT)
    row = locked(settings, form["click_trans_id"])
    if row is None or str(row.pk) != form["merchant_prepare_id"] or row.account_id != account.pk:
        raise ClickRefusal(NO_TRANSACTION)
    if int(form["error"]) < 0:
        return _end(settings, row, cancelled)
    _require_going_on(row)
    if _tiyin(form["amount"]) != row.amount_tiyin:
        raise ClickRefusal(WRONG_AMOUNT, row)
    perform(row)
    return row


def _end(
    settings: ChannelSettings, row: ProviderTransaction, cancelled: list[ProviderTransaction]
) -> ProviderTransaction:
    """Click says that it did not come to pass, or has taken the money back."""
    if row.state == State.CREATED:
        cancel(row)
    elif row.state == State.PERFORMED:
        if not settings.refunds_allowed:
            raise ClickRefusal(CONFIRMED, row)
        reverse(row)
    cancelled.append(row)
    return row
