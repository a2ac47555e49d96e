"""A reader of Mapbox Vector Tiles (version 2.1) of our own: what made the tiles does not check them."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import atan, degrees, pi, sinh
from struct import unpack
from typing import Any


@dataclass
class Feature:
    """A feature; `points` are all points of its geometry in tile units (0 to 4096, y down)."""

    id: int | None
    properties: dict[str, Any]
    points: list[tuple[int, int]]


@dataclass
class Layer:
    name: str
    extent: int
    version: int
    features: list[Feature]


def read_tile(content: bytes) -> dict[str, Layer]:
    """The layers of a tile by name."""
    layers = [_layer(value) for number, value in _fields(content) if number == 3]
    return {layer.name: layer for layer in layers}


def degrees_of(point: tuple[int, int], z: int, x: int, y: int) -> tuple[float, float]:
    """Longitude and latitude of a point in tile units, by the spherical formula of web mercator."""
    east = (x + point[0] / 4096) / 2**z
    south = (y + point[1] / 4096) / 2**z
    return east * 360 - 180, degrees(atan(sinh(pi * (1 - 2 * south))))


def _layer(content: bytes) -> Layer:
    layer = Layer("", 4096, 1, [])
    keys: list[str] = []
    values: list[Any] = []
    raw_features: list[bytes] = []
    for number, value in _fields(content):
        if number == 1:
            layer.name = value.decode()
        elif number == 2:
            raw_features.append(value)
        elif number == 3:
            keys.append(value.decode())
        elif number == 4:
            values.append(_value(value))
        elif number == 5:
            layer.extent = value
        elif number == 15:
            layer.version = value
    layer.features = [_feature(raw, keys, values) for raw in raw_features]
    return layer


def _feature(content: bytes, keys: list[str], values: list[Any]) -> Feature:
    feature = Feature(None, {}, [])
    for number, value in _fields(content):
        if number == 1:
            feature.id = value
        elif number == 2:
            tags = list(_varints(value))
            pairs = zip(tags[::2], tags[1::2], strict=True)
            feature.properties = {keys[key]: values[position] for key, position in pairs}
        elif number == 4:
            feature.points = list(_points(list(_varints(value))))
    return feature


def _points(commands: list[int]) -> Iterator[tuple[int, int]]:
    position, x, y = 0, 0, 0
    while position < len(commands):
        command, count = commands[position] & 7, commands[position] >> 3
        position += 1
        for _ in range(count if command != 7 else 0):
            x += _signed(commands[position])
            y += _signed(commands[position + 1])
            position += 2
            yield x, y


def _signed(number: int) -> int:
    return (number >> 1) ^ -(number & 1)


def _value(content: bytes) -> Any:
    ((number, value),) = _fields(content)
    if number == 1:
        return value.decode()
    if number == 2:
        return unpack("<f", value)[0]
    if number == 3:
        return unpack("<d", value)[0]
    return bool(value) if number == 7 else _signed(value) if number == 6 else value


def _fields(content: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a protobuf message: number and value."""
    position = 0
    value: int | bytes
    while position < len(content):
        tag, position = _varint(content, position)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, position = _varint(content, position)
        elif wire == 2:
            length, position = _varint(content, position)
            value, position = content[position : position + length], position + length
        else:
            length = 8 if wire == 1 else 4
            value, position = content[position : position + length], position + length
        yield number, value


def _varints(content: bytes) -> Iterator[int]:
    position = 0
    while position < len(content):
        value, position = _varint(content, position)
        yield value


def _varint(content: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
