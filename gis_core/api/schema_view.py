"""The API's description as an answer: made once in a process, for it costs seconds, and kept as bytes."""

from threading import Lock
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import translation
from drf_spectacular.views import SpectacularAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

# By format and language, which are few.
_kept: dict[tuple[str, str], HttpResponse] = {}
_lock = Lock()


class KeptSchemaView(SpectacularAPIView):
    """OpenAPI 3 as YAML or JSON by the Accept header, in the reader's language."""

    content_negotiation_class = DefaultContentNegotiation

    def _get_schema_response(self, request: Request) -> HttpResponse:
        renderer, _media_type = self.perform_content_negotiation(request, force=True)
        asked = translation.get_language() or ""
        language = asked if asked in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        name = (renderer.media_type, language)
        # One makes it, the others wait: fifty that ask after a start would each take a thread for seconds.
        with _lock:
            if name not in _kept:
                with translation.override(language):
                    _kept[name] = self._made(request, renderer)
            kept = _kept[name]
        response = HttpResponse(kept.content, content_type=kept["Content-Type"])
        response["Content-Disposition"] = kept["Content-Disposition"]
        # Nobody's own; it changes with the release only.
        response["Cache-Control"] = "private, max-age=300"
        return response

    def _made(self, request: Request, renderer: Any) -> HttpResponse:
        answer = super()._get_schema_response(request)
        body = renderer.render(answer.data, renderer_context=self.get_renderer_context())
        response = HttpResponse(body, content_type=renderer.media_type)
        response["Content-Disposition"] = answer["Content-Disposition"]
        return response

    def _get_version_parameter(self, request: Request) -> None:
        """There is one version, whatever a parameter says."""
