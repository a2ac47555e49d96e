"""Rows of meters' stock and of terms of penalties, for tests that look at every address."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from billing.models import Meter, MeterMovement, PenaltyTerms
from tests.world import World


def stocked_serial(world: World, number: int = 0) -> str:
    return f"ST-{world.network.code}-{number}"


def add_meter_rows(world: World, numbers: Iterable[int] = range(1)) -> None:
    """Meters in the store, each with its movement, and as many terms of penalties."""
    wanted = list(numbers)
    meters = Meter.objects.bulk_create(
        Meter(division=world.district, serial=stocked_serial(world, number), model_name="SGV-15")
        for number in wanted
    )
    MeterMovement.objects.bulk_create(
        MeterMovement(meter=meter, division=world.district, kind="received", happened_on=date(2026, 1, 2))
        for meter in meters
    )
    PenaltyTerms.objects.bulk_create(
        PenaltyTerms(
            enterprise=world.enterprise,
            valid_from=date(2020, 1, 1) + timedelta(days=number),
            daily_percent=Decimal(0),
            cap_percent=Decimal(50),
        )
        for number in wanted
    )


def meter_writes(world: World) -> dict[str, dict[str, object]]:
    """What may be written of them."""
    return {
        "meter-receive": {
            "division": world.district.code,
            "model_name": "SGV-15",
            "serials": [f"NEW-{world.network.code}"],
            "day": "2026-01-02",
        },
        "meter-move": {
            "serials": [stocked_serial(world)],
            "kind": "issued",
            "holder": "crew 1",
            "day": "2026-01-03",
        },
        "meter-verify": {"day": "2026-01-03", "is_fit": True},
        "meter-movement-take-back": {},
    }
