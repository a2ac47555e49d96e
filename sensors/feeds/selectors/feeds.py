"""Reading the state of feeds, scoped by division: what was received of what was expected, who is silent, what waits."""

from datetime import datetime, timedelta

from django.db.models import (
    BooleanField,
    Case,
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Now
from django.utils import timezone

from gis_core.access import Capability, Viewer, access, is_unrestricted, visible
from gis_core.models import Division
from sensors.models import (
    Datastream,
    FeedFile,
    FeedPoint,
    FeedProfile,
    FeedSource,
    HourlyValue,
    QuarantinedRow,
    TopicPrefix,
)

# A datastream is silent when this many intervals passed without a value.
SILENT_INTERVALS = 3
WINDOW = timedelta(hours=24)


def profiles_visible_to(viewer: Viewer) -> QuerySet[FeedProfile]:
    """Profiles of the viewer's divisions, and those of the republic, which everybody uses."""
    profiles = FeedProfile.objects.select_related("division")
    if is_unrestricted(viewer):
        return profiles
    own = visible(FeedProfile.objects.all(), viewer, Capability.VIEW_SENSORS).values("pk")
    return profiles.filter(Q(pk__in=own) | Q(division__level=Division.Level.REPUBLIC))


def sources_visible_to(viewer: Viewer) -> QuerySet[FeedSource]:
    """Sources of the viewer's divisions with their state and what waits of them in quarantine."""
    waiting = (
        QuarantinedRow.objects.filter(source=OuterRef("pk"), state=QuarantinedRow.State.WAITING)
        .order_by()
        .values("source")
        .annotate(count=Count("pk"))
        .values("count")
    )
    points = (
        FeedPoint.objects.filter(source=OuterRef("pk"))
        .order_by()
        .values("source")
        .annotate(count=Count("pk"))
    )
    silent = (
        points.filter(datastream__isnull=False)
        .filter(_is_silent("datastream__"))
        .annotate(silent=Count("datastream", distinct=True))
        .values("silent")
    )
    sources = FeedSource.objects.select_related("division", "profile", "state").annotate(
        waiting=Coalesce(Subquery(waiting), Value(0)),
        point_count=Coalesce(Subquery(points.values("count")), Value(0)),
        silent_count=Coalesce(Subquery(silent), Value(0)),
    )
    return visible(sources, viewer, Capability.VIEW_SENSORS)


def files_visible_to(viewer: Viewer) -> QuerySet[FeedFile]:
    """Files of the viewer's divisions."""
    files = FeedFile.objects.select_related("division", "profile", "source")
    return visible(files, viewer, Capability.VIEW_SENSORS)


def prefixes_visible_to(viewer: Viewer) -> QuerySet[TopicPrefix]:
    """Topic prefixes of the divisions that the viewer administers."""
    prefixes = TopicPrefix.objects.select_related("division", "created_by")
    return visible(prefixes, viewer, Capability.MANAGE_USERS)


def quarantined_visible_to(viewer: Viewer) -> QuerySet[QuarantinedRow]:
    """Quarantined rows of the viewer's divisions; those of no division for system administrators only."""
    rows = QuarantinedRow.objects.select_related("division", "file__profile", "source", "settled_by")
    return visible(rows, viewer, Capability.VIEW_SENSORS)


def quarantined_editable_by(viewer: Viewer) -> QuerySet[QuarantinedRow]:
    """Quarantined rows that the viewer may try again or dismiss."""
    return visible(QuarantinedRow.objects.select_related("division"), viewer, Capability.EDIT_SENSORS)


def editable_source(viewer: Viewer, uid: str) -> FeedSource:
    """A source that the viewer may change; raises NotVisible."""
    sources = FeedSource.objects.select_related("division")
    return access(sources, viewer, Capability.EDIT_SENSORS, uid=uid)


def _is_silent(prefix: str = "") -> Q:
    """No value for SILENT_INTERVALS intervals, or never one."""
    patience = ExpressionWrapper(
        F(f"{prefix}interval_s") * Value(timedelta(seconds=SILENT_INTERVALS)), output_field=DurationField()
    )
    since = ExpressionWrapper(Now() - patience, output_field=DateTimeField())
    return Q(**{f"{prefix}latest__time": None}) | Q(**{f"{prefix}latest__time__lt": since})


def feeding_datastreams_visible_to(viewer: Viewer, *, now: datetime | None = None) -> QuerySet[Datastream]:
    """Datastreams with what they received in the last 24 whole hours, what was expected, and whether they are silent.

    `received` counts expected intervals that have a value, so that a value sent twice counts once; it comes from the
    hourly roll-ups.
    """
    until = (now or timezone.now()).replace(minute=0, second=0, microsecond=0)
    received = (
        HourlyValue.objects.filter(datastream=OuterRef("pk"), hour__gte=until - WINDOW, hour__lt=until)
        .order_by()
        .values("datastream")
        .annotate(total=Sum("slots"))
        .values("total")
    )
    streams = (
        Datastream.objects.filter(deleted_at=None)
        .select_related("thing", "latest", "division")
        .annotate(
            received=Coalesce(Subquery(received, output_field=IntegerField()), Value(0)),
            expected=ExpressionWrapper(
                Value(WINDOW.total_seconds()) / Cast("interval_s", FloatField()), output_field=FloatField()
            ),
            is_silent=Case(When(_is_silent(), then=True), default=False, output_field=BooleanField()),
        )
        .order_by("pk")
    )
    return visible(streams, viewer, Capability.VIEW_SENSORS)
