"""What waits to be done of one kind, page by page."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from frontend_map.page_access import page
from frontend_map.work_lists import WORK_LISTS
from gis_core.access import holds

_SHOWN = 50


# Which list may be seen follows from its own capability.
@page(None)
def todo(request: HttpRequest) -> HttpResponse:
    """The list `?list=NAME`, else the first of the viewer's; 404 when there is none or its work is not the viewer's."""
    lists = {name: work for name, work in WORK_LISTS.items() if holds(request.user, work.capability)}
    if "list" not in request.GET and not lists:
        return render(request, "frontend_map/todo.html", {})
    chosen = lists.get(request.GET.get("list", next(iter(lists), "")))
    if chosen is None:
        raise Http404
    sheet = Paginator(chosen.select(request.user), _SHOWN).get_page(request.GET.get("page"))
    context = {"list": chosen, "sheet": sheet, "rows": [chosen.describe(row) for row in sheet]}
    return render(request, "frontend_map/todo.html", context)
