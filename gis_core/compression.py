"""Pages, JSON and tables are sent compressed; what is compressed already, binary or live goes as it is."""

import re

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

_WORTH_IT = re.compile(
    r"(text/(html|plain|csv)|application/([\w.-]+\+)?json|application/(yaml|vnd\.oai\.openapi))\b"
)


class CompressionMiddleware(GZipMiddleware):
    """Gzip for texts. Their lengths are blurred by random bytes and CSRF tokens are masked anew each time (BREACH).

    Live streams must not wait for a full buffer, and the version in the ETag of an element is compared byte by byte
    when it comes back as If-Match, which a compressed answer's weak ETag would not survive.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        content_type = response.headers.get("Content-Type", "")
        # A stream of known length is a file that lies ready.
        is_file = response.streaming and response.has_header("Content-Length")
        if is_file or response.has_header("ETag") or not _WORTH_IT.match(content_type):
            return response
        return super().process_response(request, response)
