"""Random cases of what meets rarely: many rules at once on one meter, and edges that a single rule does not show."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

Json = dict[str, Any]
Dice = random.Random
TIES = ["0.125", "1.005", "12.345", "333.335", "0.01", "0", "1000", "99999.99"]


class World:
    """The dice of one case, its month and the days around it where something may turn."""

    def __init__(self, seed: int) -> None:
        self.dice = Dice(f"rare {seed}")
        index = 2024 * 12 + self.dice.choice([0, 1, 2, 3, 11, 12, 13, 14, 17, 23])
        self.month = date(index // 12, index % 12 + 1, 1)
        self.month_end = (self.month + timedelta(days=32)).replace(day=1)
        self.turns = [self.month + timedelta(days=self.dice.randint(-35, 45)) for _ in range(4)]
        self.turns += [self.month, self.month_end, self.month_end - timedelta(days=1)]

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def turn(self) -> date:
        """One of a few days, so that changes fall together."""
        return self.dice.choice(self.turns)

    def dated(self, make: Callable[[], Json], most: int = 3, early: float = 0.97) -> list[Json]:
        days = {self.turn() for _ in range(self.dice.randint(0, most))}
        days |= {date(2010, 1, 1)} if self.chance(early) else {self.turn()}
        versions: list[Json] = []
        for day in sorted(days):
            again = versions and self.chance(0.3)
            values = {k: v for k, v in versions[-1].items() if k != "from"} if again else make()
            versions.append({"from": day.isoformat(), **values})
        self.dice.shuffle(versions)
        return versions

    def period(self, open_share: float = 0.15) -> Json:
        first = self.turn() - timedelta(days=self.dice.choice([0, 0, 1, 5, 40]))
        if self.chance(open_share):
            return {"from": first.isoformat(), **({"to": None} if self.chance(0.5) else {})}
        end = max(self.turn(), first + timedelta(days=self.dice.choice([1, 2, 4, 5, 6])))
        return {"from": first.isoformat(), "to": end.isoformat()}

    def split(self, items: list[Json]) -> list[Json]:
        """Some periods are two that adjoin."""
        found = []
        for item in items:
            first, end = date.fromisoformat(item["from"]), item.get("to")
            middle = first + timedelta(days=self.dice.randint(1, 20))
            if self.chance(0.3) and (not end or middle < date.fromisoformat(end)):
                found += [{**item, "to": middle.isoformat()}, {**item, "from": middle.isoformat()}]
            else:
                found.append(item)
        self.dice.shuffle(found)
        return found


def price_of(world: World) -> str:
    return world.dice.choice([*TIES, str(world.dice.randint(1, 3000)), f"{world.dice.random() * 2000:.2f}"])


def version_of(world: World, registers: list[str], blocks: bool) -> Json:
    dice = world.dice
    form = dice.choice(["price", "components"] + (["blocks"] * 4 if blocks else []))
    if registers and world.chance(0.6):
        form = "registers"
    version: Json = {}
    if form == "price":
        version["price"] = dice.choice(["1000", "1000.00", price_of(world)])
    elif form == "components":
        parts = [{"name": "supply", "price": "900"}, {"name": "transport", "price": "100.0"}]
        dice.shuffle(parts)
        version["components"] = parts if world.chance(0.7) else [{"name": "supply", "price": price_of(world)}]
    elif form == "registers":
        version["registers"] = {name: dice.choice(["1000", price_of(world)]) for name in registers}
        if world.chance(0.05):
            del version["registers"][registers[0]]
            version["registers"]["peak"] = "1"
    else:
        limits = sorted({dice.choice(["0.001", "0.5", "2", "3.333", "7", "15"]) for _ in range(3)}, key=float)
        version["blocks"] = [{"up_to": limit, "price": price_of(world)} for limit in limits]
        version["blocks"] += [{"price": price_of(world)}]
        if world.chance(0.5):
            version["per_resident"] = world.chance(0.85)
    if world.chance(0.4):
        version["vat_included"] = world.chance(0.8)
    return version


def readings_of(world: World, first: date, end: date | None, digits: int) -> list[Json]:
    """A counter of few digits that turns over often, read at any rhythm, with gaps of months."""
    dice, capacity = world.dice, 1000 * 10**digits
    day = max(first, world.month - timedelta(days=dice.choice([20, 50, 130, 300])))
    last = min(
        end or date.max, world.month_end + timedelta(days=dice.choice([-150, -50, 0, 1, 14, 25, 50, 50]))
    )
    index = dice.randrange(capacity)
    rhythm = dice.choice([[1, 2, 3], [7, 10, 15], [14, 15, 16, 17], [28, 30, 31, 32], [45, 46, 47, 75, 120]])
    readings: list[Json] = []
    while day <= last and len(readings) < 60:
        readings.append({"on": day.isoformat(), "index": f"{index // 1000}.{index % 1000:03d}"})
        step = dice.choice([0, 1, 999, capacity // 9, capacity // 5, capacity // 2])
        if world.chance(0.06):
            step = dice.choice([capacity // 2 + 1, capacity - 1, capacity * 3 // 4])
        index = (index + step) % capacity
        day += timedelta(days=dice.choice(rhythm) if world.chance(0.9) else dice.choice([33, 62, 100]))
        if world.chance(0.15):
            day = max(day, world.turn())
    dice.shuffle(readings)
    return readings


def installations_of(world: World, registers: list[str]) -> list[Json]:
    """One meter or a chain of them for each register, some side by side, some with days between them."""
    found: list[Json] = []
    chains: list[str | None] = [*registers] if registers else [None] * world.dice.choice([1, 1, 1, 2])
    if registers and world.chance(0.2):
        chains.append(None)
    for chain in chains:
        start = world.month - timedelta(days=world.dice.choice([10, 40, 100, 400]))
        for _ in range(world.dice.choice([1, 1, 2, 3])):
            later = start + timedelta(days=world.dice.choice([1, 12, 30, 61, 200]))
            end = None if world.chance(0.4) else max(world.turn(), later)
            digits = world.dice.choice([1, 2, 3])
            item: Json = {"meter": f"M{len(found)}", "from": start.isoformat(), "digits": digits}
            item["readings"] = readings_of(world, start, end, digits) if world.chance(0.85) else []
            item |= {"to": end.isoformat()} if end else {}
            item |= {"register": chain} if chain else {}
            if world.chance(0.3):
                item["multiplier"] = world.dice.choice(["0.001", "0.0333", "7", 40])
            if world.chance(0.4):
                item["quantity_factor"] = world.dated(
                    lambda: {"value": world.dice.choice(["0.9751", "1.0203", "0", "1.5", "1"])}, early=0.5
                )
            found.append(item)
            if end is None:
                break
            start = end + timedelta(days=world.dice.choice([0, 0, 0, 1, 9, 40]))
    world.dice.shuffle(found)
    return found


def service_of(world: World, name: str, basis: str) -> Json:
    dice = world.dice
    registers = dice.choice([[], [], [], ["day", "night"]]) if basis in ("meter", "of_service") else []
    blocks = basis in ("meter", "norm", "share", "of_service")
    service: Json = {"service": name, "basis": basis, "unit": "m3"}
    service["tariff"] = world.dated(lambda: version_of(world, registers, blocks))
    if world.chance(0.85):
        norms = ["150", "33.333", "0", "400", "0.5"]
        service["norm_l_per_resident_day"] = world.dated(lambda: {"value": dice.choice(norms)}, 2, 0.9)
    if world.chance(0.5):
        values = ["1", "1.0", "0.9", "1.5", "0.3333", "0"]
        service["coefficient"] = world.dated(lambda: {"value": dice.choice(values)}, 2, 0.6)
    if world.chance(0.25):
        service["vat"] = world.dated(lambda: {"percent": dice.choice(["0", "12", "7.7"])}, 2, 0.95)
    if basis == "meter":
        service["installations"] = installations_of(world, registers)
    if basis == "share":
        service["shares"] = [
            {
                "month": world.month.isoformat()[:7],
                "quantity": dice.choice(["10", "0.001", "3.4567", "0", "77.7"]),
            }
        ]
    if basis == "one_off":
        service |= {"on": world.turn().isoformat(), "quantity": dice.choice([1, "2.0005", "0", "0.0004"])}
    return service


def services_of(world: World) -> list[Json]:
    bases = world.dice.choice(
        [
            *(["meter"], ["meter"], ["meter", "meter"], ["meter", "share"], ["meter", "norm"]),
            *(["norm"], ["share", "norm"], ["meter", "one_off"]),
        ]
    )
    extra = world.dice.choice([[], [], ["residents"], ["area"], ["fixed"]])
    services = [service_of(world, f"s{number}", basis) for number, basis in enumerate(bases + extra)]
    followed = [service["service"] for service in services if service["basis"] in ("meter", "norm", "share")]
    for number in range(world.dice.choice([0, 1, 1, 2])):
        service = service_of(world, f"follower{number}", "of_service")
        services.append({**service, "of": world.dice.choice(followed)})
    world.dice.shuffle(services)
    return services


def circumstances_of(world: World, names: list[str]) -> Json:
    """Benefits, absences, acts and subsidies, most of them overlapping."""
    dice = world.dice
    some = lambda: dice.sample(names, dice.randint(1, len(names)))  # noqa: E731
    benefits = [
        {
            **world.period(),
            "services": some(),
            "residents": dice.choice([0, 1, 1, 2, 7]),
            "share_percent": dice.choice(["50", "50.0", "100", "33.333", "0.01"]),
        }
        for _ in range(dice.randint(0, 4))
    ]
    absences = [
        {**world.period(), "residents": dice.choice([0, 1, 1, 2, 9])} for _ in range(dice.randint(0, 4))
    ]
    acts = [
        {**world.period(), "service": dice.choice(names), "percent": dice.choice(["100", "33.3", "0.5", 0])}
        for _ in range(dice.randint(0, 3))
    ]
    left = dice.sample(names, len(names))
    subsidies = []
    while left and world.chance(0.6):
        chosen = [left.pop() for _ in range(dice.randint(1, len(left)))]
        amount = dice.choice(["0", "0.005", "15.555", "1000", "99999999"])
        month = (world.month if world.chance(0.95) else world.month_end).isoformat()[:7]
        subsidies.append({"month": month, "amount": amount, "services": chosen})
    return {
        "benefits": world.split(benefits),
        "absences": world.split(absences),
        "quality_acts": world.split(acts),
        "subsidies": subsidies,
    }


def rare_case(seed: int) -> Json:
    """A well-formed case; the same for the same seed."""
    world = World(seed)
    dice = world.dice
    contract: Json = {"from": "2020-01-01"}
    if world.chance(0.5):
        contract["from"] = (world.turn() - timedelta(days=dice.choice([0, 0, 3, 33, 90]))).isoformat()
    if world.chance(0.3):
        end = max(world.turn(), date.fromisoformat(contract["from"]) + timedelta(days=1))
        contract["to"] = end.isoformat()
    services = services_of(world)
    counts: list[Any] = [1, 2, 3, "4", 5] * 4 + [0]
    case = {
        "id": f"Rare-{seed}",
        "month": world.month.isoformat()[:7],
        "contract": contract,
        "services": services,
        "residents": world.dated(lambda: {"count": dice.choice(counts)}),
        "area_m2": world.dated(lambda: {"value": dice.choice(["54.3", "60", "0", "33.3335"])}),
        "vat": world.dated(lambda: {"percent": dice.choice(["12", "12.0", "15", "0"])}, 2),
        **circumstances_of(world, [service["service"] for service in services]),
    }
    if world.chance(0.6):
        case["parameters"] = {
            "absence_minimum_days": dice.choice([0, 1, 5, 6, 30]),
            "average_months": dice.choice([0, 1, 2, 6, 12, 24]),
            "average_at_most_months": dice.choice([0, 1, 2, 3, 12]),
        }
    return case
