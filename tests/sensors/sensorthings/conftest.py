"""A client of SensorThings that has one division to itself, and things to ask about."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from gis_core.models import Division

ROOT = "/sta/v1.1"
MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"


@dataclass
class Answer:
    """A response: status, JSON (or text), and headers."""

    status: int
    json: Any
    text: str
    headers: Any

    @property
    def id(self) -> Any:
        return self.json["@iot.id"]


class Sta:
    """Requests below /sta/v1.1; options of a query are given by name, without their dollar sign."""

    def __init__(self, client: Client, **headers: str) -> None:
        self.client = client
        self.headers = headers

    def call(
        self, method: str, path: str, body: Any = None, *, content_type: str = "application/json"
    ) -> Answer:
        arguments: dict[str, Any] = {}
        if body is not None:
            raw = isinstance(body, str | bytes)
            arguments = {"data": body if raw else json.dumps(body), "content_type": content_type}
        response = getattr(self.client, method)(self._address(path), **arguments, headers=self.headers)
        text = response.content.decode()
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = None
        return Answer(response.status_code, parsed, text, response.headers)

    def _address(self, path: str) -> str:
        if path.startswith("http"):
            return path.removeprefix("http://testserver")
        return f"{ROOT}/{path}" if path else ROOT

    def get(self, path: str, **options: Any) -> Answer:
        query = "&".join(f"${name}={quote(str(value), safe='')}" for name, value in options.items())
        return self.call("get", f"{path}?{query}" if query else path)

    def post(self, path: str, body: Any) -> Answer:
        return self.call("post", path, body)

    def made(self, path: str, body: Any) -> Any:
        """Post what must succeed; its id."""
        answer = self.post(path, body)
        assert answer.status == 201, answer.text
        return answer.id

    def ids(self, path: str, **options: Any) -> list[Any]:
        answer = self.get(path, **options)
        assert answer.status == 200, (options, answer.text)
        return [one["@iot.id"] for one in answer.json["value"]]


@pytest.fixture
def sta(district: Division, settings: Any, client: Client) -> Sta:
    """Without credentials, in a division that is open to all and empty."""
    settings.STA_ANONYMOUS_DIVISION = district.code
    return Sta(client)


def point(longitude: float, latitude: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [longitude, latitude]}


def location(
    longitude: float = 69.2, latitude: float = 41.3, name: str = "place", **more: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "description": "a place",
        "encodingType": "application/geo+json",
        "location": point(longitude, latitude),
        **more,
    }


def thing(name: str = "thing", **more: Any) -> dict[str, Any]:
    return {"name": name, "description": "a thing", **more}


def sensor(name: str = "sensor", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "description": "a sensor",
        "encodingType": "text/plain",
        "metadata": "of it",
        **more,
    }


def observed_property(name: str = "temperature", **more: Any) -> dict[str, Any]:
    return {"name": name, "definition": f"http://example.org/{name}", "description": "what", **more}


def feature(
    longitude: float = 69.0, latitude: float = 41.0, name: str = "feature", **more: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "description": "a feature",
        "encodingType": "application/geo+json",
        "feature": point(longitude, latitude),
        **more,
    }


def datastream(name: str = "stream", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "description": "a stream",
        "observationType": MEASUREMENT,
        "unitOfMeasurement": {"name": "degree Celsius", "symbol": "°C", "definition": "ucum:Cel"},
        "Sensor": sensor(),
        "ObservedProperty": observed_property(),
        **more,
    }


def multi_datastream(count: int = 2, **more: Any) -> dict[str, Any]:
    return {
        "name": "multi",
        "description": "several at once",
        "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_ComplexObservation",
        "multiObservationDataTypes": [MEASUREMENT] * count,
        "unitOfMeasurements": [
            {"name": "u", "symbol": str(place), "definition": "d"} for place in range(count)
        ],
        "Sensor": sensor(),
        "ObservedProperties": [observed_property(f"property {place}") for place in range(count)],
        **more,
    }


@pytest.fixture
def stream(sta: Sta) -> int:
    """A datastream of a thing that has a location, without observations."""
    thing_id = sta.made("Things", thing(Locations=[location()]))
    return int(sta.made(f"Things({thing_id})/Datastreams", datastream()))


@pytest.fixture
def observe(sta: Sta, stream: int) -> Callable[..., Any]:
    """Post an observation to the datastream; its id."""

    def observe(result: Any, time: str | None = None, **more: Any) -> Any:
        body = {"result": result, **({"phenomenonTime": time} if time else {}), **more}
        return sta.made(f"Datastreams({stream})/Observations", body)

    return observe
