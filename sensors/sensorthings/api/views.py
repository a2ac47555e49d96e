"""OGC SensorThings API 1.1 over HTTP."""

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework.authentication import CSRFCheck

from gis_core.access import NotVisible
from gis_core.errors import ReportedError
from gis_core.second_wall import enter_scope_of_division
from sensors.sensorthings.api.answers import data_array, json_answer, problem, property_answer
from sensors.sensorthings.api.conformance import service_root
from sensors.sensorthings.api.writes import write
from sensors.sensorthings.selectors.documents import Document, written_id
from sensors.sensorthings.selectors.errors import StaError, not_found
from sensors.sensorthings.selectors.options import QueryOptions, parse_query
from sensors.sensorthings.selectors.paths import Resource, resolve
from sensors.sensorthings.selectors.reading import Reader
from sensors.sensorthings.selectors.scope import Scope

_LOG = logging.getLogger(__name__)
ROOT = "/sta/v1.1"
_READING = {"GET", "HEAD"}
# Characters of a path that stay as they are in a link.
_PATH = "/()',$!*:@="
# A query that takes longer is refused, so that a few of them cannot hold all workers.
_STATEMENT_TIMEOUT_MS = 30_000


@csrf_exempt
def sensorthings(request: HttpRequest, resource: str | None = None) -> HttpResponse:
    """Any request below /sta/v1.1/. Errors are {"code", "type", "message"}; what is not visible is 404."""
    scope = Scope(request.user)  # type: ignore[arg-type]
    if scope.anonymous_division is not None:
        enter_scope_of_division(scope.anonymous_division.pk)
    refusal = _refusal(request, scope)
    if refusal is not None:
        return refusal
    base = request.build_absolute_uri(ROOT)
    return answered(lambda: respond(scope, base, request.method or "", resource or "", request))


def answered(work: Callable[[], HttpResponse]) -> HttpResponse:  # noqa: PLR0911
    """The answer, with errors told in the standard's form."""
    try:
        return work()
    except StaError as error:
        return problem(error.status, error.message)
    except NotVisible:
        return problem(404, "There is nothing here.")
    except ReportedError as error:
        return problem(400, error.message)
    except RequestDataTooBig:
        return problem(413, "The body is too large.")
    except RecursionError:
        return problem(400, "This is nested too deeply.")
    except OperationalError as error:
        if "statement timeout" in str(error):
            return problem(400, "This takes too long; ask for a shorter span of time or fewer entities.")
        raise
    except DatabaseError as error:
        # Arithmetic that overflows, text that is no time: known only once the database computes it.
        _LOG.info("SensorThings request that the database refused: %s", error)
        return problem(400, "This cannot be computed or stored.")


def respond(scope: Scope, base: str, method: str, path: str, request: Any) -> HttpResponse:
    """Carry a request out. `request` has `META["QUERY_STRING"]`, `content_type` and `body`."""
    reader = Reader(scope, base)
    path = path.strip("/")
    if method in _READING:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {_STATEMENT_TIMEOUT_MS}")
            return _read(reader, path, request.META.get("QUERY_STRING", ""))
    return write(reader, method, path, request)


def _refusal(request: HttpRequest, scope: Scope) -> HttpResponse | None:
    if scope.user is None and scope.anonymous_division is None:
        response = problem(401, "Send an API token as Bearer or as the password of Basic.")
        response["WWW-Authenticate"] = 'Basic realm="tarmoq", Bearer realm="tarmoq"'
        return response
    if not scope.may_read:
        return problem(404, "There is nothing here.")
    if request.method in _READING | {"OPTIONS"}:
        return None
    if scope.user is not None and not hasattr(request, "token_user") and _fails_csrf(request):
        return problem(403, "A session writes with a CSRF token only.")
    return None if scope.may_write else problem(403, "You may not write here.")


def _fails_csrf(request: HttpRequest) -> bool:
    check = CSRFCheck(lambda _request: HttpResponse())
    check.process_request(request)
    # Without a view, since ours is exempt from the check that comes before we know who asks.
    return check.process_view(request, None, (), {}) is not None  # type: ignore[arg-type]


def _read(reader: Reader, path: str, query: str) -> HttpResponse:
    if not path:
        return json_answer(service_root(reader.base))
    resource = resolve(reader, path)
    options = parse_query(query, resource.entity)
    if resource.is_count:
        return _counted(reader, resource, options)
    if resource.is_set:
        return _set(reader, resource, options, path)
    if resource.steps:
        return property_answer(_entity(reader, resource, QueryOptions()), resource)
    if resource.is_reference:
        return json_answer({"@iot.selfLink": self_link(reader.base, resource)})
    _refuse_set_options(options)
    return json_answer(_entity(reader, resource, options))


def self_link(base: str, resource: Resource) -> str:
    return f"{base}/{resource.entity.plural}({written_id(resource.entity_id)})"


def _entity(reader: Reader, resource: Resource, options: QueryOptions) -> Document:
    found = reader.one(resource.entity, resource.entity_id, options)
    if found is None:
        raise not_found(resource.entity.name)
    return found


def _refuse_set_options(options: QueryOptions) -> None:
    """One entity has nothing to be filtered, ordered or paged."""
    wrong = set(options.raw) - {"$select", "$expand"}
    if wrong:
        raise StaError(f"{min(wrong)} is for sets of entities.")


def _set(reader: Reader, resource: Resource, options: QueryOptions, path: str) -> HttpResponse:
    if resource.is_reference:
        options = QueryOptions(
            **{**options.__dict__, "select": ("selfLink",), "expand": {}},
        )
    documents, has_more, count = reader.page(resource.entity, options, parent=resource.parent)
    answer: Document = {}
    if count is not None:
        answer["@iot.count"] = count
    if has_more and options.page_size > 0:
        answer["@iot.nextLink"] = f"{reader.base}/{quote(path, safe=_PATH)}?{options.next_page()}"
    if options.result_format == "dataArray":
        answer["value"] = data_array(reader, resource, options, documents)
    else:
        answer["value"] = documents
    return json_answer(answer)


def _counted(reader: Reader, resource: Resource, options: QueryOptions) -> HttpResponse:
    counted = QueryOptions(filter=options.filter, top=0, count=True)
    _documents, _more, count = reader.page(resource.entity, counted, parent=resource.parent)
    return HttpResponse(str(count), content_type="text/plain")
