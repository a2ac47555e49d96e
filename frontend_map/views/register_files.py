"""Registers of billing as files: what each is, an empty one to fill in, the trial and the import of one, the export."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.exchange.selectors.columns import CellType
from billing.exchange.selectors.kinds import KINDS, RegisterKind
from billing.exchange.selectors.registers import EXPORTING, MOST_BYTES_AT_ONCE, enterprises_of, may_import
from frontend_map.file_reports import file_report_texts
from frontend_map.page_access import page
from gis_core.access import Capability
from gis_core.selectors.organisation import divisions_visible_to


@page(Capability.RUN_BILLING)
def register_files(request: HttpRequest) -> HttpResponse:
    """All registers; `?kind=` is the one that is chosen at first."""
    kinds = [_described(kind, request) for kind in KINDS.values()]
    asked = request.GET.get("kind", "")
    context = {
        "kinds": kinds,
        "chosen": asked if asked in KINDS else kinds[0]["code"],
        "enterprises": enterprises_of(EXPORTING, request.user),
        "divisions": divisions_visible_to(request.user)
        .order_by("path")
        .values("code", "name", "level")[:500],
        "settings": {
            "kinds": kinds,
            "largestBytes": MOST_BYTES_AT_ONCE,
            "addresses": {
                "import": reverse("register-imports"),
                "export": reverse("register-export", args=["KIND"]),
            },
        },
        "texts": _texts(),
    }
    return render(request, "frontend_map/register_files.html", context)


def _described(kind: RegisterKind, request: HttpRequest) -> dict[str, Any]:
    types = _type_words()
    return {
        "code": kind.name,
        "title": _(kind.title),
        "meaning": _(kind.meaning),
        "mayImport": may_import(request.user, kind),
        "ofEnterprise": kind.is_of_enterprise,
        "columns": [
            {
                "code": column.name,
                "title": _(column.title),
                "meaning": _(column.meaning),
                "type": types[column.type],
                "isRequired": column.is_required,
                "isKey": column.name in kind.key,
                "example": column.example,
                "choices": [value for value, _label in column.choices],
            }
            for column in kind.columns
        ],
    }


def _type_words() -> dict[str, str]:
    return {
        CellType.TEXT: _("text"),
        CellType.WHOLE: _("whole number"),
        CellType.DECIMAL: _("number"),
        CellType.DAY: _("day"),
        CellType.MONTH: _("month"),
        CellType.TRUTH: _("yes or no"),
        CellType.CHOICE: _("one of these words"),
        CellType.CODES: _("codes"),
        CellType.NUMBERS: _("numbers"),
    }


def _texts() -> dict[str, Any]:
    return file_report_texts() | {
        "outcomes": {
            "created": _("new"),
            "changed": _("changed"),
            "unchanged": _("unchanged"),
            "refused": _("refused"),
        },
        "triedWell": _("This is what an import would do"),
        "triedBadly": _("It cannot be imported like this"),
        "imported": _("Imported"),
        "notYours": _("This register is brought in by administrators; you may take it as a file."),
    }
