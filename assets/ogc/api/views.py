"""OGC API - Features, Parts 1 to 3, below /ogc/. Plain Django views: a feature passes no serializer."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from assets.ogc.api.answers import is_html_wanted, json_answer, page_answer, resource
from assets.ogc.api.documents import (
    CONFORMANCE_CLASSES,
    GEOJSON,
    HTML,
    JSON,
    OPENAPI,
    QUERYABLES_RELATION,
    SCHEMA_JSON,
    address,
    collection_document,
    collections_document,
    conformance_document,
    landing_document,
    link,
    queryables_document,
    self_and_alternate,
)
from assets.ogc.api.openapi import openapi_document
from assets.ogc.api.outline import outline_of
from assets.ogc.api.parameters import (
    CURSOR,
    FORMAT,
    cursor_of,
    cursor_text,
    feature_system,
    items_query,
    refuse_unknown,
)
from assets.ogc.selectors.queries import (
    FeaturePage,
    ItemsQuery,
    collection_visible_to,
    collections_visible_to,
    feature_of,
    number_matched,
    page_of,
)
from gis_core.access import NotVisible

_JSON_TYPES = (JSON,)
_GEOJSON_TYPES = (GEOJSON, JSON)


@resource
def landing(request: HttpRequest) -> HttpResponse:
    """Where clients begin."""
    refuse_unknown(request, {FORMAT})
    is_html = is_html_wanted(request, _JSON_TYPES)
    document = landing_document(request)
    return page_answer(request, "landing", document=document) if is_html else json_answer(document)


@resource
def conformance(request: HttpRequest) -> HttpResponse:
    """What of the standards is kept."""
    refuse_unknown(request, {FORMAT})
    if is_html_wanted(request, _JSON_TYPES):
        return page_answer(request, "conformance", classes=CONFORMANCE_CLASSES)
    return json_answer(conformance_document(request))


@resource
def api_definition(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3.0, and as HTML a readable list of the same."""
    refuse_unknown(request, {FORMAT})
    is_html = is_html_wanted(request, (OPENAPI, "application/openapi+json;version=3.0", JSON))
    document = openapi_document(request, [each.definition for each in collections_visible_to(request.user)])
    if is_html:
        return page_answer(request, "api", document=document, operations=_operations(document))
    return json_answer(document, OPENAPI)


def _operations(document: dict[str, object]) -> list[dict[str, object]]:
    paths: dict[str, dict[str, dict[str, object]]] = document["paths"]  # type: ignore[assignment]
    return [{"path": path, **operations["get"]} for path, operations in paths.items()]


@resource
def collections(request: HttpRequest) -> HttpResponse:
    """All collections."""
    refuse_unknown(request, {FORMAT})
    is_html = is_html_wanted(request, _JSON_TYPES)
    document = collections_document(request, collections_visible_to(request.user))
    return page_answer(request, "collections", document=document) if is_html else json_answer(document)


@resource
def collection(request: HttpRequest, collection_id: str) -> HttpResponse:
    """One collection: what it is, its extent, its CRSs and where its features are."""
    visible = collection_visible_to(request.user, collection_id)
    refuse_unknown(request, {FORMAT})
    is_html = is_html_wanted(request, _JSON_TYPES)
    document = collection_document(request, visible)
    if is_html:
        return page_answer(request, "collection", document=document, properties=visible.definition.properties)
    return json_answer(document)


@resource
def queryables(request: HttpRequest, collection_id: str) -> HttpResponse:
    """What filters may name, as JSON Schema."""
    visible = collection_visible_to(request.user, collection_id)
    refuse_unknown(request, {FORMAT})
    is_html = is_html_wanted(request, (SCHEMA_JSON, JSON))
    document = queryables_document(request, visible.definition)
    if is_html:
        return page_answer(request, "queryables", document=document, collection=visible.definition)
    return json_answer(document, SCHEMA_JSON)


@resource
def items(request: HttpRequest, collection_id: str) -> HttpResponse:
    """A page of features."""
    visible = collection_visible_to(request.user, collection_id)
    query = items_query(request, visible)
    is_html = is_html_wanted(request, _GEOJSON_TYPES)
    page = page_of(query)
    matched = _matched(request, query, page)

    def rest() -> dict[str, Any]:
        """What stands behind the features, known once they are written."""
        return {
            "timeStamp": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "numberReturned": page.returned,
            **({} if matched is None else {"numberMatched": matched}),
            "links": [
                *self_and_alternate(request, GEOJSON, is_html=is_html),
                *_page_links(request, query, page, matched, is_html),
            ],
        }

    if page.is_long and not is_html:
        # The first piece is made at once, so that what fails is told; the others while they are sent.
        parts = _document(page, rest)
        response: Any = StreamingHttpResponse(chain([next(parts)], parts), content_type=GEOJSON)
        linked = _collection_links(request, query)
    else:
        features = b",".join(page.pieces()).decode()
        told = rest()
        linked = told["links"]
        if is_html:
            response = _items_page(request, query, features, told)
        else:
            response = HttpResponse(_written(features, told), content_type=GEOJSON)
    response["Content-Crs"] = f"<{query.system.uri}>"
    # Where a long page ends is known only at its end: there the next one is named in the document alone.
    response["Link"] = ", ".join(
        f'<{each["href"]}>; rel="{each["rel"]}"; type="{each["type"]}"'
        for each in linked
        if each["rel"] in ("next", QUERYABLES_RELATION)
    )
    return response  # type: ignore[no-any-return]


_HEAD = '{"type":"FeatureCollection","features":['


def _written(features: str, rest: dict[str, Any]) -> str:
    """The features are the database's own text, sent as it is."""
    return f"{_HEAD}{features}],{json.dumps(rest)[1:]}"


def _document(page: FeaturePage, rest: Callable[[], dict[str, Any]]) -> Iterator[bytes]:
    """The same, piece by piece."""
    before = _HEAD
    for piece in page.pieces():
        yield before.encode() + piece
        before = ","
    yield f"{_HEAD if before == _HEAD else ''}],{json.dumps(rest())[1:]}".encode()


def _items_page(request: HttpRequest, query: ItemsQuery, written: str, rest: dict[str, Any]) -> HttpResponse:
    features = json.loads(f"[{written}]")
    outline = outline_of(
        [feature["geometry"] for feature in features],
        is_northing_first=query.system.is_northing_first,
        is_geographic=query.system.is_geographic,
    )
    return page_answer(
        request,
        "items",
        collection=query.visible.definition,
        features=features,
        document=rest,
        outline=outline,
    )


def _matched(request: HttpRequest, query: ItemsQuery, page: FeaturePage) -> int | None:
    """The number of all features matched: counted for the first page, which hands it on to those that follow."""
    if query.after_id:
        return cursor_of(request)[1]
    return len(page.ids) if page.next_after_id is None else number_matched(query)


def _page_links(
    request: HttpRequest, query: ItemsQuery, page: FeaturePage, matched: int | None, is_html: bool
) -> list[dict[str, str]]:
    links = _collection_links(request, query)
    if page.next_after_id is not None:
        parameters = request.GET.copy()
        parameters[CURSOR] = cursor_text(page.next_after_id, matched)
        next_address = address(
            request, "ogc-items", query.visible.definition.id, query=parameters.urlencode()
        )
        links.append(link(next_address, "next", HTML if is_html else GEOJSON, "The next page"))
    return links


def _collection_links(request: HttpRequest, query: ItemsQuery) -> list[dict[str, str]]:
    collection_id = query.visible.definition.id
    return [
        link(address(request, "ogc-collection", collection_id), "collection", JSON, "The collection"),
        link(
            address(request, "ogc-queryables", collection_id),
            QUERYABLES_RELATION,
            SCHEMA_JSON,
            "What can be asked for in filters",
        ),
    ]


@resource
def item(request: HttpRequest, collection_id: str, feature_id: str) -> HttpResponse:
    """One feature."""
    visible = collection_visible_to(request.user, collection_id)
    try:
        uid = UUID(feature_id)
    except ValueError:
        raise NotVisible("no id of ours") from None
    if str(uid) != feature_id.lower():
        raise NotVisible("another way to write an id is not an id")
    system = feature_system(request)
    is_html = is_html_wanted(request, _GEOJSON_TYPES)
    feature = json.loads(feature_of(visible, uid, system))
    feature["links"] = [
        *self_and_alternate(request, GEOJSON, is_html=is_html),
        link(address(request, "ogc-collection", collection_id), "collection", JSON, visible.definition.title),
    ]
    if is_html:
        response = page_answer(request, "item", collection=visible.definition, feature=feature)
    else:
        response = json_answer(feature, GEOJSON)
    response["Content-Crs"] = f"<{system.uri}>"
    return response
