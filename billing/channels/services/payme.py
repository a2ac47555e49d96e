"""Payme's Merchant API: JSON-RPC over HTTP, as its documents and sandbox have it (developer.help.paycom.uz)."""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from billing.channels.services.agreements import replace_secret
from billing.channels.services.transactions import (
    PAYME_LIFE_MS,
    State,
    account_of,
    begin,
    bounded,
    cancel,
    end_if_overdue,
    expire_due,
    is_text,
    locked,
    now_ms,
    perform,
    reverse,
)
from billing.models import Account, ChannelSettings, ProviderTransaction

NOT_POST, WRONG_CREDENTIALS, NO_JSON, NO_SHAPE, NO_METHOD = -32300, -32504, -32700, -32600, -32601
NO_TRANSACTION, NO_ACCOUNT, WRONG_AMOUNT, FORBIDDEN, NO_REFUND = -31003, -31050, -31001, -31008, -31007
NO_RECEIPT, OURS = -32001, -32400
_STATES = {State.CREATED: 1, State.PERFORMED: 2, State.CANCELLED: -1, State.REVERSED: -2, State.EXPIRED: -1}
_LATEST_MS = 10**14

# Uzbek, Russian, English.
_WORDS = {
    NOT_POST: (
        "Faqat POST so‘rovi qabul qilinadi.",
        "Принимаются только запросы POST.",
        "Only POST is taken.",
    ),
    WRONG_CREDENTIALS: (
        "Login yoki parol noto‘g‘ri.",
        "Неверный логин или пароль.",
        "Wrong login or password.",
    ),
    NO_JSON: ("So‘rov JSON emas.", "Запрос не является JSON.", "The request is not JSON."),
    NO_SHAPE: (
        "So‘rovda maydonlar yetishmaydi.",
        "В запросе нет нужных полей.",
        "Fields are missing or malformed.",
    ),
    NO_METHOD: ("Bunday metod yo‘q.", "Такого метода нет.", "There is no such method."),
    NO_TRANSACTION: ("Tranzaksiya topilmadi.", "Транзакция не найдена.", "The transaction is unknown."),
    NO_ACCOUNT: ("Hisob raqami topilmadi.", "Лицевой счёт не найден.", "There is no such account."),
    WRONG_AMOUNT: ("Summa noto‘g‘ri.", "Неверная сумма.", "The amount is wrong."),
    FORBIDDEN: ("Bu amalni bajarib bo‘lmaydi.", "Операцию выполнить нельзя.", "This cannot be done now."),
    NO_REFUND: (
        "To‘lovni qaytarib bo‘lmaydi.",
        "Платёж вернуть нельзя.",
        "The payment cannot be taken back.",
    ),
    NO_RECEIPT: ("Chek topilmadi.", "Чек не найден.", "The receipt is unknown."),
    OURS: ("Tizimda vaqtinchalik xato.", "Временная ошибка системы.", "A fault of the system for now."),
}


class PaymeRefusal(Exception):
    """An error of the protocol."""

    def __init__(self, code: int, data: str | None = None) -> None:
        super().__init__(code)
        self.code, self.data = code, data


def refusal(call_id: object, code: int, data: str | None = None) -> dict[str, Any]:
    """An error as the answer to a call."""
    uz, ru, en = _WORDS[code]
    return {
        "id": call_id,
        "error": {"code": code, "message": {"uz": uz, "ru": ru, "en": en}, "data": data},
    }


def answer(settings: ChannelSettings, call: Any) -> dict[str, Any]:
    """What a parsed call is answered; what is wrong with it is an answer too."""
    call_id = call.get("id") if isinstance(call, dict) else None
    call_id = call_id if isinstance(call_id, str | int) else None
    try:
        if not isinstance(call, dict) or not isinstance(call.get("method"), str):
            raise PaymeRefusal(NO_SHAPE)
        parameters = call.get("params")
        if not isinstance(parameters, dict):
            raise PaymeRefusal(NO_SHAPE)
        method = _METHODS.get(call["method"])
        if method is None:
            raise PaymeRefusal(NO_METHOD, call["method"])
        if isinstance(parameters.get("id"), str):
            end_if_overdue(settings, parameters["id"])
        with transaction.atomic():
            return {"id": call_id, "result": method(settings, parameters)}
    except PaymeRefusal as error:
        return refusal(call_id, error.code, error.data)


def _check_perform(settings: ChannelSettings, asked: dict[str, Any]) -> dict[str, Any]:
    _require(asked, amount=object, account=dict)
    _payable(settings, asked)
    _require_enabled(settings)
    return {"allow": True}


def _create(settings: ChannelSettings, asked: dict[str, Any]) -> dict[str, Any]:
    _require(asked, id=str, time=int, amount=object, account=dict)
    _require_times(asked["time"])
    row = locked(settings, asked["id"])
    if row is None:
        account, tiyin = _payable(settings, asked)
        _require_enabled(settings)
        if now_ms() - asked["time"] >= PAYME_LIFE_MS:
            raise PaymeRefusal(FORBIDDEN)
        row, _is_new = begin(
            settings,
            provider_id=asked["id"],
            account=account,
            amount_tiyin=tiyin,
            provider_time_ms=asked["time"],
        )
    if not _is_same(settings, row, asked):
        _payable(settings, asked)
        raise PaymeRefusal(FORBIDDEN)
    if row.state != State.CREATED:
        raise PaymeRefusal(FORBIDDEN)
    return {"create_time": row.created_at_ms, "transaction": str(row.pk), "state": _STATES[State(row.state)]}


def _perform(settings: ChannelSettings, asked: dict[str, Any]) -> dict[str, Any]:
    row = _known(settings, asked)
    if row.state == State.CREATED:
        perform(row)
    if row.state != State.PERFORMED:
        raise PaymeRefusal(FORBIDDEN)
    return {
        "transaction": str(row.pk),
        "perform_time": row.performed_at_ms,
        "state": _STATES[State(row.state)],
    }


def _cancel(settings: ChannelSettings, asked: dict[str, Any]) -> dict[str, Any]:
    _require(asked, id=str, reason=int)
    if not 0 <= asked["reason"] < 1000:
        raise PaymeRefusal(NO_SHAPE)
    row = _known(settings, asked)
    if row.state == State.CREATED:
        cancel(row, asked["reason"])
    elif row.state == State.PERFORMED:
        if not settings.refunds_allowed:
            raise PaymeRefusal(NO_REFUND)
        reverse(row, asked["reason"])
    return {
        "transaction": str(row.pk),
        "cancel_time": row.cancelled_at_ms,
        "state": _STATES[State(row.state)],
    }


def _check(settings: ChannelSettings, asked: dict[str, Any]) -> dict[str, Any]:
    return _told(_known(settings, asked))


def _told(row: ProviderTransaction) -> dict[str, Any]:
    return {
        "create_time": row.created_at_ms,
        "perform_time": row.performed_at_ms or 0,
        "cancel_time": row.cancelled_at_ms or 0,
        "transaction": str(row.pk),
        "state": _STATES[State(row.state)],
        "reason": row.reason,
    }


def _statement(settings: ChannelSettings, asked: dict[str, Any]) -> dict[str, Any]:
    _require(asked, **{"from": int, "to": int})
    _require_times(asked["from"], asked["to"])
    expire_due(at_ms=now_ms(), enterprise=settings.enterprise, channel=settings.channel)
    rows = ProviderTransaction.objects.filter(
        enterprise_id=settings.enterprise_id,
        channel=settings.channel,
        provider_time_ms__gte=asked["from"],
        provider_time_ms__lte=asked["to"],
    )
    return {
        "transactions": [
            {
                "id": row.provider_id,
                "time": row.provider_time_ms,
                "amount": row.amount_tiyin,
                "account": {settings.account_field: row.account.number},
                **_told(row),
            }
            for row in rows.select_related("account").order_by("provider_time_ms", "pk")
        ]
    }


def _set_fiscal_data(settings: ChannelSettings, asked: dict[str, Any]) -> dict[str, Any]:
    _require(asked, id=str, type=str, fiscal_data=dict)
    if asked["type"] not in ("PERFORM", "CANCEL"):
        raise PaymeRefusal(NO_SHAPE)
    row = locked(settings, asked["id"]) if is_text(asked["id"]) else None
    if row is None or row.payment_id is None:
        raise PaymeRefusal(NO_RECEIPT)
    row.fiscal_data = {**row.fiscal_data, asked["type"]: asked["fiscal_data"]}
    row.save(update_fields=["fiscal_data"])
    return {"success": True}


def _change_password(settings: ChannelSettings, asked: dict[str, Any]) -> dict[str, Any]:
    _require(asked, password=str)
    if not is_text(asked["password"], 200):
        raise PaymeRefusal(NO_SHAPE)
    replace_secret(row=settings, name="key", secret=asked["password"])
    return {"success": True}


_METHODS: dict[str, Callable[[ChannelSettings, dict[str, Any]], dict[str, Any]]] = {
    "CheckPerformTransaction": _check_perform,
    "CreateTransaction": _create,
    "PerformTransaction": _perform,
    "CancelTransaction": _cancel,
    "CheckTransaction": _check,
    "GetStatement": _statement,
    "SetFiscalData": _set_fiscal_data,
    "ChangePassword": _change_password,
}


def _require(asked: dict[str, Any], **types: type) -> None:
    """That parameters are there and of these types; a truth is no number."""
    for name, wanted in types.items():
        value = asked.get(name)
        if value is None or not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise PaymeRefusal(NO_SHAPE)
    if "id" in types and not is_text(asked["id"]):
        raise PaymeRefusal(NO_SHAPE)


def _require_times(*times_ms: int) -> None:
    if not all(0 <= time_ms < _LATEST_MS for time_ms in times_ms):
        raise PaymeRefusal(NO_SHAPE)


def _require_enabled(settings: ChannelSettings) -> None:
    if not settings.is_enabled:
        raise PaymeRefusal(OURS)


def _payable(settings: ChannelSettings, asked: dict[str, Any]) -> tuple[Account, int]:
    account = account_of(settings, asked["account"].get(settings.account_field))
    if account is None:
        raise PaymeRefusal(NO_ACCOUNT, settings.account_field)
    amount = bounded(settings, asked["amount"])
    if amount.fault:
        raise PaymeRefusal(WRONG_AMOUNT)
    return account, amount.tiyin


def _is_same(settings: ChannelSettings, row: ProviderTransaction, asked: dict[str, Any]) -> bool:
    amount, number = asked["amount"], asked["account"].get(settings.account_field)
    return (
        not isinstance(amount, bool | float)
        and amount == row.amount_tiyin
        and asked["time"] == row.provider_time_ms
        and not isinstance(number, bool | float)
        and str(number) == row.account.number
    )


def _known(settings: ChannelSettings, asked: dict[str, Any]) -> ProviderTransaction:
    _require(asked, id=str)
    row = locked(settings, asked["id"])
    if row is None:
        raise PaymeRefusal(NO_TRANSACTION)
    return row
