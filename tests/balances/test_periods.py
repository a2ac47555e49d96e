"""Spans of days from words."""

from datetime import date

import pytest

from balances.periods import DaySpan, period_of


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026", date(2026, 1, 1), date(2027, 1, 1)),
        ("2026-12", date(2026, 12, 1), date(2027, 1, 1)),
        ("2024-02", date(2024, 2, 1), date(2024, 3, 1)),
        (" 2026-01-31 ", date(2026, 1, 31), date(2026, 2, 1)),
    ],
)
def test_a_year_a_month_or_a_day(text: str, since: date, until: date) -> None:
    assert period_of(text) == DaySpan(since, until)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "26",
            "2026-1",
            "2026-13",
            "2026-00",
            "2026-05-00",
            "2026-00-00",
            "2026-02-30",
            "2026-01-01-01",
        ),
        *("0000", "0001-01", "9999-12", "9999-12-30", "1899", "２０２６", "2026-01-31T00:00"),
    ],
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"2026-01-31|lies outside|must be in|out of range"):
        period_of(text)


def test_from_one_period_through_another() -> None:
    assert period_of("2026-01").through(period_of("2026-03")) == DaySpan(date(2026, 1, 1), date(2026, 4, 1))
    assert period_of("2026-03").through(period_of("2026-01")).days == 0
    assert period_of("2026").last_day == date(2026, 12, 31)
