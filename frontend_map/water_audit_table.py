"""A zone's water audit as people read it: the IWA table, the waterfall's steps, key figures, flags in words."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from balances.audit.costs import LossCosts
from balances.audit.selectors.zone_audits import ZoneAudit
from frontend_map.templatetags.figures import figure, unit


@dataclass(frozen=True)
class AuditLine:
    """A line of the table: its depth, name, volume, m3, its 95 % limit in percent of it, and what it costs."""

    depth: int
    code: str
    name: str
    volume: Decimal | None
    limit_percent: float | None
    cost: Decimal | None
    is_sum: bool


def audit_lines(audit: ZoneAudit, costs: LossCosts) -> list[AuditLine]:
    """The IWA balance from the supply down, sums before their terms; terms sum to their sums to the litre."""
    words = component_words()
    volumes = audit.given.volumes
    sums = audit_sums(audit)
    stated = audit.given.limits
    derived = audit.result.limits95
    order = (
        (0, "water_supplied", True),
        (1, "authorized", True),
        (2, "billed_authorized", True),
        (3, "billed_metered", False),
        (3, "billed_unmetered", False),
        (2, "unbilled_authorized", True),
        (3, "unbilled_metered", False),
        (3, "unbilled_unmetered", False),
        (1, "water_losses", True),
        (2, "apparent_losses", True),
        (3, "unauthorized", False),
        (3, "customer_meter_inaccuracy", False),
        (3, "data_handling_errors", False),
        (2, "real_losses", True),
        (0, "nrw", True),
    )
    money = {"apparent_losses": costs.apparent, "real_losses": costs.real, "water_losses": costs.total}
    return [
        AuditLine(
            depth,
            code,
            words[code],
            sums.get(code, volumes.get(code)),
            derived.get(code, stated.get(code)),
            money.get(code),
            is_sum,
        )
        for depth, code, is_sum in order
    ]


def audit_sums(audit: ZoneAudit) -> dict[str, Decimal | None]:
    """The sums of the table to the litre: unknown where a term is."""
    volumes, result = audit.given.volumes, audit.result
    return {
        "water_supplied": volumes["water_supplied"],
        "authorized": _litres(result.authorized),
        "billed_authorized": _sum(volumes["billed_metered"], volumes["billed_unmetered"]),
        "unbilled_authorized": _sum(volumes["unbilled_metered"], volumes["unbilled_unmetered"]),
        "water_losses": _litres(result.water_losses),
        "apparent_losses": _litres(result.apparent_losses),
        "real_losses": _litres(result.real_losses),
        "nrw": _litres(result.nrw),
    }


def _litres(value: float | None) -> Decimal | None:
    return None if value is None else round(Decimal(value), 3)


def _sum(*terms: Decimal | None) -> Decimal | None:
    known = [term for term in terms if term is not None]
    return sum(known, Decimal(0)) if len(known) == len(terms) else None


def waterfall_steps(audit: ZoneAudit) -> list[dict[str, Any]]:
    """From the supply down to real losses, m3 as texts; empty where anything is unknown."""
    volumes, sums = audit.given.volumes, audit_sums(audit)
    order = [
        ("water_supplied", "total"),
        *((name, "minus") for name in ("billed_metered", "billed_unmetered")),
        *((name, "minus") for name in ("unbilled_metered", "unbilled_unmetered")),
        ("water_losses", "total"),
        *((name, "minus") for name in ("unauthorized", "customer_meter_inaccuracy", "data_handling_errors")),
        ("losses", "total"),
    ]
    found = [
        (name, kind, sums["real_losses"] if name == "losses" else sums.get(name, volumes.get(name)))
        for name, kind in order
    ]
    if any(volume is None for _name, _kind, volume in found):
        return []
    return [{"name": name, "volume": str(volume), "kind": kind} for name, kind, volume in found]


def component_words() -> dict[str, str]:
    """The components of the balance, by their names in the audit; `losses` is what the waterfall ends in."""
    return {
        "water_supplied": _("System input"),
        "authorized": _("Authorised consumption"),
        "billed_authorized": _("Billed authorised consumption"),
        "billed_metered": _("Billed metered"),
        "billed_unmetered": _("Billed unmetered"),
        "unbilled_authorized": _("Unbilled authorised consumption"),
        "unbilled_metered": _("Unbilled metered"),
        "unbilled_unmetered": _("Unbilled unmetered"),
        "water_losses": _("Water losses"),
        "apparent_losses": _("Apparent losses"),
        "unauthorized": _("Unauthorised consumption"),
        "customer_meter_inaccuracy": _("Customer meter errors"),
        "data_handling_errors": _("Data handling errors"),
        "real_losses": _("Real losses"),
        "losses": _("Real losses"),
        "nrw": _("Non-revenue water"),
    }


def key_figures(audit: ZoneAudit) -> list[tuple[str, str, str]]:
    """What a zone is compared by: name, figure, unit."""
    result, given = audit.result, audit.given
    return [
        (_("Non-revenue water"), figure(result.nrw_percent, 1), "%"),
        (_("Real losses per connection and day"), figure(result.real_losses_l_conn_day, 1), unit("l")),
        (_("Unavoidable real losses (UARL)"), figure(result.uarl, 0), "m³"),
        (_("Infrastructure leakage index (ILI)"), figure(result.ili, 2), ""),
        (_("Mains"), figure(given.mains_length, 2), unit("km")),
        (_("Connections"), figure(given.connections), ""),
        (_("Average pressure"), figure(given.average_pressure, 1), unit("m")),
    ]


def flag_words(flags: list[str]) -> list[str]:
    """What is odd about an audit or was assumed in it, as sentences."""
    words = {
        "insufficient_data": _(
            "Not every month of the period has a balance with enough data: volumes are unknown."
        ),
        "assumed_unauthorized": _("Unauthorised consumption is assumed: 0.25 % of the system input."),
        "assumed_customer_meter_inaccuracy": _(
            "Errors of customers' meters are assumed: they count 2 % too little."
        ),
        "assumed_data_handling_errors": _(
            "Data handling errors are assumed: 0.25 % of billed metered consumption."
        ),
        "private_pipe_length_unknown": _("The length of private pipes is not known and counts as none."),
        "negative_real_losses": _("Real losses are below zero: input or consumption cannot be right."),
        "negative_water_losses": _("Water losses are below zero: more was consumed than supplied."),
        "negative_nrw": _("Non-revenue water is below zero: more was billed than supplied."),
        "ili_below_1": _(
            "The index is below one: less than what cannot be avoided is lost, or the data are wrong."
        ),
        "ili_implausibly_high": _("The index is above twenty: look at the data first."),
        "small_system": _("UARL is not defined for systems as small as this."),
        "low_pressure": _("The pressure is below 25 m, where UARL is not proven."),
        "days_not_a_year": _("The period is not a year; figures per day are by its own days."),
        "missing_average_pressure": _("No pressure is measured in the zone: UARL is unknown."),
        "missing_mains_length": _("No mains lie in the zone: UARL is unknown."),
        "zero_connections": _("No connections are known in the zone."),
    }
    return [words[flag] for flag in dict.fromkeys(flags) if flag in words]
