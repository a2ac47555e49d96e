"""Reading what is known of the network's state: leaks, inspections, verifications due, the condition of pipes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from uuid import UUID

from django.contrib.gis.db.models import PointField
from django.contrib.gis.db.models.functions import AsGeoJSON
from django.db import connection
from django.db.models import (
    Avg,
    Case,
    Count,
    F,
    FloatField,
    Func,
    JSONField,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from assets.models import (
    Inspection,
    LeakRecord,
    MaterialLife,
    Network,
    PipeCondition,
    Verification,
    VerificationPolicy,
)
from assets.networks.selectors.network_reads import GEOJSON_DIGITS
from gis_core.access import Capability, Viewer, divisions_of, is_unrestricted, visible
from gis_core.database.sql_files import load_sql

# Upper limits of the diameter classes of a summary, metres; what is larger is the last class.
DIAMETER_CLASSES_M = (0.1, 0.2, 0.3, 0.5, 0.8)
SUMMARIES = ("material", "diameter_class", "zone")


def leaks_visible_to(viewer: Viewer) -> QuerySet[LeakRecord]:
    """Leak records with network, place and `geojson`, the point on the pipe at present."""
    point = Coalesce(
        Func(
            F("attachment__pipe__geom"),
            F("attachment__position"),
            function="ST_LineInterpolatePoint",
            output_field=PointField(srid=4326),
        ),
        F("attachment__node__geom"),
        output_field=PointField(srid=4326),
    )
    rows = (
        LeakRecord.objects.select_related(
            "network", "attachment__pipe", "attachment__node__zone", "recorded_by"
        )
        .defer(
            "attachment__pipe__geom",
            "attachment__pipe__start_point",
            "attachment__pipe__end_point",
            "attachment__node__geom",
            "attachment__node__zone__geom",
        )
        .annotate(geojson=Cast(AsGeoJSON(point, precision=GEOJSON_DIGITS), JSONField()))
    )
    return visible(rows, viewer, Capability.VIEW_NETWORK)


def _of_assets(rows: QuerySet[Any], *people: str) -> QuerySet[Any]:
    return rows.select_related("network", "node", "pipe", *people).defer(
        "node__geom", "pipe__geom", "pipe__start_point", "pipe__end_point"
    )


def inspections_visible_to(viewer: Viewer) -> QuerySet[Inspection]:
    """Inspections with network and asset."""
    return visible(_of_assets(Inspection.objects.all(), "recorded_by"), viewer, Capability.VIEW_NETWORK)


def verifications_visible_to(viewer: Viewer) -> QuerySet[Verification]:
    """Verifications with network, asset and who verified."""
    return visible(_of_assets(Verification.objects.all(), "verified_by"), viewer, Capability.VIEW_NETWORK)


def verification_policies_visible_to(viewer: Viewer) -> QuerySet[VerificationPolicy]:
    """The general intervals, which hold everywhere, and those set in the viewer's divisions."""
    rows = VerificationPolicy.objects.select_related("division")
    if is_unrestricted(viewer):
        return rows
    seen = divisions_of(viewer, Capability.VIEW_NETWORK)
    return rows.filter(Q(division=None) | Q(division__in=seen.values("pk")))


def material_lives() -> QuerySet[MaterialLife]:
    """The expected lives of materials: reference data, the same for everybody."""
    return MaterialLife.objects.all()


def conditions_visible_to(viewer: Viewer) -> QuerySet[PipeCondition]:
    """The condition of the viewer's pipes, with network and zone."""
    rows = PipeCondition.objects.select_related("network", "zone").defer("zone__geom")
    return visible(rows, viewer, Capability.VIEW_NETWORK)


def condition_summary(rows: QuerySet[PipeCondition], by: str) -> list[dict[str, Any]]:
    """Pipes in groups by material, diameter class or zone (`SUMMARIES`).

    Each group: `group`, `pipes`, `length_km`, `mean_age_years` (weighed by length), `mean_used_life_percent`, `breaks`
    (ten years), `breaks_per_km_year`, and `length_km_by_grade` for grades 1 to 5 and unknown.
    """
    group: Any = {
        "material": F("material"),
        "zone": F("zone__code"),
        "diameter_class": _diameter_class(),
    }[by]
    graded = {f"grade_{grade}": Sum("length_m", filter=Q(grade=grade), default=0.0) for grade in range(1, 6)}
    weighed = Sum(F("age_years") * F("length_m"), output_field=FloatField())
    groups = (
        rows.order_by()
        .values(group=group)
        .annotate(
            pipes=Count("pk"),
            length_m_sum=Sum("length_m"),
            aged=weighed,
            aged_length=Sum("length_m", filter=Q(age_years__isnull=False)),
            used=Avg("used_life_percent"),
            all_breaks=Sum("breaks"),
            ungraded=Sum("length_m", filter=Q(grade=None), default=0.0),
            **graded,
        )
        .order_by("group")
    )
    return [
        {
            "group": row["group"] if row["group"] not in (None, "") else None,
            "pipes": row["pipes"],
            "length_km": row["length_m_sum"] / 1000,
            "mean_age_years": row["aged"] / row["aged_length"] if row["aged_length"] else None,
            "mean_used_life_percent": row["used"],
            "breaks": row["all_breaks"],
            "breaks_per_km_year": row["all_breaks"] / max(row["length_m_sum"] / 1000, 1e-9) / 10,
            "length_km_by_grade": {
                **{str(grade): cast(float, dict(row)[f"grade_{grade}"]) / 1000 for grade in range(1, 6)},
                "unknown": row["ungraded"] / 1000,
            },
        }
        for row in groups
    ]


def _diameter_class() -> Case:
    """The class of a diameter in millimetres, as text: "100-200", ">800"; null when the diameter is unknown."""
    cases = []
    lower = 0.0
    for upper in DIAMETER_CLASSES_M:
        label = f"{lower * 1000:03.0f}-{upper * 1000:03.0f}"
        cases.append(When(diameter_m__lte=upper, then=Value(label)))
        lower = upper
    cases.append(When(diameter_m__gt=lower, then=Value(f">{lower * 1000:.0f}")))
    return Case(*cases, default=None)


@dataclass(frozen=True)
class VerificationStatus:
    """When and by whom an asset (`asset_class` node or pipe) was last verified, until when it is good, and whether
    that is past. `due_on` is null when its kind has no interval or nothing is known to count from."""

    asset_class: str
    id: int
    uid: UUID
    code: str
    kind: str
    network: str
    zone: UUID | None
    zone_name: str | None
    lifecycle: str
    last_verified_on: date | None
    last_verified_by: str | None
    last_method: str | None
    interval_months: int | None
    due_on: date | None
    is_overdue: bool


def verification_status(
    networks: Sequence[Network],
    *,
    kinds: Sequence[str] = (),
    zone_id: int | None = None,
    is_overdue: bool | None = None,
    after: tuple[str, int] = ("node", 0),
    limit: int,
    today: date | None = None,
) -> list[VerificationStatus]:
    """One page of the assets of `networks`, nodes before pipes, each by id, after the position (class, id)."""
    rows = _rows(
        "verification_status",
        {
            "networks": [network.pk for network in networks],
            "network_id": networks[0].pk if len(networks) == 1 else None,
            "kinds": list(kinds) or None,
            "zone_id": zone_id,
            "overdue": is_overdue,
            "class_after": after[0],
            "id_after": after[1],
            "today": today or timezone.localdate(),
            "row_limit": limit,
        },
    )
    return [VerificationStatus(asset_class=row.pop("class"), **row) for row in rows]


def verification_counts(networks: Sequence[Network], today: date | None = None) -> list[dict[str, Any]]:
    """How many assets there are, were ever verified and are overdue, by network, division, zone code and kind."""
    return _rows(
        "verification_counts",
        {"networks": [network.pk for network in networks], "today": today or timezone.localdate()},
    )


@dataclass(frozen=True)
class NearPipe:
    """The pipe nearest to a place: its ends, the position on it (0 to 1) and the distance in metres."""

    pipe_id: int
    start_node_id: int
    end_node_id: int
    position: float
    distance_m: float


def nearest_pipe(
    network: Network, *, longitude: float, latitude: float, tolerance_m: float
) -> NearPipe | None:
    """The pipe of a network nearest to a position (degrees, WGS 84) within metres of it; None when there is none."""
    rows = _rows(
        "nearest_pipe",
        {"network_id": network.pk, "lon": longitude, "lat": latitude, "tolerance_m": tolerance_m},
    )
    return NearPipe(**rows[0]) if rows else None


def _rows(name: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(load_sql("assets.registers", name), parameters)
        columns = [column.name for column in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
