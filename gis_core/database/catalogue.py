"""What a database holds beside its rows, by PostgreSQL's own tables: facts of tables; functions, triggers, views."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

# Names are written the same way whatever search path a session has.
_PLAIN_PATH = "SELECT set_config('search_path', 'public, pg_temp', true)"

# What belongs to an extension is its own affair.
_OF_EXTENSION = """
    SELECT FROM pg_depend WHERE deptype = 'e' AND classid = '{catalogue}'::regclass AND objid = {object}
"""

_TABLES = f"""
WITH ours AS (
    SELECT class.oid, class.relname::text AS name, class.relkind, class.relpersistence, class.reloptions
      FROM pg_class class
     WHERE class.relnamespace = 'public'::regnamespace AND class.relkind IN ('r', 'p') AND NOT class.relispartition
       AND NOT EXISTS ({_OF_EXTENSION.format(catalogue="pg_class", object="class.oid")})
)
SELECT name, 'table', name, concat_ws(' ', CASE relpersistence WHEN 'u' THEN 'unlogged' END,
                                      CASE relkind WHEN 'p' THEN 'partition by ' || pg_get_partkeydef(oid) END)
  FROM ours
UNION ALL
SELECT name, 'column', attribute.attname,
       concat_ws(' ', format_type(attribute.atttypid, attribute.atttypmod),
                 CASE WHEN attribute.attnotnull THEN 'not null' END,
                 CASE attribute.attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity by default' END,
                 CASE WHEN attribute.attgenerated = 's' THEN 'generated'
                      WHEN pg_default.oid IS NOT NULL THEN 'default' END,
                 pg_get_expr(pg_default.adbin, pg_default.adrelid))
  FROM ours
  JOIN pg_attribute attribute ON attribute.attrelid = ours.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
  LEFT JOIN pg_attrdef pg_default ON pg_default.adrelid = ours.oid AND pg_default.adnum = attribute.attnum
UNION ALL
SELECT name, 'constraint', conname, pg_get_constraintdef(pg_constraint.oid)
  FROM ours JOIN pg_constraint ON conrelid = ours.oid AND contype <> 't' AND conparentid = 0
UNION ALL
SELECT name, 'index', class.relname, pg_get_indexdef(class.oid)
  FROM ours JOIN pg_index ON indrelid = ours.oid JOIN pg_class class ON class.oid = indexrelid
 WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
UNION ALL
SELECT name, 'storage', split_part(option, '=', 1), split_part(option, '=', 2) FROM ours, unnest(reloptions) option
UNION ALL
SELECT class.relname, 'sequence', class.relname, ''
  FROM pg_class class
 WHERE class.relnamespace = 'public'::regnamespace AND class.relkind = 'S'
   AND NOT EXISTS (SELECT FROM pg_depend
                    WHERE classid = 'pg_class'::regclass AND objid = class.oid AND deptype IN ('a', 'i'))
 ORDER BY 1, 2, 3
"""  # noqa: S608 - nothing in it comes from outside

# A restored dump writes casts and brackets otherwise than the statement it came of: `(ARRAY['a'])::text[]` comes back
# as `ARRAY[('a')::text]`. These are left out before definitions are compared.
NOISE = r"[()\s]|\[\]|::character varying|::text"
_DIGEST = f"md5(regexp_replace({{definition}}, '{NOISE}', '', 'g'))"

_CODE = f"""
WITH functions AS (
    SELECT proc.oid FROM pg_proc proc
     WHERE proc.pronamespace = 'public'::regnamespace AND proc.prokind = 'f'
       AND NOT EXISTS ({_OF_EXTENSION.format(catalogue="pg_proc", object="proc.oid")})
)
SELECT 'function', oid::regprocedure::text, oid, {_DIGEST.format(definition="pg_get_functiondef(oid)")} FROM functions
UNION ALL
SELECT 'view', class.relname, class.oid, {_DIGEST.format(definition="pg_get_viewdef(class.oid)")} FROM pg_class class
 WHERE class.relnamespace = 'public'::regnamespace AND class.relkind = 'v'
   AND NOT EXISTS ({_OF_EXTENSION.format(catalogue="pg_class", object="class.oid")})
UNION ALL
SELECT 'trigger', trigger.tgname || ' ON ' || class.relname, trigger.oid,
       {_DIGEST.format(definition="pg_get_triggerdef(trigger.oid) || trigger.tgenabled::text")}
  FROM pg_trigger trigger JOIN pg_class class ON class.oid = trigger.tgrelid
 WHERE NOT trigger.tgisinternal AND trigger.tgparentid = 0 AND class.relnamespace = 'public'::regnamespace
   AND NOT class.relispartition
 ORDER BY 1, 2
"""  # noqa: S608 - nothing in it comes from outside


class Kind(StrEnum):
    """What code in a database can be."""

    FUNCTION = "function"
    TRIGGER = "trigger"
    VIEW = "view"


@dataclass(frozen=True)
class CodeObject:
    """A function, trigger or view: its name as PostgreSQL writes it, and a digest of its definition."""

    kind: Kind
    name: str
    oid: int
    digest: str

    @property
    def label(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def bare_name(self) -> str:
        """The name without a function's arguments or a trigger's table."""
        return self.name.split("(")[0].split(" ON ")[0]


@dataclass(frozen=True, order=True)
class TableFact:
    """One fact about a table: `what` is table, column, constraint, index, storage or sequence."""

    table: str
    what: str
    name: str
    definition: str

    def __str__(self) -> str:
        return "\t".join((self.table, self.what, self.name, self.definition))


def code_objects(connection: BaseDatabaseWrapper) -> list[CodeObject]:
    """Functions, triggers and views of the schema, without those of extensions and without triggers of partitions."""
    rows = _read(connection, _CODE)
    return [CodeObject(Kind(kind), name, oid, digest) for kind, name, oid, digest in rows]


def table_facts(connection: BaseDatabaseWrapper) -> list[TableFact]:
    """Tables with their columns, constraints and indexes, without partitions: of those there is one a month."""
    return [TableFact(*row) for row in _read(connection, _TABLES)]


def _read(connection: BaseDatabaseWrapper, statement: str) -> list[tuple[Any, ...]]:
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SHOW search_path")
        (path,) = cursor.fetchone()
        cursor.execute(_PLAIN_PATH)
        cursor.execute(statement)
        rows = cursor.fetchall()
        # Within a transaction of the caller's the setting would outlast this one.
        cursor.execute("SELECT set_config('search_path', %s, true)", [path])
        return rows
