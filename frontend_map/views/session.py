"""Logging in, with a second factor for those who have one, giving the password again, and logging out."""

import json
import time
from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from gis_core import password_login
from gis_core.client_address import client_network
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.security_log import log_security
from gis_core.selectors.sign_in import has_authenticator, has_second_factor
from gis_core.sentences import in_words
from gis_core.services.passkeys import passkey_is_right, sign_in_options
from gis_core.services.second_factors import code_is_right
from gis_core.sign_in import begin_session, note_confirmation, origin_of, safe_next

_PENDING = "second_step"
_PENDING_LASTS_S = 300
_MOST_TRIES = 5


class LogInForm(AuthenticationForm):
    """Django's, which does not take one-time passwords whose days are over."""

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if user.one_time_until is not None and user.one_time_until < timezone.now():
            raise ValidationError(
                _("This one-time password is over. An administrator of your division gives you another."),
                code="one_time_over",
            )


class LogIn(LoginView):
    """The login form. Wrong passwords are counted by `login_limits` and django-axes."""

    template_name = "frontend_map/login.html"
    authentication_form = LogInForm
    redirect_authenticated_user = True

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        said = [
            str(error.messages[0])
            for error in form.non_field_errors().as_data()
            if error.code == "one_time_over"
        ]
        return self.render_to_response(self.get_context_data(form=form, one_time_over="".join(said)))

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = form.get_user()
        assert isinstance(user, User)
        if has_second_factor(user):
            # Nobody is logged in yet: the session only remembers whose password was right.
            self.request.session.cycle_key()
            self.request.session[_PENDING] = {
                "user": user.pk,
                "password": user.get_session_auth_hash(),
                "until": time.time() + _PENDING_LASTS_S,
                "tries": 0,
                "next": self.get_success_url(),
            }
            return redirect("login-code")
        begin_session(self.request, user)
        return HttpResponseRedirect(self.get_success_url())


class LogOut(LogoutView):
    """Ends the session; POST only, so that no foreign link can do it. The browser forgets what it kept, too."""

    def post(self, request: HttpRequest, *arguments: Any, **keywords: Any) -> HttpResponse:
        response = super().post(request, *arguments, **keywords)
        response["Clear-Site-Data"] = '"cache"'
        return response


class CodeForm(forms.Form):
    """A code of the authenticator, or a recovery code."""

    code = forms.CharField(max_length=60)


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters()
def second_step(request: HttpRequest) -> HttpResponse:
    """Ask whoever gave the right password for a code or a passkey, five times at most and for five minutes."""
    pending: dict[str, Any] = request.session.get(_PENDING) or {}
    user = _user_of(pending)
    if user is None:
        request.session.pop(_PENDING, None)
        return redirect("login")
    error = ""
    if request.method == "POST":
        try:
            with password_login.login_limits.attempt(client_network(request)) as attempt:
                is_right = _is_right(request, user, pending)
                if is_right:
                    attempt.succeed()
        except ReportedError as refusal:
            is_right, error = False, in_words(refusal.message)
        if is_right:
            del request.session[_PENDING]
            begin_session(request, user)
            log_security("second factor accepted", request)
            return HttpResponseRedirect(pending["next"])
        log_security("second factor refused", request, user=user.username)
        error = error or _wrong(request)
        pending["tries"] += 1
        if pending["tries"] >= _MOST_TRIES:
            del request.session[_PENDING]
            return redirect("login")
    context = {
        "error": error,
        "passkey_options": _asked_passkey(request, user, pending),
        "has_authenticator": has_authenticator(user),
    }
    return render(request, "frontend_map/login_code.html", context, status=400 if error else 200)


def _is_right(request: HttpRequest, user: User, pending: dict[str, Any]) -> bool:
    """Whether the passkey's answer, or else the code, is right. A challenge is answered once."""
    challenge = pending.pop("challenge", "")
    answer = request.POST.get("passkey", "")
    if answer:
        return bool(challenge) and passkey_is_right(
            user=user, answer=answer, challenge=bytes.fromhex(challenge), origin=origin_of(request)
        )
    form = CodeForm(request.POST)
    return form.is_valid() and code_is_right(user=user, code=form.cleaned_data["code"])


def _wrong(request: HttpRequest) -> str:
    if request.POST.get("passkey"):
        return _("This passkey could not be checked; try again.")
    return _("This code is wrong or has been used.")


def _asked_passkey(request: HttpRequest, user: User, pending: dict[str, Any]) -> Any:
    """What the page asks the browser to sign, remembered in the session; None for who has no passkey."""
    asked = sign_in_options(user, origin_of(request))
    if asked is not None:
        pending["challenge"] = asked[1].hex()
    request.session[_PENDING] = pending
    return json.loads(asked[0]) if asked is not None else None


def _user_of(pending: dict[str, Any]) -> User | None:
    """Whose password was right a moment ago, and still is."""
    if pending.get("until", 0) < time.time():
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True).first()
    if user is None or not constant_time_compare(user.get_session_auth_hash(), pending["password"]):
        return None
    return user


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters()
def confirm(request: HttpRequest) -> HttpResponse:
    """Ask for the password again, before something dangerous."""
    user = request.user
    if not isinstance(user, User) or getattr(request, "token_user", None) is not None:
        raise Http404
    following = safe_next(request, "/me/")
    is_wrong = False
    if request.method == "POST":
        password = request.POST.get("password", "")
        if authenticate(request, username=user.username, password=password) == user:
            note_confirmation(request)
            log_security("password confirmed", request)
            return HttpResponseRedirect(following)
        is_wrong = True
    context = {"next": following, "is_wrong": is_wrong}
    return render(request, "frontend_map/confirm.html", context, status=400 if is_wrong else 200)
