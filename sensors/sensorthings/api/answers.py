"""Answers of SensorThings: JSON, errors, single properties and data arrays."""

import json
from typing import Any

from django.http import HttpResponse

from gis_core.api.problems import sensorthings_error
from sensors.sensorthings.selectors.documents import Document, written
from sensors.sensorthings.selectors.errors import not_found
from sensors.sensorthings.selectors.options import QueryOptions
from sensors.sensorthings.selectors.paths import Resource
from sensors.sensorthings.selectors.reading import Reader
from sensors.sensorthings.selectors.schema import OBSERVATION

_JSON = "application/json; charset=utf-8"


def json_answer(document: Any, *, status: int = 200) -> HttpResponse:
    response = HttpResponse(written(document), status=status, content_type=_JSON)
    # Rights and data must show at once.
    response["Cache-Control"] = "no-store"
    return response


def problem(status: int, message: str) -> HttpResponse:
    """An error."""
    return json_answer(sensorthings_error(status, message), status=status)


def property_answer(document: Document, resource: Resource) -> HttpResponse:
    """One property, or its bare value; 204 where it has none."""
    value: Any = (
        document.get("@iot.id") if resource.steps[0] == "id" else document.get(str(resource.steps[0]))
    )
    value = json.loads(written(value))
    for step in resource.steps[1:]:
        value = _below(value, step)
    if value is None:
        return HttpResponse(status=204)
    if not resource.is_value:
        return json_answer({resource.label: value})
    if isinstance(value, str):
        return HttpResponse(value, content_type="text/plain; charset=utf-8")
    is_structure = isinstance(value, dict | list)
    return HttpResponse(written(value), content_type=_JSON if is_structure else "text/plain; charset=utf-8")


def _below(value: Any, step: str | int) -> Any:
    if isinstance(value, dict) and str(step) in value:
        return value[str(step)]
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    raise not_found(str(step)[:60])


def data_array(
    reader: Reader, resource: Resource, options: QueryOptions, documents: list[Document]
) -> list[Document]:
    """Observations as arrays under their datastreams (18-088 clause 12.2)."""
    names = [name for name in options.select if name in OBSERVATION.properties] or list(
        OBSERVATION.properties
    )
    components = ["@iot.id" if name == "id" else name for name in names]
    groups: dict[str, Document] = {}
    for document in documents:
        link = document.pop("_stream")
        group = groups.setdefault(
            link,
            {
                f"{link.partition('(')[0][:-1]}@iot.navigationLink": f"{reader.base}/{link}",
                "components": components,
            },
        )
        group.setdefault("dataArray", []).append([document.get(name) for name in components])
    for group in groups.values():
        group["dataArray@iot.count"] = len(group["dataArray"])
    return list(groups.values())
