"""`Idempotency-Key`: a POST that is sent again has no second effect, and gets the first one's answer.

The key's row is written before the work and committed with it, so that of fifty requests at once one works and the
others wait for its answer, and a server that dies between has done neither. What was refused leaves no row: it may be
tried again.
"""

import hashlib
from collections.abc import Callable

from django.db import IntegrityError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop as _

from gis_core.api.problems import problem_at
from gis_core.busy import IDEMPOTENCY_KEY, IDEMPOTENT_PREFIX, busy_answer
from gis_core.models import KeptAnswer, User
from gis_core.sentences import said

HEADER = IDEMPOTENCY_KEY
REPLAYED = "Idempotency-Replayed"
PREFIX = IDEMPOTENT_PREFIX
LONGEST_KEY = 255
LARGEST_KEPT = 4 * 1024 * 1024


class IdempotencyMiddleware:
    """Comes after those that say who asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.headers.get(HEADER)
        user = request.user
        if (
            key is None
            or request.method != "POST"
            or not request.path_info.startswith(PREFIX)
            or not isinstance(user, User)
        ):
            return self._get_response(request)
        if not 1 <= len(key) <= LONGEST_KEY or not key.isprintable():
            return problem_at(
                request.path_info,
                400,
                "BadIdempotencyKey",
                said(
                    _("{header} has 1 to {longest} printable characters."), header=HEADER, longest=LONGEST_KEY
                ),
            )
        return self._answered_once(request, user, key)

    def _answered_once(self, request: HttpRequest, user: User, key: str) -> HttpResponse:
        digest = _digest(request)
        with transaction.atomic():
            try:
                with transaction.atomic():
                    # Waits for another request of this key, and is refused when that one commits.
                    row = KeptAnswer.objects.create(user=user, key=key, request_digest=digest)
            except IntegrityError:
                return _given_again(request, KeptAnswer.objects.get(user=user, key=key), digest)
            except OperationalError as error:
                # The first one takes longer than a request waits.
                answer = busy_answer(request, error)
                if answer is None:
                    raise
                return answer
            response = self._get_response(request)
            if response.status_code >= 400:
                # Refused: nothing was made.
                transaction.set_rollback(True)
            elif not response.streaming and len(response.content) <= LARGEST_KEPT:
                row.status = response.status_code
                row.content_type = response.get("Content-Type", "")
                row.location = response.get("Location", "")
                row.content = response.content
                row.save()
        return response


def _digest(request: HttpRequest) -> str:
    """Of address and body. Uploads are told apart by their length: reading one here would hold all of it in memory."""
    found = hashlib.sha256(request.get_full_path().encode())
    if request.content_type == "multipart/form-data":
        found.update(request.headers.get("Content-Length", "").encode())
    else:
        found.update(b"\0" + request.body)
    return found.hexdigest()


def _given_again(request: HttpRequest, row: KeptAnswer, digest: str) -> HttpResponse:
    if row.request_digest != digest:
        return problem_at(
            request.path_info,
            422,
            "IdempotencyKeyReused",
            said(
                _("This {header} was sent with another request; each request has a key of its own."),
                header=HEADER,
            ),
        )
    if row.status == 0:
        return problem_at(
            request.path_info,
            409,
            "AnswerNotKept",
            said(_("This was done before; its answer was too large to be kept.")),
        )
    response = HttpResponse(bytes(row.content), status=row.status, content_type=row.content_type)
    if row.location:
        response["Location"] = row.location
    response[REPLAYED] = "true"
    return response
