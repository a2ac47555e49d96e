"""What the application's role may do, computed from what guards each table, and granted by the migrating role.

Rows of a table may be read and added; they may be changed and deleted unless a trigger of the table refuses that to
everybody, and added unless only our own functions may (`gis_core/sql/install/10_append_only.sql`). Nothing is
truncated. A partition is only added to: it is read as part of its whole, where the second wall stands
(`gis_core/database/wall.py`). Views are read. Sequences give their next number and are not set. Functions may be
called, those of triggers by triggers only. Everybody else (PUBLIC) has nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from gis_core.database.roles import application_role
from gis_core.errors import ReportedError

# What tells how the database was made, and is written while it is.
_OF_MIGRATIONS = ("django_migrations", "gis_core_installedcode")

# By object: its statement's word and name, the rights it is to have, those it has, and those that PUBLIC has.
# A trigger's type says by bits what it is about: 4 INSERT, 8 DELETE, 16 UPDATE. A partition is written as its whole is.
_RIGHTS = """
WITH tables AS (
    SELECT class.oid, class.relkind, class.relname, class.relowner, class.relacl, class.relispartition,
           coalesce(part.inhparent, class.oid) AS whole
      FROM pg_class class
      LEFT JOIN pg_inherits part ON part.inhrelid = class.oid AND class.relispartition
     WHERE class.relnamespace = 'public'::regnamespace AND class.relkind IN ('r', 'p', 'v', 'm', 'S')
       AND pg_has_role(class.relowner, 'USAGE')
       AND NOT EXISTS (SELECT FROM pg_depend
                        WHERE classid = 'pg_class'::regclass AND objid = class.oid AND deptype = 'e')
), guarded AS (
    SELECT tables.*, ARRAY(
               SELECT tgtype::integer FROM pg_trigger
                WHERE tgrelid IN (tables.oid, tables.whole) AND NOT tgisinternal AND tgqual IS NULL AND tgattr = ''
                  AND tgfoid IN (to_regproc('refuse_change'), to_regproc('refuse_direct_write'))) AS refusals
      FROM tables
), wanted AS (
    SELECT CASE WHEN relkind = 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS what, oid::regclass::text AS name,
           coalesce(relacl, acldefault(CASE WHEN relkind = 'S' THEN 's' ELSE 'r' END::"char", relowner)) AS acl,
           CASE WHEN relkind = 'S' THEN ARRAY['USAGE']
                WHEN relkind IN ('v', 'm') OR relname = ANY (%(of_migrations)s) THEN ARRAY['SELECT']
                ELSE CASE WHEN NOT relispartition THEN ARRAY['SELECT'] ELSE '{}' END || ARRAY(
                    SELECT verb FROM (VALUES ('INSERT', 4), ('DELETE', 8), ('UPDATE', 16)) verbs (verb, bit)
                     WHERE NOT EXISTS (SELECT FROM unnest(refusals) refusal WHERE refusal & bit <> 0))
           END AS rights
      FROM guarded
    UNION ALL
    SELECT 'FUNCTION', proc.oid::regprocedure::text, coalesce(proc.proacl, acldefault('f', proc.proowner)),
           CASE WHEN proc.prorettype = 'trigger'::regtype THEN '{}' ELSE ARRAY['EXECUTE'] END
      FROM pg_proc proc
     WHERE proc.pronamespace = 'public'::regnamespace AND proc.prokind = 'f' AND pg_has_role(proc.proowner, 'USAGE')
       AND NOT EXISTS (SELECT FROM pg_depend
                        WHERE classid = 'pg_proc'::regclass AND objid = proc.oid AND deptype = 'e')
    UNION ALL
    SELECT 'SCHEMA', nspname, coalesce(nspacl, acldefault('n', nspowner)), ARRAY['USAGE']
      FROM pg_namespace WHERE nspname = 'public' AND pg_has_role(nspowner, 'USAGE')
)
SELECT what, name, rights,
       ARRAY(SELECT privilege_type FROM aclexplode(acl) WHERE grantee = %(role)s::regrole ORDER BY 1),
       ARRAY(SELECT privilege_type FROM aclexplode(acl) WHERE grantee = 0 ORDER BY 1)
  FROM wanted
 ORDER BY 1, 2
"""


@dataclass(frozen=True)
class RightsOnObject:
    """An object of ours: what the application is to have of it, has of it, and what everybody has.

    `what` and `name` are as GRANT takes them.
    """

    what: str
    name: str
    wanted: frozenset[str]
    present: frozenset[str]
    of_everybody: frozenset[str]


def rights_of(connection: BaseDatabaseWrapper, role: str) -> list[RightsOnObject]:
    """The rights of a role on every object of ours. Needs the connection of who owns them."""
    with connection.cursor() as cursor:
        cursor.execute(_RIGHTS, {"role": _quoted(connection, role), "of_migrations": list(_OF_MIGRATIONS)})
        return [
            RightsOnObject(what, name, frozenset(wanted), frozenset(present), frozenset(everybody))
            for what, name, wanted, present, everybody in cursor.fetchall()
        ]


def grant_rights(connection: BaseDatabaseWrapper) -> int:
    """Give the application's role what it is to have and take the rest, from everybody too; how many statements it was.

    Nothing where one role is both. Only what differs is said, so that it costs a query where nothing does. Raises
    ReportedError when the server has no such role.
    """
    role = application_role()
    if role is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [role])
        if not cursor.fetchone()[0]:
            raise ReportedError(
                f"The server has no role {role}, which DATABASE_URL names: make it (docs/operations.md, Two roles).",
                code="no_application_role",
            )
    quoted = _quoted(connection, role)
    statements = [
        statement for item in rights_of(connection, role) for statement in _differences(item, quoted)
    ]
    if statements:
        with connection.cursor() as cursor:
            cursor.execute("; ".join(statements))
    return len(statements)


def _differences(item: RightsOnObject, role: str) -> Iterator[str]:
    target = f"ON {item.what} {item.name}"
    # Types and functions of extensions lie in our schema, and whoever makes a temporary table uses them.
    for_everybody = {"USAGE"} if item.what == "SCHEMA" else set()
    for verb, rights, preposition, grantee in (
        ("GRANT", item.wanted - item.present, "TO", role),
        ("REVOKE", item.present - item.wanted, "FROM", role),
        ("REVOKE", item.of_everybody - for_everybody, "FROM", "PUBLIC"),
    ):
        if rights:
            yield f"{verb} {', '.join(sorted(rights))} {target} {preposition} {grantee}"


def _quoted(connection: BaseDatabaseWrapper, role: str) -> str:
    return connection.ops.quote_name(role)
