"""Rows of elements for a table: one query for a page and the count of all, whatever is filtered and sorted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from assets.editing.services.attributes import DETAIL_OF_KIND
from assets.models import Network, Zone
from assets.workbench.selectors.attributes import (
    NODE_CLASS,
    PIPE_CLASS,
    ElementAttribute,
    attributes_of,
)
from assets.workbench.selectors.element_filters import ElementFilter, condition_of, order_of, table_of
from gis_core.database.sql_fragments import Fragment, bound, filled, joined

MAXIMUM_ROWS = 1000
# Beyond it a count says that there are at least so many.
COUNTED = 1_000_000
# More zones than that are typed, not chosen.
MAXIMUM_CHOICES = 500

# In the order in which they are joined.
_JOINS: Mapping[str, str] = {
    "start_node": "JOIN assets_node start_node ON start_node.id = pipe.start_node_id",
    "line": "LEFT JOIN assets_linedetail line ON line.pipe_id = pipe.id",
    # The breaks of assets_pipecondition, for all pipes of the network at once.
    "broken": """LEFT JOIN (
        SELECT attachment.pipe_id, count(*) AS breaks
          FROM assets_leakrecord leak JOIN assets_attachment attachment ON attachment.id = leak.attachment_id
         WHERE leak.network_id = {} AND leak.state <> 'rejected'
           AND leak.kind IN ('main_burst', 'main_leak', 'joint', 'unknown')
           AND leak.reported_at > now() - interval '10 years'
         GROUP BY attachment.pipe_id) broken ON broken.pipe_id = pipe.id""",
}
# Of two kinds of places: {table} and {source} are our own names, {{}} is filled with fragments.
_PAGE = """
WITH counted AS (SELECT count(*) AS number FROM (SELECT 1 {{}} LIMIT {{}}) one),
page AS MATERIALIZED (
    SELECT {table}.id, row_number() OVER (ORDER BY {{}}) AS place {{}} ORDER BY {{}} LIMIT {{}} OFFSET {{}}
)
SELECT counted.number, shown.*
  FROM counted
  LEFT JOIN (SELECT page.place, {{}} FROM page JOIN {source} {table} ON {table}.id = page.id {{}}) shown ON true
 ORDER BY shown.place
"""
_TABLES = {"pipe": "assets_pipe", "node": "assets_node"}
# What every row begins with, whatever is asked for.
_OWN = ("uid", "class", "kind", "code", "version", "lon", "lat", "bbox")
_OWN_COLUMNS = {
    "pipe": """pipe.uid::text, 'pipe', 'pipe', pipe.code, pipe.version,
        ST_X(ST_LineInterpolatePoint(pipe.geom, 0.5)), ST_Y(ST_LineInterpolatePoint(pipe.geom, 0.5)),
        ARRAY[ST_XMin(pipe.geom), ST_YMin(pipe.geom), ST_XMax(pipe.geom), ST_YMax(pipe.geom)]""",
    "node": """node.uid::text, 'node', node.kind, node.code, node.version, ST_X(node.geom), ST_Y(node.geom),
        ARRAY[ST_X(node.geom), ST_Y(node.geom), ST_X(node.geom), ST_Y(node.geom)]""",
}


@dataclass(frozen=True)
class ElementPage:
    """`count` of all that the filter finds (`is_counted` False: there are more), and a page of rows in order.

    A row is a dict: uid, class (pipe or node), kind, code, version, lon, lat (its middle), bbox, and the attributes.
    """

    count: int
    is_counted: bool
    rows: list[dict[str, Any]]


def element_page(network: Network, asked: ElementFilter, *, offset: int, limit: int) -> ElementPage:
    """A page of the network's elements; raises ReportedError (bad_class, bad_filter)."""
    attributes = attributes_of(asked.element_class, network.commodity)
    order = order_of(asked, network.commodity)
    table = table_of(asked.element_class)
    found = _found(network, asked, joined("", ()))
    page = _found(network, asked, order)
    query = filled(
        _PAGE.format(table=table, source=_TABLES[table]),
        found,
        bound(COUNTED + 1),
        order,
        page,
        order,
        bound(limit),
        bound(offset),
        _columns(asked.element_class, attributes),
        _joins(network, asked.element_class, _columns(asked.element_class, attributes)),
    )
    names = [*_OWN, *(attribute.name for attribute in _beside(attributes))]
    with connection.cursor() as cursor:
        cursor.execute(query.text, query.parameters)
        rows = cursor.fetchall()
    count = rows[0][0]
    shown = [dict(zip(names, row[2:], strict=True)) for row in rows if row[1] is not None]
    return ElementPage(min(count, COUNTED), count <= COUNTED, shown)


def all_elements(network: Network, asked: ElementFilter) -> list[dict[str, Any]]:
    """Every element that a filter finds, in its order: a row as in `ElementPage`, and its geometry as `wkb`.

    At most COUNTED rows. Raises ReportedError (bad_class, bad_filter).
    """
    attributes = attributes_of(asked.element_class, network.commodity)
    order = order_of(asked, network.commodity)
    table = table_of(asked.element_class)
    columns = _columns(asked.element_class, attributes)
    query = filled(
        f"SELECT {{}}, ST_AsBinary({table}.geom) {{}} ORDER BY {{}} LIMIT {{}}",
        columns,
        _found(network, asked, joined("", [order, columns])),
        order,
        bound(COUNTED),
    )
    names = [*_OWN, *(attribute.name for attribute in _beside(attributes)), "wkb"]
    with connection.cursor() as cursor:
        cursor.execute(query.text, query.parameters)
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def count_elements(network: Network, asked: ElementFilter, *, at_most: int) -> int:
    """How many elements a filter finds, counted as far as `at_most`; raises ReportedError."""
    query = filled(
        "SELECT count(*) FROM (SELECT 1 {} LIMIT {}) one",
        _found(network, asked, joined("", ())),
        bound(at_most),
    )
    with connection.cursor() as cursor:
        cursor.execute(query.text, query.parameters)
        return int(cursor.fetchone()[0])


def columns_of(network: Network, element_class: str) -> list[dict[str, Any]]:
    """The columns of a class's table, in the reader's language: name, title, type, unit and choices.

    Raises ReportedError (bad_class).
    """
    zones = zone_choices(network)
    return [
        {
            "name": attribute.name,
            "title": _(attribute.title),
            "type": attribute.type,
            "unit": _(attribute.unit) if attribute.unit else "",
            "choices": zones if attribute.name == "zone" else choices_of(attribute),
        }
        for attribute in attributes_of(element_class, network.commodity)
    ]


def choices_of(attribute: ElementAttribute) -> list[dict[str, str]]:
    """The values among which an attribute is, in words."""
    return [{"value": value, "title": _(label)} for value, label in attribute.choices]


def zone_choices(network: Network) -> list[dict[str, str]]:
    """The zones of a network by code; none where they are too many to choose from."""
    zones = list(
        Zone.objects.filter(network=network)
        .order_by("code")
        .values_list("code", "name")[: MAXIMUM_CHOICES + 1]
    )
    if len(zones) > MAXIMUM_CHOICES:
        return []
    return [{"value": code, "title": name if name == code else f"{code} – {name}"} for code, name in zones]


def _columns(element_class: str, attributes: Sequence[ElementAttribute]) -> Fragment:
    own = Fragment(_OWN_COLUMNS[table_of(element_class)])
    return joined(", ", [own, *(attribute.sql for attribute in _beside(attributes))])


def _beside(attributes: Sequence[ElementAttribute]) -> list[ElementAttribute]:
    return [attribute for attribute in attributes if attribute.name not in _OWN]


def _found(network: Network, asked: ElementFilter, order: Fragment) -> Fragment:
    """FROM ... WHERE ... of what the filter finds, joined to what filter and order need."""
    table = table_of(asked.element_class)
    condition = condition_of(asked, network.commodity)
    own = filled(f"{table}.network_id = {{}}", bound(network.pk))
    if table == "pipe":
        own = filled("{} AND NOT pipe.is_connector", own)
    elif asked.element_class != NODE_CLASS:
        own = filled("{} AND node.kind = {}", own, bound(asked.element_class))
    joins = _joins(network, asked.element_class, joined("", [condition, order]))
    return filled(f"FROM {_TABLES[table]} {table} {{}} WHERE {{}} AND {{}}", joins, own, condition)


def _joins(network: Network, element_class: str, needed: Fragment) -> Fragment:
    parts = []
    for alias, text in _JOINS.items():
        if alias in needed.aliases:
            parts.append(filled(text, bound(network.pk)) if "{}" in text else Fragment(text))
    if "detail" in needed.aliases:
        details = DETAIL_OF_KIND[element_class]._meta.db_table
        parts.append(Fragment(f"LEFT JOIN {details} detail ON detail.node_id = node.id"))
    if "zone" in needed.aliases:
        owner = "start_node" if element_class == PIPE_CLASS else "node"
        parts.append(Fragment(f"LEFT JOIN assets_zone zone ON zone.id = {owner}.zone_id"))
    return joined(" ", parts)
