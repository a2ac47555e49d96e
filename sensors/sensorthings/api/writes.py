"""POST, PATCH, PUT and DELETE."""

from typing import Any

from django.db import transaction
from django.http import HttpResponse

from sensors.sensorthings.api.answers import json_answer
from sensors.sensorthings.selectors.documents import document, written_id
from sensors.sensorthings.selectors.errors import StaError
from sensors.sensorthings.selectors.options import QueryOptions
from sensors.sensorthings.selectors.paths import Resource, resolve
from sensors.sensorthings.selectors.reading import Reader
from sensors.sensorthings.selectors.schema import OBSERVATION
from sensors.sensorthings.services.changes import change, patch
from sensors.sensorthings.services.creation import create, parent_links
from sensors.sensorthings.services.data_arrays import create_observations
from sensors.sensorthings.services.deletion import delete
from sensors.sensorthings.services.values import parsed
from sensors.sensorthings.services.writer import Writer

_JSON_PATCH = "application/json-patch+json"


def write(reader: Reader, method: str, path: str, request: Any) -> HttpResponse:
    """Carry out a request that changes something, in one transaction."""
    if method == "OPTIONS":
        response = HttpResponse(status=204)
        response["Allow"] = "GET, HEAD, POST, PATCH, PUT, DELETE, OPTIONS"
        return response
    with transaction.atomic():
        writer = Writer(reader)
        response = _written(writer, method, path, request)
        writer.send_notices()
    return response


def _written(writer: Writer, method: str, path: str, request: Any) -> HttpResponse:
    if path == "CreateObservations":
        _allow(method, "POST")
        links = create_observations(writer, parsed(request.body))
        return json_answer(links, status=201)
    if not path:
        _allow(method, "GET")
    resource = resolve(writer.reader, path)
    if resource.is_set and not resource.is_reference and not resource.is_count:
        _allow(method, "POST")
        return _posted(writer, resource, parsed(request.body))
    if resource.steps or resource.is_reference or resource.is_count:
        _allow(method, "GET")
    _allow(method, "PATCH", "PUT", "DELETE")
    if method == "DELETE":
        delete(writer, resource.entity, resource.entity_id)
        return HttpResponse(status=200)
    body = parsed(request.body)
    if method == "PATCH" and request.content_type == _JSON_PATCH:
        patch(writer, resource.entity, resource.entity_id, body)
    else:
        change(writer, resource.entity, resource.entity_id, body, is_whole=method == "PUT")
    return json_answer(writer.reader.one(resource.entity, resource.entity_id, QueryOptions()))


def _allow(method: str, *allowed: str) -> None:
    if method not in allowed:
        raise StaError(f"{method} is not possible there; {', '.join(allowed)} is.", status=405)


def _posted(writer: Writer, resource: Resource, body: Any) -> HttpResponse:
    links = parent_links(writer, resource.parent)
    entity_id = create(writer, resource.entity, body, links=links)
    base = writer.reader.base
    said = writer.said.get(entity_id) if resource.entity is OBSERVATION else None
    made = (
        document(resource.entity, said, QueryOptions(), base)
        if said is not None
        else writer.reader.one(resource.entity, entity_id, QueryOptions())
    )
    answer = json_answer(made or {}, status=201)
    answer["Location"] = f"{base}/{resource.entity.plural}({written_id(entity_id)})"
    return answer
