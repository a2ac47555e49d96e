"""Where a leak event may be, over REST: what `manage.py locate_leaks --event` answers, with the pipes' shapes."""

from typing import Any, ClassVar
from uuid import UUID

import numpy as np
from django.utils.translation import gettext_noop as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets.models import Pipe
from assets.topology.services.rebuilding import ensure_topology
from balances.leak_location.selectors.locating import LocatedLeak, locate_events, located_document
from balances.selectors.leak_events import leak_events_visible_to
from gis_core.access import Capability, access
from gis_core.api.parameters import instant_parameter, limit_parameter
from gis_core.api.views import CapabilityMixin
from gis_core.errors import ReportedError
from gis_core.sentences import Figure, Sentence

# Larger networks are solved by the command: a request would not live to see it.
MOST_PIPES = 20_000
MOST_SHAPES = 500


class LeakLocationView(CapabilityMixin, APIView):
    """Candidate pipes of a leak event, the area that holds it, and the segments to step-test, by the network's model.

    `places` is a GeoJSON FeatureCollection of the likeliest pipes, at most 500, each with `pipe`, `uid` and `score`. It
    rests on the hours that are rolled up. Refused (400): `too_few_sensors`, `no_data`, `no_datastream`, `too_large`.
    """

    capability = Capability.VIEW_BALANCES
    query_parameters: ClassVar[frozenset[str]] = frozenset({"until", "limit"})

    @extend_schema(
        operation_id="leak_event_location",
        parameters=[
            OpenApiParameter("until", OpenApiTypes.DATETIME, description="Use values from before it alone"),
            OpenApiParameter("limit", int, description="How many candidates; 20 if absent"),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, uid: UUID) -> Response:
        events = leak_events_visible_to(request.user)
        event = access(events, request.user, Capability.VIEW_BALANCES, uid=uid)
        until = instant_parameter(request, "until")
        limit = limit_parameter(request, default=20, maximum=MOST_SHAPES)
        pipes = Pipe.objects.filter(network=event.network)[: MOST_PIPES + 1].count()
        if pipes > MOST_PIPES:
            raise ReportedError(
                Sentence(
                    _(
                        "The network has more than {most} pipes: an operator places its leaks by locate_leaks."
                    ),
                    most=Figure(MOST_PIPES),
                ),
                code="too_large",
            )
        ensure_topology(event.network)
        (leak,) = locate_events([event], until)
        return Response({**located_document(leak, limit), "places": _places(leak)})


def _places(leak: LocatedLeak) -> dict[str, Any]:
    order = [
        index for index in np.argsort(-leak.shares, kind="stable")[:MOST_SHAPES] if leak.shares[index] > 0
    ]
    pipes = [leak.model.pipes[index] for index in order]
    uids = dict(Pipe.objects.filter(pk__in=[pipe.id for pipe in pipes]).values_list("pk", "uid"))
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "LineString", "coordinates": pipe.points},
                "properties": {"pipe": pipe.code, "uid": uids[pipe.id], "score": float(leak.shares[index])},
            }
            for index, pipe in zip(order, pipes, strict=True)
        ],
    }
