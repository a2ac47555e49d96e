"""The JSON documents of the API: landing page, conformance, collections and queryables."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from assets.ogc.api.parameters import FORMAT
from assets.ogc.selectors.definitions import (
    GEOMETRY_NAME,
    CollectionDefinition,
    FeatureProperty,
    PropertyType,
)
from assets.ogc.selectors.queries import VisibleCollection, extent_of
from assets.ogc.selectors.reference_systems import CRS84, reference_systems

JSON, HTML = "application/json", "text/html"
GEOJSON, SCHEMA_JSON = "application/geo+json", "application/schema+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
QUERYABLES_RELATION = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
TITLE = "Tarmoq: features of the utility networks"
DESCRIPTION = (
    "Pipes, nodes, devices, zones and what lies around them, for the divisions of whoever asks. "
    "Log in by session, or send an API token as Bearer or as the password of Basic."
)
Document = dict[str, Any]

_FEATURES_1 = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf"
_FEATURES_2 = "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf"
_FEATURES_3 = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf"
_CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf"
# Each of these is tested requirement by requirement in tests/assets/ogc.
CONFORMANCE_CLASSES = [
    *(f"{_FEATURES_1}/{name}" for name in ("core", "oas30", "html", "geojson")),
    f"{_FEATURES_2}/crs",
    *(
        f"{_FEATURES_3}/{name}"
        for name in ("queryables", "queryables-query-parameters", "filter", "features-filter")
    ),
    *(
        f"{_CQL2}/{name}"
        for name in (
            "basic-cql2",
            "advanced-comparison-operators",
            "case-insensitive-comparison",
            "accent-insensitive-comparison",
            "basic-spatial-functions",
            "basic-spatial-functions-plus",
            "spatial-functions",
            "temporal-functions",
            "property-property",
            "arithmetic",
            "cql2-text",
            "cql2-json",
        )
    ),
]


def address(request: HttpRequest, name: str, *arguments: object, query: str = "") -> str:
    """The absolute address of one of our resources."""
    built = request.build_absolute_uri(reverse(name, args=arguments))
    return f"{built}?{query}" if query else built


def link(href: str, rel: str, type_: str, title: str) -> dict[str, str]:
    """A link as RFC 8288 and the standard write it."""
    return {"href": href, "rel": rel, "type": type_, "title": title}


def self_and_alternate(request: HttpRequest, type_: str, *, is_html: bool = False) -> list[dict[str, str]]:
    """Links to this document as it is, and in the other form."""
    parameters = request.GET.copy()
    forms = []
    for name, media_type in (("json", type_), ("html", HTML)):
        parameters[FORMAT] = name
        forms.append(
            (name, media_type, f"{request.build_absolute_uri(request.path)}?{parameters.urlencode()}")
        )
    return [
        link(
            href,
            "self" if (name == "html") is is_html else "alternate",
            media_type,
            f"This document as {name.upper()}",
        )
        for name, media_type, href in forms
    ]


def landing_document(request: HttpRequest) -> Document:
    return {
        "title": TITLE,
        "description": DESCRIPTION,
        "links": [
            *self_and_alternate(request, JSON),
            link(
                address(request, "ogc-api"), "service-desc", OPENAPI, "Definition of this API (OpenAPI 3.0)"
            ),
            link(address(request, "ogc-api", query="f=html"), "service-doc", HTML, "Description of this API"),
            link(address(request, "ogc-conformance"), "conformance", JSON, "What this API conforms to"),
            link(address(request, "ogc-collections"), "data", JSON, "The collections"),
        ],
    }


def conformance_document(request: HttpRequest) -> Document:
    return {"conformsTo": CONFORMANCE_CLASSES, "links": self_and_alternate(request, JSON)}


def collections_document(request: HttpRequest, collections: list[VisibleCollection]) -> Document:
    return {
        "links": self_and_alternate(request, JSON),
        "crs": list(reference_systems()),
        "collections": [collection_description(request, each) for each in collections],
    }


def collection_document(request: HttpRequest, visible: VisibleCollection) -> Document:
    described = collection_description(request, visible)
    described["links"] = [
        *self_and_alternate(request, JSON),
        *(each for each in described["links"] if each["rel"] != "self"),
        link(address(request, "ogc-collections"), "up", JSON, "All collections"),
    ]
    return described


def collection_description(request: HttpRequest, visible: VisibleCollection) -> Document:
    """A collection as it stands in the list of all."""
    collection = visible.definition
    items = address(request, "ogc-items", collection.id)
    described: Document = {
        "id": collection.id,
        "title": collection.title,
        "description": collection.description,
        "itemType": "feature",
        "crs": list(reference_systems()),
        "storageCrs": CRS84,
        "links": [
            link(address(request, "ogc-collection", collection.id), "self", JSON, collection.title),
            link(f"{items}?f=json", "items", GEOJSON, f"{collection.title} as GeoJSON"),
            link(f"{items}?f=html", "items", HTML, f"{collection.title} as HTML"),
            link(
                address(request, "ogc-queryables", collection.id),
                QUERYABLES_RELATION,
                SCHEMA_JSON,
                "What can be asked for in filters",
            ),
        ],
    }
    extent = _extent(visible)
    if extent:
        described["extent"] = extent
    return described


def _extent(visible: VisibleCollection) -> Document:
    found = extent_of(visible)
    document: Document = {}
    if found is not None and found.box is not None:
        document["spatial"] = {"bbox": [list(found.box)], "crs": CRS84}
    if found is not None and found.has_times:
        document["temporal"] = {
            "interval": [[found.start, found.end]],
            "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
        }
    return document


def queryables_document(request: HttpRequest, collection: CollectionDefinition) -> Document:
    """JSON Schema of what filters may name."""
    geometry = "any" if collection.geometry_type == "Geometry" else collection.geometry_type.lower()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": address(request, "ogc-queryables", collection.id),
        "type": "object",
        "title": collection.title,
        "description": collection.description,
        "properties": {
            GEOMETRY_NAME: {
                "title": "Geometry",
                "x-ogc-role": "primary-geometry",
                "format": f"geometry-{geometry}",
                "$ref": f"https://geojson.org/schema/{collection.geometry_type}.json",
            },
            **{each.name: schema_of(each) for each in collection.properties},
        },
        "additionalProperties": False,
    }


_TYPES: Mapping[PropertyType, dict[str, str]] = {
    PropertyType.STRING: {"type": "string"},
    PropertyType.NUMBER: {"type": "number"},
    PropertyType.INTEGER: {"type": "integer"},
    PropertyType.BOOLEAN: {"type": "boolean"},
    PropertyType.DATE: {"type": "string", "format": "date"},
    PropertyType.TIMESTAMP: {"type": "string", "format": "date-time"},
}


def schema_of(described: FeatureProperty) -> Document:
    """JSON Schema of one property."""
    schema: Document = {"title": described.title, **_TYPES[described.kind]}
    if described.values:
        schema["enum"] = list(described.values)
    return schema
