"""The home page: what needs doing today, and a section for each thing that the viewer's roles are about."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from assets.networks.selectors.network_reads import networks_visible_to
from assets.networks.services.summaries import network_figures
from balances.selectors.leak_events import running_leaks_visible_to
from billing.selectors.accounts import billing_summary
from frontend_map.loss_summary import month_losses
from frontend_map.page_access import page
from frontend_map.sensor_reads import count_alarms, count_by_state, devices_with_state
from frontend_map.work_lists import WORK_LISTS
from gis_core.access import Capability, Viewer, capabilities_of, holds, roles_of
from gis_core.models import Job, User
from gis_core.selectors.organisation import jobs_visible_to
from sensors.feeds.selectors.feeds import quarantined_visible_to
from sensors.models import QuarantinedRow

_SHOWN_ZONES = 10
_SHOWN_LEAKS = 5
_SHOWN_JOBS = 5
_SHOWN_NETWORKS = 8
_SEARCHED_FROM = 2
_FAILED_DAYS = 7


@dataclass(frozen=True)
class Task:
    """A kind of work with how much of it waits, and where the whole of it is."""

    title: str
    count: int
    address: str
    icon: str


@page(None)
def home(request: HttpRequest) -> HttpResponse:
    """What waits, then cards by capability."""
    viewer = request.user
    held = capabilities_of(viewer)
    tasks = _tasks(viewer, held)
    context: dict[str, Any] = {
        "roles": roles_of(viewer),
        "tasks": [task for task in tasks if task.count],
        "has_tasks": bool(tasks),
    }
    if Capability.VIEW_NETWORK in held:
        context |= _networks(request)
    if Capability.VIEW_BALANCES in held:
        context |= _losses(viewer)
    if Capability.VIEW_JOBS in held:
        context |= {"shows_jobs": True, "jobs": list(jobs_visible_to(viewer)[:_SHOWN_JOBS])}
    if Capability.VIEW_SUBSCRIBERS in held:
        context |= {
            "shows_accounts": True,
            "may_take_money": Capability.RECORD_PAYMENTS in held,
            "may_open_accounts": Capability.MANAGE_ACCOUNTS in held,
            "billing": billing_summary(viewer),
        }
    if viewer.is_staff and holds(viewer, Capability.MANAGE_USERS):
        context["users"] = _users()
    return render(request, "frontend_map/home.html", context)


def _tasks(viewer: Viewer, held: frozenset[Capability]) -> list[Task]:
    """All kinds of work of the viewer's roles, also those of which none waits."""
    tasks = [
        Task(
            _(work.title),
            work.select(viewer).count(),
            f"{reverse('todo')}?list={work.name}",
            work.icon,
        )
        for work in WORK_LISTS.values()
        if work.capability in held
    ]
    if Capability.HANDLE_ALARMS in held:
        tasks.insert(0, Task(_("Open alarms"), count_alarms(viewer)["open"], reverse("alarms"), "bell"))
    if Capability.EDIT_SENSORS in held:
        silent = count_by_state(devices_with_state(viewer, timezone.now())).get("silent", 0)
        waiting = quarantined_visible_to(viewer).filter(state=QuarantinedRow.State.WAITING).count()
        tasks.append(Task(_("Silent devices"), silent, f"{reverse('sensors')}?state=silent", "gauge"))
        tasks.append(Task(_("Values that could not be taken"), waiting, reverse("feeds"), "inbox"))
    if Capability.VIEW_JOBS in held:
        since = timezone.now() - timedelta(days=_FAILED_DAYS)
        failed = jobs_visible_to(viewer).filter(state=Job.State.FAILED, ended_at__gte=since).count()
        tasks.append(
            Task(_("Jobs that failed this week"), failed, f"{reverse('jobs')}?state=failed", "clock")
        )
    return tasks


def _networks(request: HttpRequest) -> dict[str, Any]:
    visible_networks = networks_visible_to(request.user)
    sheet = Paginator(visible_networks, _SHOWN_NETWORKS).get_page(request.GET.get("page"))
    return {
        "shows_networks": True,
        "networks": network_figures(list(sheet)),
        "sheet": sheet,
        "has_picker": sheet.paginator.num_pages >= _SEARCHED_FROM,
    }


def _losses(viewer: Viewer) -> dict[str, Any]:
    losses = month_losses(viewer)
    leaks = list(running_leaks_visible_to(viewer)[: _SHOWN_LEAKS + 1])
    return {
        "shows_losses": True,
        "losses": losses,
        "top_zones": losses.zones[:_SHOWN_ZONES] if losses else [],
        "leaks": leaks[:_SHOWN_LEAKS],
        "has_more_leaks": len(leaks) > _SHOWN_LEAKS,
    }


def _users() -> dict[str, int]:
    """Users in figures, for whoever administers them."""
    users = User.objects.filter(is_active=True)
    without = users.annotate(roles=Count("role_assignments")).filter(roles=0, is_superuser=False)
    return {"active": users.count(), "without_role": without.count()}
