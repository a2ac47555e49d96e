"""Slow oracles of buildings, penalties and prepaid accounts: payment by payment, day by day, in fractions."""

import calendar
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from tests.billing.price_oracle import (
    FOR_EVER,
    ONE_DAY,
    day_of,
    days_from,
    holding,
    number,
    rounded,
    text,
    value_on,
)


def building_by_oracle(document: dict[str, Any]) -> dict[str, Any]:
    """What each flat without a figure gets, one after the other."""
    building = document["building"]
    weight = {"residents": "residents", "area": "area_m2"}[building["share_by"]]
    left = number(building["quantity"])
    sharing = []
    for flat in building["flats"]:
        if flat.get("metered") is None:
            sharing.append(flat)
        else:
            left -= number(flat["metered"])
    whole = sum((number(flat[weight]) for flat in sharing), Fraction(0))
    shares = []
    if left > 0 and whole:
        reached, given = Fraction(0), Fraction(0)
        for flat in sharing:
            reached += number(flat[weight])
            upto = rounded(left * reached / whole, 3)
            shares.append({"flat": flat["flat"], "quantity": text(upto - given, 3)})
            given = upto
    reasons = ["negative_remainder"] if left < 0 else ["no_weights"] if left > 0 and not whole else []
    return {
        "id": document["id"],
        "month": document["month"],
        "shares": shares,
        "remainder": text(rounded(left, 3), 3),
        "exceptions": [{"reason": reason} for reason in reasons],
    }


def penalty_by_oracle(document: dict[str, Any]) -> dict[str, Any]:
    """Each day what each debt still owes, then the lines, then the cap."""
    penalty = document["penalty"]
    debts = sorted(penalty["debts"], key=lambda debt: debt["due_on"])
    as_of = day_of(penalty["as_of"])

    def owed_on(day: date) -> list[Fraction]:
        owed = [number(debt["amount"]) for debt in debts]
        for payment in penalty["payments"]:
            money = number(payment["amount"]) if day_of(payment["on"]) <= day else Fraction(0)
            for place in range(len(owed)):
                settled = min(owed[place], money)
                owed[place] -= settled
                money -= settled
        return owed

    lines, total = [], Fraction(0)
    for place, debt in enumerate(debts):
        first = day_of(debt["due_on"]) + timedelta(days=int(penalty["grace_days"]) + 1)
        cap = rounded(number(debt["amount"]) * number(penalty["cap_percent"]) / 100, 2)
        stretches: list[list[Any]] = []
        for day in days_from(first, as_of):
            version = holding(penalty["daily_percent"], day)
            terms = (owed_on(day)[place], None if version is None else number(version["percent"]))
            if stretches and stretches[-1][2] == terms:
                stretches[-1][1] = day + ONE_DAY
            else:
                stretches.append([day, day + ONE_DAY, terms])
        for begin, end, (base, percent) in stretches:
            days = (end - begin).days
            amount = min(rounded(base * (percent or 0) / 100 * days, 2), cap)
            cap -= amount
            total += amount
            if amount:
                lines.append(
                    (debt["due_on"], begin.isoformat(), end.isoformat(), days, base, percent, text(amount, 2))
                )
    return {"id": document["id"], "lines": lines, "total": text(total, 2)}


def prepaid_by_oracle(document: dict[str, Any]) -> dict[str, Any]:
    """Every day from the first event to the last: first what the day's price does, then the day's events."""
    prepaid = document["prepaid"]

    def price_on(day: date) -> tuple[Fraction | None, list[str]]:
        version, percent = holding(prepaid["tariff"], day), value_on(prepaid["vat"], day, "percent")
        price = None
        if version is not None and "price" in version:
            price = number(version["price"])
        elif version is not None and "components" in version:
            price = sum((number(part["price"]) for part in version["components"]), Fraction(0))
        reasons = ([] if price else ["no_price"]) + (["no_vat"] if percent is None else [])
        if reasons or version is None or price is None or percent is None:
            return None, reasons
        return price if version.get("vat_included") else price + price * percent / 100, []

    def is_older(made: date, day: date) -> bool:
        year, month = divmod(made.year * 12 + made.month - 1 + int(prepaid["protected_months"]), 12)
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(made.day, last)) < day

    by_day: dict[date, list[dict[str, Any]]] = {}
    for event in prepaid["events"]:
        by_day.setdefault(day_of(event["on"]), []).append(event)
    loads: list[list[Any]] = []  # made on, price with VAT, left
    answers, exceptions = [], []
    for day in days_from(min(by_day, default=FOR_EVER), max(by_day, default=date.min) + ONE_DAY):
        price, reasons = price_on(day)
        if price is not None and price != price_on(day - ONE_DAY)[0]:
            for load in loads:
                if price < load[1] or (price > load[1] and is_older(load[0], day)):
                    load[2] = Fraction(load[2] * load[1] / price * 1000 // 1, 1000)
                    load[1] = price
        for event in by_day.get(day, []):
            bought, short = Fraction(0), number(event.get("use", 0))
            if "load" in event and price is None:
                exceptions += [reason for reason in reasons if reason not in exceptions]
            elif "load" in event and price is not None:
                bought = Fraction(number(event["load"]) / price * 1000 // 1, 1000)
                loads.append([day, price, bought])
            for load in loads:
                taken = min(short, load[2])
                load[2] -= taken
                short -= taken
            answers.append((event["on"], bought, sum((load[2] for load in loads), Fraction(0)), short))
    left = answers[-1][2] if answers else Fraction(0)
    return {
        "id": document["id"],
        "events": [
            {
                "on": on,
                "bought": text(bought, 3),
                "volume_left": text(rounded(volume, 3), 3),
                "shortage": text(rounded(short, 3), 3),
            }
            for on, bought, volume, short in answers
        ],
        "volume_left": text(rounded(left, 3), 3),
        "exceptions": [{"reason": reason} for reason in exceptions],
    }
