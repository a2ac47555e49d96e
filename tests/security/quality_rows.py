# ruff: noqa: E501 - an attack is one statement
"""Rows of quality, alarms and regulators for the tests of access, of query counts and of the database's guards."""

from datetime import UTC, datetime
from typing import Any

from assets.models import Node
from gis_core.access import Capability
from gis_core.models import User
from sensors.models import (
    Alarm,
    AlarmEvent,
    AlarmRule,
    Datastream,
    LimitProposal,
    MqttMessage,
    Notification,
    NotificationChannel,
    QualityFlag,
    QualityRule,
    Regulator,
    RegulatorCommand,
    SetPointEntry,
    Thing,
)
from tests.world import World

C = Capability
_TIME = datetime(2026, 1, 5, tzinfo=UTC)
_VIEWED = (
    "quality-rule",
    "quality-flag",
    "alarm",
    "alarm-rule",
    "regulator",
    "regulator-command",
    "limit-proposal",
)
# What an operator does with a regulator, at addresses that take POST only (and DELETE).
_OPERATED = (
    *(f"regulator-{name}" for name in ("schedule", "override", "key", "limits")),
    *(f"limit-proposal-{name}" for name in ("confirm", "withdraw")),
)
_KEPT = ("notification-channel", "notification")

QUALITY_EXPECTED: dict[str, Capability] = {
    **{f"{name}-{form}": C.VIEW_SENSORS for name in _VIEWED for form in ("list", "detail")},
    **{f"{name}-{form}": C.EDIT_SENSORS for name in _KEPT for form in ("list", "detail")},
    "alarm-journal": C.VIEW_SENSORS,
    **dict.fromkeys(("alarm-acknowledge", "alarm-clear", "alarm-close"), C.HANDLE_ALARMS),
    **dict.fromkeys(_OPERATED, C.OPERATE_REGULATORS),
    "datastream-estimates": C.EDIT_SERIES,
}
QUALITY_WRITES: dict[str, Capability] = {
    **dict.fromkeys(("alarm-acknowledge", "alarm-clear", "alarm-close"), C.HANDLE_ALARMS),
    **dict.fromkeys((*_OPERATED, "regulator-list"), C.OPERATE_REGULATORS),
    **dict.fromkeys(("quality-rule-list", "alarm-rule-list", "notification-channel-list"), C.EDIT_SENSORS),
    "datastream-estimates": C.EDIT_SERIES,
}
# What the row's own state may refuse, when another role was there before.
QUALITY_MAY_NOT_FIT = (
    "alarm-acknowledge",
    "alarm-clear",
    "alarm-close",
    "regulator-override",
    "regulator-list",
    "regulator-limits",
    "limit-proposal-confirm",
    "limit-proposal-withdraw",
)
QUALITY_TABLES = (
    QualityRule,
    Alarm,
    AlarmEvent,
    AlarmRule,
    NotificationChannel,
    Notification,
    Regulator,
    RegulatorCommand,
    LimitProposal,
    SetPointEntry,
    MqttMessage,
)


def add_quality_rows(world: World, numbers: range) -> dict[str, list[Any]]:
    """As many rows of each table as there are numbers, by their table's name; a datastream of its own for each."""
    district, code = world.district, world.network.code
    things = Thing.objects.bulk_create(
        Thing(division=district, code=f"{code}:Q{number}", name="x") for number in numbers
    )
    streams = Datastream.objects.bulk_create(
        Datastream(thing=thing, division=district, code=thing.code, observed_property="pressure", unit="m")
        for thing in things
    )
    rules = AlarmRule.objects.bulk_create(
        AlarmRule(division=district, datastream=stream, name=stream.code, kind="limit", high=1)
        for stream in streams
    )
    alarms = Alarm.objects.bulk_create(
        Alarm(rule=rule, datastream=rule.datastream, division=district, severity="warning", started_at=_TIME)
        for rule in rules
    )
    events = AlarmEvent.objects.bulk_create(AlarmEvent(alarm=alarm, action="raised") for alarm in alarms)
    channels = NotificationChannel.objects.bulk_create(
        NotificationChannel(
            division=district, name=f"{code} {number}", kind="email", target=f"{code}@example.com"
        )
        for number in numbers
    )
    nodes = Node.objects.bulk_create(
        Node(
            network=world.network,
            division=district,
            code=f"Q{number}",
            kind="pumping_station",
            geom=world.nodes["A"].geom,
        )
        for number in numbers
    )
    regulators = Regulator.objects.bulk_create(
        Regulator(
            node=node,
            node_kind=node.kind,
            division=district,
            code=f"{code}:Q{number}",
            command_topic=f"{code}/{number}/command",
            answer_topic=f"{code}/{number}/answer",
            **_LIMITS,
        )
        for number, node in zip(numbers, nodes, strict=True)
    )
    proposer, _is_new = User.objects.get_or_create(username="proposer")
    _confirm_limits(regulators, proposer)
    return {
        "limit-proposal": LimitProposal.objects.bulk_create(
            LimitProposal(
                regulator=regulator,
                division=district,
                minimum_set_point=25,
                maximum_set_point=70,
                maximum_step=3,
                fallback_set_point=45,
                reason="x",
                proposed_by=proposer,
            )
            for regulator in regulators
        ),
        "stream": streams,
        "alarm-rule": rules,
        "alarm": alarms,
        "notification-channel": channels,
        "notification": Notification.objects.bulk_create(
            Notification(event=event, channel=channel)
            for event, channel in zip(events, channels, strict=True)
        ),
        "quality-rule": QualityRule.objects.bulk_create(
            QualityRule(division=district, datastream=stream, rule="range", parameters={"fail_maximum": 1})
            for stream in streams
        ),
        "quality-flag": QualityFlag.objects.bulk_create(
            QualityFlag(datastream=stream, time=_TIME, rule="range", severity="fail") for stream in streams
        ),
        "regulator": regulators,
        "schedule": SetPointEntry.objects.bulk_create(
            SetPointEntry(regulator=regulator, starts_at="06:00", set_point=40) for regulator in regulators
        ),
        "regulator-command": RegulatorCommand.objects.bulk_create(
            RegulatorCommand(
                regulator=regulator,
                division=district,
                source="hold",
                reason="x",
                previous_set_point=40,
                set_point=41,
                minimum_set_point=20,
                maximum_set_point=60,
                expires_at=_TIME,
            )
            for regulator in regulators
        ),
    }


def _confirm_limits(regulators: list[Regulator], proposer: User) -> None:
    """Let the first limits of regulators be confirmed by another, so that they are commanded."""
    limits = {name: value for name, value in _LIMITS.items() if name != "set_point"}
    first = LimitProposal.objects.bulk_create(
        LimitProposal(
            regulator=regulator, division_id=regulator.division_id, reason="x", proposed_by=proposer, **limits
        )
        for regulator in regulators
    )
    confirmer, _is_new = User.objects.get_or_create(username="confirmer")
    LimitProposal.objects.filter(pk__in=[proposal.pk for proposal in first]).update(
        state="confirmed", decided_by=confirmer, decided_at=_TIME
    )
    Regulator.objects.filter(pk__in=[regulator.pk for regulator in regulators]).update(limits_confirmed=True)


_LIMITS = {
    "minimum_set_point": 20,
    "maximum_set_point": 60,
    "maximum_step": 2,
    "fallback_set_point": 45,
    "set_point": 40,
}


def quality_details(world: World) -> dict[str, dict[str, Any]]:
    """Address arguments of what names one row; the rows are made at first."""
    if not Alarm.objects.filter(division=world.district).exists():
        add_quality_rows(world, range(1))
    alarm = Alarm.objects.filter(division=world.district).earliest("pk")
    regulator = Regulator.objects.filter(division=world.district).earliest("pk")
    stream = alarm.datastream
    by_uid = {
        "alarm": alarm.uid,
        "alarm-rule": alarm.rule.uid,
        "notification-channel": NotificationChannel.objects.filter(division=world.district)
        .earliest("pk")
        .uid,
        "notification": Notification.objects.filter(event__alarm=alarm).get().uid,
        "quality-rule": QualityRule.objects.get(datastream=stream).uid,
        "regulator": regulator.uid,
        "regulator-command": RegulatorCommand.objects.filter(regulator=regulator).earliest("pk").uid,
    }
    proposal = LimitProposal.objects.filter(regulator=regulator).earliest("pk")
    return {
        **{f"limit-proposal-{name}": {"uid": proposal.uid} for name in ("detail", "confirm", "withdraw")},
        **{f"{name}-detail": {"uid": uid} for name, uid in by_uid.items()},
        "quality-flag-detail": {"pk": QualityFlag.objects.get(datastream=stream).pk},
        **{f"alarm-{name}": {"uid": alarm.uid} for name in ("journal", "acknowledge", "clear", "close")},
        **{f"regulator-{name}": {"uid": regulator.uid} for name in ("schedule", "override", "key", "limits")},
        # Its page.
        "regulator": {"uid": regulator.uid},
        "datastream-estimates": {"uid": stream.uid},
    }


def quality_writes(world: World) -> dict[str, dict[str, Any]]:
    """Bodies that are good in the world's own district."""
    quality_details(world)
    stream = Alarm.objects.filter(division=world.district).earliest("pk").datastream
    node = Node.objects.get(network=world.network, code="Q0")
    return {
        "alarm-acknowledge": {"note": "x"},
        "alarm-clear": {"note": "x"},
        "alarm-close": {"note": "x"},
        "quality-rule-list": {
            "datastream": str(stream.uid),
            "rule": "range",
            "parameters": {"fail_maximum": 100},
        },
        "alarm-rule-list": {"datastream": str(stream.uid), "name": "x", "kind": "limit", "high": 5},
        "notification-channel-list": {
            "division": world.district.code,
            "name": "new {unique}",
            "kind": "email",
            "target": "duty@example.com",
        },
        "regulator-list": {"node": str(node.uid), "code": "new {unique}", **_LIMITS},
        "regulator-schedule": {"entries": [{"starts_at": "07:00", "set_point": 40}]},
        "regulator-key": {},
        "regulator-limits": {"maximum_set_point": 65, "reason": "x"},
        "limit-proposal-confirm": {},
        "limit-proposal-withdraw": {},
        "regulator-override": {"set_point": 40, "until": "2026-01-05T00:00:00Z", "reason": "x"},
        "datastream-estimates": {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"},
    }


_STREAM = "(SELECT id FROM sensors_datastream WHERE code = 'N1:Q0')"
_ALIEN = "(SELECT id FROM gis_core_division WHERE code = 'ZANGIOTA')"


def _set(table: str, assignment: str) -> str:
    # Of the proposals the newest one is open.
    newest = " WHERE id = (SELECT max(id) FROM sensors_limitproposal)" if table == "limitproposal" else ""
    return f"UPDATE sensors_{table} SET {assignment}{newest}"


_NODE_OF_ANOTHER = (
    "INSERT INTO assets_node (uid, network_id, division_id, code, kind, lifecycle, geom) SELECT gen_random_uuid(), network_id, "
    "node.division_id, 'Q-X', node.kind, lifecycle, geom FROM assets_node node JOIN sensors_regulator ON node_id = node.id LIMIT 1; "
)


def _again(table: str, **changed: str) -> str:
    """The first row (of the proposals the newest, which is open) once more, with other values and a new uid where there is one."""
    values = ", ".join(f"'{name}', {value}" for name, value in changed.items())
    return (
        f"INSERT INTO sensors_{table} SELECT (jsonb_populate_record(row, jsonb_build_object('id', 1e9::bigint, "
        f"'uid', gen_random_uuid(){', ' if values else ''}{values}))).* FROM sensors_{table} row "
        f"{'WHERE id = (SELECT max(id) FROM sensors_limitproposal) ' if table == 'limitproposal' else ''}LIMIT 1"
    )


def _several(table: str, *assignments: str) -> list[str]:
    return [_set(table, assignment) for assignment in assignments]


def _ceiling(kind: str, unit: str, greatest: str) -> str:
    return (
        f"INSERT INTO sensors_setpointceiling (node_kind, unit, greatest) VALUES ({kind}, {unit}, {greatest})"
    )


_SOMEBODY = "(SELECT id FROM gis_core_user WHERE username = 'clerk')"
_CONFIRM = _set("limitproposal", f"state = 'confirmed', decided_by_id = {_SOMEBODY}, decided_at = now()")
_HOLD = "mode = 'hold', critical_stream_id = " + _STREAM


def _message(
    topic: str = "regulator.command_topic",
    command: str = "command.uid",
    set_point: str = "command.set_point",
    sent_at: str = "NULL",
) -> str:
    """What a device is told of the pending command; true where nothing else is given."""
    return (
        "INSERT INTO sensors_mqttoutbox (topic, payload, command_id, sent_at) "
        f"SELECT {topic}, jsonb_build_object('command', {command}, 'set_point', {set_point}), command.id, {sent_at} "
        "FROM sensors_regulatorcommand command JOIN sensors_regulator regulator ON regulator.id = command.regulator_id "
        "WHERE command.state = 'pending'"
    )


QUALITY_ATTACKS: dict[str, list[str]] = {
    "quality_rule_known": _several("qualityrule", "rule = 'magic'"),
    "quality_rule_scope": _several("qualityrule", f"datastream_id = {_STREAM}, division_id = NULL"),
    "quality_rule_once_a_datastream": [_again("qualityrule", **{"datastream_id": _STREAM, "rule": "'range'",
        "observed_property": "''", "kind": "''", "division_id": "(SELECT division_id FROM sensors_datastream WHERE code = 'N1:Q0')"})],
    "quality_rule_once_a_kind": [_again("qualityrule", **{"datastream_id": "NULL::bigint", "division_id": "NULL::bigint",
        "rule": "'gap'", "observed_property": "''", "kind": "''"})],
    "quality_rule_parameters_object": _several("qualityrule", "parameters = '[]'"),
    "quality_rule_datastream_division": [f"{_set('qualityrule', 'division_id = ' + _ALIEN)} WHERE datastream_id IS NOT NULL"],
    "quality_flag_rule_known": [_again("qualityflag", rule="'magic'")],
    "quality_flag_severity_known": [_again("qualityflag", severity="'bad'", rule="'gap'")],
    "quality_flag_span_runs_forward": [_again("qualityflag", end_time="time", rule="'gap'")],
    "quality_flag_cleared_later": [_set("qualityflag", "cleared_at = made_at - interval '1 second'")],
    "quality_flag_holds_once": [_again("qualityflag")],
    "quality_flag_is_only_cleared": [
        _set("qualityflag", "severity = 'note'"),
        _set("qualityflag", "cleared_at = now(), rule = 'gap'"),
        "DELETE FROM sensors_qualityflag",
        f"{_set('qualityflag', 'cleared_at = now()')}; {_set('qualityflag', 'cleared_at = NULL')}",
    ],
    "quality_flag_is_not_truncated": ["TRUNCATE sensors_qualityflag"],
    "unchecked_bucket_hours_of_a_day": [
        f"INSERT INTO sensors_uncheckedbucket (datastream_id, day, hours) VALUES ({_STREAM}, '2026-01-05', {hours})"
        for hours in (0, 2**24)
    ],
    "clock_lag_counts": [
        f"INSERT INTO sensors_clocklag (datastream_id, day, lag_s, deliveries) VALUES ({_STREAM}, '2026-01-05', 1, 0)"
    ],
    "neighbour_spread_not_negative": [
        "INSERT INTO sensors_neighbourbaseline (datastream_id, neighbours, offsets, spread, hours) "
        f"VALUES ({_STREAM}, '{{}}', '{{}}', -1, 24)"
    ],
    "notification_channel_kind_known": _several("notificationchannel", "kind = 'pigeon'"),
    "notification_channel_language_known": _several("notificationchannel", "language = 'klingon'"),
    "notification_channel_has_target": _several("notificationchannel", "target = ''"),
    "notification_channel_name_once": [_again("notificationchannel")],
    "alarm_rule_kind_known": _several("alarmrule", "kind = 'magic'"),
    "alarm_rule_severity_known": _several("alarmrule", "severity = 'bad'"),
    "alarm_rule_scope": _several("alarmrule", "datastream_id = NULL", "observed_property = 'flow'"),
    "alarm_rule_fits_kind": _several("alarmrule", "high = NULL", "silent_after_s = 5", "kind = 'missing'",
        "kind = 'night_minimum', night_from = '01:00', night_to = '01:00'"),
    "alarm_rule_hysteresis_fits": _several("alarmrule", "hysteresis = -1", "low = 0, hysteresis = 0.6"),
    "alarm_rule_durations_bounded": _several("alarmrule", "raise_after_s = 99999999"),
    "alarm_rule_datastream_division": _several("alarmrule", f"division_id = {_ALIEN}"),
    "alarm_watch_once": [
        f"INSERT INTO sensors_alarmwatch (rule_id, datastream_id) SELECT id, {_STREAM} FROM sensors_alarmrule, "
        "generate_series(1, 2)"
    ],
    "alarm_state_known": _several("alarm", "state = 'forgotten'"),
    "alarm_times_fit_state": _several("alarm", "acknowledged_at = now()", "state = 'cleared'", "state = 'acknowledged'"),
    "alarm_open_once": [_again("alarm")],
    "alarm_datastream_division": _several("alarm", f"division_id = {_ALIEN}"),
    "alarm_moves_as_allowed": [
        _set("alarm", "state = 'closed', cleared_at = now(), closed_at = now()"),
        _set("alarm", "raised_at = raised_at - interval '1 day'"),
        "DELETE FROM sensors_alarm",
        f"{_set('alarm', chr(39).join(['state = ', 'cleared', ', cleared_at = now()']))}; "
        f"{_set('alarm', chr(39).join(['state = ', 'acknowledged', ', cleared_at = NULL, acknowledged_at = now()']))}",
        _again("alarm", state="'closed'", cleared_at="now()", closed_at="now()"),
    ],
    "alarm_is_not_truncated": ["TRUNCATE sensors_alarm CASCADE"],
    "alarm_event_action_known": ["INSERT INTO sensors_alarmevent (alarm_id, action, note) SELECT id, 'x', '' FROM sensors_alarm"],
    "alarm_journal_is_append_only": [_set("alarmevent", "note = 'x'"), "DELETE FROM sensors_alarmevent",
        "TRUNCATE sensors_alarmevent CASCADE"],
    "notification_state_known": _several("notification", "state = 'lost'"),
    "notification_sent_has_time": _several("notification", "state = 'sent'", "sent_at = now()"),
    "notification_once": [_again("notification")],
    "regulator_code_in_division": [
        _NODE_OF_ANOTHER
        + _again("regulator", node_id="(SELECT max(id) FROM assets_node)", command_topic="'c'", answer_topic="'a'", limits_confirmed="false")
    ],
    "regulator_code_not_empty": _several("regulator", "code = ''"),
    "regulator_node_kind": _several("regulator", "node_kind = 'junction'"),
    "regulator_of_its_kind": _several("regulator", "node_kind = 'valve'"),
    "regulator_node_division": _several("regulator", f"division_id = {_ALIEN}"),
    "regulator_mode_known": _several("regulator", "mode = 'wild'"),
    "regulator_limits_in_order": _several("regulator", "minimum_set_point = 45, maximum_set_point = 45"),
    "regulator_step_positive": _several("regulator", "maximum_step = 0", "gain = 0", "gain = 1000"),
    "regulator_fallback_within_limits": _several("regulator", "fallback_set_point = 61", "fallback_set_point = 19"),
    "regulator_override_within_limits": _several("regulator",
        "override_set_point = 61, override_until = now(), override_reason = 'x'"),
    "regulator_override_is_whole": _several("regulator", "override_set_point = 50",
        "override_set_point = 50, override_until = now()"),
    "regulator_hold_has_target": _several("regulator", "mode = 'hold'", _HOLD, _HOLD + ", target_m = 25, band_m = 0"),
    "regulator_topics_given": _several("regulator", "command_topic = ''", "command_topic = 'a/#'",
        "answer_topic = command_topic"),
    "regulator_command_topic_once": [_again("regulator", code="'R9'", node_id="1e9::bigint", answer_topic="'z'")],
    "regulator_answer_topic_once": [_again("regulator", code="'R9'", node_id="1e9::bigint", command_topic="'z'")],
    "regulator_limits_are_confirmed": [
        *_several("regulator", "maximum_set_point = 61", "minimum_set_point = 15", "maximum_step = 50"),
        # To others than those that were confirmed.
        f"{_CONFIRM}; {_set('regulator', 'minimum_set_point = 25, maximum_set_point = 71, maximum_step = 3')}",
    ],
    "regulator_below_ceiling": [
        *_several("regulator", "unit = 'furlong'", "maximum_set_point = 251"),
        _again("regulator", code="'R9'", node_id="1e9::bigint", command_topic="'y'", answer_topic="'z'",
               maximum_set_point="1e5"),
    ],
    "set_point_ceiling_once": [_ceiling("'valve'", "'m'", "5")],
    "set_point_ceiling_node_kind": [_ceiling("'junction'", "'m'", "5")],
    "set_point_ceiling_plausible": [_ceiling("'valve'", "'x'", number) for number in ("0", "-1", "1e7")],
    # Registered as confirmed, by nobody.
    "regulator_first_limits_wait": [
        _NODE_OF_ANOTHER
        + _again(
            "regulator",
            node_id="(SELECT max(id) FROM assets_node)",
            code="'R2'",
            command_topic="'c'",
            answer_topic="'a'",
            limits_confirmed="true",
        )
    ],
    "limit_proposal_state_known": _several("limitproposal", "state = 'lost', decided_by_id = 1, decided_at = now()"),
    "limit_proposal_in_order": [
        _again("limitproposal", regulator_id="0", **{name: value})
        for name, value in (("minimum_set_point", "70"), ("maximum_step", "0"), ("fallback_set_point", "71"))
    ],
    "limit_proposal_decided_by_somebody": _several("limitproposal", "state = 'confirmed'", "state = 'withdrawn'",
        f"decided_by_id = {_SOMEBODY}"),
    "limit_proposal_by_two_people": _several("limitproposal",
        "state = 'confirmed', decided_by_id = proposed_by_id, decided_at = now()"),
    "limit_proposal_has_reason": [_again("limitproposal", regulator_id="0", reason="''")],
    "limit_proposal_open_once": [_again("limitproposal")],
    "limit_proposal_division": _several("limitproposal", f"division_id = {_ALIEN}"),
    "limit_proposal_is_decided_once": [
        _set("limitproposal", "maximum_set_point = 80"),
        "DELETE FROM sensors_limitproposal",
        _again("limitproposal", state="'confirmed'", decided_by_id=_SOMEBODY, decided_at="now()"),
        f"{_CONFIRM}; {_set('limitproposal', chr(39).join(['state = ', 'open', ', decided_by_id = NULL, decided_at = NULL']))}",
        f"{_CONFIRM}; {_set('limitproposal', 'decided_by_id = proposed_by_id')}",
    ],
    "limit_proposal_is_not_truncated": ["TRUNCATE sensors_limitproposal CASCADE"],
    "regulator_limits_hold_schedule": _several("regulator", "minimum_set_point = 41", "maximum_set_point = 39.5, fallback_set_point = 30"),
    "set_point_entry_weekday": _several("setpointentry", "weekday = 7"),
    "set_point_entry_once": [_again("setpointentry")],
    "set_point_entry_within_limits": _several("setpointentry", "set_point = 61", "set_point = 19", "set_point = 'NaN'"),
    "regulator_command_state_known": _several("regulatorcommand", "state = 'lost'"),
    "regulator_command_source_known": [_again("regulatorcommand", source="'magic'")],
    "regulator_command_within_limits": _several("regulatorcommand", "set_point = 61"),
    "regulator_command_open_once": [_again("regulatorcommand")],
    "regulator_command_division": _several("regulatorcommand", f"division_id = {_ALIEN}"),
    "regulator_command_is_safe": [
        _again("regulatorcommand", set_point="61"),
        _again("regulatorcommand", set_point="43"),
        _again("regulatorcommand", set_point="65", maximum_set_point="70"),
        _again("regulatorcommand", state="'acknowledged'"),
    ],
    "regulator_command_is_only_answered": [
        _set("regulatorcommand", "set_point = 42"),
        _set("regulatorcommand", "reason = 'y'"),
        "DELETE FROM sensors_regulatorcommand",
    ],
    "regulator_command_is_not_truncated": ["TRUNCATE sensors_regulatorcommand CASCADE"],
    "mqtt_message_has_topic": [f"INSERT INTO sensors_mqttoutbox (topic, payload) VALUES ('{topic}', 'x')"
        for topic in ("", "a/#", "a/+/b")],
    "mqtt_message_qos_known": ["INSERT INTO sensors_mqttoutbox (topic, payload, qos) VALUES ('a', 'x', 3)"],
    "mqtt_message_carries_its_command": [
        "INSERT INTO sensors_mqttoutbox (topic, payload) VALUES ('a', '{\"set_point\": 99}')",
        _message(topic="'another/topic'"),
        _message(set_point="command.set_point + 1"),
        _message(command="gen_random_uuid()"),
        _message(sent_at="now()"),
        f"{_message()}; UPDATE sensors_mqttoutbox SET payload = replace(payload, 'set_point', 'set_points')",
        f"{_message()}; UPDATE sensors_mqttoutbox SET topic = 'another/topic'",
        f"{_message()}; UPDATE sensors_mqttoutbox SET sent_at = now(); "
        "UPDATE sensors_mqttoutbox SET sent_at = now() + interval '1 day'",
    ],
    "mqtt_message_is_kept": ["DELETE FROM sensors_mqttoutbox", "TRUNCATE sensors_mqttoutbox"],
}  # fmt: skip
QUALITY_TARGETS = {"datastream_in_division", "node_in_division", "regulator_in_division"}
QUALITY_WORDS = {
    "quality_flag_is_not_truncated": "append-only",
    "alarm_is_not_truncated": "append-only",
    "alarm_journal_is_append_only": "append-only",
    "regulator_command_is_not_truncated": "append-only",
    "mqtt_message_is_kept": "append-only",
    "mqtt_message_has_topic": "mqtt_message_carries_its_command",
    "mqtt_message_qos_known": "mqtt_message_carries_its_command",
    "limit_proposal_is_not_truncated": "append-only",
    "limit_proposal_state_known": "limit_proposal_state_known|limit_proposal_decided_by_somebody",
    # Triggers stand before the constraints of the same rows.
    "alarm_state_known": "alarm_moves_as_allowed",
    "regulator_command_state_known": "regulator_command_is_only_answered",
    "regulator_command_within_limits": "regulator_command_is_only_answered",
    "regulator_limits_in_order": "regulator_limits_hold_schedule|regulator_fallback_within_limits",
    "alarm_rule_kind_known": "alarm_rule_fits_kind",
    "regulator_node_kind": "regulator_of_its_kind",
}
QUALITY_WRITING_FUNCTIONS = ("sensors_note_unchecked",)
