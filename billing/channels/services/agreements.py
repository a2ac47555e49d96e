"""What an enterprise agreed with each provider: credentials, bounds, networks. Changes hold at once."""

import hmac
from collections.abc import Mapping, Sequence
from decimal import Decimal
from ipaddress import ip_address, ip_network
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop as _

from billing.models import ChannelSettings, PaymentChannelCode
from gis_core.errors import ReportedError
from gis_core.models import Enterprise, User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from gis_core.services.stored_secrets import seal, unseal

CREDENTIALS: dict[str, tuple[str, ...]] = {
    "payme": ("login", "key"),
    "click": ("service_id", "secret_key"),
    "paynet": ("login", "password", "service_id"),
    "uzum": ("login", "password", "service_id"),
}
_SECRET = frozenset({"key", "secret_key", "password"})
_PRESET = {"payme": {"login": "Paycom"}}
_FIELDS = {"paynet": "client_id", "click": "merchant_trans_id"}
_LONGEST = 200
_MOST_NETWORKS = 50
# With so few characters, the last four would tell too much.
_SHOWS_END_FROM = 8


@transaction.atomic
def set_channel(
    *,
    enterprise: Enterprise,
    channel: str,
    acting_user: User | None,
    credentials: Mapping[str, str] | None = None,
    networks: Sequence[str] | None = None,
    **values: Any,
) -> ChannelSettings:
    """Change what is given and keep the rest; a channel that was not set yet is made, enabled.

    `values`: is_enabled, account_field, min_amount, max_amount, refunds_allowed, settlement_account; None keeps.
    Networks are CIDR, `any` lets all in. ReportedError: `credential`, `network`, `amount`, `field`,
    `settlement_account`.
    """
    _, is_new = ChannelSettings.objects.get_or_create(
        enterprise=enterprise,
        channel=channel,
        defaults={
            "division_id": enterprise.division_id,
            "account_field": _FIELDS.get(channel, "account"),
            "credentials": dict(_PRESET.get(channel, {})),
        },
    )
    row = ChannelSettings.objects.select_for_update().get(enterprise=enterprise, channel=channel)
    before = {} if is_new else shown(row)
    for name, value in (credentials or {}).items():
        _put(row, name, value)
    if networks is not None:
        row.networks = _networks(networks)
    for name, value in values.items():
        if value is not None:
            setattr(row, name, value)
    _require_sense(row)
    row.save()
    row.enterprise = enterprise
    record_change(
        acting_user=acting_user,
        action="set payment channel",
        subject=row,
        division=enterprise.division,
        old_values=before,
        new_values=shown(row),
        subject_id=f"{enterprise.code} {channel}",
    )
    return row


@transaction.atomic
def replace_secret(*, row: ChannelSettings, name: str, secret: str) -> None:
    """What a provider itself changes at its connection."""
    set_channel(enterprise=row.enterprise, channel=row.channel, acting_user=None, credentials={name: secret})


def shown(row: ChannelSettings) -> dict[str, Any]:
    """The settings as commands answer them: of secrets the last four characters."""
    code = row.enterprise.code
    return {
        "enterprise": code,
        "channel": row.channel,
        "enabled": row.is_enabled,
        "field": row.account_field,
        "min": f"{row.min_amount:.2f}",
        "max": f"{row.max_amount:.2f}",
        "refunds": "allowed" if row.refunds_allowed else "refused",
        "networks": list(row.networks),
        **({"settlement_account": row.settlement_account} if row.settlement_account else {}),
        "credentials": {
            name: _masked(row, name) for name in CREDENTIALS.get(row.channel, ()) if name in row.credentials
        },
        "urls": [f"/pay/{row.channel}/{code}/{step}" for step in _STEPS.get(row.channel, ())],
    }


_STEPS = {
    "payme": ("",),
    "paynet": ("",),
    "click": ("prepare/", "complete/"),
    "uzum": ("check", "create", "confirm", "reverse", "status"),
}


def credential(row: ChannelSettings, name: str) -> str:
    """A credential as it is; empty where none was set."""
    kept = str(row.credentials.get(name, ""))
    return unseal(kept, bound_to=_binding(row, name)) if kept and name in _SECRET else kept


def is_right(given: str, wanted: str) -> bool:
    """Whether two credentials are the same; takes as long for each wrong one. Nothing equals what was not set."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()) and wanted != ""


def lets_in(row: ChannelSettings, address: str) -> bool:
    """Whether a request from this address may be the provider's."""
    if not row.networks:
        return True
    try:
        found = ip_address(address)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in ip_network(name) for name in row.networks)


def _put(row: ChannelSettings, name: str, value: str) -> None:
    known = CREDENTIALS.get(row.channel, ())
    if name not in known:
        raise ReportedError(
            Sentence(
                _("{channel} has no credential {name}; it has {known}."),
                channel=row.channel,
                name=name,
                known=", ".join(known) or "none",
            ),
            code="credential",
        )
    if not 0 < len(value) <= _LONGEST or not value.isprintable():
        raise ReportedError(
            Sentence(_("The credential {name} is empty, too long or no text of one line."), name=name),
            code="credential",
        )
    row.credentials[name] = seal(value, bound_to=_binding(row, name)) if name in _SECRET else value


def _binding(row: ChannelSettings, name: str) -> dict[str, str]:
    return {"enterprise": str(row.enterprise_id), "channel": row.channel, "credential": name}


def _masked(row: ChannelSettings, name: str) -> str:
    if name not in _SECRET:
        return str(row.credentials[name])
    try:
        value = credential(row, name)
    except ReportedError:
        return "****"
    return "****" + (value[-4:] if len(value) >= _SHOWS_END_FROM else "")


def _networks(names: Sequence[str]) -> list[str]:
    if "any" in names:
        return []
    try:
        found = [str(ip_network(name, strict=False)) for name in names]
    except ValueError as error:
        raise ReportedError(
            Sentence(_("{reason}: write a network such as 185.8.212.0/24, or any."), reason=error),
            code="network",
        ) from None
    if len(found) > _MOST_NETWORKS:
        raise ReportedError(
            Sentence(_("A channel has {most} networks at most."), most=_MOST_NETWORKS), code="network"
        )
    return list(dict.fromkeys(found))


def _require_sense(row: ChannelSettings) -> None:
    for amount in (row.min_amount, row.max_amount):
        if (
            not amount.is_finite()
            or abs(amount) > Decimal(10**13)
            or amount != amount.quantize(Decimal("0.01"))
        ):
            raise ReportedError(
                Sentence(_("{amount} is not an amount that can be paid."), amount=amount), code="amount"
            )
    if not 0 < row.min_amount <= row.max_amount:
        raise ReportedError(
            Sentence(
                _("The least amount {least} is not between 0 and the greatest, {most}."),
                least=row.min_amount,
                most=row.max_amount,
            ),
            code="amount",
        )
    if not 0 < len(row.account_field) <= 40 or not row.account_field.isprintable():
        raise ReportedError(Sentence(_("The field has 1 to 40 printable characters.")), code="field")
    if row.settlement_account and not (
        row.settlement_account.isalnum() and len(row.settlement_account) <= 34
    ):
        raise ReportedError(
            Sentence(_("{number} is no number of a bank account."), number=row.settlement_account),
            code="settlement_account",
        )


def known_channel(enterprise: Enterprise, channel: str) -> ChannelSettings:
    """The settings of a channel; ReportedError (`unknown_channel`) where none were made."""
    row = ChannelSettings.objects.filter(enterprise=enterprise, channel=PaymentChannelCode(channel)).first()
    if row is None:
        raise ReportedError(
            Sentence(
                _("{enterprise} has no settings for {channel}."), enterprise=enterprise.code, channel=channel
            ),
            code="unknown_channel",
        )
    row.enterprise = enterprise
    return row
