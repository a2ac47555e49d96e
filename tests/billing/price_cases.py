"""Random cases for the pricing engine: small worlds around a month, with changes near every edge a rule has."""

import random
from datetime import date, timedelta
from typing import Any

Dice = random.Random
BASES = ["meter", "meter", "meter", "norm", "area", "residents", "fixed", "one_off", "share"]


def _day(dice: Dice, first: date, last: date) -> date:
    return first + timedelta(days=dice.randint(0, (last - first).days))


def _written(dice: Dice, high: int, places: int) -> str:
    """A number as a text, often round, often not."""
    if dice.random() < 0.4:
        return str(dice.randint(0, high))
    return f"{dice.randint(0, high * 10**places) / 10**places:.{dice.randint(1, places)}f}"


def _near(dice: Dice, month: date) -> date:
    """A day around the month, often one where something turns."""
    month_end = (month + timedelta(days=32)).replace(day=1)
    if dice.random() < 0.3:
        return dice.choice([month, month_end, month + timedelta(days=14), month_end - timedelta(days=1)])
    return _day(dice, month - timedelta(days=20), month_end + timedelta(days=20))


def _dated(dice: Dice, month: date, make: Any, most: int = 3, early: float = 0.93) -> list[dict[str, Any]]:
    """A dated list that mostly begins long before; neighbours are sometimes equal; in any order."""
    versions: dict[str, Any] = {}
    if dice.random() < early:
        versions["2020-01-01"] = make()
    for _ in range(dice.choice([0, 0, 1, 1, 2, most])):
        equal = versions and dice.random() < 0.25
        versions[_near(dice, month).isoformat()] = (
            dict(dice.choice(list(versions.values()))) if equal else make()
        )
    listed = [{"from": day, **version} for day, version in versions.items()]
    dice.shuffle(listed)
    return listed


def _period(dice: Dice, month: date, open_share: float = 0.3) -> dict[str, Any]:
    first = _near(dice, month)
    if dice.random() < 0.3:
        first -= timedelta(days=200)
    period: dict[str, Any] = {"from": first.isoformat()}
    if dice.random() >= open_share:
        period["to"] = (first + timedelta(days=dice.choice([1, 3, 4, 5, 6, 10, 30, 200, 220]))).isoformat()
    elif dice.random() < 0.5:
        period["to"] = None
    return period


def _tariff_version(dice: Dice, basis: str, registers: list[str], price_high: int) -> dict[str, Any]:
    forms = ["price", "price", "components"]
    if basis in ("meter", "norm", "share", "of_service"):
        forms += ["blocks", "blocks"]
    if registers and dice.random() < 0.8:
        forms = ["registers"]
    form = dice.choice(forms)
    version: dict[str, Any] = {}
    if form == "price":
        version["price"] = dice.choice(["1000", "1000.0", _written(dice, price_high, 2)])
    elif form == "components":
        parts = dice.choice([["900", "100"], ["800", "200"], [_written(dice, price_high, 2)]])
        version["components"] = [
            {"name": name, "price": price}
            for name, price in zip(("supply", "transport"), parts, strict=False)
        ]
    elif form == "registers":
        chosen = registers if dice.random() < 0.95 else registers[:1]
        version["registers"] = {name: dice.choice(["450", _written(dice, 900, 2)]) for name in chosen}
    else:
        limits = sorted({dice.choice([1, 3, 5, 10, 20]) + dice.choice([0, 0.5, 0.125]) for _ in range(2)})
        price = dice.choice(["500", _written(dice, price_high, 2)])
        version["blocks"] = [{"up_to": str(limit), "price": price} for limit in limits] + [{"price": "700"}]
        if dice.random() < 0.4:
            version["per_resident"] = dice.random() < 0.9
    if dice.random() < 0.25:
        version["vat_included"] = dice.random() < 0.8
    return version


def _readings(dice: Dice, first: date, last: date, digits: int) -> list[dict[str, Any]]:
    """Readings of a counter that runs on, turns over, and sometimes jumps or runs backwards."""
    capacity = 10**digits
    index = dice.choice([0, 5, capacity - 8, dice.randint(0, capacity - 1)])
    readings: list[dict[str, Any]] = []
    day = first if dice.random() < 0.7 else first + timedelta(days=dice.randint(0, 40))
    before = 0
    fraction = ""
    while day <= last and len(readings) < 40:
        index = (index + dice.choice([0, 3, 7, 14, 31])) % capacity
        shown = index
        if dice.random() < 0.04:
            shown = dice.choice(
                [(index - 15) % capacity, (index + capacity // 2) % capacity, (index + 60) % capacity]
            )
        if readings and dice.random() < 0.03:
            # by exactly half of what the digits hold, which is still plausible
            shown = index = (before + capacity // 2) % capacity
        else:
            fraction = dice.choice(["", "", f".{dice.randint(0, 999):03d}", ".5"])
        before = shown
        readings.append({"on": day.isoformat(), "index": f"{shown}{fraction}"})
        read_on = day
        day += timedelta(days=dice.choice([1, 10, 14, 15, 20, 28, 30, 31, 31, 32, 35, 45, 46, 62, 100]))
        # Often just so far from a month's start that a pair is cut there, or is not.
        edge = day.replace(day=1) + timedelta(days=dice.choice([-16, -15, -14, 14, 15, 16]))
        if dice.random() < 0.25 and edge > read_on:
            day = edge
    dice.shuffle(readings)
    return readings


def _installations(dice: Dice, month: date, registers: list[str]) -> list[dict[str, Any]]:
    installations: list[dict[str, Any]] = []
    for number in range(dice.choice([0, 1, 1, 1, 1, 2, 3]) if not registers else len(registers)):
        first = _day(dice, month - timedelta(days=420), month + timedelta(days=10))
        if dice.random() < 0.5:
            first = date(2024, 1, 1)
        end = None if dice.random() < 0.6 else first + timedelta(days=dice.randint(1, 700))
        if installations and dice.random() < 0.6 and not registers:
            # an exchange: the new one begins where the old one ends
            around = month - timedelta(days=dice.choice([0, 0, 60, 90]))
            turn = max(_near(dice, around), date.fromisoformat(installations[-1]["from"]) + timedelta(days=1))
            installations[-1]["to"] = turn.isoformat()
            last_read = (turn - timedelta(days=dice.choice([0, 0, 0, 60, 100]))).isoformat()
            installations[-1]["readings"] = [
                reading for reading in installations[-1]["readings"] if reading["on"] <= last_read
            ]
            first, end = turn + timedelta(days=dice.choice([0, 0, 5, 25, 70])), None
        digits = dice.choice([3, 4, 5])
        installation: dict[str, Any] = {
            "meter": f"M{number}",
            "from": first.isoformat(),
            "digits": digits,
            "readings": _readings(
                dice,
                max(first, month - timedelta(days=dice.choice([40, 60, 120, 400]))),
                min(
                    end or date.max,
                    month + timedelta(days=dice.choice([-100, -40, -5, 20, 31, 45, 45, 70, 70, 70])),
                ),
                digits,
            ),
        }
        if installations and dice.random() < 0.25:
            installation["readings"] = []
        if end or dice.random() < 0.3:
            installation["to"] = end.isoformat() if end else None
        if dice.random() < 0.2:
            installation["multiplier"] = dice.choice([1, 20, "0.1", "1.5"])
        if dice.random() < 0.2:
            installation["quantity_factor"] = _dated(
                dice, month, lambda: {"value": dice.choice(["1", "0.98", "1.0203", "0.3333"])}, early=0.5
            )
            if installation["readings"] and dice.random() < 0.5:
                installation["quantity_factor"] = [
                    {"from": dice.choice(installation["readings"])["on"], "value": "0.5"}
                ]
        if registers and dice.random() < 0.95:
            installation["register"] = registers[number]
        installations.append(installation)
    return installations


def _service(dice: Dice, month: date, name: str, basis: str) -> dict[str, Any]:
    registers = dice.choice([[], [], [], ["day", "night"]]) if basis == "meter" else []
    high = dice.choice([20, 1000, 2500])
    service: dict[str, Any] = {
        "service": name,
        "basis": basis,
        "unit": "m3",
        "tariff": _dated(dice, month, lambda: _tariff_version(dice, basis, registers, high), early=0.97),
    }
    if dice.random() < (0.9 if basis == "norm" else 0.6):
        service["norm_l_per_resident_day"] = _dated(
            dice, month, lambda: {"value": dice.choice(["150", "100", "133.3"])}, 1, 0.95
        )
    if dice.random() < 0.25:
        service["coefficient"] = _dated(
            dice, month, lambda: {"value": dice.choice(["1", "1.5", "0.9", "0.333"])}, early=0.6
        )
    if dice.random() < 0.12:
        service["vat"] = _dated(dice, month, lambda: {"percent": dice.choice(["0", "12", "15"])}, 1)
    if basis == "meter":
        service["installations"] = _installations(dice, month, registers)
    if basis == "one_off":
        service |= {"on": _near(dice, month).isoformat(), "quantity": dice.choice([1, 2, "0.5", "1.2345"])}
    if basis == "share":
        months = (month.isoformat()[:7], (month - timedelta(days=1)).isoformat()[:7])
        service["shares"] = [
            {"month": name, "quantity": _written(dice, 30, 3)} for name in months if dice.random() < 0.8
        ]
    return service


def random_case(seed: int) -> dict[str, Any]:
    """A well-formed case; the same for the same seed."""
    dice = Dice(seed)
    month = date(2025, 1, 1)
    for _ in range(dice.randint(0, 14)):
        month = (month + timedelta(days=32)).replace(day=1)
    contract: dict[str, Any] = {"from": "2023-01-01"}
    if dice.random() < 0.25:
        contract["from"] = (_near(dice, month) - timedelta(days=dice.choice([0, 60, 200]))).isoformat()
    if dice.random() < 0.15:
        end = max(_near(dice, month), date.fromisoformat(contract["from"]) + timedelta(days=1))
        contract["to"] = end.isoformat()
    case: dict[str, Any] = {"id": f"R-{seed}", "month": month.isoformat()[:7], "contract": contract}
    services = [
        _service(dice, month, f"s{number}", dice.choice(BASES)) for number in range(dice.randint(1, 3))
    ]
    bases = [service for service in services if service["basis"] in ("meter", "norm", "share")]
    if bases and dice.random() < 0.5:
        follower = _service(dice, month, "follower", "of_service")
        follower["of"] = dice.choice(bases)["service"]
        services.append(follower)
    dice.shuffle(services)
    case["services"] = services
    names = [service["service"] for service in services]
    if dice.random() < 0.93:
        case["residents"] = _dated(
            dice,
            month,
            lambda: {
                "count": dice.choice([1, 2, 3, 4, "3", 0] if dice.random() < 0.1 else [1, 2, 3, 4, "3"])
            },
        )
    if dice.random() < 0.9:
        case["area_m2"] = _dated(
            dice, month, lambda: {"value": dice.choice(["54.3", "60", "60.0", "33.333"])}
        )
    if dice.random() < 0.98:
        case["vat"] = _dated(
            dice, month, lambda: {"percent": dice.choice(["12", "12", "15", "12.5"])}, 1, 0.98
        )
    if dice.random() < 0.3:
        case["parameters"] = {
            "absence_minimum_days": dice.choice([0, 4, 5, 6]),
            "average_months": dice.choice([0, 1, 3, 12]),
            "average_at_most_months": dice.choice([0, 1, 2, 3, 6]),
        }
    if dice.random() < 0.5:
        case["benefits"] = [
            {
                **_period(dice, month),
                "services": dice.sample(names, dice.randint(1, len(names))),
                "residents": dice.choice([0, 1, 1, 2, 3]),
                "share_percent": dice.choice(["50", "25", "100", "33.3", 0]),
            }
            for _ in range(dice.randint(1, 3))
        ]
    if dice.random() < 0.5:
        case["absences"] = [
            {**_period(dice, month), "residents": dice.choice([1, 1, 2, 5])}
            for _ in range(dice.randint(1, 3))
        ]
    if dice.random() < 0.3:
        case["quality_acts"] = [
            {
                **_period(dice, month),
                "service": dice.choice(names),
                "percent": dice.choice(["100", "30", "0.5"]),
            }
            for _ in range(dice.randint(1, 2))
        ]
    if dice.random() < 0.4:
        left = names[:]
        dice.shuffle(left)
        subsidies: list[dict[str, Any]] = []
        while left and len(subsidies) < 2:
            chosen = [left.pop() for _ in range(dice.randint(1, len(left)))]
            subsidies.append(
                {
                    "month": case["month"] if dice.random() < 0.9 else "2024-01",
                    "amount": dice.choice(["15000", "100.5", _written(dice, 60000, 2)]),
                    "services": chosen,
                }
            )
        case["subsidies"] = subsidies
    return case
