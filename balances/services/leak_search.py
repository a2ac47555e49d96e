"""Finding zones where losses rose and stayed: a step in the daily imbalance, found from balances alone.

For every possible day of change the mean daily imbalance before and after is compared; the best day is the one
with the largest rise in standard errors (the two-sample statistic; Hinkley, *Inference about the change-point*,
Biometrika 57, 1970). The residuals' own lag-1 autocorrelation widens the standard error, since tank cycles make
neighbouring days alike.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from assets.models import Network
from balances.models import LeakSuspicion, ZoneBalance
from balances.services.leak_events import make_leak_events
from gis_core.models import User
from gis_core.services.audit import record_change

# A change needs this many days on either side, must stand this many standard errors out of the noise, and must be
# at least this share of the zone's supply.
MINIMUM_DAYS = 6
MINIMUM_SCORE = 6.0
MINIMUM_SHARE_OF_SUPPLY = 0.05


@dataclass(frozen=True)
class LossStep:
    """A rise of a daily series: index of the first day after it, its height, and height in standard errors."""

    index: int
    height: float
    score: float


def largest_step(values: NDArray[np.float64]) -> LossStep | None:
    """The most significant upward step of a daily series; None when it is too short or never rises."""
    best: LossStep | None = None
    for index in range(MINIMUM_DAYS, len(values) - MINIMUM_DAYS + 1):
        before, after = values[:index], values[index:]
        height = float(after.mean() - before.mean())
        if height <= 0:
            continue
        residuals = np.concatenate([before - before.mean(), after - after.mean()])
        spread = _standard_deviation(residuals)
        score = height / (spread * np.sqrt(1 / len(before) + 1 / len(after)))
        if best is None or score > best.score:
            best = LossStep(index, height, float(score))
    return best


def _standard_deviation(residuals: NDArray[np.float64]) -> float:
    """Standard deviation of the residuals, widened for their lag-1 autocorrelation; never zero."""
    deviation = float(residuals.std(ddof=2))
    if deviation == 0:
        return 1e-9
    alike = float(np.clip((residuals[1:] * residuals[:-1]).mean() / residuals.var(), 0.0, 0.9))
    return deviation * float(np.sqrt((1 + alike) / (1 - alike)))


@transaction.atomic
def search_leaks(
    *, network: Network, first_day: date, last_day: date, acting_user: User | None
) -> list[LeakSuspicion]:
    """Search the stored daily balances of [first_day, last_day] and keep what stands out, replacing the same search.

    A search that finds what the same search found before writes nothing. Days with insufficient data are left
    out. Each leak gets one event, however often it is searched for. Returns the suspicions, the strongest first.
    """
    found = [
        suspicion
        for zone_id in network.zones.order_by("pk").values_list("pk", flat=True)
        if (suspicion := _suspicion(zone_id, first_day, last_day)) is not None
    ]
    earlier = LeakSuspicion.objects.select_related("zone").filter(
        zone__network=network, searched_from=first_day, searched_to=last_day
    )
    is_new = {_content(suspicion) for suspicion in earlier} != {_content(suspicion) for suspicion in found}
    if is_new:
        earlier.delete()
        LeakSuspicion.objects.bulk_create(found)
    kept = list(earlier.all().order_by("-score"))
    events = make_leak_events(kept)
    if is_new or events:
        record_change(
            acting_user=acting_user,
            action="search leaks",
            subject=network,
            subject_id=network.code,
            division=network.division,
            new_values={
                "from": first_day.isoformat(),
                "to": last_day.isoformat(),
                "found": len(found),
                "events": events,
            },
        )
    return kept


def _content(suspicion: LeakSuspicion) -> tuple[int, date, Decimal, float]:
    """What two searches must agree in to have found the same."""
    return (suspicion.zone_id, suspicion.started_on, suspicion.excess_m3_per_day, suspicion.score)


def _suspicion(zone_id: int, first_day: date, last_day: date) -> LeakSuspicion | None:
    balances = list(
        ZoneBalance.objects.filter(
            zone_id=zone_id,
            granularity=ZoneBalance.Granularity.DAY,
            period_start__range=(first_day, last_day),
            status=ZoneBalance.Status.SUFFICIENT,
        ).order_by("period_start")
    )
    values = np.array([float(balance.imbalance_apportioned_m3) for balance in balances])
    step = largest_step(values)
    if step is None or step.score < MINIMUM_SCORE:
        return None
    supply = float(np.mean([float(balance.supply_m3) for balance in balances]))
    if step.height < MINIMUM_SHARE_OF_SUPPLY * supply:
        return None
    return LeakSuspicion(
        zone_id=zone_id,
        division_id=balances[0].division_id,
        searched_from=first_day,
        searched_to=last_day,
        started_on=balances[step.index].period_start,
        excess_m3_per_day=Decimal(step.height).quantize(Decimal("0.001")),
        score=round(step.score, 2),
    )
