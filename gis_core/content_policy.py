"""The Content-Security-Policy: one for all pages, a little wider for the registers."""

from typing import TYPE_CHECKING, Any

from csp.constants import SELF, UNSAFE_EVAL
from csp.middleware import CSPMiddleware

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

_REGISTERS = "/admin/"


class ContentPolicyMiddleware(CSPMiddleware):
    """The registers' theme writes its behaviour as expressions in attributes, which its program evaluates."""

    def get_policy_parts(
        self, request: "HttpRequest", response: "HttpResponseBase", report_only: bool = False
    ) -> Any:
        """django-csp's, with `unsafe-eval` below the registers; inline scripts and styles nowhere."""
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith(_REGISTERS) and not report_only:
            parts.update = {**(parts.update or {}), "script-src": [SELF, UNSAFE_EVAL]}
        return parts
