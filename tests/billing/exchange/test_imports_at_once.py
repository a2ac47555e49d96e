"""What somebody else changes while a file is compared: it is seen, or left alone."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.exchange.services.subscriber_rules import SubscriberRules
from billing.models import Subscriber
from tests.billing.exchange.conftest import bring, taken
from tests.billing.exchange.test_bad_files import NEW
from tests.world import World


@pytest.fixture
def columns(world: World) -> dict[str, Any]:
    """A row of a subscriber that is there, without its phone."""
    values = dict(NEW)
    bring("subscribers", list(values), [list(values.values())])
    return values


def change_meanwhile(monkeypatch: pytest.MonkeyPatch, **values: Any) -> None:
    """Somebody else changes the subscriber after the file's import has read it, and before it locks it."""
    match = SubscriberRules._match

    def interrupted(rules: SubscriberRules) -> None:
        match(rules)
        Subscriber.objects.filter(registry_number=NEW["registry_number"]).update(**values)

    monkeypatch.setattr(SubscriberRules, "_match", interrupted)


def test_a_column_that_the_file_lacks_stays_as_somebody_made_it_meanwhile(
    columns: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    change_meanwhile(monkeypatch, phone="+998901112233", residents=4)
    columns["name"] = "Karimova Dilnoza"
    with CaptureQueriesContext(
        connection,
    ) as asked:
        report = bring("subscribers", list(columns), [list(columns.values())])
    assert report.counts["changed"] == 1
    stored = Subscriber.objects.get(registry_number=NEW["registry_number"])
    assert (stored.name, stored.phone, stored.residents) == ("Karimova Dilnoza", "+998901112233", 4)
    [written] = [one["sql"] for one in asked if one["sql"].startswith('UPDATE "billing_subscriber" SET "sub')]
    assert "phone" not in written.partition(" WHERE ")[0]


def test_what_is_compared_is_locked_first(columns: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    change_meanwhile(monkeypatch, house="10")
    with CaptureQueriesContext(connection) as asked:
        report = bring("subscribers", list(columns), [list(columns.values())])
    [line] = report.lines
    assert line["changes"] == {"house": ["10", "9"]}
    statements = [one["sql"] for one in asked]
    alone = next(place for place, sql in enumerate(statements) if "pg_advisory_xact_lock(7108" in sql)
    first = next(
        place for place, sql in enumerate(statements) if re.search(r'FROM "billing_subscriber"', sql)
    )
    assert alone < first
    assert any("FOR NO KEY UPDATE" in sql and "billing_subscriber" in sql for sql in statements)
    assert b"Karimova" in taken("subscribers")
