"""Who may open a page: strangers are sent to log in; for everybody else what is not theirs does not exist."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from gis_core.access import Capability, NotVisible, holds

View = Callable[..., HttpResponse]


def page(capability: Capability | None) -> Callable[[View], View]:
    """Guard a read-only page. `capability` None: whoever is logged in may open it."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *arguments: Any, **keywords: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if capability is not None and not holds(request.user, capability):
                raise Http404
            try:
                return view(request, *arguments, **keywords)
            except NotVisible:
                raise Http404 from None

        guarded.capability = capability  # type: ignore[attr-defined]
        return require_safe(guarded)

    return decorate
