"""Leak events and losses, for the tests of access, of query counts and of the database's guards."""

from datetime import UTC, datetime, timedelta
from typing import Any

from assets.models import Zone
from balances.models import LeakEvent, LeakEventMove
from gis_core.access import Capability
from tests.world import World

C = Capability
LOSS_TABLES: tuple[Any, ...] = (LeakEvent, LeakEventMove)
_ACTIONS = dict.fromkeys(("leak-event-move", "leak-event-note", "leak-event-assign"), C.HANDLE_LEAK_EVENTS)
_SEARCH = {"leak-search": C.HANDLE_LEAK_EVENTS}
LOSS_EXPECTED: dict[str, Capability | str] = {
    **_ACTIONS,
    **_SEARCH,
    **dict.fromkeys(
        ("leak-event-list", "leak-event-detail", "loss-summary", "billed-days", "zone-table"), C.VIEW_BALANCES
    ),
    **dict.fromkeys(
        (
            *("losses", "leak-events", "leak-event-location", "loss-effect", "loss-effect-file"),
            *("technical-losses", "technical-losses-file", "loss-economy", "audit-files"),
        ),
        C.VIEW_BALANCES,
    ),
    **dict.fromkeys(("zone-water-audit", "zone-water-audit-file", "water-audits"), C.VIEW_BALANCES),
}
LOSS_WRITES: dict[str, Capability] = {**_ACTIONS, **_SEARCH, "water-audits": C.VIEW_BALANCES}
# Too few pressure loggers for a place: whoever may see the event is told so.
REFUSED_BY_THE_DATA = {"leak-event-location"}
LOSS_PAGES = {
    *("losses", "leak-events", "loss-effect", "loss-effect-file", "audit-files"),
    *("technical-losses", "technical-losses-file", "loss-economy"),
    *("zone-water-audit", "zone-water-audit-file"),
}
_STARTED = datetime(2025, 12, 10, tzinfo=UTC)


def make_event(zone: Zone, days: int = 0, **values: Any) -> LeakEvent:
    """A new event of a zone that began so many days after 10 December 2025."""
    started = _STARTED + timedelta(days=days)
    given = {
        "kind": "burst",
        "started_at": started,
        "started_from": started - timedelta(days=1),
        "started_to": started + timedelta(days=1),
        "detected_at": started + timedelta(days=20),
        "size_m3h": 5.0,
        "size_limit_95_m3h": 0.5,
        "now_size_m3h": 5.0,
        **values,
    }
    return LeakEvent.objects.create(
        zone=zone, network_id=zone.network_id, division_id=zone.division_id, **given
    )


def add_loss_rows(world: World, numbers: range) -> list[LeakEvent]:
    """As many events of one zone, far enough from each other."""
    return [make_event(world.zones["Z1"], days=10 * number) for number in numbers]


def loss_details(world: World) -> dict[str, dict[str, Any]]:
    """Address arguments of what names an event or a zone."""
    event = make_event(world.zones["Z1"])
    return {
        **{name: {"uid": event.uid} for name in ("leak-event-detail", "leak-event-location", *_ACTIONS)},
        **{
            name: {"uid": world.zones["Z1"].uid}
            for name in ("zone-table", "zone-water-audit", "zone-water-audit-file")
        },
        "billed-days": {"code": world.network.code},
    }


def loss_writes(world: World) -> dict[str, dict[str, Any]]:
    """What is posted: a move, a remark, nobody to look after it, a search."""
    return {
        "leak-search": {"network": world.network.code},
        "leak-event-move": {"to": "open"},
        "leak-event-note": {"note": "looked at"},
        "leak-event-assign": {"assignee": None},
        "water-audits": {},
    }


def _new(**values: str) -> str:
    """SQL that makes an event like the first one, with some values changed."""
    given = {
        "zone_id": "zone_id",
        "network_id": "network_id",
        "division_id": "division_id",
        "kind": "'burst'",
        "started_at": "'2030-01-10'",
        "started_from": "'2030-01-09'",
        "started_to": "'2030-01-11'",
        "detected_at": "'2030-02-01'",
        "size_m3h": "5",
        "size_limit_95_m3h": "1",
        "confidence": "NULL",
        "now_size_m3h": "5",
        "ended_at": "NULL",
        "state": "'new'",
        "outcome": "''",
        "cost": "NULL",
        **values,
    }
    names = ", ".join(given)
    return (
        f"INSERT INTO balances_leakevent (uid, evidence, version, {names}) SELECT gen_random_uuid(), '[]', 1, "
        f"{', '.join(given.values())} FROM balances_leakevent ORDER BY balances_leakevent.id LIMIT 1"
    )


def _moved(old: str, new: str, **values: str) -> str:
    """SQL that moves the first event and writes the line of its history."""
    sets = ", ".join(f"{name} = {value}" for name, value in {"state": f"'{new}'", **values}.items())
    return (
        f"UPDATE balances_leakevent SET {sets} WHERE id = (SELECT min(id) FROM balances_leakevent); "
        + _line(old, new)
    )


def _line(old: str, new: str, note: str = "why", is_assignment: str = "false") -> str:
    return (
        "INSERT INTO balances_leakeventmove (event_id, at, from_state, to_state, note, is_assignment) "
        f"SELECT min(id), now(), '{old}', '{new}', '{note}', {is_assignment} FROM balances_leakevent"
    )


_OPENED = _moved("new", "open")
_CLOSED = _moved("new", "closed", outcome="'other'")
_FIRST = "WHERE id = (SELECT min(id) FROM balances_leakevent)"
LOSS_ATTACKS: dict[str, list[str]] = {
    "leak_event_moves_as_allowed": [
        _new(state="'open'"),
        _moved("new", "field_work"),
        _moved("new", "under_investigation"),
        f"{_OPENED}; {_moved('open', 'new')}",
        f"{_OPENED}; {_moved('open', 'field_work')}",
        f"{_CLOSED}; {_moved('closed', 'new', outcome=chr(39) * 2)}",
        f"{_CLOSED}; {_moved('closed', 'field_work', outcome=chr(39) * 2)}",
        "UPDATE balances_leakevent SET size_m3h = 6",
        "UPDATE balances_leakevent SET detected_at = '2035-01-01'",
        "UPDATE balances_leakevent SET evidence = '[1]'",
        "DELETE FROM balances_leakevent",
    ],
    "leak_event_is_not_truncated": ["TRUNCATE balances_leakevent CASCADE"],
    "leak_event_history_is_append_only": [
        f"{_OPENED}; UPDATE balances_leakeventmove SET note = 'x'",
        f"{_OPENED}; DELETE FROM balances_leakeventmove",
        "TRUNCATE balances_leakeventmove",
    ],
    "leak_event_history_is_complete": [
        f"UPDATE balances_leakevent SET state = 'open' {_FIRST}",
        f"{_OPENED}; UPDATE balances_leakevent SET state = 'under_investigation' {_FIRST}",
    ],
    "leak_event_line_is_of_a_move": [
        _line("new", "open"),
        f"{_OPENED}; {_line('field_work', 'open')}",
    ],
    "leak_event_state_known": [_new(state="'lost'")],
    "leak_event_kind_known": [_new(kind="'drip'")],
    "leak_event_closed_has_outcome": [
        _moved("new", "closed"),
        _moved("new", "closed", outcome="'sold'"),
        _moved("new", "open", outcome="'other'"),
    ],
    "leak_event_found_has_record": [_moved("new", "closed", outcome="'found'")],
    "leak_event_times_in_order": [
        _new(started_from="'2030-01-11'"),
        _new(started_to="'2030-01-09 12:00'"),
        _new(detected_at="'2030-01-01'"),
        _new(ended_at="'2030-01-01'"),
    ],
    "leak_event_size_positive": [
        _new(size_m3h="0"),
        _new(now_size_m3h="-1"),
        _new(size_limit_95_m3h="-1"),
    ],
    "leak_event_confidence_is_a_share": [_new(confidence="1.1"), _new(confidence="-0.1")],
    "leak_event_cost_not_negative": [f"UPDATE balances_leakevent SET cost = -1 {_FIRST}"],
    "leak_event_once": [_new() + "; " + _new(started_to="'2030-01-12'")],
    "leak_event_division": [
        "UPDATE balances_leakevent SET division_id = "
        f"(SELECT id FROM gis_core_division WHERE code = 'ZANGIOTA') {_FIRST}"
    ],
    "leak_event_network": [_new(network_id="(SELECT id FROM assets_network WHERE code = 'N2')")],
    "leak_event_record_of_network": [
        _new(
            zone_id="(SELECT id FROM assets_zone WHERE code = 'Z1' AND network_id = "
            "(SELECT id FROM assets_network WHERE code = 'N2'))",
            network_id="(SELECT id FROM assets_network WHERE code = 'N2')",
            division_id="(SELECT id FROM gis_core_division WHERE code = 'ZANGIOTA')",
        )
        + "; UPDATE balances_leakevent SET leak_id = (SELECT min(id) FROM assets_leakrecord WHERE network_id = "
        "(SELECT id FROM assets_network WHERE code = 'N1')) WHERE network_id = "
        "(SELECT id FROM assets_network WHERE code = 'N2')"
    ],
    "leak_event_line_says_something": [f"{_OPENED}; {_line('open', 'open', note='')}"],
    "leak_event_reopened_with_note": [
        f"{_CLOSED}; UPDATE balances_leakevent SET state = 'open', outcome = '' {_FIRST}; "
        + _line("closed", "open", note="")
    ],
}
LOSS_CONTROLS = {
    "a leak event opened": _OPENED,
    "a leak event closed, and opened again": f"{_CLOSED}; "
    f"UPDATE balances_leakevent SET state = 'open', outcome = '' {_FIRST}; {_line('closed', 'open')}",
    "a leak event far from the first": _new(),
    "an assignment in the history": _line("new", "new", note="", is_assignment="true"),
}
# What the triggers of several guards say.
LOSS_WORDS = {
    "leak_event_is_not_truncated": "balances_leakevent is append-only",
    "leak_event_history_is_append_only": "balances_leakeventmove is append-only",
    "leak_event_line_is_of_a_move": "leak_event_history_is_complete",
    "leak_event_state_known": "leak_event_moves_as_allowed",
}
