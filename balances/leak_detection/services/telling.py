"""Alarms of found leaks, through the outbox of the sensors' alarms."""

from balances.leak_detection.selectors.zone_hours import MeasuredZone
from balances.models import LeakEvent
from gis_core.models import User
from sensors.alarms.services.lifecycle import Sample, clear_alarm, open_alarm, raise_alarm
from sensors.alarms.services.rules import add_alarm_rule
from sensors.models import AlarmKind, AlarmRule, AlarmSeverity, AlarmState, Datastream, NotificationChannel

RULE_NAME = "Leak found"
# The rule judges no values: it is switched off for them, and its limit is one that no flow meets.
_NO_FLOW_MEETS = 1e9


def leak_rule(event: LeakEvent, acting_user: User | None) -> AlarmRule:
    """The rule under which leaks of the event's network are told; made with the channels of its division."""
    rule = AlarmRule.objects.filter(name=RULE_NAME, network_id=event.network_id).order_by("pk").first()
    if rule is not None:
        return rule
    division = event.network.division
    return add_alarm_rule(
        acting_user=acting_user,
        channels=list(NotificationChannel.objects.filter(division=division, is_enabled=True)),
        name=RULE_NAME,
        division=division,
        network=event.network,
        observed_property="flow",
        kind=AlarmKind.LIMIT,
        severity=AlarmSeverity.CRITICAL,
        high=_NO_FLOW_MEETS,
        is_enabled=False,
    )


def tell_of_leak(event: LeakEvent, measured: MeasuredZone, acting_user: User | None) -> None:
    """Raise the alarm of a new event at the zone's first meter. Must run inside the transaction that made the event.

    A meter has one open alarm of a rule: that of a leak before it is cleared, so that this one is told, too.
    """
    rule = leak_rule(event, acting_user)
    stream = Datastream.objects.get(pk=measured.streams.meters[0].datastream_id)
    alarm = open_alarm(rule, stream.pk)
    sample = Sample(time=event.detected_at, since=event.started_at, value=event.size_m3h)
    if alarm is not None and alarm.state != AlarmState.CLEARED:
        note = f"leak event {event.uid} follows"
        clear_alarm(alarm=alarm, sample=None, acting_user=acting_user, note=note, is_told=False)
    raise_alarm(rule=rule, datastream=stream, sample=sample)
