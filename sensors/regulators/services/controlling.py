"""What a regulator is to hold now: override, schedule or the pressure at its critical point; and the command for it.

The controller is an incremental one: outside of the band the set-point moves by gain times the error, at most one step
at a time, and only on a value newer than the answer to the command before, so that no value is acted on twice.
It keeps nothing of its own that could wind up: what it moves is what the device said it holds.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Figure, Sentence, Word
from sensors.models import (
    CommandSource,
    CommandState,
    MqttMessage,
    QualityFlag,
    Regulator,
    RegulatorCommand,
    RegulatorMode,
    SetPointEntry,
    Severity,
)
from sensors.models.regulators import CLOCK_TOLERANCE
from sensors.quality.services.reading import newest_final
from sensors.regulators.services.signing import NO_KEY, is_signed, may_be_commanded, new_nonce, signed

# Set-points closer than this are the same.
SAME = 1e-6
# A critical point with fewer values within `stuck_after_s` is not called stuck.
FEWEST_STUCK = 3
NO_LIMITS = "its first limits wait for a second person"
MISTRUSTED = (Severity.SUSPECT, Severity.FAIL)


@dataclass(frozen=True)
class Wish:
    """What a regulator is to hold, who says so (a CommandSource) and why."""

    set_point: float
    source: str
    reason: str


@dataclass(frozen=True)
class RegulationResult:
    """How many regulators were looked at, commands given and commands that ran out of time."""

    regulators: int = 0
    commands: int = 0
    expired: int = 0


def regulate(*, now: datetime | None = None) -> RegulationResult:
    """Look at every enabled regulator once; each in a transaction of its own."""
    now = now or timezone.now()
    commands = expired = 0
    enabled = Regulator.objects.filter(is_enabled=True).order_by("pk").values_list("pk", flat=True)
    for pk in enabled:
        given, late = look_at(pk, now)
        commands, expired = commands + (given is not None), expired + late
    return RegulationResult(len(enabled), commands, expired)


@transaction.atomic
def look_at(
    regulator_id: int, now: datetime, *, acting_user: User | None = None
) -> tuple[RegulatorCommand | None, int]:
    """Give the regulator the next command it needs, if any: (the command, how many ran out of time)."""
    regulator = Regulator.objects.select_for_update(of=("self",)).get(pk=regulator_id)
    expired = _expire(regulator, now)
    wish = wish_of(regulator, now)
    regulator.looked_at = now
    regulator.following = wish.source if wish else ""
    regulator.following_reason = wish.reason[:200] if wish else "nothing to follow"
    regulator.save(update_fields=["looked_at", "following", "following_reason"])
    if wish is None or not regulator.is_enabled:
        return None, expired
    try:
        return _command(regulator, wish, now, acting_user), expired
    except ReportedError as error:
        # One whose key cannot be opened must not keep the others waiting.
        _say_why_not(regulator, error.message)
        return None, expired


def wish_of(regulator: Regulator, now: datetime) -> Wish | None:
    """What the regulator is to hold; None where nobody says anything."""
    if regulator.override_set_point is not None and regulator.is_overridden(now):
        return Wish(regulator.override_set_point, CommandSource.OVERRIDE, regulator.override_reason)
    if regulator.mode == RegulatorMode.SCHEDULE:
        return _scheduled(regulator, now, CommandSource.SCHEDULE, "")
    if regulator.mode == RegulatorMode.HOLD:
        return _held(regulator, now)
    return None


def _scheduled(regulator: Regulator, now: datetime, source: str, why: str) -> Wish | None:
    entry = scheduled_entry(list(regulator.schedule.all()), now.astimezone(ZoneInfo(regulator.time_zone)))
    if entry is None:
        return None
    told = Sentence(_("schedule from {starts_at}"), starts_at=f"{entry.starts_at:%H:%M}")
    return Wish(
        entry.set_point, source, Sentence(_("{why}; {schedule}"), why=why, schedule=told) if why else told
    )


def scheduled_entry(entries: list[SetPointEntry], local: datetime) -> SetPointEntry | None:
    """The entry that holds at a local time: the last one that began; looked for up to a week back.

    On a day that has entries of its own weekday, those for every day do not count.
    """
    for days_back in range(8):
        day = (local - timedelta(days=days_back)).date()
        own = [entry for entry in entries if entry.weekday == day.weekday()]
        of_day = own or [entry for entry in entries if entry.weekday is None]
        begun = [entry for entry in of_day if days_back or entry.starts_at <= local.time()]
        if begun:
            return max(begun, key=lambda entry: entry.starts_at)
    return None


def _held(regulator: Regulator, now: datetime) -> Wish:
    pressure_m, stamp, fault = critical_pressure(regulator, now)
    if fault or pressure_m is None or stamp is None:
        fallback = Wish(regulator.fallback_set_point, CommandSource.FALLBACK, fault)
        return _scheduled(regulator, now, CommandSource.FALLBACK, fault) or fallback
    target, band = regulator.target_m or 0.0, regulator.band_m or 0.0
    error = target - pressure_m
    told = Sentence(
        _("{pressure_m} m at the critical point, {target} m wanted"),
        pressure_m=Figure(pressure_m, ".2f"),
        target=Figure(target, "g"),
    )
    newest = regulator.commands.filter(state=CommandState.ACKNOWLEDGED).order_by("-pk").first()
    # The value must have been made after the device held what it holds. An answer of the future tells nothing:
    # the clock ran ahead then.
    answered_at = newest.answered_at if newest else None
    is_news = answered_at is None or stamp > answered_at or answered_at > now + CLOCK_TOLERANCE
    if abs(error) <= band or not is_news:
        return Wish(regulator.set_point, CommandSource.HOLD, told)
    return Wish(regulator.set_point + regulator.gain * error, CommandSource.HOLD, told)


def critical_pressure(regulator: Regulator, now: datetime) -> tuple[float | None, datetime | None, str]:
    """(metres of water, its stamp, what is wrong): with something wrong the pressure is not to be acted on."""
    stream = regulator.critical_stream
    if stream is None or stream.deleted_at is not None:
        return None, None, Sentence(_("there is no critical point"))
    latest = getattr(stream, "latest", None)
    if latest is None:
        return None, None, Sentence(_("the critical point never reported"))
    time, value = latest.time, latest.value
    # Values of the future may be left from a clock that ran ahead; those that come since are right again.
    if time > now + CLOCK_TOLERANCE:
        since = now - timedelta(seconds=regulator.silent_after_s)
        newest = newest_final(stream.pk, since, now + CLOCK_TOLERANCE)
        if newest is None:
            return None, None, Sentence(_("the critical point's clock is ahead"))
        time, value = newest
    age_s = (now - time).total_seconds()
    if age_s > regulator.silent_after_s:
        return (
            None,
            None,
            Sentence(_("the critical point is silent for {age} minutes"), age=Figure(age_s / 60, ".0f")),
        )
    fault = _mistrusted(regulator, time)
    return (None, None, fault) if fault else (value * stream.unit_factor, time, "")


def _mistrusted(regulator: Regulator, time: datetime) -> str:
    flag = QualityFlag.objects.filter(
        datastream=regulator.critical_stream_id, time=time, cleared_at=None, severity__in=MISTRUSTED
    ).first()
    if flag is not None:
        return Sentence(
            _("the critical point's value is flagged: {rule}"), rule=Word(flag.get_rule_display())
        )
    return Sentence(_("the critical point shows one value only")) if _is_stuck(regulator, time) else ""


def _is_stuck(regulator: Regulator, until: datetime) -> bool:
    since = until - timedelta(seconds=regulator.stuck_after_s)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), min(value) = max(value), min(time) "
            "  FROM sensors_final(ARRAY[%s]::bigint[], %s, %s, 'infinity')",
            [regulator.critical_stream_id, since, until + timedelta(microseconds=1)],
        )
        count, is_same, first = cursor.fetchone()
    # Only where the values fill the time: two values of one minute show nothing.
    return bool(
        count >= FEWEST_STUCK and is_same and (until - first).total_seconds() >= 0.8 * regulator.stuck_after_s
    )


def next_set_point(regulator: Regulator, wanted: float) -> float:
    """The set-point that may be commanded on the way to the wanted one: within the limits, and one step at most."""
    least, most = regulator.minimum_set_point, regulator.maximum_set_point
    wanted = min(max(wanted, least), most)
    if not least <= regulator.set_point <= most:
        # What is unsafe is brought back to the nearest limit first, in one go.
        return min(max(regulator.set_point, least), most)
    step = min(max(wanted - regulator.set_point, -regulator.maximum_step), regulator.maximum_step)
    return min(max(regulator.set_point + step, least), most)


def _command(
    regulator: Regulator, wish: Wish, now: datetime, acting_user: User | None
) -> RegulatorCommand | None:
    set_point = next_set_point(regulator, wish.set_point)
    if abs(set_point - regulator.set_point) < SAME:
        return None
    if not regulator.limits_confirmed:
        _say_why_not(regulator, f"no command is given: {NO_LIMITS}")
        return None
    if not may_be_commanded(regulator):
        _say_why_not(regulator, f"no command is given: {NO_KEY}")
        return None
    last = regulator.commands.order_by("-pk").first()
    interval = timedelta(seconds=regulator.minimum_interval_s)
    # One of the future was made by a clock that has been set back since.
    if last is not None and -CLOCK_TOLERANCE < now - last.made_at < interval:
        return None
    made = RegulatorCommand(
        regulator=regulator,
        division_id=regulator.division_id,
        source=wish.source,
        reason=wish.reason[:300] or wish.source,
        previous_set_point=regulator.set_point,
        set_point=set_point,
        minimum_set_point=regulator.minimum_set_point,
        maximum_set_point=regulator.maximum_set_point,
        made_by=acting_user,
        made_at=now,
        expires_at=now + timedelta(seconds=regulator.answer_within_s),
        nonce=new_nonce() if is_signed(regulator) else "",
    )
    payload = {
        "command": str(made.uid),
        "regulator": regulator.code,
        "set_point": set_point,
        "unit": regulator.unit,
        "made_at": now.isoformat(),
        "expires_at": made.expires_at.isoformat(),
    }
    if made.nonce:
        payload["nonce"] = made.nonce
    text = signed(regulator, regulator.command_topic, payload)
    # The newer command takes the place of one that was not answered yet.
    regulator.commands.filter(state__in=[CommandState.PENDING, CommandState.SENT]).update(
        state=CommandState.EXPIRED, answer="replaced by a newer command"
    )
    made.save()
    MqttMessage.objects.create(
        topic=regulator.command_topic, payload=text, qos=1, expires_at=made.expires_at, command=made
    )
    return made


def _say_why_not(regulator: Regulator, why: str) -> None:
    """Beside what it would follow, why it is not told to."""
    regulator.following_reason = f"{regulator.following_reason}; {why}"[:200]
    regulator.save(update_fields=["following_reason"])


def _expire(regulator: Regulator, now: datetime) -> int:
    is_over = Q(expires_at__lt=now) | Q(made_at__gt=now + CLOCK_TOLERANCE)
    return regulator.commands.filter(is_over, state__in=[CommandState.PENDING, CommandState.SENT]).update(
        state=CommandState.EXPIRED, answer="not answered in time"
    )
