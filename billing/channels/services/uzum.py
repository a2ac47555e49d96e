"""Uzum Bank's merchant webhooks: check, create, confirm, reverse, status; what fails is HTTP 400 with a code."""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from billing.channels.services.agreements import credential, is_right
from billing.channels.services.transactions import (
    State,
    account_of,
    begin,
    bounded,
    cancel,
    end_if_overdue,
    is_text,
    locked,
    now_ms,
    perform,
    reverse,
)
from billing.models import Account, ChannelSettings, ProviderTransaction
from billing.selectors.accounts import masked_name

WRONG_CREDENTIALS, NO_JSON, NOT_POST, MISSING, WRONG_SERVICE = "10001", "10002", "10003", "10005", "10006"
NO_ACCOUNT, CREATED_BEFORE, WRONG_AMOUNT, BELOW, ABOVE = "10007", "10010", "10011", "10012", "10013"
NO_TRANSACTION, ENDED, CONFIRMED_BEFORE, NO_REFUND, REVERSED_BEFORE = (
    "10014",
    "10015",
    "10016",
    "10017",
    "10018",
)
OURS = "99999"
_STATES = {
    State.CREATED: "CREATED",
    State.PERFORMED: "CONFIRMED",
    State.CANCELLED: "REVERSED",
    State.REVERSED: "REVERSED",
    State.EXPIRED: "FAILED",
}
_FAULTS = {"none": WRONG_AMOUNT, "below": BELOW, "above": ABOVE}


class UzumRefusal(Exception):
    """An error of the protocol."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def refusal(asked: Any, code: str) -> dict[str, Any]:
    """The body of a failure."""
    given = asked if isinstance(asked, dict) else {}
    return {
        "serviceId": _echo(given.get("serviceId")),
        "transId": _echo(given.get("transId")),
        "status": "FAILED",
        "timestamp": now_ms(),
        "errorCode": code,
    }


def _echo(value: Any) -> Any:
    is_kept = isinstance(value, int) or is_text(value, 100)
    return value if is_kept and not isinstance(value, bool) else None


def answer(settings: ChannelSettings, step: str, asked: Any) -> tuple[int, dict[str, Any]]:
    """HTTP status and body for a parsed request."""
    try:
        if not isinstance(asked, dict):
            raise UzumRefusal(NO_JSON)
        wanted, act = _STEPS[step]
        if any(asked.get(name) in (None, "") for name in ("serviceId", *wanted)):
            raise UzumRefusal(MISSING)
        if "params" in wanted and not isinstance(asked["params"], dict):
            raise UzumRefusal(MISSING)
        if "params" in wanted and asked["params"].get(settings.account_field) in (None, ""):
            raise UzumRefusal(MISSING)
        _require_service(settings, asked["serviceId"])
        if "transId" in wanted:
            if not is_text(asked["transId"]):
                raise UzumRefusal(MISSING)
            end_if_overdue(settings, asked["transId"])
        with transaction.atomic():
            return 200, {"serviceId": asked["serviceId"], **act(settings, asked)}
    except UzumRefusal as error:
        return 400, refusal(asked, error.code)


def _require_service(settings: ChannelSettings, given: Any) -> None:
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise UzumRefusal(WRONG_SERVICE)
    if not is_right(str(given), credential(settings, "service_id")):
        raise UzumRefusal(WRONG_SERVICE)


def _check(settings: ChannelSettings, asked: dict[str, Any]) -> dict[str, Any]:
    if not settings.is_enabled:
        raise UzumRefusal(OURS)
    account = _account(settings, asked)
    return {"timestamp": now_ms(), "status": "OK", "data": {"name": {"value": masked_name(account)}}}


def _create(settings: ChannelSettings, asked: dict[str, Any]) -> dict[str, Any]:
    row = locked(settings, asked["transId"])
    if row is None and not settings.is_enabled:
        raise UzumRefusal(OURS)
    account = _account(settings, asked)
    amount = bounded(settings, asked["amount"])
    if amount.fault:
        raise UzumRefusal(_FAULTS[amount.fault])
    if row is not None:
        raise UzumRefusal(CREATED_BEFORE)
    row, is_new = begin(
        settings,
        provider_id=asked["transId"],
        account=account,
        amount_tiyin=amount.tiyin,
        provider_time_ms=now_ms(),
    )
    if not is_new:
        raise UzumRefusal(CREATED_BEFORE)
    name = {"name": {"value": masked_name(account)}}
    return {**_told(row), "transTime": row.created_at_ms, "data": name}


def _confirm(settings: ChannelSettings, asked: dict[str, Any]) -> dict[str, Any]:
    row = _known(settings, asked)
    if row.state == State.PERFORMED:
        raise UzumRefusal(CONFIRMED_BEFORE)
    if row.state != State.CREATED:
        raise UzumRefusal(ENDED)
    perform(row)
    return {**_told(row), "confirmTime": row.performed_at_ms}


def _reverse(settings: ChannelSettings, asked: dict[str, Any]) -> dict[str, Any]:
    row = _known(settings, asked)
    if row.state == State.CREATED:
        cancel(row)
    elif row.state == State.PERFORMED:
        if not settings.refunds_allowed:
            raise UzumRefusal(NO_REFUND)
        reverse(row)
    else:
        raise UzumRefusal(REVERSED_BEFORE)
    return {**_told(row), "reverseTime": row.cancelled_at_ms}


def _status(settings: ChannelSettings, asked: dict[str, Any]) -> dict[str, Any]:
    row = _known(settings, asked)
    is_reversed = row.state in (State.CANCELLED, State.REVERSED)
    return {
        **_told(row),
        "transTime": row.created_at_ms,
        "confirmTime": row.performed_at_ms,
        "reverseTime": row.cancelled_at_ms if is_reversed else None,
    }


def _told(row: ProviderTransaction) -> dict[str, Any]:
    return {"transId": row.provider_id, "status": _STATES[State(row.state)], "amount": row.amount_tiyin}


# What each must have besides the service, and what it does.
_STEPS: dict[str, tuple[tuple[str, ...], Callable[[ChannelSettings, dict[str, Any]], dict[str, Any]]]] = {
    "check": (("timestamp", "params"), _check),
    "create": (("timestamp", "transId", "params", "amount"), _create),
    "confirm": (("transId", "paymentSource"), _confirm),
    "reverse": (("transId",), _reverse),
    "status": (("transId",), _status),
}
STEPS = tuple(_STEPS)


def _account(settings: ChannelSettings, asked: dict[str, Any]) -> Account:
    account = account_of(settings, asked["params"][settings.account_field])
    if account is None:
        raise UzumRefusal(NO_ACCOUNT)
    return account


def _known(settings: ChannelSettings, asked: dict[str, Any]) -> ProviderTransaction:
    row = locked(settings, asked["transId"])
    if row is None:
        raise UzumRefusal(NO_TRANSACTION)
    return row
