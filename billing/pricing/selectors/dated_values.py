"""Lists of values that each hold until the next one begins, and the tariffs among them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from functools import reduce
from typing import Any, Generic, TypeVar

from django.utils.translation import gettext_noop

from billing.pricing.selectors.json_nodes import JsonNode

FORMS = ("price", "components", "blocks", "registers")
# Wide enough for the sum of any numbers that a document may hold.
_WIDE = Context(prec=100)
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Dated(Generic[_Value]):
    """A value with the days on which it holds, [valid_from, valid_to); None: for ever."""

    valid_from: date
    valid_to: date | None
    value: _Value


@dataclass(frozen=True, slots=True)
class PriceForm:
    """What a version of a tariff asks: a price for each block, of which the last has no limit.

    A plain price is one block. `register` is "" where the price is for whatever register.
    """

    register: str
    limits: list[Decimal | None]
    prices: list[Decimal]
    component_names: list[str]
    component_prices: list[Decimal]
    per_resident: bool
    vat_included: bool


def dated_values(
    node: JsonNode, read: Callable[[dict[str, JsonNode]], _Value], required: tuple[str, ...]
) -> list[Dated[_Value]]:
    """A dated list in the order of its days, however listed. `read` makes the value of a version's members."""
    return spread([(*_days(version), read(version)) for version in _versions(node, required, ())])


def dated_numbers(node: JsonNode, key: str = "value") -> list[Dated[Decimal]]:
    """A dated list of numbers under `key`."""
    return dated_values(node, lambda version: version[key].number(), (key,))


def tariff_of(node: JsonNode, *, may_have_blocks: bool) -> list[Dated[list[PriceForm]]]:
    """A tariff: of each version its price forms, one for each register that it names."""
    versions = _versions(node, (), (*FORMS, "per_resident", "vat_included"))
    return spread(
        [
            (*_days(version), _price_forms(element, version, may_have_blocks=may_have_blocks))
            for element, version in zip(node.elements(), versions, strict=True)
        ]
    )


def _versions(
    node: JsonNode, required: tuple[str, ...], optional: tuple[str, ...]
) -> list[dict[str, JsonNode]]:
    versions = [element.members(("from", *required), (*optional, "to")) for element in node.elements()]
    seen: set[date] = set()
    for version in versions:
        if "to" in version:
            version["to"].refuse_unless_printed()
        day, _end = _days(version)
        if day in seen:
            version["from"].fail(gettext_noop("Two values begin on {date}."), date=day)
        seen.add(day)
    return versions


def _days(version: dict[str, JsonNode]) -> tuple[date, date | None]:
    """The days of a version, the end None where it holds until the next one."""
    first = version["from"].day()
    if "to" not in version or version["to"].value is None:
        return first, None
    end = version["to"].day()
    if end <= first:
        version["to"].fail(gettext_noop("{end} is not after {first}."), end=end, first=first)
    return first, end


def spread(listed: list[tuple[date, date | None, _Value]]) -> list[Dated[_Value]]:
    """Values with their days, as values that end where the next begins, or before it where they say so."""
    ordered = sorted(listed, key=lambda entry: entry[0])
    nexts = [*(day for day, _end, _value in ordered[1:]), None]
    # Of an empty list there is an end too many.
    return [
        Dated(day, min((known for known in (end, following) if known is not None), default=None), value)
        for (day, end, value), following in zip(ordered, nexts, strict=False)
    ]


def _price_forms(
    element: JsonNode, version: dict[str, JsonNode], *, may_have_blocks: bool
) -> list[PriceForm]:
    named = [form for form in FORMS if form in version]
    if len(named) != 1:
        element.fail(gettext_noop("A version of a tariff has one of {forms}."), forms=", ".join(FORMS))
    included = version["vat_included"].flag() if "vat_included" in version else False
    if "per_resident" in version and "blocks" not in version:
        version["per_resident"].fail(gettext_noop("Only blocks can be for each resident."))
    if "price" in version:
        return [_plain("", version["price"].number(), included)]
    if "components" in version:
        return [_components(version["components"], included)]
    if "registers" in version:
        return _registers(version["registers"], included)
    if not may_have_blocks:
        version["blocks"].fail(gettext_noop("A service of this basis has no blocks."))
    return [_blocks(version, included)]


def _plain(register: str, price: Decimal, included: bool) -> PriceForm:
    return PriceForm(register, [None], [price], [], [], per_resident=False, vat_included=included)


def _components(node: JsonNode, included: bool) -> PriceForm:
    parts = [element.members(("name", "price")) for element in node.some_elements()]
    names = [part["name"].text() for part in parts]
    prices = [part["price"].number() for part in parts]
    return PriceForm(
        "", [None], [reduce(_WIDE.add, prices)], names, prices, per_resident=False, vat_included=included
    )


def _registers(node: JsonNode, included: bool) -> list[PriceForm]:
    if not isinstance(node.value, dict) or not node.value:
        node.fail(gettext_noop("This is to be an object with the price of each register."))
    members: dict[str, Any] = node.members(node.value)
    return [_plain(register, member.number(), included) for register, member in members.items()]


def _blocks(version: dict[str, JsonNode], included: bool) -> PriceForm:
    blocks = [element.members(("price",), ("up_to",)) for element in version["blocks"].some_elements()]
    elements = version["blocks"].elements()
    limits: list[Decimal | None] = []
    reached = Decimal(0)
    for element, block in zip(elements[:-1], blocks[:-1], strict=True):
        limit = element.members(("price", "up_to"))["up_to"].number()
        if limit <= reached:
            block["up_to"].fail(gettext_noop("{limit} is not above the limit before it."), limit=limit)
        limits.append(limit)
        reached = limit
    if "up_to" in blocks[-1]:
        blocks[-1]["up_to"].fail(gettext_noop("The last block has no limit."))
    return PriceForm(
        "",
        [*limits, None],
        [block["price"].number() for block in blocks],
        [],
        [],
        per_resident=version["per_resident"].flag() if "per_resident" in version else False,
        vat_included=included,
    )
