"""The links of the page header, by what the viewer may do."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.dates import MONTHS, MONTHS_3, MONTHS_ALT
from django.utils.formats import get_format
from django.utils.translation import get_language, get_language_info, ngettext, pgettext
from django.utils.translation import gettext as _

from balances.selectors.leak_events import count_open_events
from frontend_map.client_texts import search_texts
from gis_core.access import Capability, Viewer, capabilities_of, roles_of
from gis_core.models import RoleAssignment
from sensors.alarms.selectors.alarms import alarms_visible_to
from sensors.models import AlarmState

_OPEN_ALARMS = (AlarmState.RAISED, AlarmState.ACKNOWLEDGED)

# What the closed menu of languages shows.
_SHORT = {"uz": "O‘z", "uz-cyrl": "Ўз", "ru": "Ру", "en": "En", "tr": "Tr", "uk": "Ук"}


@dataclass(frozen=True)
class NavigationLink:
    """One entry of the header; `is_current` when the page shown is below it."""

    address: str
    label: str
    icon: str
    is_current: bool = False


def navigation(request: HttpRequest) -> dict[str, Any]:
    """`navigation_links`, `header_counts` and `viewer_roles`, empty for strangers; and `page_locale` for programs."""
    viewer = getattr(request, "user", None)
    shared = {"page_locale": page_locale(), "page_theme": _theme(request), **_languages()}
    if viewer is None or not viewer.is_authenticated or request.path.startswith("/admin/"):
        return {
            "navigation_links": [],
            "header_counts": [],
            "viewer_roles": "",
            "search_box": None,
            **shared,
        }
    labels = dict(RoleAssignment.Role.choices)
    return {
        "navigation_links": _links(viewer, request.path),
        "header_counts": _counts(viewer),
        "viewer_roles": ", ".join(_(labels[role]) for role in roles_of(viewer)),
        "search_box": search_box(viewer),
        **shared,
    }


def _theme(request: HttpRequest) -> str:
    """What the reader chose (theme.ts), nothing where the system decides."""
    chosen = request.COOKIES.get("tarmoq_theme", "")
    return chosen if chosen in ("dark", "light") else ""


def _languages() -> dict[str, Any]:
    """The languages by their own names, and the one of this page."""
    languages = [
        {"code": code, "name": get_language_info(code)["name_local"].capitalize(), "short": _SHORT[code]}
        for code, _name in settings.LANGUAGES
    ]
    code = get_language() or settings.LANGUAGE_CODE
    shown = next((language for language in languages if language["code"] == code), languages[0])
    # BCP 47 writes scripts with a capital: uz-Cyrl.
    return {
        "page_languages": languages,
        "page_language": {**shown, "tag": shown["code"].replace("cyrl", "Cyrl")},
    }


def search_box(viewer: Viewer) -> dict[str, Any] | None:
    """What the search box of the header needs; None for who can find nothing by it."""
    if Capability.VIEW_NETWORK not in capabilities_of(viewer):
        return None
    return {"address": reverse("search"), "texts": search_texts()}


def page_locale() -> dict[str, Any]:
    """Names of months and marks of numbers in the reader's language: not every browser knows Uzbek."""
    return {
        "months": [str(MONTHS[number]) for number in range(1, 13)],
        "months_in_dates": [str(MONTHS_ALT[number]) for number in range(1, 13)],
        "months_short": [str(MONTHS_3[number]).capitalize() for number in range(1, 13)],
        "decimal": get_format("DECIMAL_SEPARATOR"),
        "thousands": get_format("THOUSAND_SEPARATOR"),
        "zone": settings.TIME_ZONE,
    }


def _links(viewer: Viewer, path: str) -> list[NavigationLink]:
    held = capabilities_of(viewer)
    entries = [("home", pgettext("navigation", "Home"), "home", True)]
    if Capability.VIEW_NETWORK in held:
        entries.append(("map", _("Map"), "map", True))
        entries.append(("field", _("Field"), "pin", True))
    entries.append(("losses", _("Losses"), "drop", Capability.VIEW_BALANCES in held))
    entries.append(("work", pgettext("navigation", "Work"), "inbox", Capability.DISPATCH_WORK in held))
    entries.append(("sensors", pgettext("navigation", "Devices"), "gauge", Capability.VIEW_SENSORS in held))
    entries.append(("accounts", _("Accounts"), "people", Capability.VIEW_SUBSCRIBERS in held))
    entries.append(
        ("cash-desk", pgettext("navigation", "Cash desk"), "inbox", Capability.RECORD_PAYMENTS in held)
    )
    entries.append(
        (
            "register-files",
            pgettext("navigation", "Register files"),
            "download",
            Capability.RUN_BILLING in held,
        )
    )
    entries.append(("imports", pgettext("navigation", "Import"), "inbox", Capability.EDIT_NETWORK in held))
    entries.append(("jobs", _("Jobs"), "clock", Capability.VIEW_JOBS in held))
    entries.append(("admin:index", _("Registers"), "table", getattr(viewer, "is_staff", False)))
    return [
        NavigationLink(address, label, icon, _is_current(address, path))
        for name, label, icon, is_shown in entries
        if is_shown
        for address in [reverse(name)]
    ]


@dataclass(frozen=True)
class HeaderCount:
    """What waits for somebody: how many, of what, and where they are."""

    address: str
    label: str
    icon: str
    count: int


def _counts(viewer: Viewer) -> list[HeaderCount]:
    """Leak events and alarms that are not done with, for those who may see them."""
    held = capabilities_of(viewer)
    counts = []
    if Capability.VIEW_BALANCES in held:
        events = count_open_events(viewer)
        label = ngettext("%(n)s leak event is open", "%(n)s leak events are open", events) % {"n": events}
        counts.append(HeaderCount(reverse("leak-events"), label, "drop", events))
    if Capability.VIEW_SENSORS in held:
        alarms = alarms_visible_to(viewer).filter(state__in=_OPEN_ALARMS).count()
        label = ngettext("%(n)s alarm is open", "%(n)s alarms are open", alarms) % {"n": alarms}
        counts.append(HeaderCount(reverse("alarms"), label, "bell", alarms))
    return [shown for shown in counts if shown.count]


def _is_current(address: str, path: str) -> bool:
    return path == address if address == "/" else path.startswith(address)
