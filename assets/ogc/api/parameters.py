"""The query parameters of OGC API - Features, each taken strictly or refused with 400."""

import re
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Collection

from django.http import HttpRequest

from assets.ogc.selectors.cql2_reading import TEXT, read_filter
from assets.ogc.selectors.cql2_sql import condition_of
from assets.ogc.selectors.definitions import CollectionDefinition, FeatureProperty, PropertyType
from assets.ogc.selectors.instants import interval_of_parameter
from assets.ogc.selectors.queries import ItemsQuery, VisibleCollection
from assets.ogc.selectors.reference_systems import CRS84, ReferenceSystem, reference_system
from assets.ogc.selectors.spatial_literals import box_of_text
from gis_core.database.sql_fragments import Fragment
from gis_core.errors import ReportedError

DEFAULT_LIMIT = 100
MAXIMUM_LIMIT = 10_000
FORMATS = ("json", "html")
FORMAT, CURSOR, CRS = "f", "cursor", "crs"
ITEMS_PARAMETERS = (
    FORMAT,
    "limit",
    "bbox",
    "bbox-crs",
    "datetime",
    CRS,
    "filter",
    "filter-lang",
    "filter-crs",
    CURSOR,
)
_CURSOR = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))?")
_TRUTHS = {"true": True, "false": False}


def bad_parameter(name: str, reason: str) -> ReportedError:
    """The error for a parameter that cannot be taken as it is."""
    return ReportedError(f"{name}: {reason}", code="InvalidParameterValue")


def refuse_unknown(
    request: HttpRequest, known: Collection[str], *, may_be_empty: Collection[str] = ()
) -> None:
    """Raise ReportedError for a parameter not in `known`, one given twice, an empty one, or a NUL character."""
    for name, values in request.GET.lists():
        if name not in known:
            raise ReportedError(
                f"{name[:60]!r} is not a parameter here. Known: {', '.join(sorted(known))}.",
                code="InvalidParameterName",
            )
        if len(values) > 1:
            raise bad_parameter(name, "it is given more than once.")
        if "\x00" in values[0]:
            raise bad_parameter(name, "it holds a NUL character.")
        if not values[0].strip() and name not in may_be_empty:
            raise bad_parameter(name, "it is empty; leave it out instead.")


def parameter_properties(collection: CollectionDefinition) -> dict[str, FeatureProperty]:
    """The properties that are parameters of the items, too: all but those a parameter of the standard is named like."""
    return {each.name: each for each in collection.properties if each.name not in ITEMS_PARAMETERS}


def items_query(request: HttpRequest, visible: VisibleCollection) -> ItemsQuery:
    """The query of a request for features; raises ReportedError."""
    collection = visible.definition
    by_property = parameter_properties(collection)
    texts = {name for name, each in by_property.items() if each.kind is PropertyType.STRING}
    refuse_unknown(request, {*ITEMS_PARAMETERS, *by_property}, may_be_empty=texts)
    given = request.GET
    box_system = _system(request, "bbox-crs")
    after_id, _matched = cursor_of(request)
    conditions = [
        _equality(each, str(given[name]), collection) for name, each in by_property.items() if name in given
    ]
    filter_condition = _filter(request, collection)
    return ItemsQuery(
        visible=visible,
        system=_system(request, CRS),
        limit=_limit(given.get("limit")),
        after_id=after_id,
        box=box_of_text(given["bbox"], box_system) if "bbox" in given else None,
        box_system=box_system,
        interval=interval_of_parameter(given["datetime"]) if "datetime" in given else None,
        conditions=(*conditions, *([filter_condition] if filter_condition else [])),
    )


def feature_system(request: HttpRequest) -> ReferenceSystem:
    """The CRS of a request for one feature; raises ReportedError."""
    refuse_unknown(request, {FORMAT, CRS})
    return _system(request, CRS)


def cursor_of(request: HttpRequest) -> tuple[int, int | None]:
    """After which id the page begins, and how many features the first page counted; raises ReportedError."""
    text = request.GET.get(CURSOR)
    if text is None:
        return 0, None
    try:
        decoded = b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
        match = _CURSOR.fullmatch(decoded.decode("ascii"))
    except (Base64Error, ValueError):
        match = None
    if match is None:
        raise bad_parameter(CURSOR, "this is not a cursor of ours; follow the link `next`.")
    after_id, matched = match.groups()
    return int(after_id), None if matched is None else int(matched)


def cursor_text(after_id: int, matched: int | None) -> str:
    """The cursor of the page after a row; it carries the count along, so that one count serves all pages."""
    text = str(after_id) if matched is None else f"{after_id}.{matched}"
    return urlsafe_b64encode(text.encode()).decode()


def _limit(text: str | None) -> int:
    """1 or more; more than the maximum is the maximum, as the standard has it."""
    if text is None:
        return DEFAULT_LIMIT
    if not re.fullmatch(r"[0-9]+", text, re.ASCII) or not text.strip("0"):
        raise bad_parameter("limit", f"{text[:40]!r} is not a whole number from 1.")
    significant = text.lstrip("0")
    return MAXIMUM_LIMIT if len(significant) > 6 else min(int(significant), MAXIMUM_LIMIT)


def _system(request: HttpRequest, name: str) -> ReferenceSystem:
    return reference_system(request.GET.get(name, CRS84), name)


def _filter(request: HttpRequest, collection: CollectionDefinition) -> Fragment | None:
    system = _system(request, "filter-crs")
    # A language that is not ours is wrong with or without a filter.
    language = request.GET.get("filter-lang", TEXT)
    expression = read_filter(request.GET.get("filter", "true"), language)
    return condition_of(expression, collection, system) if "filter" in request.GET else None


def _equality(wanted: FeatureProperty, text: str, collection: CollectionDefinition) -> Fragment:
    """The condition of `?property=value`; raises ReportedError when the value is not of the property's type."""
    value: object = text
    if wanted.kind is PropertyType.BOOLEAN:
        if text not in _TRUTHS:
            raise bad_parameter(wanted.name, f"{text[:40]!r} is neither true nor false.")
        value = _TRUTHS[text]
    elif wanted.kind in (PropertyType.NUMBER, PropertyType.INTEGER):
        if not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", text, re.ASCII):
            raise bad_parameter(wanted.name, f"{text[:40]!r} is not a number.")
        value = float(text)
    elif wanted.kind in (PropertyType.DATE, PropertyType.TIMESTAMP):
        value = {wanted.kind.value: text}
    try:
        return condition_of(
            {"op": "=", "args": [{"property": wanted.name}, value]}, collection, reference_system(CRS84, CRS)
        )
    except ReportedError as error:
        raise bad_parameter(wanted.name, error.message.removeprefix("filter: ")) from None
