"""Making and changing alarm rules and notification channels."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop as _

from gis_core.database.refusals import primary_of
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from sensors.alarms.services.evaluating import forget_watches, watch_streams
from sensors.models import AlarmKind, AlarmRule, ChannelKind, NotificationChannel

SETTINGS = (
    "name", "kind", "severity", "low", "high", "hysteresis", "raise_after_s", "clear_after_s", "silent_after_s",
    "night_from", "night_to", "is_enabled",
)  # fmt: skip


@transaction.atomic
def add_alarm_rule(
    *, channels: Sequence[NotificationChannel] = (), acting_user: User | None, **values: Any
) -> AlarmRule:
    """Make a rule; `values` are fields of AlarmRule. Raises ReportedError (`bad_alarm_rule`)."""
    datastream = values.get("datastream")
    rule = AlarmRule(**values)
    if datastream is not None:
        rule.division_id = datastream.division_id
    _save(rule)
    rule.refresh_from_db()
    rule.channels.set(channels)
    watch_streams(rule)
    _audit(rule, "add alarm rule", acting_user)
    return rule


@transaction.atomic
def change_alarm_rule(
    *,
    rule: AlarmRule,
    channels: Sequence[NotificationChannel] | None = None,
    acting_user: User | None,
    **values: Any,
) -> AlarmRule:
    """Change a rule's settings. Its alarms are cleared, and it starts anew. Raises ReportedError (`bad_alarm_rule`)."""
    row = AlarmRule.objects.select_for_update(of=("self",)).select_related("division").get(pk=rule.pk)
    old = _told(row)
    for name, value in values.items():
        if name not in SETTINGS:
            raise ReportedError(
                Sentence(_("{name} of a rule does not change; make another rule."), name=name),
                code="bad_alarm_rule",
            )
        setattr(row, name, value)
    _save(row)
    if channels is not None:
        row.channels.set(channels)
    if any(name not in ("name", "severity") for name in values):
        forget_watches(
            row, acting_user, "the rule was changed" if row.is_enabled else "the rule was switched off"
        )
        if row.is_enabled:
            watch_streams(row)
    _audit(row, "change alarm rule", acting_user, old)
    return row


def _save(rule: AlarmRule) -> None:
    fault = _fault(rule)
    if fault is not None:
        raise ReportedError(
            Sentence(_("The rule cannot be used: {fault}."), fault=fault), code="bad_alarm_rule"
        )
    try:
        with transaction.atomic():
            rule.save()
    except IntegrityError as error:
        raise ReportedError(
            Sentence(_("The rule cannot be used: {error}"), error=primary_of(error)), code="bad_alarm_rule"
        ) from None


def _fault(rule: AlarmRule) -> Sentence | None:
    """The first thing that does not fit together, in words; the database refuses the same."""
    has_limit = rule.low is not None or rule.high is not None
    has_night = rule.night_from is not None and rule.night_to is not None
    is_missing, is_night = rule.kind == AlarmKind.MISSING, rule.kind == AlarmKind.NIGHT_MINIMUM
    is_inverted = (
        rule.low is not None and rule.high is not None and rule.high < rule.low + 2 * rule.hysteresis
    )
    checks = (
        (
            (rule.datastream_id is None) == (rule.observed_property == ""),
            Sentence(_("name either a datastream or an observed property")),
        ),
        (
            is_missing and (not rule.silent_after_s or has_limit),
            Sentence(_("a rule of missing data takes silent_after_s above 0, and no limits")),
        ),
        (
            not is_missing and (not has_limit or rule.silent_after_s is not None),
            Sentence(_("give low or high, and no silent_after_s")),
        ),
        (is_night != has_night, Sentence(_("night_from and night_to go with a night minimum"))),
        (has_night and rule.night_from == rule.night_to, Sentence(_("the night must not be empty"))),
        (rule.hysteresis < 0, Sentence(_("hysteresis must not be below 0"))),
        (is_inverted, Sentence(_("low must be below high by twice the hysteresis"))),
    )
    return next((said for is_so, said in checks if is_so), None)


def _told(rule: AlarmRule) -> dict[str, Any]:
    told = {name: getattr(rule, name) for name in SETTINGS}
    return {name: str(value) if name.startswith("night") and value else value for name, value in told.items()}


def _audit(rule: AlarmRule, action: str, acting_user: User | None, old: dict[str, Any] | None = None) -> None:
    record_change(
        acting_user=acting_user,
        action=action,
        subject=rule,
        division=rule.division,
        old_values=old,
        new_values=_told(rule),
    )


@transaction.atomic
def set_channel(
    *,
    channel: NotificationChannel | None,
    division: Division,
    acting_user: User | None,
    **values: Any,
) -> NotificationChannel:
    """Make or change a channel: `name`, `kind`, `target`, `secret`, `language`, `is_enabled`.

    Raises ReportedError (`bad_channel`): addresses must be e-mail addresses; a webhook an http(s) URL without
    credentials.
    Whether its host may be reached is looked at when something is sent.
    """
    row = channel or NotificationChannel(division=division)
    for name, value in values.items():
        setattr(row, name, value)
    _check_target(row)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise ReportedError(
            Sentence(_("There is a channel {row} already."), row=repr(row.name)), code="bad_channel"
        ) from None
    record_change(
        acting_user=acting_user,
        action="change notification channel" if channel else "add notification channel",
        subject=row,
        division=division,
        new_values={
            "name": row.name,
            "kind": row.kind,
            "target": row.target,
            "language": row.language,
            "is_enabled": row.is_enabled,
        },
    )
    return row


def addresses_of(channel: NotificationChannel) -> list[str]:
    """The e-mail addresses of a channel."""
    return [part.strip() for part in channel.target.split(",") if part.strip()]


def _check_target(channel: NotificationChannel) -> None:
    if channel.kind == ChannelKind.EMAIL:
        try:
            for address in addresses_of(channel):
                validate_email(address)
        except ValidationError:
            raise ReportedError(
                Sentence(_("{target} is not a list of e-mail addresses."), target=repr(channel.target)),
                code="bad_channel",
            ) from None
        if not addresses_of(channel):
            raise ReportedError(Sentence(_("Give at least one e-mail address.")), code="bad_channel")
        return
    try:
        parts = urlsplit(channel.target)
        is_sane = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_sane = False
    if not is_sane or parts.username or parts.password or any(c.isspace() for c in channel.target):
        raise ReportedError(
            Sentence(_("A webhook is an http or https URL without a user name.")), code="bad_channel"
        )
