"""What is kept about a person as a page to be read or printed, and the wish to erase it."""

from typing import Any
from uuid import UUID

from django.apps import apps
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.selectors.persons import kept_visible_to, person_visible_to
from frontend_map.page_access import page
from gis_core.access import Capability
from gis_core.models import WaitingAct
from gis_core.services.two_people import waiting_act

# Of longer tables the page shows the newest; the file has all rows.
_SHOWN_ROWS = 100


@page(Capability.MANAGE_ACCOUNTS)
def person(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Everything that is kept about a subscriber, by table."""
    subscriber = person_visible_to(request.user, uid)
    kept = kept_visible_to(request.user, subscriber)
    act = waiting_act(WaitingAct.Kind.ERASE_PERSON, str(subscriber.uid))
    context = {
        "subscriber": subscriber,
        "act": act,
        "is_own_act": act is not None and act.proposed_by_id == request.user.pk,
        "tables": [_table(label, rows) for label, rows in kept.items()],
        "file": reverse("subscriber-kept", args=[subscriber.uid]),
        "settings": {"address": reverse("subscriber-erasure", args=[subscriber.uid])},
        "texts": {
            "waits": _("Proposed: somebody else of the office erases it."),
            "erased": _("Erased. The books stay."),
            "noReason": _("Say why."),
            "sure": _("Erase who this subscriber is? Nobody can bring it back."),
            "failed": _("It was not done: {reason}"),
            "loadFailed": _("This could not be loaded. Check the connection and try again."),
        },
    }
    return render(request, "frontend_map/person.html", context)


def _table(label: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    model = apps.get_model(label)
    # A user is told by name, under the column's name with "_name" behind it.
    titles = {field.attname: field.verbose_name for field in model._meta.concrete_fields}
    titles |= {f"{field.name}_name": field.verbose_name for field in model._meta.concrete_fields}
    return {
        "title": model._meta.verbose_name_plural,
        "count": len(rows),
        "rows": [
            [
                (titles.get(name, name), value)
                for name, value in row.items()
                if value not in (None, "", {}, [])
            ]
            for row in rows[-_SHOWN_ROWS:]
        ],
    }
