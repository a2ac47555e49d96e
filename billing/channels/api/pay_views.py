"""What providers call: `/pay/`. Credentials of their own, no session, no token, no CSRF; answers in each one's form.

Secrets come in headers and signatures; neither these nor bodies are logged. An enterprise that there is not, and a
network that is not the provider's, are answered as a wrong password is.
"""

import base64
import binascii
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt

from billing.channels.services import click, payme, paynet, uzum
from billing.channels.services.agreements import credential, is_right, lets_in
from billing.models import ChannelSettings
from gis_core.errors import ReportedError
from gis_core.models import Enterprise
from gis_core.second_wall import enter_scope_of_division

_log = logging.getLogger(__name__)
_LARGEST_BYTES = 64 * 1024
# Two that begin the same row, or lock each other out, are tried again before the provider would.
_TRIES = 3


def _settings(request: HttpRequest, code: str, channel: str) -> ChannelSettings | None:
    """The channel's settings, in the scope of its enterprise from here on; None for whoever has no business here."""
    enterprise = Enterprise.objects.filter(code=code).first() if code.isprintable() else None
    if enterprise is None:
        return None
    enter_scope_of_division(enterprise.division_id)
    row = ChannelSettings.objects.filter(enterprise=enterprise, channel=channel).first()
    if row is None or not lets_in(row, request.META.get("REMOTE_ADDR", "")):
        return None
    row.enterprise = enterprise
    return row


def _has_credentials(request: HttpRequest, settings: ChannelSettings, secret: str) -> bool:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        login, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return False
    try:
        # Both are compared, whatever the first says.
        is_login = is_right(login, credential(settings, "login"))
        return is_right(password, credential(settings, secret)) and is_login
    except ReportedError as error:
        _log.error("credentials of %s cannot be read: %s", settings.channel, error.code)
        return False


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _parsed(request: HttpRequest) -> Any:
    """The body as JSON; ValueError for what is none, or too large."""
    try:
        if int(request.headers.get("Content-Length") or 0) > _LARGEST_BYTES:
            raise ValueError("too large")
        return json.loads(request.body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (RecursionError, RequestDataTooBig) as error:
        raise ValueError("too large") from error


def _tried(work: Callable[[], Any]) -> Any:
    """What the work gives; None where the database or our own rules refuse it, which the log tells."""
    for attempt in range(_TRIES):
        try:
            return work()
        except DatabaseError:
            _log.warning("a provider's call met the database's refusal", exc_info=attempt == _TRIES - 1)
        except ReportedError as error:
            _log.warning("a provider's call was refused: %s", error.code)
            return None
    return None


def _json(document: Mapping[str, Any], status: int = 200) -> HttpResponse:
    return HttpResponse(
        # Escaped: half a surrogate pair that a caller sent is echoed, and no character.
        json.dumps(document),
        status=status,
        content_type="application/json; charset=utf-8",
    )


@csrf_exempt
def pay_payme(request: HttpRequest, enterprise: str) -> HttpResponse:
    """Payme's calls; HTTP 200 always."""
    if request.method != "POST":
        return _json(payme.refusal(None, payme.NOT_POST))
    settings = _settings(request, enterprise, "payme")
    if settings is None or not _has_credentials(request, settings, "key"):
        return _json(payme.refusal(_call_id(request), payme.WRONG_CREDENTIALS))
    try:
        call = _parsed(request)
    except ValueError:
        return _json(payme.refusal(None, payme.NO_JSON))
    found = _tried(lambda: payme.answer(settings, call))
    return _json(found or payme.refusal(_id_of(call), payme.OURS))


@csrf_exempt
def pay_paynet(request: HttpRequest, enterprise: str) -> HttpResponse:
    """Paynet's calls; HTTP 401 for wrong credentials, else 200."""
    if request.method != "POST":
        return _json(paynet.refusal(None, paynet.NOT_POST))
    settings = _settings(request, enterprise, "paynet")
    if settings is None or not _has_credentials(request, settings, "password"):
        response = _json(paynet.refusal(None, paynet.WRONG_CREDENTIALS), status=401)
        response["WWW-Authenticate"] = 'Basic realm="pay"'
        return response
    try:
        call = _parsed(request)
    except ValueError:
        return _json(paynet.refusal(None, paynet.NO_JSON))
    found = _tried(lambda: paynet.answer(settings, call))
    return _json(found or paynet.refusal(_id_of(call), paynet.OURS))


@csrf_exempt
def pay_click(request: HttpRequest, enterprise: str, step: str) -> HttpResponse:
    """Click's forms. What fails of ours after the debit has no code: it is HTTP 503, and Click asks again."""
    action = click.PREPARE if step == "prepare" else click.COMPLETE
    form: dict[str, str] = {}
    try:
        if request.method == "POST":
            form = {name: str(value) for name, value in request.POST.items()}
    except (RequestDataTooBig, TooManyFieldsSent, MultiPartParserError, UnicodeDecodeError):
        form = {}
    settings = _settings(request, enterprise, "click")
    found = _tried(lambda: click.answer(settings, form, action))
    if found is not None:
        return _json(found)
    return _json(click.told(form, action, click.MALFORMED, None), status=503 if step == "complete" else 200)


@csrf_exempt
def pay_uzum(request: HttpRequest, enterprise: str, step: str) -> HttpResponse:
    """Uzum's webhooks; what fails is HTTP 400."""
    settings = _settings(request, enterprise, "uzum")
    asked: Any = None
    code = ""
    if settings is None or not _has_credentials(request, settings, "password"):
        code = uzum.WRONG_CREDENTIALS
    elif request.method != "POST":
        code = uzum.NOT_POST
    try:
        asked = _parsed(request)
    except ValueError:
        code = code or uzum.NO_JSON
    if code or settings is None:
        return _json(uzum.refusal(asked, code), status=400)
    found = _tried(lambda: uzum.answer(settings, step, asked))
    status, document = found or (400, uzum.refusal(asked, uzum.OURS))
    return _json(document, status=status)


def _call_id(request: HttpRequest) -> object:
    try:
        return _id_of(_parsed(request))
    except ValueError:
        return None


def _id_of(call: Any) -> object:
    found = call.get("id") if isinstance(call, dict) else None
    return found if isinstance(found, str | int) else None
