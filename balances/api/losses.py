"""REST views of losses: the summary by level, the days that bills cover, and the tables of a zone as files."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import orjson
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets.models import Zone
from assets.networks.selectors.network_reads import networks_visible_to, zones_visible_to
from balances.models import ZoneBalance
from balances.night_flow.selectors.banded_nights import banded_nights
from balances.periods import DaySpan
from balances.selectors.loss_summary import BASES, LEVELS, LossRow, LossSummary, loss_summary, trend_of
from balances.selectors.zone_balances import balances_visible_to
from balances.selectors.zone_sensors import edge_meters, zone_pressures
from billing.selectors.consumption import consumption_changes, zone_billed_days
from gis_core.access import Capability, access
from gis_core.api.downloads import download, table_download
from gis_core.api.parameters import choice_parameter, month_parameter, truth_parameter
from gis_core.api.views import CapabilityMixin
from gis_core.sentences import said

C = Capability
_VOLUMES = (
    "supply_m3",
    "apportioned_m3",
    "billed_m3",
    "unbilled_m3",
    "imbalance_apportioned_m3",
    "imbalance_billed_m3",
    "limit_95_m3",
)
MOST_CONSUMERS_IN_A_FILE = 50_000
GEOJSON = "application/geo+json"


class LossTrendSerializer(serializers.Serializer[Any]):
    month = serializers.DateField()
    share = serializers.FloatField(allow_null=True)


class LossTotalSerializer(serializers.Serializer[Any]):
    rows = serializers.IntegerField()
    zones = serializers.IntegerField()
    sufficient_zones = serializers.IntegerField()
    supply_m3 = serializers.DecimalField(max_digits=20, decimal_places=3, allow_null=True)
    imbalance_apportioned_m3 = serializers.DecimalField(max_digits=20, decimal_places=3, allow_null=True)
    imbalance_billed_m3 = serializers.DecimalField(max_digits=20, decimal_places=3, allow_null=True)
    limit_95_m3 = serializers.DecimalField(max_digits=20, decimal_places=3, allow_null=True)


class LossRowSerializer(serializers.Serializer[Any]):
    uid = serializers.UUIDField(allow_null=True)
    code = serializers.CharField()
    name = serializers.CharField()
    is_outline = serializers.BooleanField()
    status = serializers.CharField()
    share = serializers.FloatField(allow_null=True)
    trend = LossTrendSerializer(many=True)


class LossSummarySerializer(serializers.Serializer[Any]):
    level = serializers.ChoiceField(choices=LEVELS)
    parent: Any = serializers.CharField(allow_null=True)
    basis = serializers.ChoiceField(choices=BASES)
    month = serializers.DateField(allow_null=True)
    months = serializers.ListField(child=serializers.DateField())
    rows = LossRowSerializer(many=True)
    total = LossTotalSerializer()


class LossSummaryView(CapabilityMixin, APIView):
    """Imbalance of a month at a level of the country, with its total; as JSON or as a file."""

    capability = C.VIEW_BALANCES
    query_parameters: ClassVar[frozenset[str]] = frozenset(
        {"level", "parent", "month", "basis", "geometry", "file_format"}
    )

    @extend_schema(
        operation_id="loss_summary",
        parameters=[
            OpenApiParameter("level", enum=LEVELS, description="what a row stands for; republic by default"),
            OpenApiParameter("parent", description="code of a division, or of a network at the level zone"),
            OpenApiParameter("month", description="2026-01; the newest by default"),
            OpenApiParameter(
                "basis", enum=BASES, description="which consumption `share` and `trend` stand on"
            ),
            OpenApiParameter("geometry", OpenApiTypes.BOOL, description="outlines too, WGS 84"),
            OpenApiParameter("file_format", enum=["csv", "xlsx", "geojson"]),
        ],
        responses=LossSummarySerializer,
    )
    def get(self, request: Request) -> HttpResponseBase:
        file_format = choice_parameter(request, "file_format", ("csv", "xlsx", "geojson"), None)
        basis = choice_parameter(request, "basis", BASES, "apportioned")
        summary = loss_summary(
            request.user,
            level=choice_parameter(request, "level", LEVELS, "republic"),
            parent=request.query_params.get("parent"),
            month=month_parameter(request),
            basis=basis,
            with_geometry=truth_parameter(request, "geometry") or file_format == "geojson",
        )
        name = f"losses-{summary.level}-{summary.parent or 'all'}-{summary.month or 'none'}"
        if file_format == "geojson":
            return download(orjson.dumps(_collection(summary)), name, file_format, GEOJSON)
        if file_format is not None:
            return table_download(file_format, name, *_table(summary))
        return Response(_answer(summary))


def _text(value: Any) -> Any:
    """Volumes are decimal strings, to the litre."""
    return str(value) if isinstance(value, Decimal) else value


def _facts(row: LossRow, basis: str) -> dict[str, Any]:
    return {
        "uid": row.uid,
        "code": row.code,
        "name": row.name,
        "network": row.network,
        "is_outline": row.is_outline,
        "status": row.status,
        "zones": row.zones or 0,
        "sufficient_zones": row.sufficient_zones or 0,
        **{name: _text(getattr(row, name)) for name in _VOLUMES},
        "share": row.share(basis),
        "service_points": row.service_points,
        "open_events": row.open_events,
    }


def _answer(summary: LossSummary) -> dict[str, Any]:
    return {
        "level": summary.level,
        "parent": summary.parent,
        "basis": summary.basis,
        "month": summary.month,
        "months": summary.months,
        "crumbs": summary.crumbs,
        "rows": [
            {
                **_facts(row, summary.basis),
                "trend": trend_of(row, summary.basis),
                "geometry": None if row.geometry is None else orjson.loads(row.geometry),
            }
            for row in summary.rows
        ],
        "total": {name: _text(value) for name, value in summary.total.items()},
    }


def _table(summary: LossSummary) -> tuple[list[str], list[list[Any]]]:
    columns = [
        "code",
        "name",
        "network",
        "month",
        "basis",
        "status",
        "adds_to_total",
        "zones",
        "sufficient_zones",
    ]
    names = [*columns, *_VOLUMES, "imbalance_percent", "service_points", "open_events"]
    rows = [
        [
            row.code,
            row.name,
            row.network,
            summary.month,
            summary.basis,
            row.status,
            not row.is_outline and row.status == "sufficient",
            row.zones or 0,
            row.sufficient_zones or 0,
            *(getattr(row, name) for name in _VOLUMES),
            _percent(row.share(summary.basis)),
            row.service_points,
            row.open_events,
        ]
        for row in summary.rows
    ]
    return names, rows


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 3)


def _collection(summary: LossSummary) -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": row.uid or row.code,
                "geometry": None if row.geometry is None else orjson.loads(row.geometry),
                "properties": {
                    **_facts(row, summary.basis),
                    "month": summary.month.isoformat() if summary.month else None,
                    "basis": summary.basis,
                },
            }
            for row in summary.rows
        ],
    }


class BilledDaysSerializer(serializers.Serializer[Any]):
    zone = serializers.UUIDField()
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    mean_days = serializers.FloatField()
    service_points = serializers.IntegerField()


class BilledDaysView(CapabilityMixin, APIView):
    """Which days the bills of a month cover in each zone of a network."""

    capability = C.VIEW_BALANCES
    query_parameters: ClassVar[frozenset[str]] = frozenset({"network", "month"})

    @extend_schema(
        operation_id="billed_days",
        parameters=[OpenApiParameter("network", required=True), OpenApiParameter("month", required=True)],
        responses=BilledDaysSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        month, code = month_parameter(request), request.query_params.get("network")
        if month is None or code is None:
            raise ValidationError({"network": [said(_("Name the network and the month."))]})
        network = access(networks_visible_to(request.user), request.user, self.capability, code=code)
        zones = zones_visible_to(request.user).filter(network=network)
        uids = dict(zones.values_list("pk", "uid"))
        covered = zone_billed_days(network_id=network.pk, month=month)
        rows = [
            {
                "zone": uids[row.zone_id],
                "first_day": row.first_day,
                "last_day": row.last_day,
                "mean_days": round(row.mean_days, 2),
                "service_points": row.service_points,
            }
            for row in covered
            if row.zone_id in uids
        ]
        return Response(rows)


def _balance_table(request: Request, zone: Zone, granularity: str) -> tuple[list[str], list[Any]]:
    names = [
        *("period_start", "input_m3", "output_m3", "storage_change_m3", *_VOLUMES),
        *("supply_coverage", "consumption_coverage", "service_points", "status"),
    ]
    rows = (
        balances_visible_to(request.user).filter(zone=zone, granularity=granularity).order_by("period_start")
    )
    return names, [[getattr(row, name) for name in names] for row in rows]


def _days(request: Request, zone: Zone, _month: date) -> tuple[list[str], list[Any]]:
    return _balance_table(request, zone, ZoneBalance.Granularity.DAY)


def _months(request: Request, zone: Zone, _month: date) -> tuple[list[str], list[Any]]:
    return _balance_table(request, zone, ZoneBalance.Granularity.MONTH)


def _meters(request: Request, zone: Zone, month: date) -> tuple[list[str], list[Any]]:
    names = ["node", "kind", "role", "datastream", "month", "volume_m3", "coverage"]
    rows = [
        [
            meter.connection.node.code,
            meter.connection.node.kind,
            meter.connection.role,
            meter.stream.code if meter.stream else None,
            month,
            None if meter.volume_m3 is None else round(meter.volume_m3, 3),
            meter.coverage,
        ]
        for meter in edge_meters(request.user, zone, month)
    ]
    return names, rows


def _nights(_request: Request, zone: Zone, month: date) -> tuple[list[str], list[Any]]:
    figures = [
        "min_flow_m3h",
        "storage_m3h",
        "legitimate_m3h",
        "net_m3h",
        "background_m3h",
        "pressure_m",
        "day_factor_h",
        "leakage_m3_day",
    ]
    until = _after(month)
    shown = DaySpan((month - timedelta(days=1)).replace(day=1), until)
    found = banded_nights(zone, shown, DaySpan(month, until), timezone.localdate())
    rows = [
        [one.night.date, *(getattr(one.night, name) for name in figures), one.low_m3h, one.high_m3h]
        for one in found.nights
    ]
    return ["night", *figures, "band_low_m3h", "band_high_m3h"], rows


def _pressures(request: Request, zone: Zone, month: date) -> tuple[list[str], list[Any]]:
    rows = [
        [shown.stream.code, day, mean, shown.stream.unit]
        for shown in zone_pressures(request.user, zone, month, _after(month))
        for day, mean in shown.days
    ]
    return ["datastream", "day", "mean", "unit"], rows


def _consumers(request: Request, zone: Zone, month: date) -> tuple[list[str], list[Any]]:
    rows, _count = consumption_changes(
        request.user, zone=zone, month=month, by_change=False, limit=MOST_CONSUMERS_IN_A_FILE
    )
    names = ["account", "subscriber", "service_point", "month", "billed_m3", "month_before_m3", "change_m3"]
    table = [
        [
            row.account_number,
            row.subscriber,
            row.service_point,
            month,
            row.volume_m3,
            row.earlier_m3,
            row.change_m3,
        ]
        for row in rows
    ]
    return names, table


def _after(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


ZONE_TABLES = {
    "months": _months,
    "days": _days,
    "meters": _meters,
    "nights": _nights,
    "pressures": _pressures,
    "consumers": _consumers,
}


class ZoneTableView(CapabilityMixin, APIView):
    """A table of a zone's page as a file: CSV or XLSX. Consumers are for those who may see subscribers."""

    capability = C.VIEW_BALANCES
    query_parameters: ClassVar[frozenset[str]] = frozenset({"table", "month", "file_format"})

    @extend_schema(
        operation_id="zone_table",
        parameters=[
            OpenApiParameter("table", enum=list(ZONE_TABLES), required=True),
            OpenApiParameter("month", description="2026-01; the newest with a balance by default"),
            OpenApiParameter("file_format", enum=["csv", "xlsx"]),
        ],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, uid: UUID) -> HttpResponseBase:
        table = choice_parameter(request, "table", list(ZONE_TABLES), "months")
        file_format = choice_parameter(request, "file_format", ("csv", "xlsx"), "csv")
        zone = access(zones_visible_to(request.user), request.user, self.capability, uid=uid)
        month = month_parameter(request) or _newest_month(request, zone)
        found = ZONE_TABLES[table](request, zone, month)
        return table_download(file_format, f"{zone.code}-{table}-{month:%Y-%m}", *found)


def _newest_month(request: Request, zone: Zone) -> date:
    months = balances_visible_to(request.user).filter(zone=zone, granularity=ZoneBalance.Granularity.MONTH)
    newest = months.order_by("-period_start").values_list("period_start", flat=True).first()
    return newest or timezone.localdate().replace(day=1)
