"""The dispatcher's board of work, and the page that prints QR labels."""

from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from assets.labels.selectors.labelled import codes_in, labelled_elements
from assets.models import Network, Zone
from assets.networks.selectors.network_reads import kinds_that_occur, networks_visible_to, zones_visible_to
from frontend_map.alarm_words import rule_words
from frontend_map.client_texts import asset_kind_texts
from frontend_map.field_texts import board_texts, work_choices
from frontend_map.page_access import page
from gis_core.access import Capability, Viewer, divisions_of, holds
from gis_core.errors import ReportedError
from gis_core.sentences import in_words
from sensors.alarms.selectors.alarms import alarms_visible_to

_MOST_NETWORKS = 500


@page(Capability.DISPATCH_WORK)
def work(request: HttpRequest) -> HttpResponse:
    """Work orders by their state: given out, followed, cancelled; made by hand or from a leak (`?leak=UID`)."""
    divisions = divisions_of(request.user, Capability.DISPATCH_WORK).values("pk")
    networks = networks_visible_to(request.user).filter(division__in=divisions)[:_MOST_NETWORKS]
    choices = work_choices()
    sources = {name: request.GET.get(name, "") for name in ("leak", "outage", "alarm")}
    source = next((name for name, uid in sources.items() if uid), "")
    alarm = _alarm(request.user, sources["alarm"]) if source == "alarm" else {}
    settings = {
        "choices": choices,
        "words": board_texts(),
        "kinds": asset_kind_texts(),
        "map": reverse("map"),
        "source": source,
        "maySettleLeaks": holds(request.user, Capability.RECORD_FIELD_WORK),
        "sourceUid": sources.get(source, ""),
        **{"sourceText": "", "element": "", "network": "", **alarm},
    }
    context = {"networks": networks, "choices": choices, "source": source, "settings": settings}
    return render(request, "frontend_map/work.html", context)


def _alarm(viewer: Viewer, uid: str) -> dict[str, str]:
    """What an alarm says and where its device hangs; nothing of one that the viewer may not see."""
    try:
        wanted = UUID(uid)
    except ValueError:
        return {}
    rows = alarms_visible_to(viewer).select_related("datastream__thing__attachment__node__network")
    alarm = rows.filter(uid=wanted).first()
    if alarm is None:
        return {}
    thing = alarm.datastream.thing
    found = {"sourceText": f"{thing.name}: {rule_words(alarm.rule, alarm.datastream)}"}
    if thing.attachment is not None:
        node = thing.attachment.node
        found |= {"element": node.code, "network": node.network.code}
    return found


@page(Capability.VIEW_NETWORK)
def labels(request: HttpRequest) -> HttpResponse:
    """A form that leads to sheets of labels, and says what there are none for; it works without a program.

    With `?print=`, of `network` by `kind` and `zone` or by `codes`, it goes on to the sheets.
    """
    networks = list(networks_visible_to(request.user)[:_MOST_NETWORKS])
    code = request.GET.get("network", "")
    chosen = next(
        (network for network in networks if network.code == code), networks[0] if networks else None
    )
    zones = list(zones_visible_to(request.user).filter(network=chosen)[:1000]) if chosen else []
    texts = asset_kind_texts()
    asked = {name: request.GET.get(name, "") for name in ("kind", "zone", "codes")}
    problem = ""
    if chosen and "print" in request.GET:
        problem = _label_problem(request.user, chosen, zones, asked)
        if not problem:
            query = urlencode({name: value for name, value in asked.items() if value})
            return redirect(f"{reverse('network-labels', args=[chosen.code])}?{query}")
    context = {
        "networks": networks,
        "chosen": chosen,
        "problem": problem,
        "asked": asked,
        "zones": zones,
        "kinds": [(name, texts[name]) for name in kinds_that_occur(request.user)],
    }
    return render(request, "frontend_map/labels.html", context)


def _label_problem(viewer: Viewer, network: Network, zones: list[Zone], asked: dict[str, str]) -> str:
    """Why no sheet can be made of what is asked for; empty when one can."""
    zone = next((zone for zone in zones if str(zone.uid) == asked["zone"]), None)
    if asked["zone"] and zone is None:
        raise Http404
    try:
        labelled_elements(
            viewer,
            network,
            kinds=[asked["kind"]] if asked["kind"] else [],
            zone=zone.uid if zone else None,
            codes=codes_in(asked["codes"]),
        )
    except ReportedError as refusal:
        return str(in_words(refusal.message))
    return ""
