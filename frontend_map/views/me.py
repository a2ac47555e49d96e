"""One's own page: who one is here, the password, and the tokens of one's programs."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from frontend_map.page_access import page
from gis_core.access import NotVisible, roles_of
from gis_core.confirmation import ask_to_confirm, is_confirmed
from gis_core.errors import ReportedError
from gis_core.models import RoleAssignment, User
from gis_core.qr_codes import qr_address
from gis_core.selectors.organisation import own_token, own_tokens
from gis_core.selectors.sign_in import (
    has_authenticator,
    has_second_factor,
    must_have_second_factor,
    open_sessions_of,
    own_passkeys,
)
from gis_core.sentences import in_words
from gis_core.services.audit import record_change
from gis_core.services.open_sessions import end_session, end_sessions, rename_session
from gis_core.services.passkeys import add_passkey, registration_options, remove_passkey
from gis_core.services.second_factors import (
    begin_second_factor,
    confirm_second_factor,
    remove_authenticator,
    renew_recovery_codes,
    unconfirmed_secret,
)
from gis_core.services.tokens import USUAL_DAYS, make_token, revoke_token
from gis_core.sign_in import origin_of

_LONGEST_DAYS = 365
_SHOWN_TOKENS = 100
_CHALLENGE = "passkey_challenge"


class OwnPasswordForm(PasswordChangeForm):
    """Django's form in our words, which there are in every language of the pages."""

    def __init__(self, user: User, *arguments: Any, **keywords: Any) -> None:
        super().__init__(user, *arguments, **keywords)
        for name, label in (
            ("old_password", _("The password now")),
            ("new_password1", _("The new password")),
            ("new_password2", _("The new password again")),
        ):
            self.fields[name].label = label
            self.fields[name].widget.attrs.pop("autofocus", None)

    def clean_new_password1(self) -> str:
        """A one-time password does not become one's own by being typed again."""
        new: str = self.cleaned_data["new_password1"]
        if new == self.cleaned_data.get("old_password"):
            raise forms.ValidationError(_("This is the password that you have."), code="same_password")
        return new


class TokenForm(forms.Form):
    """A new token."""

    name = forms.CharField(label=_("What it is for"), max_length=100)
    days = forms.IntegerField(label=_("Days"), min_value=1, max_value=_LONGEST_DAYS, initial=USUAL_DAYS)


@page(None)
@never_cache
def me(request: HttpRequest) -> HttpResponse:
    """The viewer's roles and divisions, a form for the password, and the tokens."""
    return _shown(request)


@require_POST
@never_cache
@sensitive_post_parameters()
def change_own_password(request: HttpRequest) -> HttpResponse:
    """Change the password: this session stays, all others and all tokens of the user end."""
    user = _signed_in(request)
    form = OwnPasswordForm(user, request.POST)
    if not form.is_valid():
        return _shown(request, password_form=form, status=400)
    with transaction.atomic():
        form.save()
        record_change(
            acting_user=user, action="change own password", subject=user, division=user.home_division
        )
    before = request.session.session_key
    update_session_auth_hash(request, user)
    # This one goes on, under another key.
    if before is not None and request.session.session_key is not None:
        rename_session(before, request.session.session_key)
    return redirect("/me/?said=password")


@require_POST
@never_cache
def make_own_token(request: HttpRequest) -> HttpResponse:
    """Make a token and show its secret, this once."""
    user = _signed_in(request)
    if not is_confirmed(request):
        return ask_to_confirm(request, "/me/#tokens")
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _shown(request, token_form=form, status=400)
    given = form.cleaned_data
    try:
        _token, secret = make_token(
            user=user,
            name=given["name"],
            acting_user=user,
            expires_at=timezone.now() + timedelta(days=given["days"]),
        )
    except ReportedError as error:
        form.add_error(None, error.message)
        return _shown(request, token_form=form, status=400)
    return _shown(request, secret=secret)


@require_POST
def end_own_token(request: HttpRequest, uid: UUID) -> HttpResponse:
    """End a token."""
    user = _signed_in(request)
    try:
        revoke_token(token=own_token(user, uid), acting_user=user)
    except NotVisible:
        raise Http404 from None
    return redirect("/me/?said=token#tokens")


@require_POST
def end_own_session(request: HttpRequest, uid: UUID) -> HttpResponse:
    """End one of the user's sessions."""
    user = _signed_in(request)
    if not is_confirmed(request):
        return ask_to_confirm(request, "/me/#sessions")
    try:
        end_session(user=user, uid=uid, acting_user=user)
    except NotVisible:
        raise Http404 from None
    return redirect("/me/?said=session#sessions")


@require_POST
def end_own_sessions(request: HttpRequest) -> HttpResponse:
    """End all of the user's sessions but this one."""
    user = _signed_in(request)
    if not is_confirmed(request):
        return ask_to_confirm(request, "/me/#sessions")
    end_sessions(user=user, acting_user=user, but_for=request.session.session_key)
    return redirect("/me/?said=session#sessions")


@require_POST
def begin_own_second_factor(request: HttpRequest) -> HttpResponse:
    """Make the secret that the page then shows as a QR code."""
    user = _signed_in(request)
    if not is_confirmed(request):
        return ask_to_confirm(request, "/me/#second-factor")
    try:
        begin_second_factor(user=user)
    except ReportedError as error:
        return _shown(request, factor_error=in_words(error.message), status=400)
    return redirect("/me/#second-factor")


@require_POST
@never_cache
@sensitive_post_parameters()
def confirm_own_second_factor(request: HttpRequest) -> HttpResponse:
    """Let the second factor count from now on, and show the recovery codes, this once. Other sessions end."""
    user = _signed_in(request)
    if not is_confirmed(request):
        return ask_to_confirm(request, "/me/#second-factor")
    try:
        codes = confirm_second_factor(user=user, code=request.POST.get("code", "")[:60], acting_user=user)
    except ReportedError as error:
        return _shown(request, factor_error=in_words(error.message), status=400)
    end_sessions(user=user, acting_user=user, but_for=request.session.session_key)
    return _shown(request, recovery_codes=codes)


@require_POST
@never_cache
def renew_own_recovery_codes(request: HttpRequest) -> HttpResponse:
    """Show ten new recovery codes, this once; the old ones end."""
    user = _signed_in(request)
    if not is_confirmed(request):
        return ask_to_confirm(request, "/me/#second-factor")
    if not has_second_factor(user):
        raise Http404
    return _shown(request, recovery_codes=renew_recovery_codes(user=user, acting_user=user))


@require_POST
def remove_own_second_factor(request: HttpRequest) -> HttpResponse:
    """Remove the authenticator. Whoever's role must have a second factor sets one up before going on."""
    user = _signed_in(request)
    if not is_confirmed(request):
        return ask_to_confirm(request, "/me/#second-factor")
    remove_authenticator(user=user, acting_user=user)
    end_sessions(user=user, acting_user=user, but_for=request.session.session_key)
    return redirect("/me/?said=second-factor#second-factor")


@require_POST
@never_cache
def begin_own_passkey(request: HttpRequest) -> HttpResponse:
    """Ask for the password again where it was long ago; the page then makes the passkey."""
    _signed_in(request)
    if not is_confirmed(request):
        return ask_to_confirm(request, "/me/#passkeys")
    return redirect("/me/#passkeys")


@require_POST
@never_cache
def add_own_passkey(request: HttpRequest) -> HttpResponse:
    """Keep the passkey that the browser made for the page's challenge. Other sessions end."""
    user = _signed_in(request)
    if not is_confirmed(request):
        return ask_to_confirm(request, "/me/#passkeys")
    challenge = request.session.pop(_CHALLENGE, "")
    try:
        codes = add_passkey(
            user=user,
            name=request.POST.get("name", ""),
            answer=request.POST.get("passkey", ""),
            challenge=bytes.fromhex(challenge),
            origin=origin_of(request),
            acting_user=user,
        )
    except ReportedError as error:
        return _shown(request, passkey_error=in_words(error.message), status=400)
    end_sessions(user=user, acting_user=user, but_for=request.session.session_key)
    if not codes:
        return redirect("/me/?said=passkey#passkeys")
    return _shown(request, recovery_codes=codes)


@require_POST
def remove_own_passkey(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Remove one of the user's passkeys. Other sessions end."""
    user = _signed_in(request)
    if not is_confirmed(request):
        return ask_to_confirm(request, "/me/#passkeys")
    passkey = own_passkeys(user).filter(uid=uid).first()
    if passkey is None:
        raise Http404
    remove_passkey(user=user, passkey=passkey, acting_user=user)
    end_sessions(user=user, acting_user=user, but_for=request.session.session_key)
    return redirect("/me/?said=passkey-removed#passkeys")


def _signed_in(request: HttpRequest) -> User:
    """The user of a session. A token or Basic password opens no page that makes tokens and passwords."""
    if not request.user.is_authenticated or getattr(request, "token_user", None) is not None:
        raise Http404
    assert isinstance(request.user, User)
    return request.user


def _shown(
    request: HttpRequest,
    *,
    password_form: OwnPasswordForm | None = None,
    token_form: TokenForm | None = None,
    secret: str = "",
    recovery_codes: Sequence[str] = (),
    factor_error: str = "",
    passkey_error: str = "",
    status: int = 200,
) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    held = RoleAssignment.objects.filter(user=user).select_related("division").order_by("division__path")
    has_codes, passkeys = has_authenticator(user), list(own_passkeys(user))
    is_protected = has_codes or bool(passkeys)
    setting_up = None if has_codes or not is_confirmed(request) else unconfirmed_secret(user)
    context = {
        "roles": list(held),
        "role_names": roles_of(user),
        "password_form": password_form or OwnPasswordForm(user),
        "token_form": token_form or TokenForm(),
        "tokens": list(own_tokens(user)[:_SHOWN_TOKENS]),
        "now": timezone.now(),
        "secret": secret,
        "is_protected": is_protected,
        "has_authenticator": has_codes,
        "passkeys": passkeys,
        "passkey_error": passkey_error,
        "passkey_options": _asked_passkey(request, user),
        "takes_passkeys": origin_of(request).takes_passkeys,
        "must_be_protected": must_have_second_factor(user),
        "factor_secret": setting_up[0] if setting_up else "",
        "factor_qr": qr_address(setting_up[1]) if setting_up else "",
        "factor_error": factor_error,
        "recovery_codes": recovery_codes,
        "codes_left": user.recovery_codes.filter(used_at=None).count() if is_protected else 0,
        "sessions": list(open_sessions_of(user)[:_SHOWN_TOKENS]),
        "this_session": request.session.session_key,
        "said": request.GET.get("said", ""),
    }
    return render(request, "frontend_map/me.html", context, status=status)


def _asked_passkey(request: HttpRequest, user: User) -> Any:
    """What the page asks the browser to make, its challenge remembered in the session.

    None until the password was given a moment ago, and where passkeys cannot be.
    """
    origin = origin_of(request)
    if not origin.takes_passkeys or not is_confirmed(request) or getattr(request, "token_user", None):
        return None
    options, challenge = registration_options(user, origin)
    request.session[_CHALLENGE] = challenge.hex()
    return json.loads(options)
