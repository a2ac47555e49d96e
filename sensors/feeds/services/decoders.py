"""Payloads of LoRaWAN devices into readings. A decoder is a pure function, chosen by its name in a point's settings."""

import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop as _

from gis_core.sentences import Sentence
from sensors.feeds.services.messages import BadMessage, number_of

MOST_READINGS = 500


@dataclass(frozen=True)
class DecodedValue:
    """A decoded value; `age_s` is how long before the message it was measured."""

    name: str
    value: float
    age_s: float = 0.0


Options = Mapping[str, Any]
Decoder = Callable[[bytes, Options], list[DecodedValue]]

# Cayenne Low Power Payload: type -> name, and for each of its numbers (suffix, bytes, is signed, divisor).
_LPP: dict[int, tuple[str, tuple[tuple[str, int, bool, float], ...]]] = {
    0: ("digital_in", (("", 1, False, 1),)),
    1: ("digital_out", (("", 1, False, 1),)),
    2: ("analog_in", (("", 2, True, 100),)),
    3: ("analog_out", (("", 2, True, 100),)),
    100: ("generic", (("", 4, False, 1),)),
    101: ("illuminance", (("", 2, False, 1),)),
    102: ("presence", (("", 1, False, 1),)),
    103: ("temperature", (("", 2, True, 10),)),
    104: ("humidity", (("", 1, False, 2),)),
    113: ("accelerometer", (("_x", 2, True, 1000), ("_y", 2, True, 1000), ("_z", 2, True, 1000))),
    115: ("barometer", (("", 2, False, 10),)),
    116: ("voltage", (("", 2, False, 100),)),
    117: ("current", (("", 2, False, 1000),)),
    118: ("frequency", (("", 4, False, 1),)),
    120: ("percentage", (("", 1, False, 1),)),
    121: ("altitude", (("", 2, True, 1),)),
    125: ("concentration", (("", 2, False, 1),)),
    128: ("power", (("", 2, False, 1),)),
    130: ("distance", (("", 4, False, 1000),)),
    131: ("energy", (("", 4, False, 1000),)),
    132: ("direction", (("", 2, False, 1),)),
    133: ("unix_time", (("", 4, False, 1),)),
    134: ("gyrometer", (("_x", 2, True, 100), ("_y", 2, True, 100), ("_z", 2, True, 100))),
    136: (
        "gps",
        (("_latitude", 3, True, 10_000), ("_longitude", 3, True, 10_000), ("_altitude", 3, True, 100)),
    ),
    142: ("switch", (("", 1, False, 1),)),
}
_TYPES = {
    "uint8": ("B", 1),
    "int8": ("b", 1),
    "uint16": ("H", 2),
    "int16": ("h", 2),
    "uint32": ("I", 4),
    "int32": ("i", 4),
    "uint64": ("Q", 8),
    "int64": ("q", 8),
    "float32": ("f", 4),
    "float64": ("d", 8),
}


def cayenne_lpp(payload: bytes, options: Options) -> list[DecodedValue]:
    """Cayenne LPP: (channel, type, value) one after the other. Names are the type and the channel: `temperature_1`."""
    readings, place = [], 0
    while place < len(payload):
        if place + 2 > len(payload):
            raise BadMessage("bad_payload", Sentence(_("the payload ends within a channel")))
        channel, type_ = payload[place], payload[place + 1]
        if type_ not in _LPP:
            raise BadMessage("bad_payload", Sentence(_("{type_} is not a type of Cayenne LPP"), type_=type_))
        name, numbers = _LPP[type_]
        place += 2
        for suffix, size, is_signed, divisor in numbers:
            if place + size > len(payload):
                raise BadMessage("bad_payload", Sentence(_("the payload ends within a value")))
            number = int.from_bytes(payload[place : place + size], "big", signed=is_signed)
            readings.append(DecodedValue(f"{name}_{channel}{suffix}", number / divisor))
            place += size
    return readings


def pulse_counter(payload: bytes, options: Options) -> list[DecodedValue]:
    """A pulse counter: four bytes of pulses, big-endian, then perhaps one of battery in tenths of a volt.

    Readings: `pulses`, `volume` (m3, by option `litres_per_pulse`, 1 where absent), `battery` (V).
    """
    if len(payload) not in (4, 5):
        raise BadMessage(
            "bad_payload", Sentence(_("a pulse counter sends 4 or 5 bytes, not {count}"), count=len(payload))
        )
    pulses = int.from_bytes(payload[:4], "big")
    readings = [
        DecodedValue("pulses", float(pulses)),
        DecodedValue("volume", pulses * _number_option(options, "litres_per_pulse", 1.0) / 1000),
    ]
    return readings + ([DecodedValue("battery", payload[4] / 10)] if len(payload) == 5 else [])


def pressure_logger(payload: bytes, options: Options) -> list[DecodedValue]:
    """A pressure logger: battery in mV (two bytes), then samples of two bytes each, signed, the newest first.

    Readings: `battery` (V), `pressure` (times option `scale`, 0.01 where absent), each `interval_s` (900) older.
    """
    if len(payload) < 4 or len(payload) % 2:
        raise BadMessage(
            "bad_payload", Sentence(_("a pressure logger sends its battery and at least one sample"))
        )
    scale, interval_s = _number_option(options, "scale", 0.01), _number_option(options, "interval_s", 900.0)
    battery_mv, *samples = struct.unpack(f">H{len(payload) // 2 - 1}h", payload)
    readings = [DecodedValue("battery", battery_mv / 1000)]
    # 0x7FFF stands for a sample that failed.
    return readings + [
        DecodedValue("pressure", sample * scale, place * interval_s)
        for place, sample in enumerate(samples)
        if sample != 0x7FFF
    ]


def fields(payload: bytes, options: Options) -> list[DecodedValue]:
    """Numbers at places: option `fields` is a list of {"name", "offset", "type", "scale", "shift", "endian"}.

    Types are int, uint or float with their bits (uint16, float32); `endian` is big where absent, or little.
    """
    listed = options.get("fields")
    if not isinstance(listed, list) or not listed:
        raise BadMessage("bad_decoder", Sentence(_("the decoder has no list of fields")))
    readings = []
    for item in listed:
        letter, size = _TYPES.get(str(item.get("type")), ("", 0))
        offset = item.get("offset")
        if not letter or not isinstance(offset, int) or isinstance(offset, bool) or offset < 0:
            raise BadMessage(
                "bad_decoder",
                Sentence(_("the field {value} has no type or no offset"), value=item.get("name")),
            )
        if offset + size > len(payload):
            raise BadMessage(
                "bad_payload",
                Sentence(
                    _("the payload has {count} bytes; {value} lies beyond"),
                    count=len(payload),
                    value=item.get("name"),
                ),
            )
        sign = "<" if item.get("endian") == "little" else ">"
        (number,) = struct.unpack_from(sign + letter, payload, offset)
        value = number * _number_option(item, "scale", 1.0) + _number_option(item, "shift", 0.0)
        readings.append(DecodedValue(str(item.get("name")), value))
    return readings


DECODERS: dict[str, Decoder] = {
    "cayenne_lpp": cayenne_lpp,
    "pulse_counter": pulse_counter,
    "pressure_logger": pressure_logger,
    "fields": fields,
}


def flat_readings(decoded: Any) -> list[DecodedValue]:
    """What the network server decoded itself, with inner names joined by points: {"a": {"b": 1}} is `a.b`."""
    readings: list[DecodedValue] = []

    def walk(value: Any, name: str, depth: int) -> None:
        if depth > 8 or len(readings) > MOST_READINGS:
            return
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, f"{name}.{key}" if name else str(key), depth + 1)
        elif isinstance(value, list):
            for place, inner in enumerate(value):
                walk(inner, f"{name}.{place}", depth + 1)
        elif isinstance(value, bool | int | float):
            readings.append(DecodedValue(name, _as_float(value)))
        elif isinstance(value, str):
            try:
                readings.append(DecodedValue(name, number_of(value)))
            except BadMessage:
                # Words stand beside numbers in most messages; whoever wants this one is told.
                return

    walk(decoded, "", 0)
    return readings


def _as_float(number: float) -> float:
    """An integer of more digits than a float has room for is infinite, and refused where it is stored."""
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _number_option(options: Options, name: str, default: float) -> float:
    value = options.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadMessage("bad_decoder", Sentence(_("{name} is not a number"), name=name))
    return _as_float(value)
