"""Two people move one leak event at once: one wins, the other is told, and the history has one line."""

from balances.models import LeakEvent
from balances.services.leak_events import WantedMove, move_leak_event
from gis_core.errors import StaleVersion
from tests.concurrency.test_edits import make, together
from tests.security.loss_rows import make_event

ROUNDS = 5


def test_of_two_moves_at_once_one_wins(committing_database: None) -> None:
    event = make_event(make().zones["Z1"])
    for number in range(ROUNDS):
        seen = LeakEvent.objects.get(pk=event.pk)
        targets = ("closed", "open") if seen.state == "new" else ("closed", "under_investigation")
        if seen.state == "closed":
            targets = ("open", "open")
        elif seen.state == "under_investigation":
            targets = ("field_work", "closed")
        elif seen.state == "field_work":
            targets = ("closed", "under_investigation")

        def moved(target: str, seen: LeakEvent = seen) -> LeakEvent:
            wanted = WantedMove(target, outcome="other" if target == "closed" else "", note="at once")
            return move_leak_event(event=seen, wanted=wanted, acting_user=None, expected_version=seen.version)

        results = together(*(lambda target=target: moved(target) for target in targets))
        winners = [result for result in results if isinstance(result, LeakEvent)]
        losers = [result for result in results if isinstance(result, StaleVersion)]
        assert (len(winners), len(losers)) == (1, 1), results
        event.refresh_from_db()
        assert (event.state, event.version) == (winners[0].state, number + 2)
        assert event.history.count() == number + 1
