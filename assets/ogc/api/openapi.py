"""The API's definition as OpenAPI 3.0: every address of every collection, with all it takes and answers."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from assets.ogc.api.documents import (
    DESCRIPTION,
    GEOJSON,
    HTML,
    JSON,
    OPENAPI,
    SCHEMA_JSON,
    TITLE,
    address,
    schema_of,
)
from assets.ogc.api.parameters import DEFAULT_LIMIT, MAXIMUM_LIMIT, parameter_properties
from assets.ogc.selectors.cql2_reading import LANGUAGES, TEXT
from assets.ogc.selectors.definitions import CollectionDefinition
from assets.ogc.selectors.reference_systems import CRS84, reference_systems
from gis_core.api.problems import PROBLEM

Document = dict[str, Any]


def openapi_document(request: HttpRequest, collections: list[CollectionDefinition]) -> Document:
    """The definition for a viewer who sees these collections."""
    return {
        "openapi": "3.0.3",
        "info": {"title": TITLE, "description": DESCRIPTION, "version": "1"},
        "servers": [{"url": address(request, "ogc-landing").rstrip("/")}],
        "security": [{"basic": []}, {"bearer": []}, {"session": []}],
        "tags": [{"name": each.id, "description": each.title} for each in collections],
        "paths": _paths(collections),
        "components": {
            "parameters": _parameters(),
            "responses": _error_responses(),
            "schemas": _schemas(),
            "securitySchemes": {
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "User and password, or the API token as password",
                },
                "bearer": {"type": "http", "scheme": "bearer", "description": "The API token"},
                "session": {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME},
            },
        },
    }


def _paths(collections: list[CollectionDefinition]) -> Document:
    paths: Document = {
        "/": _operation("landing", "The landing page", {JSON: "landing", HTML: None}),
        "/conformance": _operation(
            "conformance", "What this API conforms to", {JSON: "conformance", HTML: None}
        ),
        "/api": _operation("definition", "This document", {OPENAPI: "any", HTML: None}),
        "/collections": _operation("collections", "The collections", {JSON: "collections", HTML: None}),
    }
    for collection in collections:
        paths.update(_collection_paths(collection))
    return paths


def _collection_paths(collection: CollectionDefinition) -> Document:
    id_, title = collection.id, collection.title
    below = f"/collections/{id_}"
    return {
        below: _operation(
            f"{id_}.describe", f"{title}: description", {JSON: "collection", HTML: None}, tag=id_
        ),
        f"{below}/queryables": _operation(
            f"{id_}.queryables", f"{title}: what filters may name", {SCHEMA_JSON: "any", HTML: None}, tag=id_
        ),
        f"{below}/items": _operation(
            f"{id_}.items",
            f"{title}: features, page by page",
            {GEOJSON: "features", HTML: None},
            [
                # Written out, not referred to: GDAL looks for them here.
                *(each for name, each in _parameters().items() if name not in ("f", "featureId")),
                *(
                    _query(name, schema_of(each), each.title)
                    for name, each in parameter_properties(collection).items()
                ),
            ],
            tag=id_,
        ),
        f"{below}/items/{{featureId}}": _operation(
            f"{id_}.item",
            f"{title}: one feature",
            {GEOJSON: "feature", HTML: None},
            [_reference("parameters", "featureId"), _reference("parameters", "crs")],
            tag=id_,
        ),
    }


def _operation(
    name: str,
    summary: str,
    contents: dict[str, str | None],
    parameters: list[Document] | None = None,
    *,
    tag: str | None = None,
) -> Document:
    content = {
        media_type: {"schema": {"type": "string"} if schema is None else _reference("schemas", schema)}
        for media_type, schema in contents.items()
    }
    operation: Document = {
        "operationId": name,
        "summary": summary,
        "parameters": [*(parameters or []), _reference("parameters", "f")],
        "responses": {
            "200": {"description": summary, "content": content},
            **{
                status: _reference("responses", response)
                for status, response in (
                    ("400", "InvalidParameter"),
                    ("401", "Unauthorized"),
                    ("404", "NotFound"),
                    ("405", "MethodNotAllowed"),
                    ("406", "NotAcceptable"),
                    ("500", "ServerError"),
                    ("503", "TooExpensive"),
                )
            },
        },
    }
    if tag is not None:
        operation["tags"] = [tag]
    return {"get": operation}


def _reference(kind: str, name: str) -> Document:
    return {"$ref": f"#/components/{kind}/{name}"}


def _query(name: str, schema: Document, description: str) -> Document:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
        "style": "form",
        "explode": False,
    }


def _parameters() -> Document:
    uri = {"type": "string", "format": "uri", "enum": list(reference_systems()), "default": CRS84}
    return {
        "f": _query(
            "f", {"type": "string", "enum": ["json", "html"]}, "Form of the answer; else by the header Accept"
        ),
        "limit": _query(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": MAXIMUM_LIMIT, "default": DEFAULT_LIMIT},
            "How many features a page has at most",
        ),
        "bbox": _query(
            "bbox",
            {
                "type": "array",
                "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
                "items": {"type": "number"},
            },
            "Only features that meet this box, in the axis order of bbox-crs",
        ),
        "bbox-crs": _query("bbox-crs", uri, "The CRS of bbox"),
        "crs": _query("crs", uri, "The CRS of the answer"),
        "datetime": _query(
            "datetime",
            {"type": "string"},
            "Only features whose time meets this instant or interval of RFC 3339",
        ),
        "filter": _query("filter", {"type": "string"}, "A condition in CQL2"),
        "filter-lang": _query(
            "filter-lang",
            {"type": "string", "enum": list(LANGUAGES), "default": TEXT},
            "The encoding of filter",
        ),
        "filter-crs": _query("filter-crs", uri, "The CRS of the geometries in filter"),
        "cursor": _query("cursor", {"type": "string"}, "Where the page begins; taken from the link next"),
        "featureId": {
            "name": "featureId",
            "in": "path",
            "required": True,
            "description": "The id of a feature",
            "schema": {"type": "string"},
        },
    }


def _error_responses() -> Document:
    described = {
        "InvalidParameter": "A parameter is unknown or its value is wrong; the answer says which and why",
        "Unauthorized": "Log in, or send an API token",
        "NotFound": "There is no such resource, or not for this viewer",
        "MethodNotAllowed": "Resources are only read here",
        "NotAcceptable": "None of the forms asked for is there",
        "ServerError": "An error of the server",
        "TooExpensive": "The answer would have taken too long; ask for less",
    }
    content = {PROBLEM: {"schema": _reference("schemas", "exception")}}
    return {name: {"description": text, "content": content} for name, text in described.items()}


def _schemas() -> Document:
    links = {"type": "array", "items": _reference("schemas", "link")}
    text = {"type": "string"}
    count = {"type": "integer", "minimum": 0}
    feature_properties = {
        "type": {"type": "string", "enum": ["Feature"]},
        "id": {"type": "string", "format": "uuid"},
        "geometry": {"type": "object", "nullable": True},
        "properties": {"type": "object", "nullable": True},
        "links": links,
    }
    return {
        "any": {"type": "object"},
        "exception": _object(["code"], code=text, description=text, title=text, status={"type": "integer"}),
        "link": _object(["href", "rel", "type"], href=text, rel=text, type=text, title=text),
        "landing": _object(["links"], title=text, description=text, links=links),
        "conformance": _object(["conformsTo"], conformsTo={"type": "array", "items": text}),
        "collection": _object(
            ["id", "links"],
            id=text,
            title=text,
            description=text,
            itemType=text,
            crs={"type": "array", "items": text},
            storageCrs=text,
            extent={"type": "object"},
            links=links,
        ),
        "collections": _object(
            ["links", "collections"],
            links=links,
            crs={"type": "array", "items": text},
            collections={"type": "array", "items": _reference("schemas", "collection")},
        ),
        "feature": {
            "type": "object",
            "required": ["type", "geometry", "properties"],
            "properties": feature_properties,
        },
        "features": _object(
            ["type", "features"],
            type={"type": "string", "enum": ["FeatureCollection"]},
            features={"type": "array", "items": _reference("schemas", "feature")},
            links=links,
            timeStamp={"type": "string", "format": "date-time"},
            numberMatched=count,
            numberReturned=count,
        ),
    }


def _object(required: list[str], **properties: Document) -> Document:
    return {"type": "object", "required": required, "properties": properties}
