"""What a line says of itself: its whole computation in words and numbers, as a bill can print it."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from billing.pricing.selectors.cases import CaseInstallation, PriceCase
from billing.pricing.selectors.engine import PairOfReadings

# A line's own columns and its inputs, as `billing/sql/collect_lines.sql` keeps them with a bill's lines.
Facts = Mapping[str, Any]


def facts_of(
    line: Mapping[str, Any],
    case: PriceCase,
    pairs: Mapping[int, PairOfReadings],
    installations: Mapping[int, CaseInstallation],
) -> dict[str, Any]:
    """What the explanation of a line of `read_lines.sql` names."""
    if line["kind"] == "subsidy":
        return {**line, "amount": case.subsidies[line["input_no"]].amount}
    if line["kind"] == "quality":
        return {**line, "percent": case.quality_acts[line["input_no"]].percent}
    service = case.services[line["service_no"]]
    place = (line["input_no"] or 1) - 1
    is_benefit = line["kind"] == "benefit"
    return {
        **line,
        "unit": service.unit,
        "basis": service.basis,
        "base": service.of,
        "whole": service.shares.get(case.month),
        "month_days": monthrange(case.month.year, case.month.month)[1],
        "share_percent": line["benefit_shares"][place] if is_benefit else None,
        "benefit_residents": line["benefit_residents"][place] if is_benefit else None,
        "readings": [
            _reading(pairs[number], installations[pairs[number].installation_no])
            for number in dict.fromkeys(line["pair_nos"] or ())
        ],
    }


def _reading(pair: PairOfReadings, installation: CaseInstallation) -> dict[str, Any]:
    return {
        "meter": installation.meter,
        "pair_from": pair.pair_from,
        "pair_to": pair.pair_to,
        "pair_days": (pair.pair_to - pair.pair_from).days,
        "previous": pair.previous_index,
        "current": pair.current_index,
        "quantity": pair.quantity,
        "factor": pair.quantity_factor,
        "multiplier": installation.multiplier,
    }


def explanation_of(facts: Facts) -> str:
    """The explanation of a line in the active language."""
    if facts["kind"] == "subsidy":
        return _("Subsidy of the state, at most {amount} and what is charged.").format(
            amount=plain(facts["amount"])
        )
    if facts["kind"] == "quality":
        return _("Poor quality: {percent} % for {days} of {line_days} days.").format(
            percent=plain(facts["percent"]),
            days=(facts["line_to"] - facts["line_from"]).days,
            line_days=facts["days"],
        )
    if facts["kind"] == "penalty":
        return _penalty(facts)
    if facts["kind"] == "benefit":
        return " ".join((_benefit(facts), _money(facts)))
    return " ".join((_quantity(facts), *_block(facts), _money(facts)))


def plain(number: Decimal | str | None) -> str:
    """A number without an exponent."""
    return "" if number is None else number if isinstance(number, str) else f"{number:f}"


def _number(facts: Facts, key: str) -> Decimal:
    return Decimal(facts.get(key) or 0)


def _quantity(facts: Facts) -> str:
    values = {
        "quantity": plain(facts["piece_quantity"]),
        "unit": facts["unit"],
        "days": facts["days"],
        "norm": plain(facts.get("norm")),
        "present": plain(max(_number(facts, "registered") - _number(facts, "absent"), Decimal(0))),
        "registered": plain(facts.get("registered")),
        "absent": plain(facts.get("absent")),
    }
    if facts["basis"] == "of_service":
        return _("{shared} of {base} x {coefficient} = {quantity} {unit}.").format(
            shared=plain(facts["shared_quantity"]),
            base=facts["base"],
            coefficient=plain(facts["coefficient_in_force"]),
            **values,
        )
    if facts["rule"] == "norm":
        return _(
            "Norm: {norm} a day x {present} residents present ({registered} registered, {absent} absent) "
            "x {days} days / 1000 = {quantity} {unit}."
        ).format(**values)
    if facts["rule"] == "average":
        return _(
            "No reading: {read} {unit} in {read_days} days before, on average, x {days} days = {quantity} {unit}."
        ).format(read=plain(facts["history_quantity"]), read_days=facts["history_days"], **values)
    if facts["kind"] == "consumption":
        return _readings(facts, values)
    return _monthly(facts, values)


def _readings(facts: Facts, values: Mapping[str, Any]) -> str:
    register = facts.get("register")
    said = [
        _("Meter {meter}{register}:").format(
            meter=facts["readings"][0]["meter"], register=f" ({register})" if register else ""
        )
    ]
    for pair in facts["readings"]:
        sentence = _(
            "{current} on {pair_to} less {previous} on {pair_from} is {whole} {unit} in {pair_days} days"
        )
        if Decimal(pair["multiplier"]) != 1:
            sentence += " " + _("with the multiplier {multiplier}")
        if Decimal(pair["factor"]) != 1:
            sentence += " " + _("with the factor {factor}")
        numbers = {name: plain(pair[name]) for name in ("current", "previous", "factor", "multiplier")}
        said.append(
            sentence.format(
                **numbers,
                pair_to=pair["pair_to"],
                pair_from=pair["pair_from"],
                whole=plain(pair["quantity"]),
                unit=values["unit"],
                pair_days=pair["pair_days"],
            )
            + (
                " " + _("(the counter turned over)")
                if Decimal(pair["current"]) < Decimal(pair["previous"])
                else ""
            )
            + ";"
        )
    said.append(_("for {days} days {quantity} {unit}.").format(**values))
    return " ".join(said)


def _monthly(facts: Facts, values: Mapping[str, Any]) -> str:
    if facts["kind"] == "one_off":
        return _("Once, on {date}: {quantity} {unit}.").format(date=facts["line_from"], **values)
    if facts["kind"] == "share":
        return _("Share of {whole} {unit} in the month; for {days} days {quantity} {unit}.").format(
            whole=plain(facts["whole"]), **values
        )
    forms = {
        "area": _("Area {area} x {days} of {month_days} days = {quantity} {unit}."),
        "residents": _(
            "{present} residents present ({registered} registered, {absent} absent) x {days} of {month_days} days "
            "= {quantity} {unit}."
        ),
        "fixed": _("{days} of {month_days} days = {quantity} {unit}."),
    }
    return forms[facts["kind"]].format(
        area=plain(facts.get("area")), month_days=facts["month_days"], **values
    )


def _block(facts: Facts) -> Sequence[str]:
    limits = facts.get("limits") or ()
    if len(limits) <= 1:
        return ()
    place = facts["block_no"]
    values = {
        "place": place,
        "lower": plain(limits[place - 2]) if place > 1 else "0",
        "upper": plain(limits[place - 1]),
        "quantity": plain(facts["quantity"]),
        "unit": facts["unit"],
        "registered": plain(facts.get("registered")),
    }
    if limits[place - 1] is None:
        said = _("Block {place}, above {lower} {unit} in 30 days: {quantity} {unit}.")
    else:
        said = _("Block {place}, from {lower} to {upper} {unit} in 30 days: {quantity} {unit}.")
    if facts.get("per_resident"):
        said += " " + _("Limits are for each of {registered} residents.")
    return (said.format(**values),)


def _benefit(facts: Facts) -> str:
    return _(
        "Benefit of {share} % within the norm: {norm} a day x {residents} (residents) x {days} days / 1000; "
        "of this block {quantity} {unit}."
    ).format(
        share=plain(facts["share_percent"]),
        norm=plain(facts["norm"]),
        residents=facts["benefit_residents"],
        days=facts["days"],
        quantity=plain(facts["quantity"]),
        unit=facts["unit"],
    )


def _penalty(facts: Facts) -> str:
    said = [
        _(
            "Bill {bill} was to be paid by {due_on}; {base} of it was owed: {base} x {percent} % a day x {days} days."
        ).format(
            bill=facts["bill"],
            due_on=facts["due_on"],
            base=plain(facts["base"]),
            percent=plain(facts["daily_percent"]),
            days=facts["days"],
        )
    ]
    if facts["grace_days"]:
        said.append(_("The first {days} days after it cost nothing.").format(days=facts["grace_days"]))
    if facts["is_capped"]:
        said.append(_("Penalties stop at {percent} % of the bill.").format(percent=facts["cap_percent"]))
    return " ".join(said)


def _money(facts: Facts) -> str:
    """Price, coefficient and tax; of a benefit the share too."""
    factors = [plain(facts["quantity"]), plain(facts["price"])]
    if Decimal(facts["coefficient"]) != 1:
        factors.append(plain(facts["coefficient"]))
    if facts["kind"] == "benefit":
        factors.append(f"{plain(facts['share_percent'])} %")
    said = [" x ".join(factors) + ";", _("price of {date}").format(date=facts["tariff_from"])]
    if facts.get("component_names"):
        parts = zip(facts["component_names"], facts["component_prices"], strict=True)
        said.append("(" + " + ".join(f"{name} {plain(price)}" for name, price in parts) + ")")
    percent = plain(facts["vat_percent"])
    said.append(
        _("with VAT of {percent} % in it.").format(percent=percent)
        if facts["vat_included"]
        else _("and VAT of {percent} %.").format(percent=percent)
    )
    return " ".join(said)
