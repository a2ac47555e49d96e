"""Trying a tariff before it is decreed: an account's month as it is, and as it would be."""

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_noop as _

from billing.models import Account
from billing.pricing.selectors.accounts import price_account
from billing.pricing.selectors.documents import price_document
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence


@dataclass(frozen=True)
class TriedTariff:
    """A price without tax for the unit of a service from a day on; above `up_to` (for 30 days) `price_above` holds."""

    service: str
    first_day: date
    price: Decimal
    up_to: Decimal | None = None
    price_above: Decimal | None = None

    def as_version(self) -> dict[str, Any]:
        """The tariff version of a price document."""
        version: dict[str, Any] = {"from": self.first_day.isoformat()}
        if self.up_to is None or self.price_above is None:
            return {**version, "price": str(self.price)}
        blocks = [{"up_to": str(self.up_to), "price": str(self.price)}, {"price": str(self.price_above)}]
        return {**version, "blocks": blocks}


@dataclass(frozen=True)
class Trial:
    """The answers of the account's contracts in the month, as price documents have them; totals in UZS with tax."""

    before: list[dict[str, Any]]
    after: list[dict[str, Any]]

    @property
    def total_before(self) -> Decimal:
        return _total(self.before)

    @property
    def total_after(self) -> Decimal:
        return _total(self.after)

    @property
    def difference(self) -> Decimal:
        return self.total_after - self.total_before


def _total(answers: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(answer["total"]) for answer in answers if "total" in answer), Decimal(0))


def try_tariff(account: Account, month: date, tried: TriedTariff) -> Trial:
    """An account's month (its first day) with a tariff in place of what holds from its day on; nothing is stored.

    Raises ReportedError: `service` where no contract of the month has it, `tariff` where the rules refuse it.
    """
    known = price_account(account, month)
    documents: list[dict[str, Any]] = json.loads(json.dumps(known["document"]["cases"], default=str))
    services = [
        service
        for one in documents
        for service in one["services"]
        if code_of(service["service"]) == tried.service
    ]
    if not services:
        raise ReportedError(
            Sentence(_("The account does not have {service} in this month."), service=tried.service),
            code="service",
        )
    for service in services:
        service["tariff"] = [*_held_before(service.get("tariff", []), tried.first_day), tried.as_version()]
    after = price_document(json.dumps({"cases": documents}))["cases"]
    refused = next((answer["error"]["message"] for answer in after if "error" in answer), None)
    if refused is not None:
        raise ReportedError(
            Sentence(_("This tariff cannot be tried: {reason}"), reason=refused), code="tariff"
        )
    return Trial(known["cases"], after)


def code_of(name: str) -> str:
    """The code of a service as documents name it: further points of one are `cold_water/2` and so on."""
    return name.partition("/")[0]


def _held_before(versions: list[dict[str, Any]], day: date) -> list[dict[str, Any]]:
    """The versions that began before a day; the last of them holds until then."""
    earlier = [dict(version) for version in versions if version["from"] < day.isoformat()]
    for version in earlier:
        if version.get("to", "") > day.isoformat():
            del version["to"]
    return earlier
