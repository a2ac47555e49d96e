"""What phones take along and what they send back."""

import zlib
from collections.abc import Iterator
from typing import Any

from django.contrib.gis.geos import Polygon
from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext_noop as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from assets.field_sync.selectors.area import AreaCounts, Box, FurtherRows, area_counts, area_lines, area_tiles
from assets.field_sync.services.applying import SentChange, apply_once
from assets.field_sync.services.registry import ChangeKind, area_sections, change_kinds
from assets.registers.api.serializers import StrictSerializer, WholeField
from assets.work_orders.api.serializers import WorkOrderSerializer
from assets.work_orders.selectors.orders import OPEN_STATES, orders_in_hand, work_orders_visible_to
from gis_core.access import Capability, NotVisible, holds
from gis_core.answer_budget import file_budget
from gis_core.api.bodies import TextField, UidField
from gis_core.api.negotiation import OneMediaType
from gis_core.api.views import CapabilityMixin, acting
from gis_core.errors import ReportedError, StaleVersion
from gis_core.models import User
from gis_core.sentences import Sentence, in_words, said

C = Capability
MOST_CHANGES = 200
MOST_BYTES = 16 * 1024 * 1024
MOST_ORDERS = 1000
_ORDER_COLUMNS = tuple(WorkOrderSerializer.Meta.fields)


class ChangeEntrySerializer(StrictSerializer):
    uid = UidField(help_text="The phone's own; sent again, the change is applied once")
    kind = TextField(max_length=30)
    base_version = WholeField(
        required=False, allow_null=True, min_value=1, help_text="The version it was made on"
    )
    content = serializers.DictField(help_text="As the register of its kind takes it")


class ChangesSerializer(StrictSerializer):
    changes = ChangeEntrySerializer(many=True, allow_empty=False)

    def validate_changes(self, changes: list[Any]) -> list[Any]:
        if len(changes) > MOST_CHANGES:
            raise ValidationError(
                said(_("At most {most_changes} changes are taken at once."), most_changes=MOST_CHANGES)
            )
        return changes


class FateSerializer(serializers.Serializer[Any]):
    uid = serializers.UUIDField()
    fate = serializers.ChoiceField(choices=["applied", "already_applied", "conflict", "refused"])
    answer = serializers.DictField(required=False, help_text="What was recorded")
    code = serializers.CharField(required=False)
    message = serializers.CharField(required=False, help_text="Why it was refused, or what it conflicts with")
    mine = serializers.DictField(required=False, help_text="The change as sent")
    theirs = serializers.DictField(required=False, help_text="What it would change, as it is now")


class FatesSerializer(serializers.Serializer[Any]):
    fates = FateSerializer(many=True)


class FieldSyncView(CapabilityMixin):
    """Changes that a phone recorded, each applied by itself and answered with its fate."""

    capability = C.RECORD_FIELD_WORK

    @extend_schema(operation_id="field_sync", request=ChangesSerializer, responses=FatesSerializer)
    def post(self, request: Request) -> Response:
        """Apply changes in their order: each is applied, was applied before, conflicts, or is refused with words.

        What becomes of one does not touch the others. Sent again, each has its effect once.
        """
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > MOST_BYTES:
            raise ReportedError(Sentence(_("At most 16 MB are taken at once; send less.")), code="too_large")
        entry = ChangesSerializer(data=request.data)
        entry.is_valid(raise_exception=True)
        user = acting(request)
        fates = [_fate(_sent(values), user) for values in entry.validated_data["changes"]]
        return Response({"fates": fates})


def _sent(values: dict[str, Any]) -> SentChange:
    return SentChange(values["uid"], values["kind"], values["content"], values.get("base_version"))


def _fate(change: SentChange, user: User) -> dict[str, Any]:
    """Apply one change and say what became of it."""
    kind = change_kinds.get(change.kind)
    if kind is None or not holds(user, kind.capability):
        return _refused(change, "bad_kind", Sentence(_("{kind} is not taken."), kind=repr(change.kind)))
    try:
        is_new, answer = apply_once(change, act=kind.act, acting_user=user)
    except ReportedError as error:
        # An illegal move: the order has gone on without the phone, and a person decides on what it is now.
        if isinstance(error, StaleVersion) or (error.code == "illegal_move" and kind.current is not None):
            return _conflict(change, kind, user, error)
        return _refused(change, error.code, error.message)
    except NotVisible:
        return _refused(
            change, "not_found", Sentence(_("What it is about is not there, or not in your divisions."))
        )
    except ValidationError as error:
        return _refused(change, "bad_values", _words(error.detail))
    return {"uid": str(change.uid), "fate": "applied" if is_new else "already_applied", "answer": answer}


def _refused(change: SentChange, code: str, message: str) -> dict[str, Any]:
    return {"uid": str(change.uid), "fate": "refused", "code": code, "message": in_words(message)}


def _conflict(change: SentChange, kind: ChangeKind, user: User, error: ReportedError) -> dict[str, Any]:
    return {
        "uid": str(change.uid),
        "fate": "conflict",
        "code": error.code,
        "message": in_words(error.message),
        "mine": dict(change.content),
        "theirs": kind.current(change.content, user) if kind.current else {},
    }


def _words(detail: Any) -> str:
    """What a form complains about, on one line: "grade: This field is required."."""
    if isinstance(detail, dict):
        return " ".join(
            (f"{name}: " if name != "non_field_errors" else "") + _words(part)
            for name, part in detail.items()
        )
    if isinstance(detail, list):
        return " ".join(_words(part) for part in detail)
    return str(detail)


_BOX = OpenApiParameter("bbox", str, required=True, description="west,south,east,north in degrees")


def _box(request: Request) -> Box:
    try:
        west, south, east, north = (float(part) for part in request.query_params.get("bbox", "").split(","))
    except ValueError:
        raise ValidationError({"bbox": [said(_("Write the box as west,south,east,north."))]}) from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise ValidationError(
            {"bbox": [said(_("The box is west,south,east,north in degrees, in this order."))]}
        )
    return west, south, east, north


class AreaSizeSerializer(serializers.Serializer[Any]):
    nodes = serializers.IntegerField()
    pipes = serializers.IntegerField()
    estimated_bytes = serializers.IntegerField(help_text="Before compression")
    tiles = serializers.DictField()


class FieldAreaSizeView(CapabilityMixin):
    """How much an area to take along holds."""

    capability = C.RECORD_FIELD_WORK
    query_parameters = frozenset({"bbox"})

    @extend_schema(operation_id="field_area_size", parameters=[_BOX], responses=AreaSizeSerializer)
    def get(self, request: Request) -> Response:
        """Counts, about how many bytes, and the tiles of the box."""
        box = _box(request)
        counts = area_counts(request.user, box)
        answer = {
            "nodes": counts.nodes,
            "pipes": counts.pipes,
            "estimated_bytes": counts.estimated_bytes,
            "tiles": area_tiles(box),
        }
        return Response(answer)


class FieldAreaView(CapabilityMixin):
    """All that is needed of an area where there is no network."""

    capability = C.RECORD_FIELD_WORK
    query_parameters = frozenset({"bbox"})
    content_negotiation_class = OneMediaType  # type: ignore[assignment]

    @extend_schema(
        operation_id="field_area",
        parameters=[_BOX],
        responses={(200, "application/x-ndjson"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Elements, open orders, meters as far as allowed, and forms: lines of JSON, as they are read.

        The first line has the counts, the last one (`end`) has them again; without it the answer was cut off.
        """
        box = _box(request)
        # A file in all but name: an area is tens of thousands of rows, over a slow network.
        file_budget()
        counts = area_counts(request.user, box)
        lines = area_lines(request.user, box, counts, _further(request, box))
        return _streamed(request, lines, counts)


def _further(request: Request, box: Box) -> dict[str, FurtherRows]:
    """The orders in the box, those in hand wherever they are, and what other apps add and the viewer may see."""
    rows: dict[str, FurtherRows] = {}
    if holds(request.user, C.VIEW_WORK):
        within = work_orders_visible_to(request.user).filter(
            geom__bboverlaps=Polygon.from_bbox(box), state__in=OPEN_STATES
        )
        orders = list((within | orders_in_hand(request.user)).order_by("id")[:MOST_ORDERS])
        shown = [list(row.values()) for row in WorkOrderSerializer(orders, many=True).data]
        rows["orders"] = (_ORDER_COLUMNS, shown)
    for name, section in area_sections.items():
        if holds(request.user, section.capability):
            rows[name] = (section.columns, section.rows(box, request.user))
    return rows


def _streamed(request: Request, lines: Iterator[bytes], counts: AreaCounts) -> StreamingHttpResponse:
    is_gzipped = "gzip" in request.headers.get("Accept-Encoding", "")
    response = StreamingHttpResponse(
        _gzipped(lines) if is_gzipped else lines, content_type="application/x-ndjson"
    )
    if is_gzipped:
        response["Content-Encoding"] = "gzip"
    response["Vary"] = "Accept-Encoding, Cookie, Authorization"
    response["Cache-Control"] = "private, no-store"
    response["X-Estimated-Bytes"] = str(counts.estimated_bytes)
    return response


def _gzipped(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Compressed line by line, so that each arrives as soon as it is read."""
    compressor = zlib.compressobj(6, wbits=31)
    for line in lines:
        yield compressor.compress(line) + compressor.flush(zlib.Z_SYNC_FLUSH)
    yield compressor.flush()
