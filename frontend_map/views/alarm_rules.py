"""When alarms are raised and who is told: the rules and the channels of the viewer's divisions."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import capfirst

from assets.models import Network
from frontend_map.alarm_words import canonical_unit, limit_unit, scope_words, stated_rule
from frontend_map.client_texts import alarm_rule_texts
from frontend_map.page_access import page
from frontend_map.templatetags.figures import translated, unit
from gis_core.access import Capability, NotVisible, access, divisions_of, holds, visible
from sensors.alarms.selectors.alarms import alarm_rules_visible_to, channels_visible_to
from sensors.models import LANGUAGES, AlarmKind, AlarmRule, AlarmSeverity, Datastream, Quantity
from sensors.series.units import FACTORS

MOST_LISTED = 200
# Those that the form shows as the API has them.
_SHOWN_FIELDS = (
    "name",
    "severity",
    "kind",
    "low",
    "high",
    "hysteresis",
    "raise_after_s",
    "silent_after_s",
)
_LANGUAGE_NAMES = {"uz": "O‘zbekcha", "uz-cyrl": "Ўзбекча", "ru": "Русский", "en": "English"}


@page(Capability.VIEW_SENSORS)
def alarm_rules(request: HttpRequest) -> HttpResponse:
    """Rules and channels; `?datastream=UID` begins a rule for that datastream."""
    may_edit = holds(request.user, Capability.EDIT_SENSORS)
    rules = list(alarm_rules_visible_to(request.user).order_by("-is_enabled", "name", "id")[:MOST_LISTED])
    channels = list(channels_visible_to(request.user).order_by("name", "id")) if may_edit else []
    context = {
        "rules": [{"rule": rule, "said": stated_rule(rule), "scope": scope_words(rule)} for rule in rules],
        "is_cut": len(rules) == MOST_LISTED,
        "channels": channels,
        "may_edit": may_edit,
        "kinds": [(kind.value, translated(kind.label)) for kind in AlarmKind],
        "severities": [(severity.value, translated(severity.label)) for severity in AlarmSeverity],
        "quantities": [
            (quantity.value, capfirst(translated(quantity.label)))
            for quantity in Quantity
            if quantity.value in FACTORS
        ],
        "divisions": divisions_of(request.user, Capability.EDIT_SENSORS).order_by("path"),
        "networks": visible(Network.objects.order_by("code"), request.user, Capability.EDIT_SENSORS),
        "languages": [(code, _LANGUAGE_NAMES[code]) for code in LANGUAGES],
        "stream": _asked_stream(request) if may_edit else None,
        "settings": {
            "rules": "/api/v1/alarm-rules/",
            "channels": "/api/v1/notification-channels/",
            "known": {str(rule.uid): _fields_of(rule) for rule in rules} if may_edit else {},
            "units": {quantity: unit(canonical_unit(quantity)) for quantity in FACTORS},
        },
        "texts": alarm_rule_texts(),
    }
    return render(request, "frontend_map/alarm_rules.html", context)


def _fields_of(rule: AlarmRule) -> dict[str, Any]:
    """What the form is filled with to change a rule."""
    fields = {name: getattr(rule, name) for name in _SHOWN_FIELDS}
    return fields | {
        "night_from": rule.night_from.isoformat("minutes") if rule.night_from else "",
        "night_to": rule.night_to.isoformat("minutes") if rule.night_to else "",
        "channels": [str(channel.uid) for channel in rule.channels.all()],
        "unit": unit(limit_unit(rule)),
        "scope": scope_words(rule),
    }


def _asked_stream(request: HttpRequest) -> Datastream | None:
    text = request.GET.get("datastream", "")
    if not text:
        return None
    try:
        streams = Datastream.objects.filter(deleted_at=None).select_related("thing", "division")
        return access(streams, request.user, Capability.EDIT_SENSORS, uid=UUID(text))
    except (ValueError, NotVisible) as error:
        raise Http404 from error
