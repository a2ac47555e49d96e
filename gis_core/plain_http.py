"""Programs that send to an API without encryption are refused, not sent on: their token was readable on the way.

A person who types an address is sent on to HTTPS (Django's SecurityMiddleware), at the pages of `/ogc/` as long as
nothing secret came with it; a program that was configured wrongly would follow each time and never be noticed
(ASVS 4.1.2).
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from gis_core.api.problems import API_PREFIXES, problem_at

# Providers of payments call at the last.
_OF_PROGRAMS = (*API_PREFIXES, "/pay/")
_WITH_PAGES = "/ogc/"


class PlainHttpMiddleware:
    """Where HTTPS is required: 403 for plain requests below the APIs' addresses. Before SecurityMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # `/ogc` and `/sta/v1.1` themselves are addresses, too.
        path = f"{request.path_info}/"
        if request.is_secure() or not settings.SECURE_SSL_REDIRECT or not path.startswith(_OF_PROGRAMS):
            return self._get_response(request)
        if path.startswith(_WITH_PAGES) and _is_browser_without_secrets(request):
            answer = self._get_response(request)
        else:
            answer = problem_at(
                request.path_info,
                403,
                "HttpsRequired",
                _("Use https://. What was sent could be read on its way: change the token or password."),
            )
        patch_vary_headers(answer, ["Accept", "Authorization", "Cookie"])
        return answer


def _is_browser_without_secrets(request: HttpRequest) -> bool:
    """Whether a page was asked for rather than JSON, and nothing came that somebody could have read on the way."""
    has_secrets = "Authorization" in request.headers or bool(request.COOKIES)
    prefers_page = request.get_preferred_type(["application/json", "text/html"]) == "text/html"
    return request.method in ("GET", "HEAD") and not has_secrets and prefers_page
