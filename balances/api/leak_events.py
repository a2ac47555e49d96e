"""REST views of leak events: list, detail with history, and what people do with them."""

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets.editing.api.views import expected_version
from assets.models import Network
from balances.job_kinds import LEAK_SEARCH_JOB
from balances.leak_detection.selectors.back_checks import event_document
from balances.models import LeakEvent, LeakEventState
from balances.selectors.leak_events import (
    assignable_users,
    event_facts,
    leak_events_visible_to,
)
from balances.services.leak_events import (
    LONGEST_NOTE,
    LeakPlace,
    WantedMove,
    assign_leak_event,
    move_leak_event,
    note_leak_event,
)
from gis_core.access import Capability, Viewer, access
from gis_core.api.bodies import TextField
from gis_core.api.filters import FilterSet
from gis_core.api.serializers import JobSerializer
from gis_core.api.views import CapabilityMixin, ScopedReadViewSet, acting
from gis_core.errors import ReportedError
from gis_core.job_kinds import enqueue
from gis_core.sentences import Sentence, said
from gis_core.services.jobs import create_job

C = Capability


class LeakEventNowSerializer(serializers.Serializer[Any]):
    size_m3h = serializers.FloatField()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class LeakEventSerializer(serializers.ModelSerializer[LeakEvent]):
    """An event as `event_facts` tells it; described here for the schema."""

    now = LeakEventNowSerializer(read_only=True)

    class Meta:
        model = LeakEvent
        fields = ("uid", "kind", "state", "now", "version")

    def to_representation(self, instance: LeakEvent) -> dict[str, Any]:
        return event_facts(instance)


class LeakEventFilter(FilterSet):
    zone = django_filters.UUIDFilter(field_name="zone__uid", label="uid of the zone")
    network = django_filters.CharFilter(field_name="network__code", label="code of the network")
    division = django_filters.CharFilter(field_name="division__code", label="code of the division")
    state = django_filters.MultipleChoiceFilter(choices=LeakEventState.choices)

    class Meta:
        model = LeakEvent
        fields: list[str] = []


class LeakEventViewSet(ScopedReadViewSet):
    """Detected leaks; a detail has the history and the back-check."""

    capability = C.VIEW_BALANCES
    serializer_class = LeakEventSerializer
    filterset_class = LeakEventFilter

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return leak_events_visible_to(viewer)

    def retrieve(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        return Response(event_document(self.get_object()))


class LeakSearchSerializer(serializers.Serializer[Any]):
    network = TextField(max_length=20, help_text="code of the network")


class LeakSearchView(CapabilityMixin, APIView):
    """Ask for the zones of a network to be searched for leaks now; the answer is a job to follow.

    The search goes on by itself each hour; this is for whoever has just brought in values.
    """

    capability = C.HANDLE_LEAK_EVENTS

    @extend_schema(operation_id="search_leaks", request=LeakSearchSerializer, responses={202: JobSerializer})
    def post(self, request: Request) -> Response:
        form = LeakSearchSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        networks = Network.objects.select_related("division")
        network = access(networks, request.user, C.HANDLE_LEAK_EVENTS, code=form.validated_data["network"])
        if network.commodity != "water":
            raise ReportedError(
                Sentence(_("Leaks are searched for in networks of water.")), code="wrong_quantity"
            )
        job = create_job(
            kind=LEAK_SEARCH_JOB,
            division=network.division,
            parameters={"network": network.code},
            acting_user=acting(request),
            enqueue=lambda uid: enqueue(LEAK_SEARCH_JOB, uid),
        )
        return Response(JobSerializer(job).data, status=202)


class LeakEventMoveSerializer(serializers.Serializer[Any]):
    to = serializers.ChoiceField(choices=LeakEventState.choices)
    outcome = serializers.ChoiceField(
        choices=LeakEvent.Outcome.choices, required=False, default="", allow_blank=True
    )
    leak = TextField(max_length=40, required=False, default="", allow_blank=True)
    pipe = TextField(max_length=60, required=False, default="", allow_blank=True)
    position = serializers.FloatField(required=False, allow_null=True, default=None, min_value=0, max_value=1)
    cost = serializers.DecimalField(
        max_digits=16, decimal_places=2, min_value=0, required=False, allow_null=True, default=None
    )
    note = TextField(max_length=LONGEST_NOTE, required=False, default="", allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if bool(attrs["pipe"]) != (attrs["position"] is not None):
            raise serializers.ValidationError(
                {"position": [said(_("A pipe and the position on it go together."))]}
            )
        return attrs


class LeakEventNoteSerializer(serializers.Serializer[Any]):
    note = TextField(max_length=LONGEST_NOTE)


class LeakEventAssignmentSerializer(serializers.Serializer[Any]):
    """`assignee` is a username, null for nobody."""

    assignee = TextField(max_length=150, allow_null=True)


class _LeakEventActionView(CapabilityMixin, APIView):
    capability = C.HANDLE_LEAK_EVENTS

    def look_up(self, request: Request, uid: UUID) -> tuple[LeakEvent, int]:
        """The event, and the version that its changer saw: as If-Match says, else as it is now."""
        events = leak_events_visible_to(request.user, C.HANDLE_LEAK_EVENTS)
        event = access(events, request.user, C.HANDLE_LEAK_EVENTS, uid=uid)
        if "If-Match" not in request.headers:
            return event, event.version
        seen = expected_version(request, event.version)
        return event, event.version if seen is None else seen


class LeakEventMoveView(_LeakEventActionView):
    """Bring an event to another state; what is not allowed is 409 with the allowed states."""

    @extend_schema(
        operation_id="move_leak_event",
        request=LeakEventMoveSerializer,
        responses={201: LeakEventSerializer},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        event, version = self.look_up(request, uid)
        form = LeakEventMoveSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        wanted = WantedMove(
            to_state=asked["to"],
            outcome=asked["outcome"],
            leak_number=asked["leak"],
            place=LeakPlace(asked["pipe"], asked["position"]) if asked["pipe"] else None,
            cost=asked["cost"],
            note=asked["note"],
        )
        moved = move_leak_event(
            event=event, wanted=wanted, acting_user=acting(request), expected_version=version
        )
        return Response(event_document(moved), status=201)


class LeakEventNoteView(_LeakEventActionView):
    """Add a remark to an event's history."""

    @extend_schema(
        operation_id="note_leak_event",
        request=LeakEventNoteSerializer,
        responses={201: LeakEventSerializer},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        event, version = self.look_up(request, uid)
        form = LeakEventNoteSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        noted = note_leak_event(
            event=event,
            note=form.validated_data["note"],
            acting_user=acting(request),
            expected_version=version,
        )
        return Response(event_document(noted), status=201)


class LeakEventAssignmentView(_LeakEventActionView):
    """Say who looks after an event."""

    @extend_schema(
        operation_id="assign_leak_event",
        request=LeakEventAssignmentSerializer,
        responses={201: LeakEventSerializer},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        event, version = self.look_up(request, uid)
        form = LeakEventAssignmentSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        name = form.validated_data["assignee"]
        people = {user.username: user for user in assignable_users(request.user)}
        if name is not None and name not in people:
            raise ReportedError(
                Sentence(_("{name} is nobody who can look after it."), name=name), code="no_user"
            )
        assigned = assign_leak_event(
            event=event,
            assignee=None if name is None else people[name],
            acting_user=acting(request),
            expected_version=version,
        )
        return Response(event_document(assigned), status=201)
