"""What is kept about a person as a page to be read or printed, and the wish to erase it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.selectors.persons import (
    KeptRows,
    kept_visible_to,
    names_of_keys,
    person_visible_to,
    proposed_erasure,
)
from frontend_map.page_access import page
from gis_core.access import Capability

# Of longer tables the page shows the newest; the file has all rows.
_SHOWN_ROWS = 100


@page(Capability.MANAGE_ACCOUNTS)
def person(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Everything that is kept about a subscriber, by table."""
    subscriber = person_visible_to(request.user, uid)
    kept = kept_visible_to(request.user, subscriber)
    shown = [(table, table.rows(newest=_SHOWN_ROWS)) for table in kept.tables]
    names = names_of_keys((table.model, rows) for table, rows in shown)
    act = proposed_erasure(subscriber)
    context = {
        "subscriber": subscriber,
        "act": act,
        "is_own_act": act is not None and act.proposed_by_id == request.user.pk,
        "is_whole": kept.is_whole,
        "tables": [_table(table, rows, names) for table, rows in shown],
        "file": reverse("subscriber-kept", args=[subscriber.uid]),
        "settings": {"address": reverse("subscriber-erasure", args=[subscriber.uid])},
        "texts": {
            "waits": _("Proposed: somebody else of the office erases it."),
            "withdrawn": _("Withdrawn: nothing was done."),
            "erased": _("Erased. The books stay."),
            "noReason": _("Say why."),
            "sure": _("Erase who this subscriber is? Nobody can bring it back."),
            "failed": _("It was not done: {reason}"),
            "loadFailed": _("This could not be loaded. Check the connection and try again."),
        },
    }
    return render(request, "frontend_map/person.html", context)


def _table(table: KeptRows, rows: Sequence[Mapping[str, Any]], names: Mapping[Any, str]) -> dict[str, Any]:
    return {
        "title": table.model._meta.verbose_name_plural,
        "count": len(table.keys),
        "shown": len(rows),
        "rows": [_in_words(table.model, row, names) for row in rows],
    }


def _in_words(model: type[Model], row: Mapping[str, Any], names: Mapping[Any, str]) -> list[tuple[Any, Any]]:
    """What a row says, by the columns' own names; what it names by a key as people know it."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    # A user is told by name, under the column's name with "_name" behind it.
    titles = {f"{field.name}_name": field.verbose_name for field in fields.values()}
    titles |= {name: field.verbose_name for name, field in fields.items()}
    return [
        (titles.get(name, name), _known_as(fields.get(name), value, names))
        for name, value in row.items()
        if value not in (None, "", {}, [])
    ]


def _known_as(field: Any, value: Any, names: Mapping[Any, str]) -> Any:
    is_key = field is not None and field.is_relation
    return names.get((field.related_model, value), value) if is_key else value
