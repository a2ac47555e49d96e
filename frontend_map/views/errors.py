"""What does not exist, in the form that the asker reads: a problem for programs, a page for people."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from gis_core.api.problems import API_PREFIXES, problem_at


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404 for everything that is not there, or not for this viewer."""
    if request.path_info.startswith(API_PREFIXES):
        return problem_at(request.path_info, 404, "NotFound", "Not found.")
    return render(request, "404.html", status=404)
