"""Registering regulators, their schedules, and overrides by hand; nothing outside of the safe limits gets in."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from assets.models import Node
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from gis_core.sentences import Figure, Sentence
from gis_core.services.audit import record_change
from sensors.feeds.services.topic_prefixes import TopicOwners
from sensors.models import Regulator, RegulatorCommand, RegulatorMode, SetPointEntry
from sensors.models.regulators import LONGEST_OVERRIDE, REGULATED_KINDS
from sensors.regulators.services.controlling import look_at
from sensors.regulators.services.limits import LIMITS, propose_limits, require_below_ceiling
from sensors.regulators.services.refusals import refusal_of_regulator

SETTINGS = (
    "name", "mode", "is_enabled", "minimum_interval_s", "fallback_set_point", "critical_stream", "target_m", "band_m",
    "gain", "silent_after_s", "stuck_after_s", "time_zone", "answer_within_s",
)  # fmt: skip
# What was chosen with the device. Its limits are changed by two people (services.limits).
FIXED = ("unit", "minimum_set_point", "maximum_set_point", "maximum_step", "command_topic", "answer_topic")
FIRST_LIMITS = _("the limits that it was registered with")
COMMAND_TOPIC = "{prefix}/regulators/{code}/command"
ANSWER_TOPIC = "{prefix}/regulators/{code}/answer"


@transaction.atomic
def add_regulator(*, node: Node, acting_user: User | None, **values: Any) -> Regulator:
    """Register a regulator at a node; `values` are fields of Regulator, `set_point` what the device holds now.

    Its topics follow from its code and the prefix of its division. Its limits are proposed with it, by whoever
    registers it; it is commanded once somebody else has confirmed them (services.limits) and it has a key. Raises
    ReportedError (`not_regulated`, `bad_regulator`, `above_ceiling`).
    """
    if node.kind not in REGULATED_KINDS:
        raise ReportedError(
            Sentence(
                _("{node} is not a device with a set-point ({regulated_kinds})."),
                node=node,
                regulated_kinds=", ".join(REGULATED_KINDS),
            ),
            code="not_regulated",
        )
    regulator = Regulator(node=node, node_kind=node.kind, division_id=node.division_id, **values)
    regulator.command_topic, regulator.answer_topic = topics_of(regulator.code, node.division)
    require_below_ceiling(node.kind, regulator.unit, regulator.maximum_set_point)
    _save(regulator)
    _audit(regulator, "add regulator", acting_user)
    if acting_user is not None:
        propose_limits(regulator=regulator, reason=FIRST_LIMITS, acting_user=acting_user)
    return regulator


@transaction.atomic
def change_regulator(*, regulator: Regulator, acting_user: User | None, **values: Any) -> Regulator:
    """Change settings. Raises ReportedError (`bad_regulator`); limits still hold schedule and fallback."""
    row = _locked(regulator)
    if row.override_until is not None and not row.is_overridden(timezone.now()):
        # One that is over must not stand in the way of new limits.
        row.override_set_point = row.override_until = row.override_by = None
        row.override_reason = ""
    old = _told(row)
    for name, value in values.items():
        if name in LIMITS and name != "fallback_set_point":
            raise ReportedError(
                Sentence(_("Limits are proposed by one person and confirmed by another.")),
                code="limits_need_two",
            )
        if name not in SETTINGS:
            raise ReportedError(
                Sentence(_("{name} of a regulator does not change."), name=name), code="bad_regulator"
            )
        setattr(row, name, value)
    _save(row)
    _audit(row, "change regulator", acting_user, old)
    return row


@transaction.atomic
def set_schedule(
    *, regulator: Regulator, entries: Sequence[tuple[int | None, time, float]], acting_user: User | None
) -> list[SetPointEntry]:
    """Replace the schedule by (weekday or None, local time, set-point). Raises ReportedError (`outside_safe_limits`,
    `bad_schedule`)."""
    row = _locked(regulator)
    for _weekday, _starts_at, set_point in entries:
        _refuse_unsafe(row, set_point)
    if len({(weekday, starts_at) for weekday, starts_at, _set_point in entries}) != len(entries):
        raise ReportedError(Sentence(_("The schedule names one time twice.")), code="bad_schedule")
    old = [_entry_told(entry) for entry in row.schedule.all()]
    row.schedule.all().delete()
    made = SetPointEntry.objects.bulk_create(
        SetPointEntry(regulator=row, weekday=weekday, starts_at=starts_at, set_point=set_point)
        for weekday, starts_at, set_point in entries
    )
    record_change(
        acting_user=acting_user,
        action="set schedule of regulator",
        subject=row,
        subject_id=row.code,
        division=row.division,
        old_values={"schedule": old},
        new_values={"schedule": [_entry_told(entry) for entry in made]},
    )
    return made


@transaction.atomic
def override_set_point(
    *,
    regulator: Regulator,
    set_point: float,
    until: datetime,
    reason: str,
    acting_user: User,
    now: datetime | None = None,
) -> RegulatorCommand | None:
    """Hold a set-point by hand until an instant; the first command towards it, if one may be given now.

    Raises ReportedError (`outside_safe_limits`, `no_reason`, `bad_until`, `regulator_disabled`).
    """
    now = now or timezone.now()
    row = _locked(regulator)
    if not row.is_enabled:
        raise ReportedError(Sentence(_("The regulator is switched off.")), code="regulator_disabled")
    _refuse_unsafe(row, set_point)
    if not reason.strip():
        raise ReportedError(Sentence(_("An override needs a reason.")), code="no_reason")
    if not now < until <= now + LONGEST_OVERRIDE:
        raise ReportedError(Sentence(_("An override ends in the next seven days.")), code="bad_until")
    row.override_set_point, row.override_until = set_point, until
    row.override_reason, row.override_by = reason.strip()[:300], acting_user
    row.save()
    record_change(
        acting_user=acting_user,
        action="override regulator",
        subject=row,
        subject_id=row.code,
        division=row.division,
        new_values={"set_point": set_point, "until": until.isoformat(), "reason": row.override_reason},
    )
    return look_at(row.pk, now, acting_user=acting_user)[0]


@transaction.atomic
def end_override(*, regulator: Regulator, acting_user: User) -> Regulator:
    """Let the regulator follow its mode again. Raises ReportedError (`no_override`)."""
    row = _locked(regulator)
    if row.override_set_point is None:
        raise ReportedError(Sentence(_("The regulator is not overridden.")), code="no_override")
    row.override_set_point = row.override_until = row.override_by = None
    row.override_reason = ""
    row.save()
    record_change(
        acting_user=acting_user,
        action="end override of regulator",
        subject=row,
        subject_id=row.code,
        division=row.division,
        new_values={},
    )
    return row


def topics_of(code: str, division: Division) -> tuple[str, str]:
    """The topics of commands and of answers. Raises ReportedError (`bad_regulator`) for a code that can be no level."""
    if not code or any(sign in "+#/" or not sign.isprintable() for sign in code):
        raise ReportedError(
            Sentence(_("The code of a regulator is a level of its topics: it has no +, # or /.")),
            code="bad_regulator",
        )
    prefix = TopicOwners().usual_of(division)
    if prefix is None:
        raise ReportedError(
            Sentence(
                _(
                    "No topics of the broker belong to {division} or a division above it; an administrator gives a "
                    "prefix (manage.py topic_prefix set)."
                ),
                division=division.code,
            ),
            code="bad_regulator",
        )
    return COMMAND_TOPIC.format(prefix=prefix, code=code), ANSWER_TOPIC.format(prefix=prefix, code=code)


def _locked(regulator: Regulator) -> Regulator:
    return Regulator.objects.select_for_update(of=("self",)).select_related("division").get(pk=regulator.pk)


def _refuse_unsafe(regulator: Regulator, set_point: float) -> None:
    if not regulator.minimum_set_point <= set_point <= regulator.maximum_set_point:
        raise ReportedError(
            Sentence(
                _(
                    "{set_point} {unit} is outside of the safe limits, {minimum_set_point} to "
                    "{maximum_set_point} {unit}."
                ),
                set_point=Figure(set_point, "g"),
                unit=regulator.unit,
                minimum_set_point=Figure(regulator.minimum_set_point, "g"),
                maximum_set_point=Figure(regulator.maximum_set_point, "g"),
            ),
            code="outside_safe_limits",
        )


def _save(regulator: Regulator) -> None:
    try:
        ZoneInfo(regulator.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ReportedError(
            Sentence(_("{time_zone} is not a time zone."), time_zone=repr(regulator.time_zone)),
            code="bad_regulator",
        ) from None
    if regulator.mode == RegulatorMode.HOLD:
        stream = regulator.critical_stream
        if stream is None or stream.observed_property != "pressure":
            raise ReportedError(
                Sentence(_("The critical point is a datastream of pressure.")), code="bad_regulator"
            )
    try:
        with transaction.atomic():
            regulator.save()
    except IntegrityError as error:
        raise refusal_of_regulator(error) from error


def _told(regulator: Regulator) -> dict[str, Any]:
    told = {name: getattr(regulator, name) for name in (*SETTINGS, *FIXED) if name != "critical_stream"}
    return {**told, "critical_stream": regulator.critical_stream.code if regulator.critical_stream else None}


def _entry_told(entry: SetPointEntry) -> list[Any]:
    return [entry.weekday, entry.starts_at.isoformat(), entry.set_point]


def _audit(
    regulator: Regulator, action: str, acting_user: User | None, old: dict[str, Any] | None = None
) -> None:
    record_change(
        acting_user=acting_user,
        action=action,
        subject=regulator,
        subject_id=regulator.code,
        division=regulator.division,
        old_values=old,
        new_values={**_told(regulator), "set_point": regulator.set_point},
    )
