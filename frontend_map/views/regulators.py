"""Regulators: a list with what each holds and follows, and one with its schedule, override and journal."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from frontend_map.client_texts import age_texts
from frontend_map.page_access import page
from frontend_map.regulator_reads import journal_of, open_proposal, regulators_now, shown_regulators
from gis_core.access import Capability, access, divisions_of
from sensors.models import Regulator

_SHOWN = 50
_A_MONDAY = date(2024, 1, 1)
# How long a person may choose to hold a set-point, in hours.
_HOURS = (1, 4, 12, 24, 72, 168)


@page(Capability.VIEW_SENSORS)
def regulators(request: HttpRequest) -> HttpResponse:
    """The viewer's regulators by code (`?page=`)."""
    moment = timezone.now()
    rows = shown_regulators(request.user).order_by("code")
    sheet = Paginator(rows, _SHOWN).get_page(request.GET.get("page"))
    context = {
        "regulators": regulators_now(request.user, list(sheet.object_list), moment),
        "sheet": sheet,
        "labels": _labels(),
        "texts": age_texts(),
    }
    return render(request, "frontend_map/regulators.html", context)


@page(Capability.VIEW_SENSORS)
def regulator(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One regulator; 404 when it lies outside the viewer's divisions."""
    row = access(shown_regulators(request.user), request.user, Capability.VIEW_SENSORS, uid=uid)
    moment = timezone.now()
    proposal = open_proposal(request.user, row)
    operated = divisions_of(request.user, Capability.OPERATE_REGULATORS)
    context = {
        "now": regulators_now(request.user, [row], moment)[0],
        "row": row,
        "is_overridden": row.is_overridden(moment),
        "schedule": _weekly(row),
        "journal": journal_of(request.user, row),
        "proposal": proposal,
        "may_confirm": proposal is not None and proposal.proposed_by_id != request.user.pk,
        "modes": [(mode, labels) for mode, labels in _labels().items() if mode in Regulator.Mode.values],
        "hours": _HOURS,
        "may_operate": operated.filter(pk=row.division_id).exists(),
        "label": _labels(),
        "settings": {"api": f"/api/v1/regulators/{row.uid}/", "proposals": "/api/v1/limit-proposals/"},
        "texts": age_texts() | _texts(),
    }
    return render(request, "frontend_map/regulator.html", context)


def _labels() -> dict[str, str]:
    return {
        "manual": pgettext("regulator", "by hand only"),
        "schedule": pgettext("regulator", "by schedule"),
        "hold": pgettext("regulator", "holds a pressure"),
        "fallback": pgettext("regulator", "holds its safe value"),
        "override": pgettext("regulator", "held by hand"),
        "off": pgettext("regulator", "switched off"),
    }


def _weekly(row: Regulator) -> list[dict[str, Any]]:
    """The schedule with the names of its days."""
    days = {None: _("every day")} | {
        number: date_format(_A_MONDAY + timedelta(days=number), "l") for number in range(7)
    }
    return [
        {"day": days[entry.weekday], "starts_at": entry.starts_at, "set_point": entry.set_point}
        for entry in sorted(
            row.schedule.all(), key=lambda entry: (entry.weekday is not None, entry.weekday, entry.starts_at)
        )
    ]


def _texts() -> dict[str, str]:
    return {
        "overridden": _("Held by hand until {until}. A command goes out when it is safe."),
        "released": _("It follows its mode again."),
        "changed": _("Changed."),
        "proposed": _("Proposed. Somebody else confirms it."),
        "confirmed": _("The limits hold now."),
        "withdrawn": _("The proposal is withdrawn."),
        "keyAsk": _("Make a new key? The device is not commanded until it has it."),
        "keyShown": _("The key, shown this once: {key}"),
        "badNumber": _("Give a number."),
        "noReason": _("Give a reason."),
        "failed": _("It could not be done: {reason}"),
        "loadFailed": _("This could not be loaded. Check the connection and try again."),
    }
