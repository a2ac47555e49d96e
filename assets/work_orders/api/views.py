"""Work orders over REST."""

from typing import Any, ClassVar

import django_filters
from django.contrib.gis.geos import Point
from django.contrib.gis.measure import D
from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from assets.models import Network, WorkOrder
from assets.networks.selectors.network_reads import network_visible_to
from assets.registers.api.views import RegisterViewSet
from assets.registers.services.attachments import Place
from assets.work_orders.api import serializers as forms
from assets.work_orders.selectors import orders as selectors
from assets.work_orders.services import doing, leaks, moving, ordering
from assets.work_orders.services.ordering import WorkPlace, WorkSource
from gis_core.access import Capability, Viewer, access
from gis_core.api.filters import FilterSet, TruthFilter
from gis_core.api.views import CapabilityMixin, acting
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Figure, Sentence, said

C = Capability
MOST_METRES = 50_000.0


class NearFilter(django_filters.CharFilter):
    """What lies within some metres of a position: `lon,lat,metres`."""

    def filter(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return rows
        try:
            longitude, latitude, metres = (float(part) for part in value.split(","))
        except ValueError:
            raise ValidationError({"near": [said(_("Write it as lon,lat,metres."))]}) from None
        if not (abs(longitude) <= 180 and abs(latitude) <= 90 and 0 < metres <= MOST_METRES):
            raise ValidationError(
                {
                    "near": [
                        said(
                            _("lon,lat are degrees, and metres at most {most_metres}."),
                            most_metres=Figure(MOST_METRES, "g"),
                        )
                    ]
                }
            )
        return rows.filter(geom__distance_lte=(Point(longitude, latitude, srid=4326), D(m=metres)))


class WorkOrderFilter(FilterSet):
    network = django_filters.CharFilter("network__code", label="Code of the network")
    state = django_filters.MultipleChoiceFilter(choices=WorkOrder.State.choices)
    kind = django_filters.MultipleChoiceFilter(choices=WorkOrder.Kind.choices)
    priority = django_filters.MultipleChoiceFilter(choices=WorkOrder.Priority.choices)
    assignee = django_filters.CharFilter("assignee__username", label="User name")
    mine = TruthFilter(method="of_viewer", label="Those of the one who asks")
    near = NearFilter(label="lon,lat,metres")
    node = django_filters.UUIDFilter("attachment__node__uid", label="uid of the node that the work is about")
    pipe = django_filters.UUIDFilter("attachment__pipe__uid", label="uid of the pipe that the work is about")

    class Meta:
        model = WorkOrder
        fields: ClassVar[list[str]] = []

    def of_viewer(self, rows: QuerySet[WorkOrder], _name: str, is_mine: bool) -> QuerySet[WorkOrder]:
        own = {"assignee": self.request.user.pk}
        return rows.filter(**own) if is_mine else rows.exclude(**own)


class WorkOrderViewSet(RegisterViewSet):
    """Work orders: what is to be done where, by whom, and how it went."""

    capability = C.VIEW_WORK
    action_capabilities = {
        **dict.fromkeys(("create", "partial_update", "assign", "cancel"), C.DISPATCH_WORK),
        **dict.fromkeys(("move", "materials", "photo", "repair_leak"), C.RECORD_FIELD_WORK),
    }
    serializer_class = forms.WorkOrderSerializer
    filterset_class = WorkOrderFilter

    def initial(self, request: Request, *arguments: Any, **keywords: Any) -> None:
        if self.action is None and len(set(self.action_map.values())) == 1:
            # Another method at an action's address is refused to whoever may not do the action as if it were not there.
            self.action = next(iter(self.action_map.values()))
        super().initial(request, *arguments, **keywords)

    def select(self, viewer: Viewer) -> QuerySet[WorkOrder]:
        rows = selectors.work_orders_visible_to(viewer)
        return rows if self.action == "list" else selectors.with_journal(rows)

    def get_serializer_class(self) -> Any:
        return forms.WorkOrderSerializer if self.action == "list" else forms.WorkOrderDetailSerializer

    @extend_schema(responses=forms.WorkOrderDetailSerializer)
    def retrieve(self, request: Request, *arguments: Any, **keywords: Any) -> Response:
        """One order with its moves, materials and photos."""
        return super().retrieve(request, *arguments, **keywords)

    @extend_schema(request=forms.WorkOrderEntrySerializer, responses={201: forms.WorkOrderDetailSerializer})
    def create(self, request: Request) -> Response:
        """Make an order by hand, from a leak, an outage or an alarm."""
        values = self.read_body(forms.WorkOrderEntrySerializer)
        values["assignee"] = self._member(values.get("assignee"))
        source = values.pop("source", WorkOrder.Source.HAND.value)
        uid_of_source, text = values.pop("source_uid", None), values.pop("source_text", "")
        order = _MAKERS[source](self, values, WorkSource(source, uid_of_source, text))
        return self.answer(order, status=201)

    @extend_schema(request=forms.WorkOrderChangeSerializer, responses=forms.WorkOrderDetailSerializer)
    def partial_update(self, request: Request, uid: str) -> Response:
        """Change what an order says."""
        order = self._order(C.DISPATCH_WORK)
        values = self.read_body(forms.WorkOrderChangeSerializer)
        version = values.pop("version", None)
        if not values:
            raise ValidationError(said(_("Nothing to change.")))
        ordering.describe_order(
            order=order, values=values, expected_version=version, acting_user=acting(request)
        )
        return self.answer(order)

    @extend_schema(request=forms.AssignmentSerializer, responses=forms.WorkOrderDetailSerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, uid: str) -> Response:
        """Give an order to somebody, or take it back."""
        order = self._order(C.DISPATCH_WORK)
        values = self.read_body(forms.AssignmentSerializer)
        moving.assign_order(
            order=order,
            assignee=self._member(values["assignee"]),
            note=values.get("note", ""),
            expected_version=values.get("version"),
            acting_user=acting(request),
        )
        return self.answer(order)

    @extend_schema(request=forms.CancellationSerializer, responses=forms.WorkOrderDetailSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, uid: str) -> Response:
        """Cancel an order that is not done."""
        order = self._order(C.DISPATCH_WORK)
        values = self.read_body(forms.CancellationSerializer)
        moving.move_order(
            order=order,
            state=WorkOrder.State.CANCELLED.value,
            note=values.get("note", ""),
            expected_version=values.get("version"),
            acting_user=acting(request),
        )
        return self.answer(order)

    @extend_schema(request=forms.MoveEntrySerializer, responses=forms.WorkOrderDetailSerializer)
    @action(detail=True, methods=["post"])
    def move(self, request: Request, uid: str) -> Response:
        """Bring an order of one's own to its next state, or take one that is nobody's."""
        order = self._order(C.RECORD_FIELD_WORK)
        values = self.read_body(forms.MoveEntrySerializer)
        version = values.pop("version", None)
        moving.move_order(order=order, expected_version=version, acting_user=acting(request), **values)
        return self.answer(order)

    @extend_schema(request=forms.WorkDoneSerializer, responses=forms.WorkOrderDetailSerializer)
    @action(detail=True, methods=["post"])
    def materials(self, request: Request, uid: str) -> Response:
        """Record materials used on an order, and the time spent."""
        order = self._order(C.RECORD_FIELD_WORK)
        values = self.read_body(forms.WorkDoneSerializer)
        doing.record_materials(
            order=order,
            materials=[doing.UsedMaterial(**row) for row in values.get("materials", [])],
            time_spent_min=values.get("time_spent_min"),
            acting_user=acting(request),
        )
        return self.answer(order)

    @extend_schema(
        request={"multipart/form-data": forms.PhotoEntrySerializer},
        responses={201: forms.WorkOrderDetailSerializer},
    )
    @action(detail=True, methods=["post"])
    def photo(self, request: Request, uid: str) -> Response:
        """Keep a photo of an order; what the phone wrote into the file is taken out."""
        order = self._order(C.RECORD_FIELD_WORK)
        values = self.read_body(forms.PhotoEntrySerializer)
        doing.add_photo(
            order=order,
            upload=values["file"],
            title=values.get("title", ""),
            uid=values.get("uid"),
            acting_user=acting(request),
        )
        return self.answer(order, status=201)

    @extend_schema(request=None, responses=forms.WorkOrderDetailSerializer)
    @action(detail=True, methods=["post"], url_path="repair-leak")
    def repair_leak(self, request: Request, uid: str) -> Response:
        """Bring the leak of an order that is done to repaired."""
        order = self._order(C.RECORD_FIELD_WORK)
        leaks.repair_leak_of(order=order, acting_user=acting(request))
        return self.answer(order)

    def _order(self, capability: Capability) -> WorkOrder:
        return access(WorkOrder.objects.all(), self.request.user, capability, uid=self.kwargs["uid"])

    def _member(self, username: str | None) -> User | None:
        """The user whom work is given to; raises ReportedError."""
        if username is None:
            return None
        found = selectors.member_named(self.request.user, username)
        if found is None:
            raise ReportedError(
                Sentence(_("There is nobody called {username} to give work to."), username=username),
                code="cannot_be_assigned",
            )
        return found


def _by_hand(view: WorkOrderViewSet, values: dict[str, Any], origin: WorkSource) -> WorkOrder:
    """By hand or from an alarm: the place is what the body names."""
    viewer = view.request.user
    network = network_visible_to(viewer, values.pop("network"), C.DISPATCH_WORK)
    named = {name: values.pop(name) for name in ("node", "pipe") if name in values}
    longitude, latitude = values.pop("lon", None), values.pop("lat", None)
    if named:
        where = ordering.place_of_element(selectors.element_for_work(viewer, network, **named))
        if longitude is not None:
            where = WorkPlace(longitude, latitude, where.place)
    else:
        where = WorkPlace(longitude, latitude)
    return _made(view, network, where, origin, values)


def _from_leak(view: WorkOrderViewSet, values: dict[str, Any], origin: WorkSource) -> WorkOrder:
    assert origin.uid is not None
    leak = selectors.leak_for_work(view.request.user, origin.uid)
    attachment = leak.attachment
    if attachment.pipe is None:
        point = attachment.node.geom
    else:
        point = attachment.pipe.geom.interpolate_normalized(attachment.position or 0.0)
    place = Place(attachment.node_id, attachment.pipe_id, attachment.position)
    values.setdefault("title", f"Leak {leak.number}")
    text = origin.text or f"{leak.number}: {leak.get_kind_display()}"
    source = WorkSource(origin.source, origin.uid, text)
    return _made(view, leak.network, WorkPlace(point.x, point.y, place), source, values)


def _from_outage(view: WorkOrderViewSet, values: dict[str, Any], origin: WorkSource) -> WorkOrder:
    assert origin.uid is not None
    outage = selectors.outage_for_work(view.request.user, origin.uid)
    pipe = selectors.pipe_of_outage(outage)
    if pipe is None:
        raise ReportedError(
            Sentence(
                _("Pipe {pipe_code} of outage {outage} is no longer there; make the order by hand."),
                pipe_code=outage.pipe_code,
                outage=outage.number,
            ),
            code="unknown_element",
        )
    values.setdefault("title", f"Outage {outage.number}")
    source = WorkSource(origin.source, origin.uid, origin.text or f"{outage.number}: {outage.reason}")
    return _made(view, outage.network, ordering.place_of_element(pipe), source, values)


def _made(
    view: WorkOrderViewSet, network: Network, where: WorkPlace, origin: WorkSource, values: dict[str, Any]
) -> WorkOrder:
    return ordering.create_order(
        network=network, where=where, origin=origin, acting_user=acting(view.request), **values
    )


_MAKERS: dict[str, Any] = {
    WorkOrder.Source.HAND.value: _by_hand,
    WorkOrder.Source.ALARM.value: _by_hand,
    WorkOrder.Source.LEAK.value: _from_leak,
    WorkOrder.Source.OUTAGE.value: _from_outage,
}


class CrewMemberView(CapabilityMixin):
    """Who can be given work, and how much they have."""

    capability = C.DISPATCH_WORK

    @extend_schema(operation_id="crew_members_list", responses=forms.CrewMemberSerializer(many=True))
    def get(self, request: Request) -> Response:
        members = selectors.crew_members(request.user)
        return Response(forms.CrewMemberSerializer(members, many=True).data)
