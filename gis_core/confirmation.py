"""Whether a session's user gave the password lately, and the way to give it again."""

import time

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

# Where a session keeps when the password was given.
CONFIRMED = "confirmed_at"


def is_confirmed(request: HttpRequest) -> bool:
    """Whether the password was given lately in this session, so that what is dangerous may be done."""
    confirmed_at: int = request.session.get(CONFIRMED, 0)
    return 0 <= time.time() - confirmed_at <= settings.CONFIRMATION_LASTS_S


def ask_to_confirm(request: HttpRequest, back: str = "") -> HttpResponse:
    """Send somebody to give the password again, and then back to the page; what a form held is not kept."""
    return redirect(f"{reverse('confirm')}?{urlencode({'next': back or request.get_full_path()})}")
