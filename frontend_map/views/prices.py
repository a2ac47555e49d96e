"""Price lists, and a try-out: what an account would be charged under another tariff."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.pricing.selectors.trying import Trial, TriedTariff, code_of, try_tariff
from billing.selectors.accounts import visible_account_by_number
from billing.selectors.months import billed_enterprises
from billing.selectors.prices import blocks_of, price_list, service_names
from frontend_map.page_access import page
from frontend_map.views.billing import chosen_enterprise
from gis_core.access import Capability
from gis_core.errors import ReportedError
from gis_core.sentences import in_words


@dataclass(frozen=True)
class ShownLine:
    """A line of the trial: `before` and `after` are the money with tax, None where there is no such line."""

    service: str
    kind: str
    from_day: str
    explanation: str
    amount: Decimal


@page(Capability.VIEW_SUBSCRIBERS)
def prices(request: HttpRequest) -> HttpResponse:
    """The price lists of an enterprise (`?enterprise=`), and a trial (`?account=&month=&service=&price=&from=`)."""
    enterprises = list(billed_enterprises(request.user, Capability.VIEW_SUBSCRIBERS))
    chosen = chosen_enterprise(request, enterprises)
    today = timezone.localdate()
    names = {code: _(name) for code, name in service_names().items()}
    asked = _AskedTrial(request, today)
    trial, refusal = asked.tried(chosen) if chosen and asked.is_asked else (None, "")
    held = price_list(chosen, today) if chosen else None
    context: dict[str, Any] = {
        "enterprises": enterprises,
        "enterprise": chosen,
        "price_list": held,
        "tariffs": [(tariff, names[tariff.service], blocks_of(tariff)) for tariff in held.tariffs]
        if held
        else [],
        "today": today,
        "services": list(names.items()),
        "asked": asked.values,
        "refusal": refusal,
        "trial": trial,
        "sides": _sides(trial, names) if trial else [],
    }
    return render(request, "frontend_map/prices.html", context)


class _AskedTrial:
    """The fields of the trial as they were typed."""

    _NAMES = ("account", "month", "service", "price", "from", "up_to", "price_above")

    def __init__(self, request: HttpRequest, today: date) -> None:
        last = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
        typed = {name: request.GET.get(name, "").replace("\x00", "").strip()[:40] for name in self._NAMES}
        self.is_asked = bool(typed["account"])
        self.user = request.user
        typed["month"] = typed["month"] or f"{last:%Y-%m}"
        self.values = {name.replace("from", "first_day"): value for name, value in typed.items()}

    def tried(self, enterprise: Any) -> tuple[Trial | None, str]:
        """The trial, or why there is none."""
        try:
            account = visible_account_by_number(self.user, enterprise, self.values["account"])
            month = date.fromisoformat(f"{self.values['month']}-01")
            first_day = date.fromisoformat(self.values["first_day"] or month.isoformat())
            tried = TriedTariff(
                self.values["service"],
                first_day,
                _number(self.values["price"]) or Decimal(0),
                _number(self.values["up_to"]),
                _number(self.values["price_above"]),
            )
            return try_tariff(account, month, tried), ""
        except ReportedError as error:
            return None, in_words(error.message)
        except (ValueError, InvalidOperation):
            return None, _("Give a month, a day and a price as numbers.")


def _number(text: str) -> Decimal | None:
    """A typed number, with a comma or a point; None for nothing."""
    plain = text.replace(" ", "").replace("\u00a0", "").replace(",", ".")
    if not plain:
        return None
    value = Decimal(plain)
    if not value.is_finite() or value < 0:
        raise InvalidOperation
    return value


def _sides(trial: Trial, names: dict[str, str]) -> list[tuple[str, list[ShownLine], Decimal]]:
    sides = (
        (_("As it is"), trial.before, trial.total_before),
        (_("As it would be"), trial.after, trial.total_after),
    )
    return [
        (title, [_shown(line, names) for answer in answers for line in answer["lines"]], total)
        for title, answers, total in sides
    ]


def _shown(line: dict[str, Any], names: dict[str, str]) -> ShownLine:
    return ShownLine(
        service=names.get(code_of(line["service"] or ""), "") or _("All services"),
        kind=line["kind"],
        from_day=line["from"],
        explanation=line["explanation"],
        amount=Decimal(line["net"]) + Decimal(line["vat"]),
    )
