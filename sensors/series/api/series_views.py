"""REST views of series: charts, edits, files, and live values by server-sent events."""

import json
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import close_old_connections
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from gis_core.access import Capability, NotVisible, access
from gis_core.answer_budget import file_budget
from gis_core.api.negotiation import OneMediaType
from gis_core.api.parameters import instant_parameter
from gis_core.api.views import CapabilityMixin, acting
from gis_core.sentences import Figure, said
from sensors.models import SeriesEdit
from sensors.series.selectors.charts import chart_series_of
from sensors.series.selectors.live import latest_values, streams_to_follow
from sensors.series.selectors.series import datastreams_visible_to, edits_visible_to
from sensors.series.selectors.series_export import CONTENTS, FILE_FORMATS, write_series
from sensors.series.services.series_edits import MANUAL_CODES, edit_series, undo_series_edit

_MOST_SERIES = 50
_MOST_CORRECTIONS = 20_000
_BLOCK_BYTES = 1 << 16
_MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}

SPAN_PARAMETERS = [
    OpenApiParameter("since", datetime, description="first instant, ISO 8601 with offset"),
    OpenApiParameter("until", datetime, description="first instant no longer wanted"),
    OpenApiParameter("as_of", datetime, description="the series as it was known at this moment"),
]


class ChartSeriesSerializer(serializers.Serializer):
    datastream = serializers.CharField()
    unit = serializers.CharField()
    resolution = serializers.ChoiceField(["raw", "bins", "day"])
    step_s = serializers.IntegerField()
    source = serializers.ChoiceField(["final", "hourly", "daily"])  # type: ignore[assignment]
    time = serializers.ListField(child=serializers.FloatField(), help_text="seconds since 1970-01-01 UTC")
    min = serializers.ListField(child=serializers.FloatField(allow_null=True), help_text="null begins a gap")
    max = serializers.ListField(child=serializers.FloatField(allow_null=True))
    mean = serializers.ListField(child=serializers.FloatField(allow_null=True))
    count = serializers.ListField(child=serializers.IntegerField())
    edited = serializers.ListField(
        child=serializers.FloatField(), help_text="instants whose value is not the raw one"
    )


class SeriesView(CapabilityMixin):
    """Series of several datastreams for charts: at most 2,000 points each, extremes kept, gaps shown."""

    capability = Capability.VIEW_SENSORS
    query_parameters = frozenset({"datastream", "since", "until", "as_of"})

    @extend_schema(
        operation_id="series_list",
        parameters=[
            OpenApiParameter(
                "datastream", str, many=True, required=True, description="code; 1 to 50 of them"
            ),
            *SPAN_PARAMETERS,
        ],
        responses=ChartSeriesSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        codes = list(dict.fromkeys(request.query_params.getlist("datastream")))
        if not 1 <= len(codes) <= _MOST_SERIES:
            raise ValidationError(
                {
                    "datastream": [
                        said(
                            _("Name 1 to {most_series} datastreams by their codes."), most_series=_MOST_SERIES
                        )
                    ]
                }
            )
        found = {
            stream.code: stream for stream in datastreams_visible_to(request.user).filter(code__in=codes)
        }
        if missing := [code for code in codes if code not in found]:
            raise NotVisible(f"no datastream {missing[0]}")
        since, until, as_of = (instant_parameter(request, name) for name in ("since", "until", "as_of"))
        streams = [found[code] for code in codes]
        charts = chart_series_of(streams, since=since, until=until, as_of=as_of)
        return Response(
            [
                {"datastream": stream.code, "unit": stream.unit, **vars(chart)}
                for stream, chart in zip(streams, charts, strict=True)
            ]
        )


class CorrectionSerializer(serializers.Serializer):
    time = serializers.DateTimeField()
    value = serializers.FloatField(allow_null=True, help_text="null: there is no value at this instant")


class SeriesEditRequestSerializer(serializers.Serializer):
    code = serializers.ChoiceField(sorted(MANUAL_CODES))
    reason = serializers.CharField(max_length=300)
    corrections = CorrectionSerializer(many=True, allow_empty=False)

    def validate_corrections(self, given: list[Any]) -> list[Any]:
        if len(given) > _MOST_CORRECTIONS:
            raise ValidationError(
                said(
                    _("One edit changes at most {most_corrections} values."),
                    most_corrections=Figure(_MOST_CORRECTIONS, ","),
                )
            )
        return given


class SeriesEditSerializer(serializers.ModelSerializer):
    datastream = serializers.CharField(source="datastream.code", read_only=True)
    made_by = serializers.CharField(source="made_by.username", read_only=True, default=None)

    class Meta:
        model = SeriesEdit
        fields = ["uid", "datastream", "code", "reason", "method", "made_by", "made_at"]


class SeriesEditUndoSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=300)


class SeriesEditView(CapabilityMixin):
    """Change final values of a datastream, with a code and a reason; raw values stay."""

    capability = Capability.EDIT_SERIES

    @extend_schema(
        operation_id="series_edit_create",
        request=SeriesEditRequestSerializer,
        responses={201: SeriesEditSerializer},
    )
    def post(self, request: Request, uid: str) -> Response:
        stream = access(datastreams_visible_to(request.user), request.user, Capability.EDIT_SERIES, uid=uid)
        body = SeriesEditRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        edit = edit_series(
            datastream=stream,
            corrections=[(item["time"], item["value"]) for item in values["corrections"]],
            code=values["code"],
            reason=values["reason"],
            acting_user=acting(request),
        )
        return Response(SeriesEditSerializer(edit).data, status=201)


class SeriesEditUndoView(CapabilityMixin):
    """Bring back what was final before an edit; this is an edit of its own."""

    capability = Capability.EDIT_SERIES

    @extend_schema(
        operation_id="series_edit_undo",
        request=SeriesEditUndoSerializer,
        responses={201: SeriesEditSerializer},
    )
    def post(self, request: Request, uid: str) -> Response:
        edit = access(edits_visible_to(request.user), request.user, Capability.EDIT_SERIES, uid=uid)
        body = SeriesEditUndoSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        undone = undo_series_edit(
            edit=edit, reason=body.validated_data["reason"], acting_user=acting(request)
        )
        return Response(SeriesEditSerializer(undone).data, status=201)


class SeriesExportView(CapabilityMixin):
    """A series as a CSV or Parquet file."""

    capability = Capability.VIEW_SENSORS
    query_parameters = frozenset({"file_format", "content", "since", "until", "as_of"})

    @extend_schema(
        operation_id="series_export_retrieve",
        parameters=[
            OpenApiParameter("file_format", str, enum=FILE_FORMATS, required=True),
            OpenApiParameter("content", str, enum=CONTENTS, description="`final` by default"),
            *SPAN_PARAMETERS,
        ],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, uid: str) -> StreamingHttpResponse:
        stream = access(datastreams_visible_to(request.user), request.user, self.capability, uid=uid)
        file_format = _choice(request, "file_format", FILE_FORMATS, None)
        content = _choice(request, "content", CONTENTS, "final")
        since, until, as_of = (instant_parameter(request, name) for name in ("since", "until", "as_of"))
        budget = file_budget()
        directory = Path(tempfile.mkdtemp(prefix="tarmoq-series-"))
        path = directory / f"series.{file_format}"
        try:
            count = write_series(
                stream, path, file_format=file_format, content=content, since=since, until=until, as_of=as_of
            )
            budget.look_at_size(path.stat().st_size)
            response = StreamingHttpResponse(_blocks(path), content_type=_MEDIA_TYPES[file_format])
            response["Content-Length"] = str(path.stat().st_size)
        except BaseException:
            shutil.rmtree(directory, ignore_errors=True)
            raise
        name = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in stream.code)
        response["Content-Disposition"] = f'attachment; filename="{name}.{file_format}"'
        response["X-Values"] = str(count)
        return response


def _choice(request: Request, name: str, allowed: tuple[str, ...], default: str | None) -> str:
    value = request.query_params.get(name, default)
    if value not in allowed:
        raise ValidationError(
            {name: [said(_("{name} is one of {allowed}."), name=name, allowed=", ".join(allowed))]}
        )
    return value


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                yield block
    finally:
        shutil.rmtree(path.parent, ignore_errors=True)


# Each follower holds a thread of the web process: the rest is kept for everybody else.
MOST_FOLLOWERS = 8
_followers = threading.BoundedSemaphore(MOST_FOLLOWERS)
LOOK_EVERY_S = 2.0
# The browser comes back by itself, and access is looked at again.
LONGEST_S = 300.0


class LiveValuesView(CapabilityMixin):
    """Newest values as they come, by server-sent events (`values`); the present ones come first.

    An event's data is a list of `{"datastream", "time", "value", "age_s"}`. The stream ends after five minutes;
    clients reconnect.
    """

    capability = Capability.VIEW_SENSORS
    # Browsers ask for text/event-stream, which no renderer of ours is for.
    content_negotiation_class = OneMediaType  # type: ignore[assignment]
    query_parameters = frozenset({"datastream", "network"})

    @extend_schema(
        operation_id="live_values",
        parameters=[
            OpenApiParameter("datastream", str, many=True, description="code"),
            OpenApiParameter("network", str, description="all datastreams of a network, at most 1,000"),
        ],
        responses={(200, "text/event-stream"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        codes, network = request.query_params.getlist("datastream"), request.query_params.get("network")
        if not codes and network is None:
            raise ValidationError({"datastream": [said(_("Name datastreams by their codes, or a network."))]})
        streams = streams_to_follow(request.user, codes=codes, network=network)
        if not streams:
            raise NotVisible("no such datastreams")
        if not _followers.acquire(blocking=False):
            raise Throttled(
                wait=30, detail=said(_("Too many are following live values; ask for the series instead."))
            )
        response = StreamingHttpResponse(_Events(streams), content_type="text/event-stream")
        response["Cache-Control"] = "no-store"
        response["X-Accel-Buffering"] = "no"
        return response


class _Events:
    """The events of one follower; gives its place back when the client has gone or the time is over."""

    def __init__(self, streams: dict[int, str]) -> None:
        self._streams = streams
        self._ends = time.monotonic() + LONGEST_S
        self._seen: dict[int, tuple[datetime, float]] = {}
        self._is_open = True
        self._is_first = True

    def __iter__(self) -> "_Events":
        return self

    def __next__(self) -> bytes:
        if not self._is_open or time.monotonic() > self._ends:
            self.close()
            raise StopIteration
        if not self._is_first:
            time.sleep(LOOK_EVERY_S)
        changed = self._changed()
        started, self._is_first = self._is_first, False
        if not changed:
            # A comment: it keeps proxies from closing, and shows us when the client has gone.
            return b": still here\n\n"
        head = b"retry: 5000\n" if started else b""
        return head + b"event: values\ndata: " + json.dumps(changed).encode() + b"\n\n"

    def _changed(self) -> list[dict[str, Any]]:
        close_old_connections()
        changed = []
        for value in latest_values(list(self._streams)):
            if self._seen.get(value.datastream_id) != (value.time, value.value):
                self._seen[value.datastream_id] = (value.time, value.value)
                changed.append(
                    {
                        "datastream": self._streams[value.datastream_id],
                        "time": value.time.isoformat(),
                        "value": value.value,
                        "age_s": round((timezone.now() - value.time).total_seconds(), 1),
                    }
                )
        return changed

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            _followers.release()

    def __del__(self) -> None:
        self.close()
