"""Who carries messages: gateways of enterprises, or of the whole installation; credentials are sealed."""

from collections.abc import Collection, Mapping
from datetime import time
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.messages.selectors.reasons import MessageReason
from gis_core.messages.services.outcomes import NotSent
from gis_core.models import Enterprise, MessageGateway, User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from gis_core.services.stored_secrets import seal, unseal

# Names of credentials by driver; of these only the login is shown whole.
CREDENTIALS: dict[str, tuple[str, ...]] = {
    "log": (),
    "eskiz": ("email", "password"),
    "smtp": ("login", "password"),
}
_SCHEMES = {"eskiz": ("http", "https"), "smtp": ("smtp", "smtp+tls", "smtps")}
_OPEN = frozenset({"email", "login"})
_LONGEST = 200
# With so few characters, the last four would tell too much.
_SHOWS_END_FROM = 8
# What is shown of a credential whose key is gone.
_UNREADABLE = "unreadable"


@transaction.atomic
def set_gateway(
    *,
    enterprise: Enterprise | None,
    medium: str,
    acting_user: User | None,
    driver: str | None = None,
    credentials: Mapping[str, str] | None = None,
    quiet_hours: tuple[time, time] | tuple[None, None] | None = None,
    **values: Any,
) -> MessageGateway:
    """Change what is given and keep the rest; a gateway that was not set yet is made, enabled, and needs a driver.

    `values`: url, sender, is_enabled; None keeps. `quiet_hours` are local, (None, None) lets all pass. Another address
    forgets the credentials that were sealed for the former one. ReportedError: `driver`, `credential`, `url`.
    """
    row = MessageGateway.objects.select_for_update().filter(enterprise=enterprise, medium=medium).first()
    before = shown(row) if row else {}
    if row is None:
        row = MessageGateway(
            enterprise=enterprise, division_id=enterprise.division_id if enterprise else None, medium=medium
        )
        if medium == "email":
            row.quiet_from = row.quiet_until = None
    for name, value in {"driver": driver, **values}.items():
        if value is not None:
            setattr(row, name, value)
    if quiet_hours is not None:
        row.quiet_from, row.quiet_until = quiet_hours
    _require_sense(row)
    if before and (before["driver"], before["url"]) != (row.driver, row.url):
        row.credentials = {}
    for name, value in (credentials or {}).items():
        _put(row, name, value)
    row.save()
    record_change(
        acting_user=acting_user,
        action="set message gateway",
        subject=row,
        division=enterprise.division if enterprise else None,
        old_values=before,
        new_values=shown(row),
        subject_id=f"{enterprise.code if enterprise else 'all'} {medium}",
    )
    return row


def known_gateway(enterprise: Enterprise | None, medium: str) -> MessageGateway:
    """The gateway that was set for exactly this enterprise, or for all. ReportedError `gateway` where none was."""
    row = MessageGateway.objects.filter(enterprise=enterprise, medium=medium).first()
    if row is None:
        raise ReportedError(Sentence(_("No gateway was set for {medium}."), medium=medium), code="gateway")
    return row


def shown(row: MessageGateway) -> dict[str, Any]:
    """The settings as commands answer them: of secrets the last four characters, or that their key is gone."""
    is_quiet = row.quiet_from is not None and row.quiet_until is not None
    return {
        "enterprise": row.enterprise.code if row.enterprise else None,
        "medium": row.medium,
        "driver": row.driver,
        "url": row.url,
        "from": row.sender,
        "enabled": row.is_enabled,
        "quiet_hours": f"{row.quiet_from:%H:%M}-{row.quiet_until:%H:%M}" if is_quiet else None,
        "credentials": {
            name: _masked(row, name) for name in CREDENTIALS[row.driver] if name in row.credentials
        },
    }


def gateway_credential(row: MessageGateway, name: str) -> str:
    """A credential as it is; empty where none was set. ReportedError where its key is gone."""
    kept = str(row.credentials.get(name, ""))
    return unseal(kept, bound_to=_binding(row, name)) if kept else ""


def usable_credential(row: MessageGateway, name: str) -> str:
    """A credential for who sends by it; empty where none was set. Raises NotSent where its key is gone."""
    try:
        return gateway_credential(row, name)
    except ReportedError as error:
        raise NotSent(f"{name}: {error}", reason=MessageReason.NO_KEY) from error


def is_address(url: str, schemes: Collection[str]) -> bool:
    """Whether it names a host by one of the schemes, and a port that there is, if any."""
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _binding(row: MessageGateway, name: str) -> dict[str, str]:
    return {
        "message_gateway": row.medium,
        "enterprise": str(row.enterprise_id or ""),
        "url": row.url,
        "name": name,
    }


def _masked(row: MessageGateway, name: str) -> str:
    try:
        value = gateway_credential(row, name)
    except ReportedError:
        # It is entered anew by `set`, which shows what was there before.
        return _UNREADABLE
    if name in _OPEN:
        return value
    return "****" + (value[-4:] if len(value) >= _SHOWS_END_FROM else "")


def _put(row: MessageGateway, name: str, value: str) -> None:
    if name not in CREDENTIALS[row.driver] or not value.isprintable() or not 0 < len(value) <= _LONGEST:
        raise ReportedError(
            Sentence(_("The credential {name} is unknown, empty or too long."), name=name), code="credential"
        )
    row.credentials[name] = seal(value, bound_to=_binding(row, name))


def _require_sense(row: MessageGateway) -> None:
    fits = {"log": ("sms", "email"), "eskiz": ("sms",), "smtp": ("email",)}
    if row.medium not in fits.get(row.driver, ()):
        raise ReportedError(
            Sentence(_("{driver} carries no {medium}."), driver=row.driver or "?", medium=row.medium),
            code="driver",
        )
    if row.driver in _SCHEMES and not is_address(row.url, _SCHEMES[row.driver]):
        raise ReportedError(
            Sentence(
                _("{url} is no address of a gateway; it begins with {schemes}."),
                url=row.url,
                schemes=", ".join(f"{scheme}://" for scheme in _SCHEMES[row.driver]),
            ),
            code="url",
        )
