"""Long profiles and schematics, as figures and as SVG drawings, and the flooding of zones."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_noop as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets.drawing.api import serializers as forms
from assets.drawing.selectors.profile_drawing import profile_svg
from assets.drawing.selectors.profiles import Profile, profile_between, profile_of_pipes
from assets.drawing.selectors.schematic_drawing import DIRECTIONS, schematic_svg
from assets.drawing.selectors.schematics import Schematic, schematic_of
from assets.models import Zone
from assets.networks.selectors.network_reads import network_visible_to, zones_visible_to
from gis_core.access import Capability, access
from gis_core.api.negotiation import OneMediaType
from gis_core.api.views import CapabilityMixin
from gis_core.sentences import said

_PROFILE_PARAMETERS = [
    OpenApiParameter("from", str, description="Code or uid of the first node"),
    OpenApiParameter("to", str, description="Code or uid of the last node"),
    OpenApiParameter("pipes", str, description="Codes of pipes that follow one another, with commas"),
    OpenApiParameter("time", int, description="Time of the heads, seconds since the simulation's beginning"),
]


def _drawing(svg: str, name: str) -> HttpResponse:
    response = HttpResponse(svg, content_type="image/svg+xml; charset=utf-8")
    response["Content-Disposition"] = f'inline; filename="{name}.svg"'
    # Opened by itself a drawing loads and runs nothing, whatever it holds.
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response


class _ProfileBase(CapabilityMixin, APIView):
    capability = Capability.VIEW_NETWORK
    query_parameters = frozenset({"from", "to", "pipes", "time"})

    def _profile(self, request: Request, code: str) -> Profile:
        network = network_visible_to(request.user, code)
        asked = request.query_params
        time_s = None
        if "time" in asked:
            if not (asked["time"].isascii() and asked["time"].isdecimal() and len(asked["time"]) < 10):
                raise ValidationError({"time": [said(_("time is a whole number of seconds."))]})
            time_s = int(asked["time"])
        if "pipes" in asked:
            if "to" in asked:
                raise ValidationError({"to": [said(_("Give either pipes, or from and to."))]})
            codes = [name.strip() for name in asked["pipes"].split(",") if name.strip()]
            return profile_of_pipes(network, codes, first=asked.get("from"), time_s=time_s)
        for name in ("from", "to"):
            if name not in asked:
                raise ValidationError({name: [said(_("Give pipes, or from and to."))]})
        return profile_between(network, asked["from"], asked["to"], time_s=time_s)


class ProfileView(_ProfileBase):
    """The long profile of a route: ground, hydraulic grade and pressure along its length."""

    @extend_schema(operation_id="profile", parameters=_PROFILE_PARAMETERS, responses=forms.ProfileSerializer)
    def get(self, request: Request, code: str) -> Response:
        return Response(self._profile(request, code).as_dict())


class ProfileDrawingView(_ProfileBase):
    """The long profile of a route as a drawing."""

    content_negotiation_class = OneMediaType  # type: ignore[assignment]

    @extend_schema(
        operation_id="profile_drawing",
        parameters=_PROFILE_PARAMETERS,
        responses={(200, "image/svg+xml"): OpenApiTypes.STR},
    )
    def get(self, request: Request, code: str) -> HttpResponse:
        return _drawing(profile_svg(self._profile(request, code)), f"profile-{code}")


class _SchematicBase(CapabilityMixin, APIView):
    capability = Capability.VIEW_NETWORK

    def _schematic(self, request: Request, uid: Any) -> Schematic:
        zone = access(zones_visible_to(request.user), request.user, Capability.VIEW_NETWORK, uid=uid)
        return schematic_of(zone.network, Zone.objects.get(pk=zone.pk))


class SchematicView(_SchematicBase):
    """A zone's sources, meters, boundaries, storage and parts, in layers from where its water comes."""

    @extend_schema(operation_id="zone_schematic", responses=forms.SchematicSerializer)
    def get(self, request: Request, uid: Any) -> Response:
        return Response(self._schematic(request, uid).as_dict())


class SchematicDrawingView(_SchematicBase):
    """The schematic of a zone as a drawing."""

    content_negotiation_class = OneMediaType  # type: ignore[assignment]
    query_parameters = frozenset({"direction"})

    @extend_schema(
        operation_id="zone_schematic_drawing",
        parameters=[
            OpenApiParameter("direction", str, enum=DIRECTIONS, description="Of the layers; right by default")
        ],
        responses={(200, "image/svg+xml"): OpenApiTypes.STR},
    )
    def get(self, request: Request, uid: Any) -> HttpResponse:
        direction = request.query_params.get("direction", "right")
        if direction not in DIRECTIONS:
            raise ValidationError(
                {"direction": [said(_("One of {directions}."), directions=", ".join(DIRECTIONS))]}
            )
        schematic = self._schematic(request, uid)
        return _drawing(schematic_svg(schematic, direction=direction), f"zone-{schematic.zone.pk}")
