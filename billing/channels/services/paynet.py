"""Paynet's JSON-RPC 2.0: a payment comes in one call and is paid at once. Times are those of Tashkent."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from billing.channels.services.agreements import credential, is_right, replace_secret
from billing.channels.services.transactions import (
    State,
    account_of,
    balance_tiyin,
    begin,
    bounded,
    is_text,
    locked,
    now_ms,
    perform,
    reverse,
)
from billing.models import Account, ChannelSettings, ProviderTransaction
from billing.selectors.accounts import masked_name

NOT_POST, NO_JSON, NO_SHAPE, NO_METHOD = -32300, -32700, -32600, -32601
NO_REFUND, DISABLED, OURS, KNOWN, CANCELLED, NO_TRANSACTION = 77, 100, 102, 201, 202, 203
NO_ACCOUNT, WRONG_SERVICE, MISSING, WRONG_AMOUNT, WRONG_DATE, TOO_MUCH = 302, 305, 411, 413, 414, 415
WRONG_CREDENTIALS = 401
_WORDS = {
    NOT_POST: "Only POST is taken",
    NO_JSON: "Not JSON",
    NO_SHAPE: "Not a JSON-RPC request",
    NO_METHOD: "No such method",
    WRONG_CREDENTIALS: "Wrong login or password",
    NO_REFUND: "The payment cannot be cancelled",
    DISABLED: "The service is not available for now",
    OURS: "A fault of the system",
    KNOWN: "The transaction exists already",
    CANCELLED: "The transaction was cancelled before",
    NO_TRANSACTION: "The transaction is unknown",
    NO_ACCOUNT: "The account is unknown",
    WRONG_SERVICE: "The service is unknown",
    MISSING: "A required parameter is missing",
    WRONG_AMOUNT: "The amount is wrong or too small",
    WRONG_DATE: "The date is wrong",
    TOO_MUCH: "The amount is too great",
}
_GREATEST_ID = 2**63


class PaynetRefusal(Exception):
    """An error of the protocol."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def refusal(call_id: object, code: int) -> dict[str, Any]:
    """An error as the answer to a call."""
    return {"jsonrpc": "2.0", "id": call_id, "error": {"code": code, "message": _WORDS[code]}}


def answer(settings: ChannelSettings, call: Any) -> dict[str, Any]:
    """What a parsed call is answered; what is wrong with it is an answer too."""
    call_id = call.get("id") if isinstance(call, dict) else None
    call_id = call_id if isinstance(call_id, str | int) else None
    try:
        if not isinstance(call, dict) or not isinstance(call.get("method"), str):
            raise PaynetRefusal(NO_SHAPE)
        parameters = call.get("params", {})
        if call.get("jsonrpc", "2.0") != "2.0" or not isinstance(parameters, dict):
            raise PaynetRefusal(NO_SHAPE)
        method = _METHODS.get(call["method"])
        if method is None:
            raise PaynetRefusal(NO_METHOD)
        with transaction.atomic():
            return {"jsonrpc": "2.0", "id": call_id, "result": method(settings, parameters)}
    except PaynetRefusal as error:
        return refusal(call_id, error.code)


def _information(settings: ChannelSettings, asked: dict[str, Any]) -> dict[str, Any]:
    _require(settings, asked, "fields")
    _require_account_named(settings, asked)
    if not settings.is_enabled:
        raise PaynetRefusal(DISABLED)
    account = _account(settings, asked)
    return {
        "status": "0",
        "timestamp": _written(now_ms()),
        "fields": {"balance": balance_tiyin(account), "name": masked_name(account)},
    }


def _perform(settings: ChannelSettings, asked: dict[str, Any]) -> dict[str, Any]:
    _require(settings, asked, "transactionId", "amount", "fields")
    provider_id = _id(asked)
    _require_account_named(settings, asked)
    row = locked(settings, provider_id)
    if row is None and not settings.is_enabled:
        raise PaynetRefusal(DISABLED)
    account = _account(settings, asked)
    amount = bounded(settings, asked["amount"])
    if amount.fault:
        raise PaynetRefusal(TOO_MUCH if amount.fault == "above" else WRONG_AMOUNT)
    if row is not None:
        raise PaynetRefusal(KNOWN)
    row, is_new = begin(
        settings,
        provider_id=provider_id,
        account=account,
        amount_tiyin=amount.tiyin,
        provider_time_ms=now_ms(),
    )
    if not is_new:
        raise PaynetRefusal(KNOWN)
    perform(row)
    return {
        "providerTrnId": row.pk,
        "timestamp": _written(row.performed_at_ms or 0),
        "fields": {settings.account_field: account.number, "name": masked_name(account)},
    }


def _check(settings: ChannelSettings, asked: dict[str, Any]) -> dict[str, Any]:
    _require(settings, asked, "transactionId")
    row = locked(settings, _id(asked))
    if row is None:
        return {"transactionState": 3, "providerTrnId": 0, "timestamp": _written(now_ms())}
    return {
        "transactionState": 2 if row.state == State.REVERSED else 1,
        "providerTrnId": row.pk,
        "timestamp": _written(row.cancelled_at_ms or row.performed_at_ms or 0),
    }


def _cancel(settings: ChannelSettings, asked: dict[str, Any]) -> dict[str, Any]:
    _require(settings, asked, "transactionId")
    row = locked(settings, _id(asked))
    if row is None:
        raise PaynetRefusal(NO_TRANSACTION)
    if row.state != State.PERFORMED:
        raise PaynetRefusal(CANCELLED)
    if not settings.refunds_allowed:
        raise PaynetRefusal(NO_REFUND)
    reverse(row)
    return {
        "providerTrnId": row.pk,
        "timestamp": _written(row.cancelled_at_ms or 0),
        "transactionState": 2,
    }


def _statement(settings: ChannelSettings, asked: dict[str, Any]) -> dict[str, Any]:
    _require(settings, asked, "dateFrom", "dateTo")
    first, _end = _span(asked["dateFrom"])
    _begin, last = _span(asked["dateTo"])
    if last < first:
        raise PaynetRefusal(WRONG_DATE)
    rows = ProviderTransaction.objects.filter(
        enterprise_id=settings.enterprise_id,
        channel=settings.channel,
        state=State.PERFORMED,
        performed_at_ms__gte=first,
        performed_at_ms__lte=last,
    )
    return {
        "statements": [
            {
                "transactionId": int(row.provider_id),
                "amount": row.amount_tiyin,
                "providerTrnId": row.pk,
                "timestamp": _written(row.performed_at_ms or 0),
            }
            for row in rows.order_by("performed_at_ms", "pk")
        ]
    }


def _change_password(settings: ChannelSettings, asked: dict[str, Any]) -> str:
    if "newPassword" not in asked:
        raise PaynetRefusal(MISSING)
    if "serviceId" in asked:
        _require_service(settings, asked)
    if not is_text(asked["newPassword"], 200):
        raise PaynetRefusal(MISSING)
    replace_secret(row=settings, name="password", secret=asked["newPassword"])
    return "success"


_METHODS: dict[str, Callable[[ChannelSettings, dict[str, Any]], Any]] = {
    "GetInformation": _information,
    "PerformTransaction": _perform,
    "CheckTransaction": _check,
    "CancelTransaction": _cancel,
    "GetStatement": _statement,
    "ChangePassword": _change_password,
}


def _require(settings: ChannelSettings, asked: dict[str, Any], *names: str) -> None:
    if any(asked.get(name) is None for name in ("serviceId", *names)):
        raise PaynetRefusal(MISSING)
    if "fields" in names and not isinstance(asked["fields"], dict):
        raise PaynetRefusal(MISSING)
    _require_service(settings, asked)


def _require_service(settings: ChannelSettings, asked: dict[str, Any]) -> None:
    given = asked["serviceId"]
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise PaynetRefusal(WRONG_SERVICE)
    if not is_right(str(given), credential(settings, "service_id")):
        raise PaynetRefusal(WRONG_SERVICE)


def _id(asked: dict[str, Any]) -> str:
    given = asked["transactionId"]
    if isinstance(given, str) and re.fullmatch(r"[0-9]{1,19}", given):
        given = int(given)
    if isinstance(given, bool) or not isinstance(given, int) or not 0 < given < _GREATEST_ID:
        raise PaynetRefusal(MISSING)
    return str(given)


def _require_account_named(settings: ChannelSettings, asked: dict[str, Any]) -> None:
    if asked["fields"].get(settings.account_field) in (None, ""):
        raise PaynetRefusal(MISSING)


def _account(settings: ChannelSettings, asked: dict[str, Any]) -> Account:
    account = account_of(settings, asked["fields"][settings.account_field])
    if account is None:
        raise PaynetRefusal(NO_ACCOUNT)
    return account


def _written(time_ms: int) -> str:
    there = datetime.fromtimestamp(time_ms // 1000, UTC).astimezone(timezone.get_default_timezone())
    return f"{there:%Y-%m-%d %H:%M:%S}"


_FORMS = (
    ("%Y-%m-%d %H:%M:%S", timedelta(seconds=1)),
    ("%d.%m.%Y %H:%M:%S", timedelta(seconds=1)),
    ("%Y-%m-%d", timedelta(days=1)),
    ("%d.%m.%Y", timedelta(days=1)),
)


def _span(text: object) -> tuple[int, int]:
    """The first and the last millisecond of the second, or day, that is written."""
    for form, length in _FORMS:
        try:
            # The zone is given below.
            local = datetime.strptime(str(text), form)  # noqa: DTZ007
            begin = local.replace(tzinfo=timezone.get_default_timezone())
            first = int(begin.timestamp()) * 1000
        except (ValueError, OverflowError):
            continue
        return first, first + int(length.total_seconds()) * 1000 - 1
    raise PaynetRefusal(WRONG_DATE)
