"""Programs that send to an API without encryption are refused, not sent on: their token was readable on the way.

A person who types an address is sent on to HTTPS (Django's SecurityMiddleware); a program that was configured wrongly
would follow each time and never be noticed (ASVS 4.1.2).
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from gis_core.api.problems import API_PREFIXES, problem_at

# Providers of payments call here.
_PROGRAMS_ONLY = (*API_PREFIXES, "/pay/")


class PlainHttpMiddleware:
    """Where HTTPS is required: 403 for plain requests below the APIs' addresses. Before SecurityMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # `/ogc` and `/sta/v1.1` themselves are addresses, too.
        path = f"{request.path_info}/"
        if settings.SECURE_SSL_REDIRECT and not request.is_secure() and path.startswith(_PROGRAMS_ONLY):
            return problem_at(
                request.path_info,
                403,
                "HttpsRequired",
                _("Use https://. What was sent could be read on its way: change the token or password."),
            )
        return self._get_response(request)
