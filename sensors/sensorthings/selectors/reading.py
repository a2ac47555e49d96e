"""Reading entities: a page of a set, one entity, and what is expanded below them, in a bounded number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from gis_core.answer_budget import AnswerBudget, budget_of_request
from gis_core.database.sql_fragments import Fragment, bound, filled, joined
from sensors.sensorthings.selectors import observation_reading
from sensors.sensorthings.selectors.documents import Document, column_values, document, written, written_id
from sensors.sensorthings.selectors.expressions import Compiler, filter_condition, order_term
from sensors.sensorthings.selectors.joins import Joins, navigated
from sensors.sensorthings.selectors.options import QueryOptions
from sensors.sensorthings.selectors.schema import TYPES, EntityType, Navigation
from sensors.sensorthings.selectors.scope import Scope


@dataclass
class Reader:
    """Reads for one request: `base` is the service's address without a slash at its end.

    An entity counts as often as it is written: one thing expanded below each of its observations stands in the answer
    that many times, though it is read once.
    """

    scope: Scope
    base: str
    budget: AnswerBudget = field(default_factory=budget_of_request)

    def page(
        self,
        entity: EntityType,
        options: QueryOptions,
        *,
        parent: tuple[EntityType, Any, Navigation] | None = None,
    ) -> tuple[list[Document], bool, int | None]:
        """A page of a set (of what `parent`'s way leads to), whether there is more, and the count if asked for."""
        if entity.name == "Observation":
            found = observation_reading.page(self.scope, options, parent)
            documents = self._documents(entity, found.rows, options, _once(found.rows))
            return documents, found.has_more, found.count
        statement = self._statement(entity, options, parent)
        rows = _fetched(
            filled(
                "{} LIMIT {} OFFSET {}",
                statement.selected,
                bound(options.page_size + 1),
                bound(options.skip),
            )
        )
        count = _fetched(statement.counted)[0][0] if options.count else None
        values = [column_values(entity, row) for row in rows[: options.page_size]]
        _add_keys(entity, values, rows)
        documents = self._documents(entity, values, options, _once(values))
        return documents, len(rows) > options.page_size, count

    def one(self, entity: EntityType, entity_id: Any, options: QueryOptions) -> Document | None:
        """One entity by its id; None where there is none for this viewer."""
        if entity.name == "Observation":
            row = observation_reading.one(self.scope, entity_id)
            return self._documents(entity, [row], options, [1])[0] if row else None
        values = self.values(entity, [entity_id])
        return self._documents(entity, values, options, _once(values))[0] if values else None

    def values(
        self,
        entity: EntityType,
        ids: Sequence[Any],
        *,
        parent: tuple[EntityType, Any, Navigation] | None = None,
    ) -> list[dict[str, Any]]:
        """The properties of the visible ones among `ids`, which hang on `parent` if one is given."""
        statement = self._statement(entity, QueryOptions(), parent, ids=ids)
        rows = _fetched(statement.selected)
        values = [column_values(entity, row) for row in rows]
        _add_keys(entity, values, rows)
        return values

    def keys(
        self,
        entity: EntityType,
        ids: Sequence[Any],
        *,
        parent: tuple[EntityType, Any, Navigation] | None = None,
    ) -> list[dict[str, Any]]:
        """As `values`, but only the ids and those of what each leads to: what access needs."""
        rows = _fetched(self._statement(entity, QueryOptions(), parent, ids=ids, only_keys=True).selected)
        values = [{"id": row[0]} for row in rows]
        _add_keys(entity, values, rows)
        return values

    def _documents(
        self, entity: EntityType, values: list[dict[str, Any]], options: QueryOptions, times: list[int]
    ) -> list[Document]:
        """Documents of rows with what is expanded below them; `times`: how often each will be written."""
        self.budget.take(entities=sum(times))
        documents = [document(entity, one, options, self.base) for one in values]
        for one, often in zip(documents, times, strict=True):
            self.budget.take(size_bytes=len(written(one)) * often)
        for name, inner in options.expand.items():
            self.budget.look_at_clock()
            self._expand(entity, entity.navigation[name], values, documents, inner, times)
        return documents

    # --- expansion ---

    def _expand(
        self,
        entity: EntityType,
        way: Navigation,
        values: list[dict[str, Any]],
        documents: list[Document],
        options: QueryOptions,
        times: list[int],
    ) -> None:
        if not values:
            return
        target = TYPES[way.target]
        if not way.is_many:
            self._expand_one(way, target, values, documents, options, times)
            return
        ids = list(dict.fromkeys(one["id"] for one in values))
        rows, more, counts = self._rows_below(entity, way, target, ids, options)
        flat = [row for key in ids for row in rows.get(key, [])]
        often = _times_of([one["id"] for one in values], times)
        below_times = [often[key] for key in ids for _row in rows.get(key, [])]
        made = iter(self._documents(target, flat, options, below_times))
        below = {key: [next(made) for _row in rows.get(key, [])] for key in ids}
        for one, parent in zip(values, documents, strict=True):
            key = one["id"]
            parent[way.name] = below[key]
            if options.count:
                parent[f"{way.name}@iot.count"] = counts.get(key) or 0
            if key in more:
                link = f"{self.base}/{entity.plural}({written_id(key)})/{way.name}"
                parent[f"{way.name}@iot.nextLink"] = f"{link}?{options.next_page()}"

    def _rows_below(
        self, entity: EntityType, way: Navigation, target: EntityType, ids: list[Any], options: QueryOptions
    ) -> tuple[dict[Any, list[dict[str, Any]]], set[Any], dict[Any, int]]:
        """The first rows of each parent, who has more, and the counts if asked for."""
        if target.name != "Observation":
            return self._of_parents(entity, way, target, ids, options)
        found = observation_reading.of_parents(
            self.scope, entity, ids, options, most=self.budget.entities_left
        )
        if found is None:
            raise self.budget.too_many_entities()
        return (
            {key: page.rows for key, page in found.items()},
            {key for key, page in found.items() if page.has_more},
            {key: page.count or 0 for key, page in found.items()},
        )

    def _expand_one(
        self,
        way: Navigation,
        target: EntityType,
        values: list[dict[str, Any]],
        documents: list[Document],
        options: QueryOptions,
        times: list[int],
    ) -> None:
        often = _times_of([one[way.foreign_key] for one in values], times)
        keys = [key for key in often if key is not None]
        found = self.values(target, keys) if keys else []
        made = self._documents(target, found, options, [often[one["id"]] for one in found])
        by_id = {one["id"]: made_one for one, made_one in zip(found, made, strict=True)}
        for one, parent in zip(values, documents, strict=True):
            if one[way.foreign_key] in by_id:
                parent[way.name] = by_id[one[way.foreign_key]]

    def _of_parents(
        self, entity: EntityType, way: Navigation, target: EntityType, ids: list[Any], options: QueryOptions
    ) -> tuple[dict[Any, list[dict[str, Any]]], set[Any], dict[Any, int]]:
        """The first rows of each parent, who has more, and the counts if asked for; two queries at most."""
        statement = self._statement(
            target, options, (entity, Fragment("parent.id"), way), way_order=way.order
        )
        limit = min(options.page_size, self.budget.limits.entities)
        fetched = _fetched(
            filled(
                "SELECT parent.id, child.* FROM unnest({}::bigint[]) parent (id) "
                "CROSS JOIN LATERAL ({} LIMIT {} OFFSET {}) child LIMIT {}",
                bound(ids),
                statement.selected,
                bound(limit + 1),
                bound(options.skip),
                # One more than may be written, and one of each parent that says whether there is more.
                bound(self.budget.entities_left + len(ids) + 1),
            )
        )
        if len(fetched) > self.budget.entities_left + len(ids):
            raise self.budget.too_many_entities()
        rows: dict[Any, list[dict[str, Any]]] = {}
        more: set[Any] = set()
        for row in fetched:
            of_parent = rows.setdefault(row[0], [])
            if len(of_parent) == limit:
                more.add(row[0])
                continue
            values = column_values(target, row, 1)
            _add_keys(target, [values], [row])
            of_parent.append(values)
        counts: dict[Any, int] = {}
        if options.count:
            counts = dict(
                _fetched(
                    filled(
                        "SELECT parent.id, child.count FROM unnest({}::bigint[]) parent (id) "
                        "CROSS JOIN LATERAL ({}) child",
                        bound(ids),
                        statement.counted,
                    )
                )
            )
        return rows, more, counts

    # --- SQL ---

    def _statement(
        self,
        entity: EntityType,
        options: QueryOptions,
        parent: tuple[EntityType, Any, Navigation] | None,
        *,
        ids: Sequence[Any] | None = None,
        way_order: str = "",
        only_keys: bool = False,
    ) -> "_Statement":
        """SELECTs of a set's rows and of their count. A parent is its type, its id (or SQL of it), and the way."""
        joins = Joins(self.scope, "e")
        compiler = Compiler(self.scope, entity, "e", joins)
        columns = [
            joins.column(entity, "e", template, one)
            for one in entity.properties.values()
            if one.name == "id" or not only_keys
            for template in filter(None, (one.sql, one.end_sql))
        ] + [Fragment(f"e.{way.foreign_key}") for way in entity.navigation.values() if way.foreign_key]
        conditions = [Fragment(entity.is_alive.replace("{a}", "e")), self.scope.condition(entity, "e")]
        rows_text = f"{entity.rows} e"
        if parent is not None:
            rows_text = self._below(parent, entity, conditions)
        if ids is not None:
            conditions.append(Fragment("e.id = ANY (%s)", (list(ids),)))
        if options.filter is not None:
            conditions.append(filter_condition(self.scope, entity, "e", options.filter, compiler, joins))
        order = self._order(compiler, options, parent[2].order.replace("{c}", "e") if parent else way_order)
        source = filled(
            f"FROM {rows_text} {{}} WHERE {{}}", joins.clause(), joined(" AND ", conditions, empty="true")
        )
        return _Statement(
            filled("SELECT {} {} ORDER BY {}", joined(", ", columns), source, order),
            filled("SELECT count(*) AS count {}", source),
        )

    def _below(
        self, parent: tuple[EntityType, Any, Navigation], entity: EntityType, conditions: list[Fragment]
    ) -> str:
        """The FROM item of what a parent's way leads to; its condition is added to `conditions`."""
        parent_type, parent_id, way = parent
        del parent_type
        rows, condition = navigated(way, entity, "parent", "e")
        # Sets hang on their parent by nothing but its id.
        before, mark, after = condition.partition("parent.id")
        assert mark, condition
        identity = parent_id if isinstance(parent_id, Fragment) else bound(parent_id)
        conditions.append(filled(f"{before}{{}}{after}", identity))
        return rows

    def _order(self, compiler: Compiler, options: QueryOptions, way_order: str) -> Fragment:
        terms = [order_term(compiler, one.tree, one.is_descending) for one in options.orderby]
        if way_order and not options.orderby:
            terms.append(Fragment(way_order))
        return joined(", ", [*terms, Fragment("e.id")])


@dataclass(frozen=True)
class _Statement:
    selected: Fragment
    counted: Fragment


def _once(values: Sequence[Any]) -> list[int]:
    return [1] * len(values)


def _times_of(keys: Sequence[Any], times: Sequence[int]) -> dict[Any, int]:
    """How often what hangs on each key will be written, in the order in which the keys come first."""
    often: dict[Any, int] = {}
    for key, number in zip(keys, times, strict=True):
        often[key] = often.get(key, 0) + number
    return often


def _add_keys(entity: EntityType, values: list[dict[str, Any]], rows: Sequence[Sequence[Any]]) -> None:
    """Foreign keys are the last columns."""
    keys = [way.foreign_key for way in entity.navigation.values() if way.foreign_key]
    for one, row in zip(values, rows, strict=False):
        one.update(zip(keys, row[len(row) - len(keys) :], strict=True))


def _fetched(statement: Fragment) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement.text, statement.parameters)
        return cursor.fetchall()
