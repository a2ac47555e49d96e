"""Random handling of leak events: no illegal move is ever made, no line of a history is ever lost, facts stay frozen.

What is allowed is written down here once more, apart from the product. `make prove` takes many more steps.
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from balances.models import LeakEvent, LeakEventMove
from balances.services.leak_events import (
    LeakPlace,
    WantedMove,
    assign_leak_event,
    move_leak_event,
    note_leak_event,
)
from gis_core.database.constraints import check_constraints_now
from gis_core.errors import ReportedError, StaleVersion
from gis_core.models import User
from tests.conftest import make_district
from tests.security.loss_rows import make_event
from tests.world import World, make_world

EXAMPLES, STEPS = (150, 60) if os.environ.get("TARMOQ_PROVE") else (8, 25)
TALLY: Counter[str] = Counter()
MOST_EVENTS = 4

ALLOWED = {
    "new": {"open", "closed"},
    "open": {"under_investigation", "closed"},
    "under_investigation": {"open", "field_work", "closed"},
    "field_work": {"under_investigation", "closed"},
    "closed": {"open"},
}
OUTCOMES = {"found", "false_alarm", "other"}
FROZEN = ("kind", "started_at", "started_from", "started_to", "detected_at", "size_m3h", "evidence", "uid")

picks = st.integers(0, 1000)
states = st.sampled_from([*ALLOWED, "found"])
outcomes = st.sampled_from(["", "found", "false_alarm", "other", "sold"])
notes = st.sampled_from(["", "looked at it", "  ", "x" * 1000, "x" * 1001])


@dataclass
class Expected:
    """What an event is to be, by all that was done to it."""

    facts: dict[str, Any]
    state: str = "new"
    outcome: str = ""
    has_record: bool = False
    version: int = 1
    lines: list[tuple[str, str, str, bool]] = field(default_factory=list)


class LeakEventMachine(RuleBasedStateMachine):
    """Everything happens in one transaction, rolled back at the end of each run."""

    world: World
    user: User

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.events: dict[int, Expected] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    @initialize()
    def begin(self) -> None:
        self.world = make_world(make_district("QIBRAY", "Qibray"))
        self.user = User.objects.create_user(username="analyst", password="a-long-password")
        self.detect()

    @rule()
    def detect(self) -> None:
        if len(self.events) < MOST_EVENTS:
            event = make_event(self.world.zones["Z1"], days=10 * len(self.events))
            event.refresh_from_db()
            self.events[event.pk] = Expected({name: getattr(event, name) for name in FROZEN})

    def pick(self, number: int) -> tuple[LeakEvent, Expected]:
        key = sorted(self.events)[number % len(self.events)]
        return LeakEvent.objects.get(pk=key), self.events[key]

    @rule(number=picks, to=states, outcome=outcomes, note=notes, is_placed=st.booleans())
    def move(self, number: int, to: str, outcome: str, note: str, is_placed: bool) -> None:
        event, expected = self.pick(number)
        said = note.strip()
        is_closing = to == "closed"
        may = (
            to in ALLOWED[expected.state]
            and (outcome in OUTCOMES if is_closing else not outcome)
            and len(said) <= 1000
            and not (expected.state == "closed" and not said)
            and not (is_placed and outcome != "found")
            and not (outcome == "found" and not is_placed and not expected.has_record)
        )
        wanted = WantedMove(to, outcome=outcome, note=note, place=LeakPlace("P2", 0.5) if is_placed else None)
        self.make(event, expected, wanted, may)

    @rule(number=picks, choice=picks, is_found=st.booleans())
    def move_on(self, number: int, choice: int, is_found: bool) -> None:
        """A move that is allowed: most that are drawn at random are not."""
        event, expected = self.pick(number)
        to = sorted(ALLOWED[expected.state])[choice % len(ALLOWED[expected.state])]
        outcome = ("found" if is_found else "other") if to == "closed" else ""
        place = LeakPlace("P2", 0.5) if outcome == "found" else None
        self.make(event, expected, WantedMove(to, outcome=outcome, note="and on", place=place), True)

    def make(self, event: LeakEvent, expected: Expected, wanted: WantedMove, may: bool) -> None:
        refusal = ""
        try:
            with transaction.atomic():
                move_leak_event(
                    event=event, wanted=wanted, acting_user=self.user, expected_version=expected.version
                )
        except ReportedError as error:
            refusal = error.code
        assert may == (not refusal), (expected, wanted, refusal)
        if refusal:
            TALLY["moves refused"] += 1
            return
        TALLY["moves made"] += 1
        expected.lines.append((expected.state, wanted.to_state, wanted.note.strip(), False))
        expected.state, expected.outcome = wanted.to_state, wanted.outcome
        expected.has_record |= wanted.outcome == "found"
        expected.version += 1

    @rule(number=picks, behind=st.integers(1, 3))
    def change_what_was_seen_earlier(self, number: int, behind: int) -> None:
        event, expected = self.pick(number)
        with pytest.raises(StaleVersion), transaction.atomic():
            note_leak_event(
                event=event, note="late", acting_user=self.user, expected_version=expected.version - behind
            )
        TALLY["stale refused"] += 1

    @rule(number=picks, note=st.sampled_from(["rang the crew", "", " "]))
    def remark(self, number: int, note: str) -> None:
        event, expected = self.pick(number)
        if not note.strip():
            with pytest.raises(ReportedError), transaction.atomic():
                note_leak_event(
                    event=event, note=note, acting_user=self.user, expected_version=expected.version
                )
            return
        note_leak_event(event=event, note=note, acting_user=self.user, expected_version=expected.version)
        expected.lines.append((expected.state, expected.state, note.strip(), False))
        expected.version += 1

    @rule(number=picks, is_somebody=st.booleans())
    def assign(self, number: int, is_somebody: bool) -> None:
        event, expected = self.pick(number)
        assignee = self.user if is_somebody else None
        assign_leak_event(
            event=event, assignee=assignee, acting_user=self.user, expected_version=expected.version
        )
        expected.lines.append((expected.state, expected.state, "", True))
        expected.version += 1

    @rule(number=picks, size=st.floats(0, 100))
    def search_again(self, number: int, size: float) -> None:
        event, _expected = self.pick(number)
        LeakEvent.objects.filter(pk=event.pk).update(now_size_m3h=size)

    @rule(number=picks, statement=st.integers(0, 5), to=st.sampled_from(sorted(ALLOWED)))
    def tamper(self, number: int, statement: int, to: str) -> None:
        """What the database itself refuses; a state is its own history's end, so that even a legal one is refused."""
        event, expected = self.pick(number)
        if statement >= 4 and not expected.lines:
            return
        if statement == 0 and to == expected.state:
            return
        sql = [
            f"UPDATE balances_leakevent SET state = '{to}', outcome = '{'other' if to == 'closed' else ''}'",
            "UPDATE balances_leakevent SET size_m3h = size_m3h + 1",
            "DELETE FROM balances_leakevent",
            "INSERT INTO balances_leakeventmove (event_id, at, from_state, to_state, note, is_assignment)"
            f" SELECT id, now(), state, '{to}', 'forged', false FROM balances_leakevent",
            "UPDATE balances_leakeventmove SET note = 'forged'",
            "DELETE FROM balances_leakeventmove",
        ][statement]
        if statement == 3 and to == expected.state:
            return
        key = "event_id" if statement >= 4 else "id"
        with pytest.raises(DatabaseError) as refused, transaction.atomic():  # noqa: PT012
            with connection.cursor() as cursor:
                cursor.execute(f"{sql} WHERE {key} = %s", [event.pk])
            check_constraints_now()
        assert "leak_event" in str(refused.value) or "permission denied" in str(refused.value), refused.value
        TALLY["tampering refused"] += 1

    @invariant()
    def events_are_what_was_done_to_them(self) -> None:
        for key, expected in self.events.items():
            event = LeakEvent.objects.get(pk=key)
            assert (event.state, event.outcome, event.version) == (
                expected.state,
                expected.outcome,
                expected.version,
            )
            assert {name: getattr(event, name) for name in FROZEN} == expected.facts
            lines = LeakEventMove.objects.filter(event=event).order_by("id")
            assert (
                list(lines.values_list("from_state", "to_state", "note", "is_assignment")) == expected.lines
            )
            assert (event.state == "closed") == bool(event.outcome)
            assert event.outcome != "found" or event.leak_id is not None
        TALLY["checks"] += 1


@pytest.mark.django_db
def test_random_handling_makes_no_illegal_move_and_loses_no_history() -> None:
    TALLY.clear()
    run_state_machine_as_test(
        LeakEventMachine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not os.environ.get("TARMOQ_PROVE"),
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(f"Leak events: {dict(TALLY)}, broken 0")
    assert min(TALLY[name] for name in ("moves made", "moves refused", "tampering refused")) > 0
