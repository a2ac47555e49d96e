"""How a collection of features is declared: its table, its geometry and its properties as SQL expressions.

Expressions see the collection's own row as `t` and the joined tables by the aliases of `Join`. They are written by us
and never hold anything a client sent; what clients send travels as bound parameters.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from gis_core.access import Capability


class PropertyType(StrEnum):
    """The data types of CQL2 that our properties have."""

    STRING = "string"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    GEOMETRY = "geometry"


@dataclass(frozen=True)
class Join:
    """A table joined to `t`: at most one row of it for each row of the collection."""

    alias: str
    sql: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class FeatureProperty:
    """One property: its name in the answer, its SQL expression, and the joins the expression needs.

    A number with `digits` is rounded to so many decimals, in answers and in filters alike.
    """

    name: str
    kind: PropertyType
    sql: str
    title: str
    joins: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    digits: int | None = None

    @property
    def value_sql(self) -> str:
        """The value as filters compare it; numbers as double precision."""
        if self.digits is not None:
            return f"{self.rounded_sql}::float8"
        return (
            f"({self.sql})::float8"
            if self.kind in (PropertyType.NUMBER, PropertyType.INTEGER)
            else f"({self.sql})"
        )

    @property
    def rounded_sql(self) -> str:
        """A number rounded to its digits, as numeric."""
        return f"round(({self.sql})::numeric, {self.digits})"


@dataclass(frozen=True)
class ValidTime:
    """When a feature holds: from `start` to `end`, SQL expressions of one kind (date or timestamp).

    Without `end` it is one instant; where `end` is null it has not ended. `start_sql` may be null: such features match
    every `datetime`, as the standard asks.
    """

    kind: PropertyType
    start_sql: str
    end_sql: str | None = None
    is_start_null: bool = False


@dataclass(frozen=True)
class CollectionDefinition:
    """One collection. Rows of `table` (alias `t`) have `id`, `uid` and `division_id`; `condition` narrows them.

    `geometry_sql` is a geometry in EPSG:4326, longitude first. `required_joins` are part of the collection itself.
    """

    id: str
    title: str
    description: str
    table: str
    geometry_type: str
    properties: tuple[FeatureProperty, ...]
    joins: tuple[Join, ...] = ()
    required_joins: tuple[str, ...] = ()
    condition: str = ""
    geometry_sql: str = "t.geom"
    geometry_joins: tuple[str, ...] = ()
    is_geometry_null: bool = False
    valid_time: ValidTime | None = None
    capability: Capability = Capability.VIEW_NETWORK
    _by_name: dict[str, FeatureProperty] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {each.name: each for each in self.properties}
        if len(by_name) != len(self.properties) or GEOMETRY_NAME in by_name:
            raise ValueError(f"collection {self.id}: property names are not unique")
        object.__setattr__(self, "_by_name", by_name)

    def property_named(self, name: str) -> FeatureProperty | None:
        """The property or, under the name `geometry`, the geometry; None when there is none of this name."""
        if name == GEOMETRY_NAME:
            return FeatureProperty(
                GEOMETRY_NAME, PropertyType.GEOMETRY, self.geometry_sql, "Geometry", joins=self.geometry_joins
            )
        return self._by_name.get(name)

    def from_clause(self, source: str, aliases: Iterable[str]) -> str:
        """FROM with `source` as `t` and the joins behind `aliases`, those they need first."""
        wanted = set(aliases)
        for join in reversed(self.joins):
            if join.alias in wanted:
                wanted.update(join.needs)
        unknown = wanted - {join.alias for join in self.joins}
        if unknown:
            raise ValueError(f"collection {self.id}: no join {sorted(unknown)}")
        return " ".join([f"FROM {source} t", *(join.sql for join in self.joins if join.alias in wanted)])

    def all_aliases(self) -> set[str]:
        """The joins that a whole feature needs."""
        return {alias for each in self.properties for alias in each.joins} | {
            *self.required_joins,
            *self.geometry_joins,
        }


GEOMETRY_NAME = "geometry"
