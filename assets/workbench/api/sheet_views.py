"""What is printed: the map as it is seen, and the sheet of an outage."""

import re
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from assets.isolation.selectors.outages import outages_visible_to
from assets.models import Network
from assets.networks.selectors.network_reads import network_visible_to
from assets.simulation.selectors.simulations import runs_visible_to
from assets.workbench.api.parameters import StrictBody
from assets.workbench.selectors.attributes import PIPE_CLASS, attributes_of
from assets.workbench.selectors.map_values import PRINTED_NODE_VALUES, PRINTED_VALUES, printed_values
from assets.workbench.services.map_sheet import GROUPS, ORIENTATIONS, PAPERS, SheetRequest, map_sheet_pdf
from assets.workbench.services.outage_sheet import outage_sheet_pdf
from assets.workbench.services.sheet_drawing import Colouring
from gis_core.access import Capability, access
from gis_core.api.bodies import TextField, UidField
from gis_core.api.negotiation import OneMediaType
from gis_core.api.views import CapabilityMixin, acting
from gis_core.sentences import said

_COLOUR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)
MAXIMUM_CHOSEN = 20_000


class _ColourField(TextField):
    """A colour as #rrggbb."""

    default_error_messages = {"no_colour": gettext_lazy("Write a colour as #1d91c0.")}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not _COLOUR.fullmatch(text):
            self.fail("no_colour")
        return text


class LegendEntrySerializer(StrictBody):
    colour = _ColourField()

    def get_fields(self) -> dict[str, Any]:
        # "label" is a serializer's own attribute.
        return {**super().get_fields(), "label": TextField(max_length=80)}


class ColouringSerializer(StrictBody):
    """By steps (a value takes the colour of the first limit that it is below) or by values; else `other`."""

    attribute = TextField(max_length=40, help_text="An attribute of the pipes' table, or its material's code")
    limits = serializers.ListField(child=serializers.FloatField(), max_length=12, default=list)
    colours = serializers.ListField(child=_ColourField(), max_length=13, default=list)
    values = serializers.DictField(child=_ColourField(), default=dict)
    other = _ColourField(default="#8c8c8c")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if bool(attrs["values"]) == bool(attrs["colours"]):
            raise serializers.ValidationError(said(_("Give either values, or limits with colours.")))
        if attrs["colours"] and len(attrs["colours"]) != len(attrs["limits"]) + 1:
            raise serializers.ValidationError(said(_("There is one colour more than there are limits.")))
        if attrs["limits"] != sorted(attrs["limits"]):
            raise serializers.ValidationError(said(_("The limits grow.")))
        return attrs


class MapPrintBody(StrictBody):
    bbox = serializers.ListField(
        child=serializers.FloatField(), min_length=4, max_length=4, help_text="west, south, east, north"
    )
    title = TextField(max_length=120, allow_blank=True, default="")
    paper = serializers.ChoiceField(choices=list(PAPERS), default="A4")
    orientation = serializers.ChoiceField(choices=ORIENTATIONS, default="landscape")
    layers = serializers.ListField(
        child=serializers.ChoiceField(choices=GROUPS), default=["pipes", "nodes", "zones", "buildings"]
    )
    colouring = ColouringSerializer(allow_null=True, default=None)
    node_colouring = ColouringSerializer(
        allow_null=True, default=None, help_text="Of junctions, by pressure_m or head_m of the simulation"
    )
    legend = LegendEntrySerializer(many=True, default=list)
    simulation = UidField(
        allow_null=True, default=None, help_text="The run whose values colour pipes and junctions"
    )
    time_s = serializers.IntegerField(
        allow_null=True, default=None, min_value=0, max_value=10**9, help_text="As in a simulation's values"
    )
    selection = serializers.ListField(child=UidField(), max_length=MAXIMUM_CHOSEN, default=list)

    def validate_bbox(self, value: list[float]) -> list[float]:
        west, south, east, north = value
        if not (-180 <= west < east <= 180 and -85 <= south < north <= 85):
            raise serializers.ValidationError(said(_("west, south, east, north in degrees.")))
        return value

    def validate_node_colouring(self, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is not None and value["attribute"] not in PRINTED_NODE_VALUES:
            raise serializers.ValidationError(
                said(_("Known attributes: {names}."), names=", ".join(PRINTED_NODE_VALUES))
            )
        return value

    def validate_legend(self, value: list[dict[str, str]]) -> list[dict[str, str]]:
        if len(value) > 24:
            raise serializers.ValidationError(said(_("A legend has at most 24 entries.")))
        return value


class MapPrintView(CapabilityMixin, APIView):
    """What is seen of the map as a PDF, in the reader's language; it changes nothing."""

    capability = Capability.VIEW_NETWORK
    content_negotiation_class = OneMediaType  # type: ignore[assignment]

    @extend_schema(
        operation_id="network_map_print",
        request=MapPrintBody,
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
    )
    def post(self, request: Request, network: str) -> HttpResponse:
        found = network_visible_to(request.user, network)
        body = MapPrintBody(data=request.data)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        colouring = values["colouring"]
        known = {attribute.name for attribute in attributes_of(PIPE_CLASS, found.commodity)}
        is_value = colouring is not None and colouring["attribute"] in PRINTED_VALUES
        if colouring is not None and not is_value and colouring["attribute"] not in known:
            names = ", ".join(sorted({*known, *PRINTED_VALUES}))
            raise serializers.ValidationError(
                {"colouring": [said(_("Known attributes: {names}."), names=names)]}
            )
        content = map_sheet_pdf(
            found,
            SheetRequest(
                box=tuple(values["bbox"]),
                title=values["title"],
                paper=values["paper"],
                orientation=values["orientation"],
                groups=values["layers"],
                colouring=Colouring(**colouring) if colouring is not None else Colouring(),
                legend=[dict(entry) for entry in values["legend"]],
                chosen=frozenset(str(uid) for uid in values["selection"]),
                pipe_values=self._values(request, found, values, "colouring") if is_value else None,
                node_colouring=Colouring(**values["node_colouring"] or {}),
                node_values=self._values(request, found, values, "node_colouring")
                if values["node_colouring"] is not None
                else None,
            ),
            printed_by=acting(request),
        )
        return _pdf(content, f"map-{found.code}.pdf")

    def _values(
        self, request: Request, network: Network, values: dict[str, Any], colouring: str
    ) -> dict[str, float | None]:
        run = None
        if values["simulation"] is not None:
            runs = runs_visible_to(request.user).filter(network=network)
            run = access(runs, request.user, Capability.VIEW_NETWORK, uid=values["simulation"])
        return printed_values(network, values[colouring]["attribute"], run, values["time_s"])


class OutageSheetView(CapabilityMixin, APIView):
    """The printed sheet of an outage for the crew; people are named for whoever may see subscribers."""

    capability = Capability.VIEW_NETWORK
    content_negotiation_class = OneMediaType  # type: ignore[assignment]

    @extend_schema(operation_id="outage_sheet", responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    def get(self, request: Request, uid: UUID) -> HttpResponse:
        outage = access(outages_visible_to(request.user), request.user, Capability.VIEW_NETWORK, uid=uid)
        return _pdf(outage_sheet_pdf(outage, viewer=request.user), f"outage-{outage.number}.pdf")


def _pdf(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    return response
