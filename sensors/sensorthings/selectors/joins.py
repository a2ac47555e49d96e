"""The FROM clause of a query: an entity's rows and what its filter and order reach from there."""

from dataclasses import dataclass, field

from gis_core.database.sql_fragments import Fragment, filled, joined
from sensors.sensorthings.selectors.observation_rows import observation_rows
from sensors.sensorthings.selectors.schema import TYPES, EntityProperty, EntityType, Navigation
from sensors.sensorthings.selectors.scope import Scope

# Each step of a path is a join.
MOST_JOINS = 20


@dataclass
class Joins:
    """Joins made as they are needed, each way once: two mentions of `Datastreams` mean the same row."""

    scope: Scope
    base: str
    prefix: str = "j"
    joins: list[Fragment] = field(default_factory=list)
    aliases: dict[tuple[str, str], str] = field(default_factory=dict)

    def way(self, parent: EntityType, parent_alias: str, way: Navigation) -> str:
        """The alias of what `way` leads to from the parent's row; all null where there is nothing."""
        key = (parent_alias, way.name)
        if key not in self.aliases:
            alias = f"{self.prefix}{len(self.aliases) + 1}"
            self.aliases[key] = alias
            self.joins.append(self._join(parent, parent_alias, way, alias))
        return self.aliases[key]

    def column(self, entity: EntityType, alias: str, template: str, one: EntityProperty) -> Fragment:
        """A property's SQL for the alias, with the lateral join it needs."""
        if one.lateral:
            key = (alias, f"lateral {one.lateral}")
            if key not in self.aliases:
                self.aliases[key] = alias
                self.joins.append(Fragment(entity.laterals[one.lateral].replace("{a}", alias)))
        return Fragment(template.replace("{a}", alias))

    def clause(self) -> Fragment:
        """The joins, to stand after the base rows in a FROM clause."""
        return joined(" ", self.joins)

    def _join(self, parent: EntityType, parent_alias: str, way: Navigation, alias: str) -> Fragment:
        target = TYPES[way.target]
        if target.name == "Observation":
            rows = observation_rows(self.scope, parent.name, parent_alias)
            return filled(f"LEFT JOIN LATERAL ({{}}) {alias} ON true", rows)
        rows_text, condition = navigated(way, target, parent_alias, alias)
        if way.rows:
            rows_text = f"({rows_text})"
        return filled(
            f"LEFT JOIN {rows_text} ON {condition} AND {target.is_alive.replace('{a}', alias)} AND {{}}",
            self.scope.condition(target, alias),
        )


def navigated(way: Navigation, target: EntityType, parent_alias: str, alias: str) -> tuple[str, str]:
    """The FROM item and the condition that lead along `way`."""
    rows = (way.rows or f"{target.rows} {{c}}").replace("{c}", alias)
    return rows, way.condition.replace("{p}", parent_alias).replace("{c}", alias)
