"""Operations for migrations that create many tables at once.

Django renders the graph of models anew for each operation, which for a hundred tables takes longer than making them.
"""

from typing import Any

from django.contrib.gis.db.backends.postgis.schema import PostGISSchemaEditor
from django.db import models
from django.db.backends.ddl_references import Statement
from django.db.migrations.operations import CreateModel
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState


class InlineSchemaEditor(PostGISSchemaEditor):
    """Writes keys and constraints into CREATE TABLE itself; a key to a table that is still to come is added later."""

    sql_inline_key = (
        "CONSTRAINT %(name)s FOREIGN KEY (%(column)s) REFERENCES %(to_table)s (%(to_column)s)%(deferrable)s"
    )

    def __init__(self, *arguments: Any, tables_to_come: set[str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.tables_to_come = tables_to_come

    def table_sql(self, model: type[models.Model]) -> tuple[str, list[Any]]:
        """The CREATE TABLE of a model, with every key whose target is there."""
        deferred_before = len(self.deferred_sql)
        sql, parameters = super().table_sql(model)  # type: ignore[misc]
        self.tables_to_come.discard(model._meta.db_table)
        new = self.deferred_sql[deferred_before:]
        inline = [statement for statement in new if self._can_stand_inline(statement)]
        self.deferred_sql[deferred_before:] = [statement for statement in new if statement not in inline]
        keys = [str(Statement(self.sql_inline_key, **statement.parts)) for statement in inline]
        return sql[: sql.rindex(")")] + "".join(f", {key}" for key in keys) + ")", parameters

    def _can_stand_inline(self, statement: Any) -> bool:
        return (
            isinstance(statement, Statement)
            and statement.template == self.sql_create_fk
            and statement.parts["to_table"].table not in self.tables_to_come
        )

    # Constraints stand beside columns only where the statement has no parameters.
    def _column_generated_sql(self, field: Any) -> tuple[str, tuple[()]]:
        sql, parameters = super()._column_generated_sql(field)  # type: ignore[misc]
        return (sql % tuple(map(self.quote_value, parameters)) if parameters else sql), ()

    def db_default_sql(self, field: Any) -> tuple[str, tuple[str | int, ...]]:
        sql, parameters = super().db_default_sql(field)  # type: ignore[misc]
        return (sql % tuple(map(self.quote_value, parameters)) if parameters else sql), ()


class CreateTables(Operation):
    """Create the tables of many models, rendering the graph once. `models` are CreateModel operations, in order."""

    category = OperationCategory.ADDITION
    serialization_expand_args = ["models"]

    def __init__(self, models: list[CreateModel]) -> None:
        self.models = models

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        # What is rendered would be rendered again with each model.
        state.__dict__.pop("apps", None)
        for model in self.models:
            model.state_forwards(app_label, state)

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        wanted = [to_state.apps.get_model(app_label, model.name) for model in self.models]
        wanted = [
            model for model in wanted if self.allow_migrate_model(schema_editor.connection.alias, model)
        ]
        tables = {model._meta.db_table for model in wanted if model._meta.managed}
        with InlineSchemaEditor(
            schema_editor.connection,
            collect_sql=schema_editor.collect_sql,
            atomic=False,
            tables_to_come=tables,
        ) as editor:
            for model in wanted:
                editor.create_model(model)
        if schema_editor.collect_sql:
            schema_editor.collected_sql.extend(editor.collected_sql)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for model in reversed(self.models):
            model.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"Create {len(self.models)} tables"

    @property
    def migration_name_fragment(self) -> str:
        return "tables"


class AddFiniteChecks(Operation):
    """Hold that every number of these tables is a number.

    NaN passes comparisons (it is greater than all), and Infinity most. Generated columns are among them: a pipe's
    length keeps NaN out of the vertices of its line.
    """

    reversible = True

    def __init__(self, *tables: str) -> None:
        self.tables = tables

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Django knows nothing of these constraints."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.collect_sql:
            # The tables need not be there while statements are only shown.
            schema_editor.collected_sql.append(f"-- finite checks of {', '.join(self.tables)}")
            return
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT format('ALTER TABLE %%I %%s', class.relname, string_agg(format(
                           'ADD CONSTRAINT %%I CHECK (%%I > ''-Infinity''::%%s AND %%2$I < ''Infinity''::%%3$s)',
                           class.relname || '_' || attribute.attname || '_finite', attribute.attname,
                           type.typname), ', '))
                  FROM pg_attribute attribute
                  JOIN pg_class class ON class.oid = attribute.attrelid
                  JOIN pg_type type ON type.oid = attribute.atttypid AND type.typname IN ('float8', 'numeric')
                 WHERE class.oid = ANY (%s::regclass[]) AND attribute.attnum > 0 AND NOT attribute.attisdropped
                 GROUP BY class.relname
                """,
                [list(self.tables)],
            )
            for (statement,) in cursor.fetchall():
                cursor.execute(statement)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """The tables go, and their constraints with them."""

    def describe(self) -> str:
        return f"Numbers of {len(self.tables)} tables are finite"
