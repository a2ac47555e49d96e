"""Vector tiles and their TileJSON, below /tiles/. Plain Django views: a tile passes no serializer.

A tile is named by everything it depends on, and the name is its ETag: what a client has already is answered with 304
from one small query. TileJSON's addresses carry the version (`v`); with the version of the moment a tile may be kept,
without it (or with another) it must be asked for again each time, since rights and edits show at once.
"""

import gzip
import re
from collections.abc import Callable
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags, urlencode
from django.views.decorators.http import require_safe

from assets.networks.selectors.as_of import moment_of
from assets.tiles.api.sessions import find_and_remember, find_for_credential
from assets.tiles.selectors.tiles import FoundTile, tile_query
from assets.tiles.services.tile_cache import DescribedLayer, describe_layer, gzipped_tile
from gis_core.access import NotVisible
from gis_core.errors import ReportedError

_CONTENT_TYPE = "application/vnd.mapbox-vector-tile"
_ASK_AGAIN = "private, no-cache"
# Addresses with the version of the moment never show anything else.
_KEEP = "private, max-age=604800, immutable"
_GZIP_SUFFIX = "-gzip"
_TILE_PATH = re.compile(r"/tiles/([\w-]{1,30})/([0-9]{1,2})/([0-9]{1,7})/([0-9]{1,7})\.pbf")


@require_safe
def tile_view(request: HttpRequest, layer: str, z: int, x: int, y: int) -> HttpResponse:
    """One tile: 401 for strangers; 404 without the right, or for no such layer, tile or network; 400 for a bad date."""
    known = _known_keys(request)
    try:
        query = tile_query(layer, z, x, y, network_code=_text(request, "network"), as_of=_as_of(request))
        found = find_for_credential(request, query, known)
        if found is None:
            if not request.user.is_authenticated:
                return _unauthorized()
            found = find_and_remember(request, query, known)
        return _answer(request, found, None if _is_known(found, known) else gzipped_tile(query, found))
    except NotVisible:
        raise Http404 from None
    except ReportedError as error:
        return _bad(error) if request.user.is_authenticated else _unauthorized()


class TileMiddleware:
    """Answers for a tile whose asker is known again, before anything is done that such an answer has no use for.

    It stands behind SecurityMiddleware. A map asks for thousands of tiles, and the other middleware take longer than
    most of them. Whatever is not that simple goes on to `tile_view`, which answers the same.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        address = _TILE_PATH.fullmatch(request.path_info)
        if address is not None and request.method in ("GET", "HEAD"):
            response = _answer_at_once(request, address[1], int(address[2]), int(address[3]), int(address[4]))
            if response is not None:
                return response
        return self._get_response(request)


def _answer_at_once(request: HttpRequest, layer: str, z: int, x: int, y: int) -> HttpResponse | None:
    known = _known_keys(request)
    try:
        query = tile_query(layer, z, x, y, network_code=_text(request, "network"), as_of=_as_of(request))
        found = find_for_credential(request, query, known)
    except (NotVisible, ReportedError, Http404):
        return None
    if found is None:
        return None
    return _answer(request, found, None if _is_known(found, known) else gzipped_tile(query, found))


def _is_known(found: FoundTile, known: list[str]) -> bool:
    return found.key in known or "*" in known


def _known_keys(request: HttpRequest) -> list[str]:
    etags = parse_etags(request.headers.get("If-None-Match", ""))
    return [value.removeprefix("W/").strip('"').removesuffix(_GZIP_SUFFIX) for value in etags]


def _answer(request: HttpRequest, found: FoundTile, gzipped: bytes | None) -> HttpResponse:
    """The tile, or 304 for None."""
    accepts_gzip = _accepts_gzip(request)
    response: HttpResponse
    if gzipped is None:
        response = HttpResponseNotModified()
    elif accepts_gzip:
        response = HttpResponse(gzipped, content_type=_CONTENT_TYPE)
        response["Content-Encoding"] = "gzip"
    else:
        response = HttpResponse(gzip.decompress(gzipped), content_type=_CONTENT_TYPE)
    if gzipped is not None:
        # The server sends a HEAD's answer without its body.
        response["Content-Length"] = str(len(response.content))
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
    parameters = {name: text for name in ("network", "as_of") if (text := request.GET.get(name)) is not None}
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
