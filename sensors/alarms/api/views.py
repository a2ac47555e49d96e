"""REST views of alarms: the alarms and what people do with them, rules, channels and the outbox."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets.models import Network
from gis_core.access import Capability, Viewer, access, divisions_of
from gis_core.api.filters import FilterSet
from gis_core.api.views import CapabilityMixin, ScopedReadViewSet, acting
from gis_core.models import Division
from sensors.alarms.api import serializers as forms
from sensors.alarms.selectors.alarms import (
    alarm_rules_visible_to,
    alarms_visible_to,
    channels_visible_to,
    journal_of,
    notifications_visible_to,
)
from sensors.alarms.services.lifecycle import acknowledge_alarm, clear_alarm, close_alarm
from sensors.alarms.services.rules import add_alarm_rule, change_alarm_rule, set_channel
from sensors.models import Alarm, AlarmKind, AlarmRule, AlarmState, Datastream, NotificationChannel

C = Capability


class AlarmFilter(FilterSet):
    state = django_filters.MultipleChoiceFilter(choices=AlarmState.choices)
    kind = django_filters.ChoiceFilter(field_name="rule__kind", choices=AlarmKind.choices)
    rule = django_filters.UUIDFilter(field_name="rule__uid", label="uid of the rule")
    datastream = django_filters.UUIDFilter(field_name="datastream__uid", label="uid of the datastream")
    thing = django_filters.UUIDFilter(field_name="datastream__thing__uid", label="uid of the thing")
    division = django_filters.CharFilter(field_name="division__code", label="Code of the division")
    since = django_filters.IsoDateTimeFilter(field_name="raised_at", lookup_expr="gte")
    until = django_filters.IsoDateTimeFilter(field_name="raised_at", lookup_expr="lt")

    class Meta:
        model = Alarm
        fields: ClassVar[list[str]] = ["severity"]


class AlarmViewSet(ScopedReadViewSet):
    """Alarms and the state they are in."""

    capability = C.VIEW_SENSORS
    serializer_class = forms.AlarmSerializer
    filterset_class = AlarmFilter

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return alarms_visible_to(viewer)


class AlarmJournalView(CapabilityMixin, APIView):
    """All that happened to an alarm, oldest first; at most the last 1,000 lines."""

    capability = C.VIEW_SENSORS

    @extend_schema(operation_id="alarm_journal", responses=forms.AlarmEventSerializer(many=True))
    def get(self, request: Request, uid: UUID) -> Response:
        alarm = access(alarms_visible_to(request.user), request.user, C.VIEW_SENSORS, uid=uid)
        lines = list(journal_of(alarm).reverse()[:1000])[::-1]
        return Response(forms.AlarmEventSerializer(lines, many=True).data)


class _AlarmActionView(CapabilityMixin, APIView):
    capability = C.HANDLE_ALARMS

    def look_up(self, request: Request, uid: UUID) -> tuple[Alarm, str]:
        alarm = access(
            alarms_visible_to(request.user, C.HANDLE_ALARMS), request.user, C.HANDLE_ALARMS, uid=uid
        )
        form = forms.NoteSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return alarm, form.validated_data["note"]

    def answer(self, alarm: Alarm) -> Response:
        shown = Alarm.objects.select_related("rule", "datastream__thing", "division", "acknowledged_by")
        return Response(forms.AlarmSerializer(shown.get(pk=alarm.pk)).data, status=201)


class AlarmAcknowledgeView(_AlarmActionView):
    """Somebody looks after the alarm."""

    @extend_schema(
        operation_id="acknowledge_alarm", request=forms.NoteSerializer, responses={201: forms.AlarmSerializer}
    )
    def post(self, request: Request, uid: UUID) -> Response:
        alarm, note = self.look_up(request, uid)
        return self.answer(acknowledge_alarm(alarm=alarm, acting_user=acting(request), note=note))


class AlarmClearView(_AlarmActionView):
    """Say by hand that the condition is gone, and why."""

    @extend_schema(
        operation_id="clear_alarm", request=forms.NoteSerializer, responses={201: forms.AlarmSerializer}
    )
    def post(self, request: Request, uid: UUID) -> Response:
        alarm, note = self.look_up(request, uid)
        return self.answer(clear_alarm(alarm=alarm, sample=None, acting_user=acting(request), note=note))


class AlarmCloseView(_AlarmActionView):
    """Done with an alarm that is cleared."""

    @extend_schema(
        operation_id="close_alarm", request=forms.NoteSerializer, responses={201: forms.AlarmSerializer}
    )
    def post(self, request: Request, uid: UUID) -> Response:
        alarm, note = self.look_up(request, uid)
        return self.answer(close_alarm(alarm=alarm, acting_user=acting(request), note=note))


def _channels(request: Request, uids: list[UUID]) -> list[NotificationChannel]:
    channels = channels_visible_to(request.user)
    return [access(channels, request.user, C.EDIT_SENSORS, uid=uid) for uid in uids]


def _division(request: Request, code: str) -> Division:
    divisions = divisions_of(request.user, C.EDIT_SENSORS)
    return access(divisions, request.user, C.EDIT_SENSORS, code=code, division_lookup="pk")


class AlarmRuleViewSet(ScopedReadViewSet):
    """When alarms are raised."""

    capability = C.VIEW_SENSORS
    action_capabilities = {"create": C.EDIT_SENSORS, "partial_update": C.EDIT_SENSORS}
    serializer_class = forms.AlarmRuleSerializer
    filterset_fields = {
        "kind": ["exact"],
        "severity": ["exact"],
        "observed_property": ["exact"],
        "is_enabled": ["exact"],
        "datastream__uid": ["exact"],
        "division__code": ["exact"],
    }

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return alarm_rules_visible_to(viewer)

    @extend_schema(request=forms.AlarmRuleRequestSerializer, responses={201: forms.AlarmRuleSerializer})
    def create(self, request: Request) -> Response:
        """Make a rule."""
        form = forms.AlarmRuleRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        if "datastream" in values:
            streams = Datastream.objects.filter(deleted_at=None).select_related("division")
            values["datastream"] = access(streams, request.user, C.EDIT_SENSORS, uid=values["datastream"])
        else:
            values["division"] = _division(request, values["division"])
        if "network" in values:
            values["network"] = access(
                Network.objects.all(), request.user, C.EDIT_SENSORS, code=values["network"]
            )
        values["channels"] = _channels(request, values.get("channels", []))
        made = add_alarm_rule(acting_user=acting(request), **values)
        return Response(forms.AlarmRuleSerializer(made).data, status=201)

    @extend_schema(request=forms.AlarmRuleChangeSerializer, responses=forms.AlarmRuleSerializer)
    def partial_update(self, request: Request, uid: str) -> Response:
        """Change a rule. Its alarms are cleared and it starts anew."""
        rules = alarm_rules_visible_to(request.user, C.EDIT_SENSORS)
        rule: AlarmRule = access(rules, request.user, C.EDIT_SENSORS, uid=self.get_object().uid)
        form = forms.AlarmRuleChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        if "channels" in values:
            values["channels"] = _channels(request, values["channels"])
        changed = change_alarm_rule(rule=rule, acting_user=acting(request), **values)
        return Response(forms.AlarmRuleSerializer(changed).data)


class NotificationChannelViewSet(ScopedReadViewSet):
    """Where notifications go."""

    capability = C.EDIT_SENSORS
    serializer_class = forms.NotificationChannelSerializer
    filterset_fields = {"kind": ["exact"], "name": ["exact"], "is_enabled": ["exact"]}

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return channels_visible_to(viewer)

    @extend_schema(
        request=forms.ChannelRequestSerializer, responses={201: forms.NotificationChannelSerializer}
    )
    def create(self, request: Request) -> Response:
        """Make a channel."""
        form = forms.ChannelRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        division = _division(request, values.pop("division"))
        made = set_channel(channel=None, division=division, acting_user=acting(request), **values)
        return Response(forms.NotificationChannelSerializer(made).data, status=201)

    @extend_schema(request=forms.ChannelChangeSerializer, responses=forms.NotificationChannelSerializer)
    def partial_update(self, request: Request, uid: str) -> Response:
        """Change a channel; what waits for it goes to where it then leads."""
        channel: NotificationChannel = self.get_object()
        form = forms.ChannelChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        changed = set_channel(
            channel=channel, division=channel.division, acting_user=acting(request), **form.validated_data
        )
        return Response(forms.NotificationChannelSerializer(changed).data)


class NotificationViewSet(ScopedReadViewSet):
    """The outbox: what was sent, what waits, and what was given up."""

    capability = C.EDIT_SENSORS
    serializer_class = forms.NotificationSerializer
    filterset_fields = {"state": ["exact"], "channel__uid": ["exact"], "event__alarm__uid": ["exact"]}

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return notifications_visible_to(viewer)
