"""What others hold for too long, what takes too long, and what nobody knows, as answers: 409 and 503 with when to ask
again, where that does no harm.
"""

import sys
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.defaults import server_error as default_server_error

from gis_core.api.problems import API_PREFIXES, problem_at
from gis_core.database.limits import WEB, OutcomeUnknown, is_busy, is_full_or_away, took_too_long

RETRY_AFTER_S = 2
IDEMPOTENCY_KEY = "Idempotency-Key"
# Where a key is looked at; elsewhere, and of other methods than POST, it promises nothing.
IDEMPOTENT_PREFIX = "/api/v1/"


class BusyMiddleware:
    """The innermost: the transaction of the request was rolled back, or it is told that nobody knows whether it was."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return busy_answer(request, error)


def busy_answer(request: HttpRequest, error: Exception) -> HttpResponse | None:
    """The answer to a request that met the limits of its connection; None for any other error."""
    is_safe_to_repeat = True
    is_reading = request.method in ("GET", "HEAD")
    if isinstance(error, OutcomeUnknown) and not is_reading:
        status, code = 503, "OutcomeUnknown"
        is_safe_to_repeat = (
            request.method == "POST"
            and IDEMPOTENCY_KEY in request.headers
            and request.path_info.startswith(IDEMPOTENT_PREFIX)
        )
        words = _(
            "The connection was lost while this was being written down: nobody knows whether it was done. "
            "Look again before you repeat it; repeated with the same Idempotency-Key it is done once."
        )
    elif is_busy(error):
        status, code = 409, "Busy"
        words = _("Somebody else is changing this just now. Nothing was done; try again in a moment.")
    elif took_too_long(error):
        status, code = 503, "TooLong"
        words = _(
            "This takes longer than {seconds} s and was stopped. Nothing was done; ask for less."
        ).format(seconds=WEB.statement_s)
    elif isinstance(error, OutcomeUnknown) or is_full_or_away(error):
        status, code = 503, "Unavailable"
        words = _("The database cannot take or give anything just now. Nothing was done; try again later.")
    else:
        return None
    if request.path_info.startswith(API_PREFIXES):
        answer = problem_at(request.path_info, status, code, words)
    else:
        answer = HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")
    if is_safe_to_repeat:
        answer["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def server_error(request: HttpRequest) -> HttpResponse:
    """The answer to a fault; 503 where the database was away before the view was asked (`handler500`)."""
    error = sys.exc_info()[1]
    answer = busy_answer(request, error) if isinstance(error, Exception) and is_full_or_away(error) else None
    return answer or default_server_error(request)
