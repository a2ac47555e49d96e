"""Uplinks of LoRaWAN network servers: ChirpStack v4 and The Things Stack v3, as their webhooks send them.

    JSON --uplink_of--> device, port, payload, time --points, decoders--> values, committed before the answer

Times are those the network server gives the uplink, so that one sent twice changes nothing.
"""

import base64
import binascii
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from gis_core.services.tokens import token_digest
from sensors.feeds.services.decoders import DECODERS, DecodedValue, flat_readings
from sensors.feeds.services.live import Batch, Heartbeat, store
from sensors.feeds.services.messages import BadMessage, at_path, instant_us, number_of
from sensors.feeds.services.quarantine import Refusal
from sensors.models import FeedKind, FeedPoint, FeedSource
from sensors.series.services.ingestion import LoadResult

LARGEST_BYTES = 256 * 1024
_MICRO = 1_000_000


@dataclass(frozen=True)
class Uplink:
    """A message of a device: EUI in small hexadecimal, port, bytes, what the server decoded, microseconds,
    frame counter."""

    dev_eui: str
    port: int
    payload: bytes
    decoded: Any
    time_us: int
    frame: int | None
    is_simulated: bool = False


class NotAnUplink(Exception):
    """Another event (a join, an acknowledgement, a device's answer at port 0): nothing to take."""


def uplink_of(kind: str, body: bytes) -> Uplink:
    """The uplink in a webhook's body; raises BadMessage, or NotAnUplink."""
    if len(body) > LARGEST_BYTES:
        raise BadMessage(
            "too_large",
            Sentence(_("an event has at most {largest_bytes} bytes"), largest_bytes=LARGEST_BYTES),
        )
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise BadMessage("bad_payload", Sentence(_("the body is not JSON"))) from None
    if not isinstance(event, dict):
        raise BadMessage("bad_payload", Sentence(_("the body is not a JSON object")))
    return _chirpstack(event) if kind == FeedKind.CHIRPSTACK else _things_stack(event)


def _chirpstack(event: dict[str, Any]) -> Uplink:
    """ChirpStack v4, integration event `up` (api/proto/integration/integration.proto, UplinkEvent)."""
    if "data" not in event and "object" not in event and "fPort" not in event:
        if "deviceInfo" in event:
            raise NotAnUplink
        raise BadMessage("bad_payload", Sentence(_("this is not an event of ChirpStack v4")))
    _refuse_port_0(event.get("fPort"), event.get("object"))
    moment = event.get("time") or _first_of(event.get("rxInfo"), ("nsTime", "gwTime", "time"))
    return Uplink(
        _eui(at_path(event, "deviceInfo.devEui")),
        _port(event.get("fPort", 0)),
        _bytes(event.get("data")),
        event.get("object"),
        _time(moment),
        _frame(event.get("fCnt")),
    )


def _things_stack(event: dict[str, Any]) -> Uplink:
    """The Things Stack v3, ApplicationUp with uplink_message (api/ttn/lorawan/v3/messages.proto)."""
    message = event.get("uplink_message")
    if message is None:
        if "end_device_ids" in event:
            raise NotAnUplink
        raise BadMessage("bad_payload", Sentence(_("this is not an event of The Things Stack v3")))
    if not isinstance(message, dict):
        raise BadMessage("bad_payload", Sentence(_("uplink_message is not an object")))
    _refuse_port_0(message.get("f_port"), message.get("decoded_payload"))
    moment = (
        message.get("received_at")
        or event.get("received_at")
        or _first_of(message.get("rx_metadata"), ("time",))
    )
    return Uplink(
        _eui(at_path(event, "end_device_ids.dev_eui")),
        _port(message.get("f_port", 0)),
        _bytes(message.get("frm_payload")),
        message.get("decoded_payload"),
        _time(moment),
        _frame(message.get("f_cnt")),
        bool(event.get("simulated") or message.get("simulated")),
    )


def _refuse_port_0(port: Any, decoded: Any) -> None:
    """Port 0 is where devices answer their network server; a 0 is often left out of the JSON, as a default is."""
    if (port == 0 and not isinstance(port, bool)) or (port is None and decoded is None):
        raise NotAnUplink


def _first_of(listed: Any, keys: tuple[str, ...]) -> Any:
    first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
    return next((first[key] for key in keys if first.get(key)), None)


def _eui(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{16}", value):
        raise BadMessage("bad_payload", Sentence(_("the device has no EUI of 16 hexadecimal digits")))
    return value.lower()


def _port(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 255:
        raise BadMessage("bad_payload", Sentence(_("the port is not a number from 0 to 255")))
    return value


def _frame(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(value or "", validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise BadMessage("bad_payload", Sentence(_("the payload is not base64"))) from None


def _time(value: Any) -> int:
    if value is None:
        raise BadMessage("bad_time", Sentence(_("the event says no time")))
    return instant_us(value)


def values_of(source: FeedSource, uplink: Uplink) -> tuple[list[tuple[int, int, float]], list[BadMessage]]:
    """The values (datastream id, microseconds, value) of an uplink by the source's points, and what stood in
    the way."""
    points = list(
        FeedPoint.objects.filter(
            source=source,
            address=uplink.dev_eui,
            datastream__deleted_at=None,
            datastream__division__path__startswith=source.division.path,
        )
    )
    if uplink.is_simulated:
        return [], [
            BadMessage("simulated", Sentence(_("the network server says that it is simulated, not measured")))
        ]
    if not points:
        return [], [
            BadMessage(
                "unknown_device", Sentence(_("the device {dev_eui} has no point"), dev_eui=uplink.dev_eui)
            )
        ]
    values: list[tuple[int, int, float]] = []
    problems: list[BadMessage] = []
    read: dict[str, list[DecodedValue]] = {}
    for point in points:
        if point.port not in (None, uplink.port) or point.datastream_id is None:
            continue
        key = json.dumps(point.settings, sort_keys=True)
        if key not in read:
            try:
                read[key] = _readings(uplink, point.settings)
            except BadMessage as problem:
                problems.append(problem)
                read[key] = []
        if (lost := _unread(uplink, point)) is not None:
            problems.append(lost)
        for reading in read[key]:
            if reading.name == point.field:
                time_us = uplink.time_us - round(reading.age_s * _MICRO)
                values.append((point.datastream_id, time_us, reading.value * point.scale + point.shift))
    if not values and not problems:
        problems.append(
            BadMessage(
                "no_value",
                Sentence(_("no field of a point is in the message at port {port}"), port=uplink.port),
            )
        )
    return values, problems


def _unread(uplink: Uplink, point: FeedPoint) -> BadMessage | None:
    """What is wrong with a point's field that the network server decoded to no number; None for nothing."""
    if point.settings.get("decoder") or not isinstance(uplink.decoded, dict):
        return None
    value = uplink.decoded.get(point.field, at_path(uplink.decoded, point.field))
    *outer, last = point.field.split(".")
    holder = at_path(uplink.decoded, ".".join(outer)) if outer else uplink.decoded
    if value is None and isinstance(holder, dict) and last in holder:
        return BadMessage("no_value", Sentence(_("{field} is null"), field=point.field))
    if isinstance(value, str):
        try:
            number_of(value)
        except BadMessage as problem:
            return BadMessage(
                problem.code, Sentence(_("{field}: {reason}"), field=point.field, reason=problem.reason)
            )
    elif isinstance(value, dict | list):
        return BadMessage(
            "bad_value", Sentence(_("{field} is not a number but holds others"), field=point.field)
        )
    return None


def _readings(uplink: Uplink, settings: dict[str, Any]) -> list[DecodedValue]:
    name = settings.get("decoder", "")
    if not name:
        if uplink.decoded is None:
            raise BadMessage(
                "no_value", Sentence(_("the network server decoded nothing, and the point names no decoder"))
            )
        return flat_readings(uplink.decoded)
    decoder = DECODERS.get(name)
    if decoder is None:
        raise BadMessage("bad_decoder", Sentence(_("there is no decoder {name}"), name=name))
    return decoder(uplink.payload, settings.get("options") or {})


@dataclass(frozen=True)
class UplinkResult:
    """What became of an uplink."""

    loaded: LoadResult
    quarantined: int


def take_uplink(source: FeedSource, body: bytes) -> UplinkResult:
    """Store the values of a webhook's body; committed when this returns.

    Raises ReportedError (the code of the problem) for garbage. What a device sends that has no point, or no
    decoder that
    fits, is set aside for another try.
    """
    try:
        uplink = uplink_of(source.kind, body)
    except NotAnUplink:
        return UplinkResult(LoadResult(0, 0, 0, 0), 0)
    except BadMessage as problem:
        raise ReportedError(
            Sentence(_("The event was not taken: {reason}."), reason=problem.reason), code=problem.code
        ) from problem
    values, problems = values_of(source, uplink)
    context = {"dev_eui": uplink.dev_eui, "port": uplink.port}
    batch = Batch(source, values=values, messages=1)
    batch.origins = [(body, context)] * len(values)
    # One message is one row, whatever is wrong with it.
    reason = "; ".join(dict.fromkeys(problem.reason for problem in problems))[:500]
    batch.refusals = [Refusal(body, problem.code, reason, context) for problem in problems[:1]]
    loaded = store(batch)
    heartbeat = Heartbeat(source)
    if not hasattr(source, "state"):
        heartbeat.start()
    heartbeat.count(batch, loaded)
    heartbeat.beat(succeeded=bool(values), force=True)
    return UplinkResult(loaded, len(batch.refusals))


def source_of_token(secret: str, kind: str) -> FeedSource | None:
    """The active source of a kind whose token this is."""
    return (
        FeedSource.objects.select_related("division", "state")
        .filter(token_digest=token_digest(secret), kind=kind, is_active=True)
        .first()
    )


@transaction.atomic
def renew_token(*, source: FeedSource, acting_user: User | None) -> str:
    """Give a webhook's source a new token; the old one is useless from now on. It cannot be shown again."""
    if source.kind not in (FeedKind.CHIRPSTACK, FeedKind.TTN):
        raise ReportedError(Sentence(_("Only sources of webhooks have a token.")), code="no_webhook")
    secret = secrets.token_urlsafe(32)
    source.token_digest = token_digest(secret)
    source.save(update_fields=["token_digest"])
    record_change(
        acting_user=acting_user,
        action="renew feed token",
        subject=source,
        subject_id=source.code,
        division=source.division,
        new_values={"source": source.code},
    )
    return secret
