"""The nights of a zone as its page shows them: each with the band of the nights before it."""

from dataclasses import dataclass
from datetime import date, timedelta

from assets.models import Zone
from balances.night_flow.leakage import percentile
from balances.night_flow.selectors.nights import NightLeakage, NightSettings, leakage_of, night_flows
from balances.night_flow.selectors.zone_edge import zone_streams
from balances.periods import DaySpan
from billing.selectors.consumption import people_within
from gis_core.errors import ReportedError

# The band of a night: what so many nights before it had in their middle six tenths.
BAND_NIGHTS = 28
_BAND_SHARES = (0.2, 0.8)
_LEAST_NIGHTS = 7


@dataclass(frozen=True)
class BandedNight:
    """A night and the band of the nights before it, net flow in m3/h; None where fewer than seven are known."""

    night: NightLeakage
    low_m3h: float | None
    high_m3h: float | None


@dataclass(frozen=True)
class BandedNights:
    """Nights, oldest first. Where there are none, `refusal` says why.

    `people` are those registered in the zone, by whom legitimate use is reckoned; None: it is not taken off.
    `leakage_m3` with its 95 % limit is that of the nights of `summed`.
    """

    nights: list[BandedNight]
    people: int | None = None
    leakage_m3: float | None = None
    limit_95_m3: float | None = None
    refusal: ReportedError | None = None


def banded_nights(zone: Zone, shown: DaySpan, summed: DaySpan, today: date) -> BandedNights:
    """The nights of the `shown` days before `today`, in which `summed` lies; the zone must come from a scoped selector.

    Nights to come are no missing ones, which would count as the mean of the others.
    """
    shown, summed = (DaySpan(span.since, max(span.since, min(span.until, today))) for span in (shown, summed))
    if shown.days == 0:
        return BandedNights([])
    try:
        streams = zone_streams(zone)
    except ReportedError as refusal:
        return BandedNights([], refusal=refusal)
    people = people_within(zone, summed.since)
    early = DaySpan(shown.since - timedelta(days=BAND_NIGHTS), shown.until)
    nights = night_flows(zone, streams, early, NightSettings(population=people)).nights
    if not any(night.net_m3h is not None for night in nights):
        return BandedNights([], people)
    by_day = {night.date: night for night in nights}
    leakage = leakage_of([night for night in nights if summed.since <= night.date < summed.until])
    banded = [_banded(night, by_day) for night in nights if night.date >= shown.since]
    return BandedNights(banded, people, *leakage)


def _banded(night: NightLeakage, by_day: dict[date, NightLeakage]) -> BandedNight:
    before = (by_day.get(night.date - timedelta(days=back)) for back in range(1, BAND_NIGHTS + 1))
    known = [one.net_m3h for one in before if one is not None and one.net_m3h is not None]
    if len(known) < _LEAST_NIGHTS:
        return BandedNight(night, None, None)
    return BandedNight(night, *(percentile(known, share) for share in _BAND_SHARES))
