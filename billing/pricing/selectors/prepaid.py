"""A prepaid account: what its loads buy, how long they last, and when what is left of them is revalued."""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext_noop

from billing.pricing.selectors.cases import id_of
from billing.pricing.selectors.dated_values import Dated, PriceForm, dated_numbers, tariff_of
from billing.pricing.selectors.json_nodes import JsonNode


@dataclass(frozen=True, slots=True)
class PrepaidEvent:
    """On a day either money is loaded or a quantity is used."""

    on: date
    load: Fraction | None
    use: Fraction | None


@dataclass(frozen=True, slots=True)
class PrepaidCase:
    """The prices and events of a prepaid account; events in the order of their days, then as listed."""

    id: Any
    tariff: list[Dated[list[PriceForm]]]
    vat: list[Dated[Decimal]]
    protected_months: int
    events: list[PrepaidEvent]


@dataclass(slots=True)
class _Load:
    """What is left of a load, and the price with VAT that it was bought or last revalued at."""

    on: date
    price: Fraction
    left: Fraction


@dataclass
class _PrepaidAccount:
    case: PrepaidCase
    loads: list[_Load] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    @property
    def volume_left(self) -> Fraction:
        return sum((load.left for load in self.loads), Fraction(0))

    def revalue(self, day: date, price: Fraction) -> None:
        """What is left keeps its money's worth at a lower price, and at a higher one if its protection is over."""
        for load in self.loads:
            is_unprotected = months_later(load.on, self.case.protected_months) < day
            if price < load.price or (price > load.price and is_unprotected):
                load.left = _rounded_down(load.left * load.price / price)
                load.price = price

    def load(self, on: date, amount: Fraction) -> Fraction:
        """What an amount buys; nothing without a price above zero or VAT."""
        price, reasons = price_with_vat(self.case, on)
        if price is None or reasons:
            self.reasons += [reason for reason in reasons if reason not in self.reasons]
            return Fraction(0)
        bought = _rounded_down(amount / price)
        self.loads.append(_Load(on, price, bought))
        return bought

    def use(self, quantity: Fraction) -> Fraction:
        """Draw from the oldest load on; returns what is short."""
        for load in self.loads:
            taken = min(load.left, quantity)
            load.left -= taken
            quantity -= taken
        return quantity


def prepaid_case(node: JsonNode) -> PrepaidCase:
    """The prepaid account of a document; raises MalformedDocument."""
    members = node.members(("id", "prepaid"))
    prepaid = members["prepaid"].members(("tariff", "vat", "protected_months", "events"))
    return PrepaidCase(
        id=id_of(members["id"]),
        tariff=tariff_of(prepaid["tariff"], may_have_blocks=False),
        vat=dated_numbers(prepaid["vat"], "percent"),
        protected_months=prepaid["protected_months"].whole(at_most=1200),
        events=sorted(
            (_event(element) for element in prepaid["events"].elements()), key=lambda event: event.on
        ),
    )


def _event(node: JsonNode) -> PrepaidEvent:
    members = node.members(("on",), ("load", "use"))
    if ("load" in members) == ("use" in members):
        node.fail(gettext_noop("An event is either a load or a use."))
    return PrepaidEvent(
        on=members["on"].day(),
        load=Fraction(members["load"].number()) if "load" in members else None,
        use=Fraction(members["use"].number()) if "use" in members else None,
    )


def prepaid_answer(case: PrepaidCase) -> dict[str, Any]:
    """Each event with what it bought, what is left after it, and what was short."""
    account = _PrepaidAccount(case)
    changes = _price_changes(case)
    upcoming = next(changes, None)
    events = []
    for event in case.events:
        while upcoming is not None and upcoming[0] <= event.on:
            account.revalue(*upcoming)
            upcoming = next(changes, None)
        bought = account.load(event.on, event.load) if event.load is not None else Fraction(0)
        shortage = account.use(event.use) if event.use is not None else Fraction(0)
        events.append(
            {
                "on": event.on.isoformat(),
                "bought": _quantity(bought),
                "volume_left": _quantity(account.volume_left),
                "shortage": _quantity(shortage),
            }
        )
    return {
        "id": case.id,
        "events": events,
        "volume_left": _quantity(account.volume_left),
        "exceptions": [{"reason": reason} for reason in account.reasons],
    }


def price_with_vat(case: PrepaidCase, day: date) -> tuple[Fraction | None, Sequence[str]]:
    """The price of a unit with VAT on a day; or None with what is missing."""
    forms = _holding(case.tariff, day) or []
    # A price by register is for meters that name one.
    form = next((form for form in forms if not form.register), None)
    percent = _holding(case.vat, day)
    reasons = [
        reason
        for reason, is_missing in (
            ("no_price", form is None or form.prices[0] == 0),
            ("no_vat", percent is None),
        )
        if is_missing
    ]
    if form is None or percent is None or reasons:
        return None, reasons
    price = Fraction(form.prices[0])
    return price if form.vat_included else price * (100 + Fraction(percent)) / 100, ()


def _price_changes(case: PrepaidCase) -> Iterator[tuple[date, Fraction]]:
    """The days on which the price with VAT becomes another, with it. A day without a price changes nothing."""
    days = {version.valid_from for version in case.tariff} | {version.valid_from for version in case.vat}
    before: Fraction | None = None
    for day in sorted(days):
        price, _reasons = price_with_vat(case, day)
        if price is not None and price != before:
            yield day, price
        before = price


def _holding(versions: Sequence[Dated[Any]], day: date) -> Any:
    for version in versions:
        if version.valid_from <= day and (version.valid_to is None or day < version.valid_to):
            return version.value
    return None


def months_later(day: date, months: int) -> date:
    """The same day so many calendar months later, or that month's last."""
    place = day.year * 12 + day.month - 1 + months
    year, month = min(place // 12, date.max.year), place % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _rounded_down(quantity: Fraction) -> Fraction:
    return Fraction(quantity * 1000 // 1, 1000)


def _quantity(quantity: Fraction) -> str:
    """To three decimals, half up."""
    thousandths = (quantity * 2000 + 1) // 2
    return f"{thousandths // 1000}.{thousandths % 1000:03d}"
