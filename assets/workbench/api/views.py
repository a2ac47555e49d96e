"""The map's workbench: tables and forms of elements, who they serve, values to colour them by."""

from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_noop as _
from django.views.decorators.gzip import gzip_page
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets.models import Network, Node, Pipe, SimulationRun
from assets.networks.selectors.network_reads import network_visible_to
from assets.simulation.selectors.simulations import runs_visible_to
from assets.workbench.api import serializers as forms
from assets.workbench.api.parameters import (
    FILTER_NAMES,
    FILTER_PARAMETERS,
    PAGE_NAMES,
    PAGE_PARAMETERS,
    ElementQueryBody,
    filter_of,
    page_of,
)
from assets.workbench.selectors.element_filters import ElementFilter
from assets.workbench.selectors.element_forms import element_forms
from assets.workbench.selectors.elements import columns_of, element_page
from assets.workbench.selectors.map_values import THEMES, low_pressures, pipe_values, simulated_values
from assets.workbench.selectors.served_consumers import served_at
from gis_core.access import Capability, access
from gis_core.api.parameters import number_parameter
from gis_core.api.views import CapabilityMixin
from gis_core.sentences import said

# In the bounds of a 4-byte integer, as instants are kept.
_LAST_SECOND = 2**31 - 1


def _page(network: Network, asked: ElementFilter, offset: int, limit: int) -> Response:
    page = element_page(network, asked, offset=offset, limit=limit)
    return Response(
        {
            "count": page.count,
            "is_counted": page.is_counted,
            "columns": columns_of(network, asked.element_class),
            "results": page.rows,
        }
    )


class ElementsView(CapabilityMixin, APIView):
    """Pipes or nodes of a network as rows of a table, filtered and sorted by any attribute of their class."""

    capability = Capability.VIEW_NETWORK
    query_parameters = FILTER_NAMES | PAGE_NAMES

    @extend_schema(
        operation_id="network_elements",
        parameters=[*FILTER_PARAMETERS, *PAGE_PARAMETERS],
        responses=forms.ElementPageSerializer,
    )
    def get(self, request: Request, network: str) -> Response:
        found = network_visible_to(request.user, network)
        asked = filter_of(request)
        offset, limit = page_of(request)
        return _page(found, asked, offset, limit)


class ElementQueryView(CapabilityMixin, APIView):
    """The same with the parameters in a body, where there is room for thousands of uids; it changes nothing."""

    capability = Capability.VIEW_NETWORK

    @extend_schema(
        operation_id="network_elements_query", request=ElementQueryBody, responses=forms.ElementPageSerializer
    )
    def post(self, request: Request, network: str) -> Response:
        found = network_visible_to(request.user, network)
        body = ElementQueryBody(data=request.data)
        body.is_valid(raise_exception=True)
        return _page(found, body.asked(), body.validated_data["offset"], body.validated_data["limit"])


class ElementFormsView(CapabilityMixin, APIView):
    """What can be set on pipes and on each kind of node of a network, and templates of what is drawn."""

    capability = Capability.VIEW_NETWORK

    @extend_schema(operation_id="network_element_forms", responses=forms.ElementFormsSerializer)
    def get(self, request: Request, network: str) -> Response:
        return Response(element_forms(network_visible_to(request.user, network)))


class _ServedView(CapabilityMixin, APIView):
    """Subscribers who are served at an element; who they are is told to whoever may see subscribers."""

    capability = Capability.VIEW_NETWORK

    def answer(self, request: Request, model: type[Node] | type[Pipe], uid: UUID) -> Response:
        element: Any = access(model._default_manager.all(), request.user, Capability.VIEW_NETWORK, uid=uid)
        served = served_at(element, viewer=request.user)
        served["results"] = [
            {**consumer, "page": reverse("account", args=[consumer["account_uid"]])}
            for consumer in served["results"]
        ]
        return Response(served)


class PipeConsumersView(_ServedView):
    @extend_schema(operation_id="pipe_consumers", responses=forms.ServedConsumersSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        return self.answer(request, Pipe, uid)


class NodeConsumersView(_ServedView):
    @extend_schema(operation_id="node_consumers", responses=forms.ServedConsumersSerializer)
    def get(self, request: Request, uid: UUID) -> Response:
        return self.answer(request, Node, uid)


@method_decorator(gzip_page, name="dispatch")
class PipeValuesView(CapabilityMixin, APIView):
    """Values of pipes by uid, for colouring; pipes without one are not there."""

    capability = Capability.VIEW_NETWORK
    query_parameters = frozenset({"theme"})

    @extend_schema(
        operation_id="network_pipe_values",
        parameters=[
            OpenApiParameter(
                "theme",
                str,
                enum=THEMES,
                required=True,
                description="breaks: a kilometre and year, over the last ten years",
            )
        ],
        responses={200: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, network: str) -> Response:
        found = network_visible_to(request.user, network)
        return Response(pipe_values(found, request.query_params.get("theme", "")))


class _OfSimulation(CapabilityMixin, APIView):
    """What is asked of one simulation."""

    capability = Capability.VIEW_NETWORK

    def run_of(self, request: Request, uid: UUID) -> SimulationRun:
        return access(runs_visible_to(request.user), request.user, Capability.VIEW_NETWORK, uid=uid)


@method_decorator(gzip_page, name="dispatch")
class SimulationValuesView(_OfSimulation):
    """All that a simulation computed at one instant, in columns."""

    query_parameters = frozenset({"time_s"})

    @extend_schema(
        operation_id="simulation_values",
        parameters=[
            OpenApiParameter(
                "time_s",
                int,
                description="Seconds since the beginning; the last instant not after it. The first by default",
            )
        ],
        responses=forms.SimulatedValuesSerializer,
    )
    def get(self, request: Request, uid: UUID) -> Response:
        run = self.run_of(request, uid)
        text = request.query_params.get("time_s")
        if text is not None and not (text.isascii() and text.isdecimal() and len(text) < 11):
            raise ValidationError(
                {"time_s": [said(_("time_s must be a whole number of seconds, 0 or more."))]}
            )
        return Response(simulated_values(run, None if text is None else min(int(text), _LAST_SECOND)))


class LowPressuresView(_OfSimulation):
    """Junctions whose pressure falls below a limit during a simulation, the lowest first."""

    query_parameters = frozenset({"below"})

    @extend_schema(
        operation_id="simulation_low_pressures",
        parameters=[OpenApiParameter("below", float, required=True, description="Metres of water")],
        responses=forms.LowPressuresSerializer,
    )
    def get(self, request: Request, uid: UUID) -> Response:
        run = self.run_of(request, uid)
        return Response(low_pressures(run, number_parameter(request, "below")))
