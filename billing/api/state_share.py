"""REST view of what the state owes for benefits and subsidies: a file for social protection."""

from typing import ClassVar

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from billing.ledger.selectors.state_share import STATE_SHARE_COLUMNS, state_share, state_share_rows
from billing.selectors.months import billed_enterprises
from gis_core.access import Capability, access
from gis_core.api.downloads import table_download
from gis_core.api.parameters import choice_parameter, required_month
from gis_core.api.views import CapabilityMixin


class StateShareView(CapabilityMixin, APIView):
    """Benefits and subsidies of the bills booked in a month, line by line."""

    capability = Capability.VIEW_SUBSCRIBERS
    query_parameters: ClassVar[frozenset[str]] = frozenset({"enterprise", "month", "file_format"})

    @extend_schema(
        operation_id="state_share",
        parameters=[
            OpenApiParameter("enterprise", required=True, description="code of the enterprise"),
            OpenApiParameter("month", required=True, description="as 2026-01"),
            OpenApiParameter("file_format", enum=["csv", "xlsx"], description="csv by default"),
        ],
        responses=OpenApiTypes.BINARY,
    )
    def get(self, request: Request) -> HttpResponseBase:
        file_format = choice_parameter(request, "file_format", ("csv", "xlsx"), "csv")
        month = required_month(request)
        enterprise = access(
            billed_enterprises(request.user, self.capability),
            request.user,
            self.capability,
            code=request.query_params.get("enterprise", ""),
        )
        rows = state_share_rows(state_share(request.user, enterprise, month))
        name = f"benefits-{enterprise.code}-{month:%Y-%m}"
        return table_download(file_format, name, STATE_SHARE_COLUMNS, rows)
