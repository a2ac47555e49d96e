"""One's own page: who one is here, the password, and the tokens of one's programs."""

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
from gis_core.errors import ReportedError
from gis_core.models import RoleAssignment, User
from gis_core.selectors.organisation import own_token, own_tokens
from gis_core.services.audit import record_change
from gis_core.services.tokens import USUAL_DAYS, make_token, revoke_token

_LONGEST_DAYS = 365
_SHOWN_TOKENS = 100


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
        record_change(acting_user=user, action="change own password", subject=user, division=None)
    update_session_auth_hash(request, user)
    return redirect("/me/?said=password")


@require_POST
@never_cache
def make_own_token(request: HttpRequest) -> HttpResponse:
    """Make a token and show its secret, this once."""
    user = _signed_in(request)
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
    status: int = 200,
) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    held = RoleAssignment.objects.filter(user=user).select_related("division").order_by("division__path")
    context = {
        "roles": list(held),
        "role_names": roles_of(user),
        "password_form": password_form or OwnPasswordForm(user),
        "token_form": token_form or TokenForm(),
        "tokens": list(own_tokens(user)[:_SHOWN_TOKENS]),
        "now": timezone.now(),
        "secret": secret,
        "said": request.GET.get("said", ""),
    }
    return render(request, "frontend_map/me.html", context, status=status)
