"""The interfaces for programs, to be read and tried out."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from frontend_map.page_access import page


@page(None)
def api(request: HttpRequest) -> HttpResponse:
    """Swagger UI on our own description, with files of our own server; calls are the viewer's own."""
    settings = {"schema": reverse("schema")}
    return render(request, "frontend_map/api.html", {"settings": settings})
