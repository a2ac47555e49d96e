"""Which form the answer takes, and how errors are told."""

import functools
import json
from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt

from assets.ogc.api.documents import HTML, JSON
from assets.ogc.api.parameters import FORMAT, FORMATS, bad_parameter
from assets.ogc.selectors.queries import TooExpensive
from gis_core.access import Capability, NotVisible, holds
from gis_core.api.problems import problem
from gis_core.errors import ReportedError

View = Callable[..., HttpResponse]
_METHODS = "GET, HEAD, OPTIONS"


class NotAcceptable(Exception):
    """None of the forms a client accepts is one of ours."""


def is_html_wanted(request: HttpRequest, json_types: Sequence[str]) -> bool:
    """Whether the answer is HTML: by `f`, else by the header Accept; JSON where neither says.

    Raises ReportedError for another `f`, NotAcceptable when no accepted type fits.
    """
    form = request.GET.get(FORMAT)
    if form is not None:
        if form not in FORMATS:
            raise bad_parameter(FORMAT, f"{form[:40]!r} is not one of {', '.join(FORMATS)}.")
        return form == "html"
    preferred = request.get_preferred_type([*json_types, HTML])
    if preferred is None:
        raise NotAcceptable
    return preferred == HTML


def json_answer(document: Any, content_type: str = JSON) -> HttpResponse:
    """A document as JSON."""
    return HttpResponse(json.dumps(document, ensure_ascii=False), content_type=content_type)


def page_answer(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    """A document as an HTML page."""
    return render(request, f"ogc/{template}.html", context)


def resource(view: View) -> View:
    """A resource of the API: read only, for those who may see networks, with errors told as problems."""

    # Nothing is changed here, so there is nothing to forge: another method is refused as such, with what there is.
    @csrf_exempt
    @functools.wraps(view)
    def answer(request: HttpRequest, *arguments: Any, **keywords: Any) -> HttpResponse:
        response = _refusal(request) or _answer(view, request, *arguments, **keywords)
        # Asked again each time, since rights and edits must show at once.
        response["Cache-Control"] = "private, no-cache"
        patch_vary_headers(response, ["Accept", "Cookie", "Authorization"])
        return response

    return answer


def _refusal(request: HttpRequest) -> HttpResponse | None:
    if not request.user.is_authenticated:
        response = problem(
            401, "NotAuthenticated", "Log in, or send user and password as Basic, or an API token as Bearer."
        )
        response["WWW-Authenticate"] = 'Bearer realm="tarmoq", Basic realm="tarmoq"'
        return response
    if not holds(request.user, Capability.VIEW_NETWORK):
        return problem(404, "NotFound", "There is nothing here.")
    if request.method == "OPTIONS":
        response = HttpResponse(status=204)
        response["Allow"] = _METHODS
        return response
    if request.method not in ("GET", "HEAD"):
        response = problem(405, "MethodNotAllowed", "Features are only read here.")
        response["Allow"] = _METHODS
        return response
    return None


def _answer(view: View, request: HttpRequest, *arguments: Any, **keywords: Any) -> HttpResponse:
    try:
        if any("\x00" in str(value) for value in keywords.values()):
            raise NotVisible("no name has a NUL character")
        return view(request, *arguments, **keywords)
    except NotVisible:
        return problem(404, "NotFound", "There is no such resource.")
    except ReportedError as error:
        return problem(400, error.code, error.message)
    except NotAcceptable:
        return problem(406, "NotAcceptable", "This resource is given as JSON and HTML.")
    except TooExpensive:
        return problem(
            503,
            "TooExpensive",
            f"This takes longer than {settings.OGC_PAGE_SECONDS:.0f} seconds to compute; ask for less, or filter by "
            "place.",
        )
