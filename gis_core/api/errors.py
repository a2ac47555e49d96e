"""Our errors as HTTP: what is not visible is 404, what the user can mend is 400 with the details."""

from typing import Any

from django.http import Http404
from rest_framework.response import Response
from rest_framework.views import exception_handler as default_handler

from gis_core.access import NotVisible
from gis_core.errors import ReportedError


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Django REST framework's handler, with NotVisible and ReportedError understood."""
    if isinstance(error, NotVisible):
        error = Http404()
    if isinstance(error, ReportedError):
        return Response(error.as_dict(), status=400)
    return default_handler(error, context)
