"""What waits to be done, as lists: each of one kind, for those who may do it, counted on the home page, listed whole.

A list ends when its work is done: an accepted finding, a decided reading, a repaired leak is no longer on it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from assets.models import DirtyArea, Finding, LeakRecord, Plan, WorkOrder
from assets.plans.selectors.plans import plans_visible_to
from assets.registers.selectors.condition import leaks_visible_to
from assets.validation.selectors.findings import dirty_areas_visible_to, findings_visible_to
from assets.validation.services.catalogue import explanation_in_words
from assets.work_orders.selectors.orders import OPEN_STATES, work_orders_visible_to
from balances.models import LeakEvent
from balances.selectors.leak_events import running_leaks_visible_to
from billing.cash_desk.selectors.desk import refunds_to_confirm
from billing.selectors.accounts import (
    billing_exceptions_visible_to,
    billing_runs_visible_to,
    queued_readings_visible_to,
)
from frontend_map.templatetags.figures import figure
from gis_core.access import Capability, Viewer
from gis_core.sentences import told

# Reasons of billing.sql/collect_lines.sql in words.
BILLING_REASONS = {
    "reading_queued": gettext_noop("a reading waits for a decision"),
    "no_price": gettext_noop("no price for these days"),
    "no_reading": gettext_noop("no reading after the month"),
    "no_vat": gettext_noop("no VAT rate for these days"),
    "no_norm": gettext_noop("no reading, no history and no norm"),
    "no_area": gettext_noop("no area"),
    "no_residents": gettext_noop("no registered residents"),
    "no_meter": gettext_noop("no meter"),
    "implausible_reading": gettext_noop("a reading runs backwards or leaps"),
    "building_not_read": gettext_noop("the building's meter has no reading and no history"),
    "negative_remainder": gettext_noop("the flats have used more than the building's meter shows"),
    "no_weights": gettext_noop("no flat has residents or an area to share by"),
}
# What a reading waits for (billing/services/readings.py).
QUEUE_REASONS = {
    "backwards": gettext_noop("backwards"),
    "implausibly high": gettext_noop("implausibly high"),
    "another reading of that day": gettext_noop("another reading of that day"),
}

_NOTE_CHARACTERS = 120


@dataclass(frozen=True)
class WorkRow:
    """One piece of work, with the page where it is looked at."""

    title: str
    detail: str
    address: str
    end: str = ""


@dataclass(frozen=True)
class WorkList:
    """A kind of work: `select(viewer)` gives what waits, the most pressing first; `describe` puts one into words."""

    name: str
    title: str
    explanation: str
    icon: str
    capability: Capability
    select: Callable[[Viewer], QuerySet[Any]]
    describe: Callable[[Any], WorkRow]


def _on_map(network: str, selected: str = "") -> str:
    query = {"network": network} | ({"selected": selected} if selected else {})
    return f"{reverse('map')}?{urlencode(query)}"


def _findings(viewer: Viewer) -> QuerySet[Finding]:
    found = findings_visible_to(viewer).filter(accepted_at=None)
    # "error" comes before "warning" in the alphabet too; notes ask for nothing.
    return found.exclude(severity=Finding.Severity.NOTE).order_by("severity", "network__code", "pk")


def _finding(finding: Finding) -> WorkRow:
    selected = finding.elements[0] if finding.elements else ""
    return WorkRow(
        title=", ".join(finding.element_codes[:4]) or finding.network.name,
        detail=f"{finding.network.name} · {explanation_in_words(finding.check_code, finding.explanation)}",
        address=_on_map(finding.network.code, selected),
        end=_(finding.get_severity_display()),
    )


def _dirty(viewer: Viewer) -> QuerySet[DirtyArea]:
    return (
        dirty_areas_visible_to(viewer)
        .select_related("network", "edit__acting_user")
        .order_by("-made_at", "-pk")
    )


def _dirty_area(area: DirtyArea) -> WorkRow:
    edit = area.edit
    return WorkRow(
        title=(told(edit.summary) or _(edit.operation)) if edit else area.network.name,
        detail=" · ".join(
            [area.network.name, *([edit.acting_user.username] if edit and edit.acting_user else [])]
        ),
        address=_on_map(area.network.code),
        end=date_format(area.made_at, "j E Y"),
    )


def _plans(viewer: Viewer) -> QuerySet[Plan]:
    return plans_visible_to(viewer).filter(state=Plan.State.DRAFT).order_by("-made_at", "-pk")


def _plan(plan: Plan) -> WorkRow:
    return WorkRow(
        title=plan.name,
        detail=f"{plan.network.name} · {plan.code}",
        address=_on_map(plan.network.code),
        end=date_format(plan.made_at, "j E Y"),
    )


def _leaks(viewer: Viewer) -> QuerySet[LeakRecord]:
    over = [LeakRecord.State.REPAIRED, LeakRecord.State.REJECTED]
    return leaks_visible_to(viewer).exclude(state__in=over).order_by("-reported_at", "-pk")


def _leak(leak: LeakRecord) -> WorkRow:
    place = leak.attachment
    element = place.pipe or place.node
    selected = f"{'pipe' if place.pipe else 'node'}:{element.uid}" if element else ""
    size = f"{figure(leak.estimated_loss_m3h, 1)} m³/h" if leak.estimated_loss_m3h is not None else ""
    note = Truncator(leak.note).chars(_NOTE_CHARACTERS)
    parts = [leak.network.name, _(leak.get_kind_display()), element.code if element else "", size, note]
    return WorkRow(
        title=_("Leak %(number)s") % {"number": leak.number},
        detail=" · ".join(part for part in parts if part),
        address=_on_map(leak.network.code, selected),
        end=_(leak.get_state_display()),
    )


def _late_orders(viewer: Viewer) -> QuerySet[WorkOrder]:
    late = work_orders_visible_to(viewer).filter(state__in=OPEN_STATES, due_at__lt=timezone.now())
    return late.order_by("due_at", "pk")


def _late_order(order: WorkOrder) -> WorkRow:
    assignee = (order.assignee.get_full_name() or order.assignee.username) if order.assignee else _("nobody")
    due = timezone.localtime(order.due_at)
    return WorkRow(
        title=order.title,
        detail=f"{order.number} · {_(order.get_state_display())} · {assignee}",
        address=f"{reverse('work')}?order={order.uid}",
        end=date_format(due, "j E Y"),
    )


def _running_leak(event: LeakEvent) -> WorkRow:
    started = date_format(timezone.localtime(event.started_at), "j E Y")
    return WorkRow(
        title=event.zone.name,
        detail=f"{event.network.name} · " + _("since %(day)s") % {"day": started},
        address=reverse("zone", args=[event.zone.uid]),
        end=f"{figure(event.now_size_m3h, 1)} {_('m³/h')}",
    )


def _account_page(uid: Any) -> str:
    return reverse("account", args=[uid]) if uid else reverse("accounts")


def reason_in_words(code: str) -> str:
    return _((BILLING_REASONS | QUEUE_REASONS).get(code, code))


def _reading(reading: Any) -> WorkRow:
    return WorkRow(
        title=reading.subscriber_name or reading.installation.meter.serial,
        detail=f"{date_format(reading.read_on, 'j E Y')} · {reason_in_words(reading.queue_reason)}",
        address=_account_page(reading.account_uid),
        end=f"{figure(reading.index_m3, 3)} {_('m³')}",
    )


def _exceptions(viewer: Viewer) -> QuerySet[Any]:
    last_run = billing_runs_visible_to(viewer).filter(is_trial=False, is_penalty=False).first()
    exceptions = billing_exceptions_visible_to(viewer)
    return exceptions.filter(run=last_run).order_by("pk") if last_run else exceptions.none()


def _exception(exception: Any) -> WorkRow:
    return WorkRow(
        title=exception.account.subscriber.name,
        detail=f"{exception.account.number} · {reason_in_words(exception.reason)}",
        address=_account_page(exception.account.uid),
        end=date_format(exception.month or exception.run.month, "F Y"),
    )


def _refund(row: Any) -> WorkRow:
    return WorkRow(
        title=f"{figure(row.amount, 2)} UZS · {row.receipt.account.subscriber.name}",
        detail=f"{row.receipt} · {row.proposed_by.username} · {row.reason}",
        address=reverse("cash-desk"),
        end=date_format(row.proposed_at, "j E Y"),
    )


WORK_LISTS = {
    work.name: work
    for work in (
        WorkList(
            "leaks",
            gettext_noop("Leaks to repair"),
            gettext_noop("Reported and not repaired yet, the newest first."),
            "drop",
            Capability.RECORD_FIELD_WORK,
            _leaks,
            _leak,
        ),
        WorkList(
            "late_orders",
            gettext_noop("Work orders that are late"),
            gettext_noop("Not done on the day they were due, the longest overdue first."),
            "clock",
            Capability.DISPATCH_WORK,
            _late_orders,
            _late_order,
        ),
        WorkList(
            "found_leaks",
            gettext_noop("Leaks found by the search"),
            gettext_noop("Neither closed nor ended, the largest first."),
            "alert",
            Capability.VIEW_BALANCES,
            running_leaks_visible_to,
            _running_leak,
        ),
        WorkList(
            "findings",
            gettext_noop("Findings of validation"),
            gettext_noop("What the checks found and nobody has repaired or accepted, errors first."),
            "alert",
            Capability.EDIT_NETWORK,
            _findings,
            _finding,
        ),
        WorkList(
            "dirty",
            gettext_noop("Ground not validated since edits"),
            gettext_noop("Edits whose surroundings no check has looked at yet, the newest first."),
            "edit",
            Capability.EDIT_NETWORK,
            _dirty,
            _dirty_area,
        ),
        WorkList(
            "plans",
            gettext_noop("Plans to decide"),
            gettext_noop("Drafts that are neither approved nor withdrawn."),
            "file",
            Capability.EDIT_NETWORK,
            _plans,
            _plan,
        ),
        WorkList(
            "readings",
            gettext_noop("Readings to decide"),
            gettext_noop(
                "They are not billed before somebody accepts them or puts them right; the oldest first."
            ),
            "counter",
            Capability.ENTER_READINGS,
            queued_readings_visible_to,
            _reading,
        ),
        WorkList(
            "refunds",
            gettext_noop("Refunds to confirm"),
            gettext_noop("Proposed by a cashier and paid out once a second person confirms them."),
            "inbox",
            Capability.RECORD_PAYMENTS,
            refunds_to_confirm,
            _refund,
        ),
        WorkList(
            "exceptions",
            gettext_noop("Accounts that could not be billed"),
            gettext_noop("Of the last billing run."),
            "people",
            Capability.RUN_BILLING,
            _exceptions,
            _exception,
        ),
    )
}
