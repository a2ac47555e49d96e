"""Payload decoders, byte for byte."""

import math

import pytest

from sensors.feeds.services.decoders import (
    DecodedValue,
    cayenne_lpp,
    fields,
    flat_readings,
    pressure_logger,
    pulse_counter,
)
from sensors.feeds.services.messages import BadMessage


def test_cayenne_of_its_own_documentation():
    """Two temperature sensors; a temperature and an accelerometer; a position (Cayenne LPP 2.0, examples)."""
    assert cayenne_lpp(bytes.fromhex("03670110056700FF"), {}) == [
        DecodedValue("temperature_3", 27.2),
        DecodedValue("temperature_5", 25.5),
    ]
    assert cayenne_lpp(bytes.fromhex("0167FFD7067104D2FB2E0000"), {}) == [
        DecodedValue("temperature_1", -4.1),
        DecodedValue("accelerometer_6_x", 1.234),
        DecodedValue("accelerometer_6_y", -1.234),
        DecodedValue("accelerometer_6_z", 0.0),
    ]
    assert cayenne_lpp(bytes.fromhex("018806765ff2960a0003e8"), {}) == [
        DecodedValue("gps_1_latitude", 42.3519),
        DecodedValue("gps_1_longitude", -87.9094),
        DecodedValue("gps_1_altitude", 10.0),
    ]


@pytest.mark.parametrize("payload", ["03", "0367", "036701", "03FF00", "0171"])
def test_cayenne_refuses_what_ends_too_early(payload):
    with pytest.raises(BadMessage):
        cayenne_lpp(bytes.fromhex(payload), {})


def test_a_pulse_counter_and_a_pressure_logger():
    assert pulse_counter(b"\x00\x00\x01\x00\x24", {"litres_per_pulse": 10}) == [
        DecodedValue("pulses", 256.0),
        DecodedValue("volume", 2.56),
        DecodedValue("battery", 3.6),
    ]
    assert pressure_logger(b"\x0e\x10\x10\x00\xff\xff", {"scale": 1, "interval_s": 60}) == [
        DecodedValue("battery", 3.6),
        DecodedValue("pressure", 4096.0, 0.0),
        DecodedValue("pressure", -1.0, 60.0),
    ]
    for decoder, payload in ((pulse_counter, b"\x00"), (pressure_logger, b"\x00\x00\x00")):
        with pytest.raises(BadMessage):
            decoder(payload, {})


def test_fields_at_places():
    options = {
        "fields": [
            {"name": "a", "offset": 0, "type": "uint16", "scale": 0.1},
            {"name": "b", "offset": 2, "type": "int32", "endian": "little", "shift": 1},
            {"name": "c", "offset": 6, "type": "float32"},
        ]
    }
    assert fields(bytes.fromhex("00ff feffffff 3fc00000".replace(" ", "")), options) == [
        DecodedValue("a", 25.5),
        DecodedValue("b", -1.0),
        DecodedValue("c", 1.5),
    ]
    for wrong in (
        {},
        {"fields": [{"name": "a", "offset": 9, "type": "uint16"}]},
        {"fields": [{"name": "a", "offset": 0}]},
    ):
        with pytest.raises(BadMessage):
            fields(b"\x00\x01", wrong)


def test_what_the_network_server_decoded_is_flattened():
    assert flat_readings({"a": {"b": 1}, "c": [2, {"d": True}], "e": "x"}) == [
        DecodedValue("a.b", 1.0),
        DecodedValue("c.0", 2.0),
        DecodedValue("c.1.d", 1.0),
    ]


def test_numbers_without_end_are_infinite_and_break_nothing():
    """JSON has integers of any length; what is infinite is set aside when it would be stored."""
    readings = flat_readings({"a": 10**400, "b": 2, "c": True})
    assert [(reading.name, reading.value) for reading in readings] == [
        ("a", math.inf),
        ("b", 2.0),
        ("c", 1.0),
    ]
