"""Vector tiles and their TileJSON, below /tiles/. Plain Django views: a tile passes no serializer.

A tile is named by everything it depends on, and the name is its ETag: what a client has already is answered with 304 from
one small query. TileJSON's addresses carry the version (`v`); with the version of the moment a tile may be kept, without
it (or with another) it must be asked for again each time, since rights and edits show at once.
"""

import gzip
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags, urlencode
from django.views.decorators.http import require_safe

from assets.api.tile_sessions import find_and_remember, find_for_session
from assets.selectors.as_of import moment_of
from assets.selectors.tiles import tile_query
from assets.services.tile_cache import DescribedLayer, describe_layer, gzipped_tile
from gis_core.access import NotVisible
from gis_core.errors import ReportedError

_CONTENT_TYPE = "application/vnd.mapbox-vector-tile"
_ASK_AGAIN = "private, no-cache"
# Addresses with the version of the moment never show anything else.
_KEEP = "private, max-age=604800, immutable"
_GZIP_SUFFIX = "-gzip"


@require_safe
def tile_view(request: HttpRequest, layer: str, z: int, x: int, y: int) -> HttpResponse:
    """One tile: 401 for strangers; 404 without the right, or for no such layer, tile or network; 400 for a bad date."""
    etags = [value.removeprefix("W/").strip('"') for value in parse_etags(request.headers.get("If-None-Match", ""))]
    known = [value.removesuffix(_GZIP_SUFFIX) for value in etags]
    try:
        query = tile_query(layer, z, x, y, network_code=_text(request, "network"), as_of=_as_of(request))
        found = find_for_session(request, query, known)
        if found is None:
            if not request.user.is_authenticated:
                return _unauthorized()
            found = find_and_remember(request, query, known)
        gzipped = None if found.key in known or "*" in known else gzipped_tile(query, found)
    except NotVisible:
        raise Http404 from None
    except ReportedError as error:
        return _unauthorized() if not request.user.is_authenticated else _bad(error)
    accepts_gzip = _accepts_gzip(request)
    response: HttpResponse
    if gzipped is None:
        response = HttpResponseNotModified()
    elif accepts_gzip:
        response = HttpResponse(gzipped, content_type=_CONTENT_TYPE)
        response["Content-Encoding"] = "gzip"
    else:
        response = HttpResponse(gzip.decompress(gzipped), content_type=_CONTENT_TYPE)
    response["ETag"] = f'"{found.key}{_GZIP_SUFFIX if accepts_gzip else ""}"'
    is_of_this_version = request.GET.get("v") == _version_text(found.version)
    return _guarded(response, _KEEP if is_of_this_version else _ASK_AGAIN)


@require_safe
def tilejson_view(request: HttpRequest, layer: str) -> HttpResponse:
    """TileJSON 3.0.0 of a layer, for map clients; refusals as for a tile."""
    if not request.user.is_authenticated:
        return _unauthorized()
    try:
        described = describe_layer(
            request.user, layer, network_code=_text(request, "network"), as_of=_as_of(request)
        )
    except NotVisible:
        raise Http404 from None
    except ReportedError as error:
        return _bad(error)
    return _guarded(JsonResponse(_tilejson(request, described)))


def _tilejson(request: HttpRequest, described: DescribedLayer) -> dict[str, object]:
    layer = described.query.layer
    # Django would percent-encode the placeholders of the address template, so they are put in afterwards.
    address = request.build_absolute_uri(reverse("tile", args=[layer.name, 0, 0, 0]))
    address = address.removesuffix("0/0/0.pbf") + "{z}/{x}/{y}.pbf"
    parameters = {
        name: text for name in ("network", "as_of") if (text := request.GET.get(name)) is not None
    }
    address += "?" + urlencode({**parameters, "v": _version_text(described.version)})
    document: dict[str, object] = {
        "tilejson": "3.0.0",
        "name": layer.name,
        "description": layer.rules,
        "version": "1.0.0",
        "scheme": "xyz",
        "tiles": [address],
        "minzoom": layer.minimum_zoom,
        "maxzoom": layer.maximum_zoom,
        "vector_layers": [
            {
                "id": layer.name,
                "description": layer.rules,
                "minzoom": layer.minimum_zoom,
                "maxzoom": layer.maximum_zoom,
                "fields": layer.fields,
            }
        ],
    }
    if described.bounds is not None:
        document["bounds"] = list(described.bounds)
    return document


def _unauthorized() -> HttpResponse:
    response = HttpResponse(status=401, content_type="text/plain")
    response["WWW-Authenticate"] = 'Bearer realm="tarmoq", Basic realm="tarmoq"'
    return response


def _bad(error: ReportedError) -> HttpResponse:
    return _guarded(JsonResponse(error.as_dict(), status=400))


def _text(request: HttpRequest, name: str) -> str | None:
    text = request.GET.get(name)
    if text is not None and "\x00" in text:
        raise Http404
    return text


def _as_of(request: HttpRequest) -> datetime | None:
    text = request.GET.get("as_of")
    return None if text is None else moment_of(text)


def _accepts_gzip(request: HttpRequest) -> bool:
    """Whether gzip is among the accepted encodings with a weight above nought."""
    for part in request.headers.get("Accept-Encoding", "").lower().split(","):
        name, _, parameter = part.partition(";")
        if name.strip() in ("gzip", "x-gzip"):
            return parameter.replace(" ", "").rstrip("0") not in ("q=", "q=0.")
    return False


def _version_text(version: str) -> str:
    return version[:16]


def _guarded(response: HttpResponse, cache_control: str = _ASK_AGAIN) -> HttpResponse:
    response["Cache-Control"] = cache_control
    patch_vary_headers(response, ["Cookie", "Authorization", "Accept-Encoding"])
    return response
