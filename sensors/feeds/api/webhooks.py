"""Webhooks of LoRaWAN network servers. The credentials are the source's own token; an answer of 2xx means committed."""

from typing import Any, ClassVar

from django.utils.translation import gettext_noop
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from gis_core.api.views import StrictView
from gis_core.database.scope import EVERYTHING, working_in
from gis_core.second_wall import enter_scope_of_division
from gis_core.sentences import said
from sensors.feeds.api.serializers import UplinkAnswerSerializer
from sensors.feeds.services.lorawan import LARGEST_BYTES, source_of_token, take_uplink
from sensors.models import FeedKind, FeedSource


class _SourceOfToken:
    """Stands where the user of a request stands: whoever holds a source's token."""

    is_authenticated = True
    is_active = True
    pk = None

    def __init__(self, source: FeedSource) -> None:
        self.source = source


class SourceTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer TOKEN` with the token of a source of the view's kind."""

    kind: ClassVar[str]

    def authenticate(self, request: Request) -> tuple[Any, None]:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        source = None
        if scheme.lower() == "bearer" and secret.strip():
            # Which division's it is, only its row says.
            with working_in(EVERYTHING):
                source = source_of_token(secret.strip(), self.kind)
        if source is None:
            raise AuthenticationFailed(said(gettext_noop("Send the token of the source as Bearer.")))
        enter_scope_of_division(source.division_id)
        return _SourceOfToken(source), None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="feeds"'


class ChirpstackToken(SourceTokenAuthentication):
    kind = FeedKind.CHIRPSTACK


class ThingsStackToken(SourceTokenAuthentication):
    kind = FeedKind.TTN


class _UplinkView(StrictView):
    """Takes one event; a repeated one changes nothing."""

    permission_classes = [IsAuthenticated]

    def take(self, request: Request) -> Response:
        size = request.headers.get("Content-Length", "0")
        if size.isdigit() and int(size) > LARGEST_BYTES:
            return Response(
                {"error": {"code": "too_large", "message": "An event has at most 256 KB.", "details": []}},
                413,
            )
        result = take_uplink(request.user.source, request._request.body)  # type: ignore[union-attr]
        loaded = result.loaded
        return Response(
            {
                "inserted": loaded.inserted,
                "unchanged": loaded.unchanged,
                "corrected": loaded.corrected,
                "quarantined": result.quarantined,
            }
        )


class ChirpstackView(_UplinkView):
    """ChirpStack v4, HTTP integration with JSON."""

    authentication_classes = [ChirpstackToken]
    query_parameters = frozenset({"event"})

    @extend_schema(
        parameters=[OpenApiParameter("event", str, description="what ChirpStack adds: up, join, status ...")],
        request=OpenApiTypes.OBJECT,
        responses=UplinkAnswerSerializer,
    )
    def post(self, request: Request) -> Response:
        """Take an event; others than `up` are answered and passed over."""
        if request.query_params.get("event", "up") != "up":
            return Response({"inserted": 0, "unchanged": 0, "corrected": 0, "quarantined": 0})
        return self.take(request)


class ThingsStackView(_UplinkView):
    """The Things Stack v3, webhook with JSON."""

    authentication_classes = [ThingsStackToken]

    @extend_schema(request=OpenApiTypes.OBJECT, responses=UplinkAnswerSerializer)
    def post(self, request: Request) -> Response:
        """Take an event; others than uplinks are answered and passed over."""
        return self.take(request)


class ChirpstackTokenScheme(OpenApiAuthenticationExtension):
    """How the API description names the token of a ChirpStack source."""

    target_class: Any = ChirpstackToken
    name = "chirpstackToken"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class ThingsStackTokenScheme(ChirpstackTokenScheme):
    """How the API description names the token of a source at The Things Stack."""

    target_class = ThingsStackToken
    name = "thingsStackToken"
