"""REST views of the feeds, below /api/v1/feeds/."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from gis_core.access import Capability, NotVisible, Viewer, access, divisions_of, holds
from gis_core.api.filters import FilterSet, TruthFilter
from gis_core.api.views import ScopedReadViewSet, acting
from gis_core.errors import ReportedError
from gis_core.models import Division
from gis_core.selectors.named_rows import named_in_division
from gis_core.sentences import Sentence
from sensors.feeds.api.serializers import (
    ChosenRowsSerializer,
    DismissedSerializer,
    FeedFileSerializer,
    FeedingDatastreamSerializer,
    FeedProfileSerializer,
    FeedSourceSerializer,
    FeedTokenSerializer,
    NewFeedProfileSerializer,
    NewFeedSourceSerializer,
    NewTopicPrefixSerializer,
    ProfileTrialResultSerializer,
    ProfileTrialSerializer,
    QuarantinedRowSerializer,
    RetrySerializer,
    TopicPrefixSerializer,
)
from sensors.feeds.selectors.feeds import (
    editable_source,
    feeding_datastreams_visible_to,
    files_visible_to,
    prefixes_visible_to,
    profiles_visible_to,
    quarantined_editable_by,
    quarantined_visible_to,
    sources_visible_to,
)
from sensors.feeds.services.lorawan import renew_token
from sensors.feeds.services.profiles import save_profile, try_profile_on
from sensors.feeds.services.quarantine import dismiss
from sensors.feeds.services.retrying import MOST_AT_ONCE, retry
from sensors.feeds.services.sources import save_source
from sensors.feeds.services.topic_prefixes import set_prefix, withdraw_prefix
from sensors.models import Datastream, FeedProfile, QuarantinedRow


class _FeedViewSet(ScopedReadViewSet):
    """Views whose actions that only write do not exist for those who may only look, whatever the method."""

    capability = Capability.VIEW_SENSORS

    def check_permissions(self, request: Request) -> None:
        super().check_permissions(request)
        writes_only = set(self.action_map or ()) == {"post"}
        if writes_only and not holds(request.user, Capability.EDIT_SENSORS):
            raise NotVisible("no such endpoint for this viewer")


def _division(viewer: Viewer, code: str) -> Division:
    """A division in which the viewer may change feeds; raises NotVisible."""
    return access(
        divisions_of(viewer, Capability.EDIT_SENSORS),
        viewer,
        Capability.EDIT_SENSORS,
        code=code,
        division_lookup="pk",
    )


def _profile(viewer: Viewer, name: str, division: Division | None = None) -> FeedProfile:
    """The profile of this name: of those for the division the nearest, else the only one."""
    profiles = profiles_visible_to(viewer)
    if division is not None:
        for_it = [row for row in profiles.filter(name=name) if division.path.startswith(row.division.path)]
        if for_it:
            return max(for_it, key=lambda row: len(row.division.path))
    profile = named_in_division(profiles, "name", name).first()
    if profile is None:
        raise ReportedError(Sentence(_("There is no profile {name}."), name=name), code="unknown_profile")
    return profile


class FeedProfileViewSet(_FeedViewSet):
    """How kinds of logger files are written. Those of the republic are shown to everybody, who may use them."""

    capability = Capability.VIEW_SENSORS
    action_capabilities: ClassVar[dict[str, Capability]] = {
        "create": Capability.EDIT_SENSORS,
        "trial": Capability.EDIT_SENSORS,
    }
    serializer_class = FeedProfileSerializer
    filterset_fields = {"name": ["exact"], "division__code": ["exact"]}

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return profiles_visible_to(viewer)

    @extend_schema(request=NewFeedProfileSerializer, responses={201: FeedProfileSerializer})
    def create(self, request: Request) -> Response:
        """Make a profile, or change the one of that name."""
        form = NewFeedProfileSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        profile = save_profile(
            name=given["name"],
            settings=given["settings"],
            division=_division(request.user, given["division"]),
            description=given.get("description", ""),
            acting_user=acting(request),
        )
        return Response(FeedProfileSerializer(profile).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ProfileTrialSerializer, responses=ProfileTrialResultSerializer, filters=False)
    @action(detail=False, methods=["post"], url_path="trial", filterset_fields=None, pagination_class=None)
    def trial(self, request: Request) -> Response:
        """What settings, or a profile, make of the beginning of a file. Nothing is stored."""
        form = ProfileTrialSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        settings = (
            given["settings"]
            if "settings" in given
            else _profile(request.user, given.get("profile", "")).settings
        )
        result = try_profile_on(settings, given["sample"].encode(), given.get("file_name", "sample.csv"))
        known = set(
            feeding_datastreams_visible_to(request.user)
            .filter(code__in=[entry["datastream"] for entry in result["series"]])
            .values_list("code", flat=True)
        )
        # Datastreams of other divisions are as unknown as those that do not exist.
        for entry in result["series"]:
            if entry["datastream"] not in known:
                entry.update(is_known=False, reason=f"there is no datastream {entry['datastream'][:100]!r}")
        return Response(result)


class FeedSourceViewSet(_FeedViewSet):
    """Sources with their state: who runs them, what came, what failed, how often they were started again."""

    capability = Capability.VIEW_SENSORS
    action_capabilities: ClassVar[dict[str, Capability]] = {
        "create": Capability.EDIT_SENSORS,
        "token": Capability.EDIT_SENSORS,
    }
    serializer_class = FeedSourceSerializer
    filterset_fields = {"code": ["exact"], "kind": ["exact"], "division__code": ["exact"]}

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return sources_visible_to(viewer)

    def get_serializer_context(self) -> dict[str, Any]:
        viewer = self.request.user
        editable = SimpleLazyObject(
            lambda: set(divisions_of(viewer, Capability.EDIT_SENSORS).values_list("pk", flat=True))
        )
        return {**super().get_serializer_context(), "editable_divisions": editable}

    @extend_schema(request=NewFeedSourceSerializer, responses={201: FeedSourceSerializer})
    def create(self, request: Request) -> Response:
        """Make a source with its points, or change the one of that code."""
        form = NewFeedSourceSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        division = _division(request.user, given["division"])
        source = save_source(
            code=given["code"],
            name=given.get("name", ""),
            kind=given["kind"],
            division=division,
            settings=given.get("settings", {}),
            points=given.get("points", []),
            interval_s=given.get("interval_s", 60.0),
            is_active=given.get("is_active", True),
            profile=_profile(request.user, given["profile"], division) if "profile" in given else None,
            password=given.get("password"),
            acting_user=acting(request),
        )
        shown = self.get_queryset().get(pk=source.pk)
        return Response(self.get_serializer(shown).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={201: FeedTokenSerializer})
    @action(detail=True, methods=["post"], url_path="token")
    def token(self, request: Request, uid: str) -> Response:
        """Give a webhook's source a new token, shown once; the old one is useless from now on."""
        source = editable_source(request.user, uid)
        secret = renew_token(source=source, acting_user=acting(request))
        return Response({"source": source.code, "token": secret}, status=status.HTTP_201_CREATED)


class FeedFileViewSet(ScopedReadViewSet):
    """Logger files that were taken in."""

    capability = Capability.VIEW_SENSORS
    serializer_class = FeedFileSerializer
    filterset_fields = {
        "state": ["exact"],
        "profile__name": ["exact"],
        "source__code": ["exact"],
        "content_sha256": ["exact"],
    }

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return files_visible_to(viewer)


class TopicPrefixViewSet(ScopedReadViewSet):
    """Which topics of the broker are a division's."""

    capability = Capability.MANAGE_USERS
    serializer_class = TopicPrefixSerializer
    filterset_fields = {"prefix": ["exact"], "division__code": ["exact"]}

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return prefixes_visible_to(viewer)

    @extend_schema(request=NewTopicPrefixSerializer, responses={201: TopicPrefixSerializer})
    def create(self, request: Request) -> Response:
        """Give a prefix to a division, or change the note of one that it has."""
        form = NewTopicPrefixSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        division = access(
            divisions_of(request.user, Capability.MANAGE_USERS),
            request.user,
            Capability.MANAGE_USERS,
            code=given["division"],
            division_lookup="pk",
        )
        row = set_prefix(
            prefix=given["prefix"],
            division=division,
            note=given.get("note", ""),
            acting_user=acting(request),
        )
        return Response(TopicPrefixSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, uid: str) -> Response:
        """Take a prefix back: what lies below it is not listened to any more."""
        withdraw_prefix(row=self.get_object(), acting_user=acting(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema_view(
    list=extend_schema(description="Rows and messages that could not be taken, with their reasons.")
)
class QuarantinedRowViewSet(_FeedViewSet):
    """Rows and messages that could not be taken, as they came, each with its reason."""

    capability = Capability.VIEW_SENSORS
    action_capabilities: ClassVar[dict[str, Capability]] = {
        "retry": Capability.EDIT_SENSORS,
        "dismiss": Capability.EDIT_SENSORS,
    }
    serializer_class = QuarantinedRowSerializer
    filterset_fields = {
        "state": ["exact"],
        "code": ["exact"],
        "file__uid": ["exact"],
        "source__code": ["exact"],
        "division__code": ["exact"],
    }

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return quarantined_visible_to(viewer)

    @extend_schema(request=ChosenRowsSerializer, responses=RetrySerializer, filters=False)
    @action(detail=False, methods=["post"], url_path="retry", filterset_fields=None, pagination_class=None)
    def retry(self, request: Request) -> Response:
        """Try rows again, after what stood in their way was put right; at most 10,000 at once."""
        rows = self._chosen(request)
        return Response(retry(rows, acting_user=acting(request)).as_dict())

    @extend_schema(request=ChosenRowsSerializer, responses=DismissedSerializer, filters=False)
    @action(detail=False, methods=["post"], url_path="dismiss", filterset_fields=None, pagination_class=None)
    def dismiss(self, request: Request) -> Response:
        """Take rows off the list; they stay on record."""
        return Response({"dismissed": dismiss(self._chosen(request), acting_user=acting(request))})

    def _chosen(self, request: Request) -> list[QuarantinedRow]:
        form = ChosenRowsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        rows = quarantined_editable_by(request.user).filter(state=QuarantinedRow.State.WAITING)
        if "rows" in given:
            rows = rows.filter(uid__in=given["rows"])
        if "file" in given:
            rows = rows.filter(file__uid=given["file"])
        if "source" in given:
            rows = rows.filter(source__code=given["source"])
        if "code" in given:
            rows = rows.filter(code=given["code"])
        return list(rows[:MOST_AT_ONCE])


class FeedingDatastreamFilter(FilterSet):
    is_silent = TruthFilter(field_name="is_silent")

    class Meta:
        model = Datastream
        fields = {
            "code": ["exact"],
            "division__code": ["exact"],
            "thing__attachment__network__code": ["exact"],
        }


class FeedingDatastreamViewSet(ScopedReadViewSet):
    """Received against expected of every datastream over the last 24 whole hours, and which are silent."""

    capability = Capability.VIEW_SENSORS
    serializer_class = FeedingDatastreamSerializer
    filterset_class = FeedingDatastreamFilter

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return feeding_datastreams_visible_to(viewer)
