"""Editing the network: single operations at the elements' addresses, several in one request, undo, redo, history.

A version is the ETag of its element. An operation on one element wants it in If-Match (`*` for whatever it is); an
element that has changed since answers 412 with the element as it is.
"""

import re
from typing import Any, ClassVar, cast

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets.editing.api.serializers import (
    BulkSerializer,
    EditDetailSerializer,
    EditOutcomeSerializer,
    EditSerializer,
    ElementHistorySerializer,
    UndoSerializer,
    form_of,
)
from assets.editing.selectors.edits import (
    changes_of,
    edits_visible_to,
    elements_of,
    history_of,
    lineage_of,
    networks_editable_by,
)
from assets.editing.services.bulk import OPERATIONS, apply_operations
from assets.editing.services.edit_jobs import (
    OPERATIONS_AT_ONCE,
    request_edit,
    request_undo,
)
from assets.editing.services.undoing import is_long_to_undo, last_done, last_undone, undo
from assets.job_kinds import EDIT_NETWORK, UNDO_EDIT
from assets.models import Edit, Network, Node, Pipe
from assets.networks.api.serializers import NodeDetailSerializer, PipeSerializer
from assets.networks.selectors.network_reads import nodes_visible_to, pipes_visible_to
from gis_core.access import Capability, NotVisible, access
from gis_core.api.filters import FilterSet
from gis_core.api.pagination import KeysetPagination
from gis_core.api.serializers import AcceptedJobSerializer, accepted
from gis_core.api.views import CapabilityMixin, ScopedReadViewSet, acting
from gis_core.errors import ReportedError, StaleVersion
from gis_core.job_kinds import enqueue
from gis_core.sentences import Sentence, said

MAXIMUM_BODY_BYTES = 32 * 1024**2
_ETAG = re.compile(r'\s*(?:W/)?"(\d{1,10})"\s*')
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True, description="The element's ETag, or *"
)


class PreconditionRequired(APIException):
    status_code = 428
    default_detail = gettext_lazy(  # type: ignore[assignment]
        "Send If-Match with the ETag of the element as you read it, or * to change it whatever it is now."
    )
    default_code = "precondition_required"


def expected_version(request: Request, current: int) -> int | None:
    """The version that If-Match names, None for `*`; of several, the present one when it is among them.

    Raises PreconditionRequired without the header and ValidationError for what is no ETag of ours.
    """
    header = request.headers.get("If-Match")
    if header is None:
        raise PreconditionRequired
    if header.strip() == "*":
        return None
    matches = [_ETAG.fullmatch(part) for part in header.split(",")]
    versions = [int(match[1]) for match in matches if match is not None]
    if len(versions) < len(matches):
        raise ValidationError({"If-Match": [said(_('Write the ETag as it was sent, e.g. "3", or *.'))]})
    return current if current in versions else versions[0]


def body_of(request: Request) -> dict[str, Any]:
    """The request's JSON object; raises ReportedError or ValidationError."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isascii() and length.isdecimal() and int(length[:18]) > MAXIMUM_BODY_BYTES:
        raise ReportedError(
            Sentence(
                _("The request is larger than {maximum_body_bytes} MB."),
                maximum_body_bytes=MAXIMUM_BODY_BYTES // 1024**2,
            ),
            code="too_large",
        )
    body = request.data
    if not isinstance(body, dict):
        raise ValidationError({"non_field_errors": [said(_("Expected an object."))]})
    return dict(body)


def element_of(viewer: Any, model: type[Node] | type[Pipe], uid: Any, capability: Capability) -> Node | Pipe:
    """The element with its network; raises NotVisible unless the viewer has the capability for it."""
    rows: QuerySet[Any] = model._default_manager.select_related("network__division")
    if model is Pipe:
        rows = rows.filter(is_connector=False)
    return cast("Node | Pipe", access(rows, viewer, capability, uid=uid))


def network_of(viewer: Any, code: str) -> Network:
    """A network that the viewer may edit, by code; raises NotVisible."""
    network = networks_editable_by(viewer).filter(code=code).first()
    if network is None:
        raise NotVisible("no such network")
    return network


def outcome(edit: Edit, results: list[dict[str, Any]], *, status: int = 201, tag: Any = None) -> Response:
    """The answer to an edit; `tag` is the element whose new version goes into the ETag."""
    fresh = Edit.objects.select_related("network", "acting_user", "undoes", "undone_by").get(pk=edit.pk)
    fresh.results = results  # type: ignore[attr-defined] # for the serializer
    fresh.elements = elements = elements_of(fresh)  # type: ignore[attr-defined]
    versions = {element["uid"]: element["version"] for element in elements}
    version = versions.get(str(tag)) if tag is not None else None
    headers = {"ETag": f'"{version}"'} if version is not None else {}
    return Response(EditOutcomeSerializer(fresh).data, status=status, headers=headers)


def run_one(request: Request, row: Node | Pipe, operation: dict[str, Any], *, status: int = 201) -> Response:
    """Apply one operation to an element in the version that If-Match names."""
    version = expected_version(request, row.version)
    if version is not None:
        operation["if_match"] = version
    done = apply_operations(row.network, [operation], acting_user=acting(request))
    return outcome(done.edit, done.results, status=status, tag=row.uid)


class EditsMixin(CapabilityMixin):
    """412 with the element as it is when somebody else was first."""

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if isinstance(exc, StaleVersion):
            response.data = {**(response.data or {}), "current": current_state(self.request, exc)}
        return response


def current_state(request: Request, error: StaleVersion) -> dict[str, Any] | None:
    """The element that a stale edit was about, as its own address shows it."""
    if error.element == "node":
        node = nodes_visible_to(request.user).filter(uid=error.uid).first()
        return None if node is None else dict(NodeDetailSerializer(node).data)
    pipe = pipes_visible_to(request.user).filter(uid=error.uid).first()
    return None if pipe is None else dict(PipeSerializer(pipe).data)


def operation_view(name: str, model: type[Node] | type[Pipe]) -> Any:
    """A view that takes one operation at the address of the element it is about."""
    operation = OPERATIONS[name]
    element = model.__name__.lower()

    class OperationView(EditsMixin, APIView):
        capability = Capability.EDIT_NETWORK

        @extend_schema(
            operation_id=f"{name}_{element}" if name == "change_lifecycle" else name,
            parameters=[IF_MATCH],
            request=form_of(operation, without=element),
            responses={201: EditOutcomeSerializer},
            description=(operation.run.__doc__ or "").split("Returns {")[0],
        )
        def post(self, request: Request, uid: Any) -> Response:
            row = element_of(request.user, model, uid, Capability.EDIT_NETWORK)
            body = body_of(request)
            refuse_named_twice(body, element)
            return run_one(request, row, {**body, "op": name, element: str(uid)})

    return OperationView.as_view()


def refuse_named_twice(body: dict[str, Any], *names: str) -> None:
    """Raise ValidationError for members that the address or a header gives."""
    for name in (*names, "op", "ref", "if_match"):
        if name in body:
            raise ValidationError({name: [said(_("Given by the address or a header, not here."))]})


class NodeEditing(EditsMixin):
    """POST, PATCH and DELETE of nodes."""

    action_capabilities: ClassVar[dict[str, Capability]] = dict.fromkeys(
        ("create", "partial_update", "destroy"), Capability.EDIT_NETWORK
    )
    edited: ClassVar[type[Node] | type[Pipe]] = Node

    def _create(self, request: Request) -> Response:
        body = body_of(request)
        code = body.pop("network", None)
        if not isinstance(code, str) or "\x00" in code:
            raise ValidationError({"network": [said(_("Expected the code of the network."))]})
        network = network_of(request.user, code)
        refuse_named_twice(body)
        element = self.edited.__name__.lower()
        operation = {**body, "op": f"add_{element}"}
        done = apply_operations(network, [operation], acting_user=acting(request))
        return outcome(done.edit, done.results, tag=done.results[0][element])

    def _change(self, request: Request, uid: Any) -> Response:
        row = element_of(request.user, self.edited, uid, Capability.EDIT_NETWORK)
        body = body_of(request)
        if not body:
            raise ValidationError({"non_field_errors": [said(_("Nothing to change."))]})
        element = self.edited.__name__.lower()
        operation = {"op": f"set_{element}_attributes", element: str(uid), "values": body}
        return run_one(request, row, operation, status=200)

    def _delete(self, request: Request, uid: Any) -> Response:
        row = element_of(request.user, self.edited, uid, Capability.EDIT_NETWORK)
        element = self.edited.__name__.lower()
        return run_one(request, row, {"op": f"delete_{element}", element: str(uid)}, status=200)

    @extend_schema(
        request=form_of(OPERATIONS["add_node"]),
        responses={201: EditOutcomeSerializer},
        description="Add a node. `network` is the code of its network.",
    )
    def create(self, request: Request) -> Response:
        return self._create(request)

    @extend_schema(
        parameters=[IF_MATCH],
        request={"application/json": {"type": "object", "additionalProperties": True}},
        responses={200: EditOutcomeSerializer},
        description="Set attributes: code, elevation_m, installed_on, zone (uid or null), details of its kind.",
    )
    def partial_update(self, request: Request, uid: Any) -> Response:
        return self._change(request, uid)

    @extend_schema(parameters=[IF_MATCH], responses={200: EditOutcomeSerializer})
    def destroy(self, request: Request, uid: Any) -> Response:
        """Delete it when nothing hangs on it."""
        return self._delete(request, uid)


class PipeEditing(NodeEditing):
    """POST, PATCH and DELETE of pipes."""

    edited = Pipe

    @extend_schema(
        request=form_of(OPERATIONS["add_pipe"]),
        responses={201: EditOutcomeSerializer},
        description="Add a pipe. `network` is the code of its network; see `bulk_edit` for several at once.",
    )
    def create(self, request: Request) -> Response:
        return self._create(request)

    @extend_schema(
        parameters=[IF_MATCH],
        request={"application/json": {"type": "object", "additionalProperties": True}},
        responses={200: EditOutcomeSerializer},
        description=(
            "Set attributes: code, diameter_m, material, roughness, minor_loss, stated_length_m, year_installed, "
            "status, has_check_valve, and `line` with those of the commodity's lines."
        ),
    )
    def partial_update(self, request: Request, uid: Any) -> Response:
        return self._change(request, uid)


class HistoryView(CapabilityMixin, APIView):
    """Earlier states of one element, and from which it came."""

    capability = Capability.VIEW_NETWORK
    model: ClassVar[type[Node] | type[Pipe]]

    def _answer(self, request: Request, uid: Any) -> Response:
        row = element_of(request.user, self.model, uid, Capability.VIEW_NETWORK)
        shown = {"states": history_of(row), "lineage": lineage_of(row.uid)}
        return Response(ElementHistorySerializer(shown).data)


class NodeHistoryView(HistoryView):
    model = Node

    @extend_schema(operation_id="node_history", responses=ElementHistorySerializer)
    def get(self, request: Request, uid: Any) -> Response:
        return self._answer(request, uid)


class PipeHistoryView(HistoryView):
    model = Pipe

    @extend_schema(operation_id="pipe_history", responses=ElementHistorySerializer)
    def get(self, request: Request, uid: Any) -> Response:
        return self._answer(request, uid)


class BulkEditView(EditsMixin, APIView):
    """Several operations as one edit: all of them, or none."""

    capability = Capability.EDIT_NETWORK

    @extend_schema(
        operation_id="bulk_edit",
        request=BulkSerializer,
        responses={201: EditOutcomeSerializer, 202: AcceptedJobSerializer},
        description=(
            "Several operations as one edit: all of them, or none. "
            f"More than {OPERATIONS_AT_ONCE} are answered with a job (202); what this would have answered is its file."
        ),
    )
    def post(self, request: Request, network: str) -> Response:
        row = network_of(request.user, network)
        body = body_of(request)
        unknown = sorted(set(body) - {"summary", "operations"})
        if unknown:
            raise ValidationError({unknown[0]: [said(_("Unknown; known: summary, operations."))]})
        summary = body.get("summary", "")
        if not isinstance(summary, str) or "\x00" in summary or len(summary) > 400:
            raise ValidationError({"summary": [said(_("Expected a text of at most 400 characters."))]})
        operations = body.get("operations")
        if isinstance(operations, list) and len(operations) > OPERATIONS_AT_ONCE:
            job = request_edit(
                row,
                operations,
                acting_user=acting(request),
                summary=summary,
                enqueue=lambda uid: enqueue(EDIT_NETWORK, uid),
            )
            return accepted(job)
        done = apply_operations(
            row, cast("list[Any]", operations), acting_user=acting(request), summary=summary
        )
        return outcome(done.edit, done.results)


class _UndoingView(EditsMixin, APIView):
    capability = Capability.EDIT_NETWORK
    is_redo: ClassVar[bool] = False

    def _answer(self, request: Request, network: str) -> Response:
        row = network_of(request.user, network)
        form = UndoSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        uid = form.validated_data.get("edit")
        user = acting(request)
        if uid is None:
            wanted = (last_undone if self.is_redo else last_done)(row, acting_user=user)
        else:
            found = Edit.objects.select_related("network__division").filter(network=row, uid=uid).first()
            if found is None:
                raise ReportedError(
                    Sentence(_("There is no edit {uid} in network {row}."), uid=uid, row=row.code),
                    code="unknown_edit",
                )
            wanted = found
            if (wanted.undoes_id is not None) != self.is_redo:
                word = "an undo" if wanted.undoes_id is not None else "no undo"
                raise ReportedError(Sentence(_("The edit is {word}."), word=word), code="unknown_edit")
        if is_long_to_undo(wanted):
            return accepted(
                request_undo(wanted, acting_user=user, enqueue=lambda uid: enqueue(UNDO_EDIT, uid))
            )
        return outcome(undo(wanted, acting_user=user), [])


class UndoView(_UndoingView):
    """Take one's own last edit back, or the one named. A long one, as an import is, becomes a job (202)."""

    @extend_schema(
        operation_id="undo_edit",
        request=UndoSerializer,
        responses={201: EditOutcomeSerializer, 202: AcceptedJobSerializer},
    )
    def post(self, request: Request, network: str) -> Response:
        return self._answer(request, network)


class RedoView(_UndoingView):
    """Bring one's own last undone edit back, or what the undo named took. A long one becomes a job (202)."""

    is_redo = True

    @extend_schema(
        operation_id="redo_edit",
        request=UndoSerializer,
        responses={201: EditOutcomeSerializer, 202: AcceptedJobSerializer},
    )
    def post(self, request: Request, network: str) -> Response:
        return self._answer(request, network)


class EditFilter(FilterSet):
    network = django_filters.CharFilter(field_name="network__code", label="Code of the network")
    by = django_filters.CharFilter(field_name="acting_user__username", label="Username")
    operation = django_filters.CharFilter(field_name="operation")

    class Meta:
        model = Edit
        fields: ClassVar[list[str]] = []


class NewestFirst(KeysetPagination):
    ordering = "-pk"


class EditViewSet(ScopedReadViewSet):
    """Who edited what. A single edit comes with the rows it changed."""

    capability = Capability.VIEW_NETWORK
    serializer_class = EditSerializer
    filterset_class = EditFilter
    pagination_class = NewestFirst
    lookup_value_converter = "uuid"

    def select(self, viewer: Any) -> QuerySet[Edit]:
        return edits_visible_to(viewer)

    @extend_schema(responses=EditDetailSerializer)
    def retrieve(self, request: Request, *arguments: Any, **keywords: Any) -> Response:
        edit = self.get_object()
        edit.elements, edit.changes = elements_of(edit), changes_of(edit)
        return Response(EditDetailSerializer(edit).data)
