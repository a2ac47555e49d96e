"""Installing functions, triggers and views: all of them anew, in one transaction, whenever their files have changed.

The second wall is raised at the end of it, and the application's role is given its rights, since they follow from the
triggers.

What was installed is dropped and made again, so that what left the files leaves the database, and a function whose
result changed needs no care. The record says which files, and which objects with which definitions came of them.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import DatabaseError, OperationalError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from gis_core.database.catalogue import CodeObject, Kind, code_objects
from gis_core.database.code_files import CodeFile, code_files, code_hash
from gis_core.database.former_release import of_former_release
from gis_core.database.locks import changing_schema
from gis_core.database.rights import grant_rights
from gis_core.database.wall import let_triggers_see_all, raise_wall
from gis_core.errors import ReportedError

# As in the first migration of gis_core; databases of the former release have not run that.
_RECORD = """
CREATE TABLE IF NOT EXISTS public.gis_core_installedcode (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    hash text NOT NULL, objects jsonb NOT NULL, installed_at timestamptz NOT NULL DEFAULT now()
)
"""
# Longer than any request; an installation that waits makes those wait that come after it.
LOCK_TIMEOUT = "30s"


@dataclass(frozen=True)
class Installed:
    """What the record says: the hash of the files, and the digest of each object by its label."""

    hash: str
    digests: dict[str, str]


@dataclass(frozen=True)
class Difference:
    """How the database's code differs from the files'; empty lists when only the hash does."""

    recorded_hash: str | None
    current_hash: str
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)

    @property
    def is_none(self) -> bool:
        return self.recorded_hash == self.current_hash and not self.missing and not self.changed

    def words(self) -> str:
        """The difference in a sentence."""
        if self.recorded_hash is None:
            return "functions, triggers and views of this release were never installed in this database"
        if self.recorded_hash != self.current_hash:
            return "functions, triggers and views in this database are another release's"
        parts = [
            f"{len(labels)} {what}: {', '.join(labels[:5])}{', ...' if len(labels) > 5 else ''}"
            for labels, what in ((self.missing, "missing"), (self.changed, "changed by hand"))
            if labels
        ]
        return "; ".join(parts) or "nothing differs"


@dataclass(frozen=True)
class Outcome:
    """What an installation did: `removed` are labels of what is no longer there."""

    is_changed: bool
    objects: int
    removed: list[str]


def prepare_record(connection: BaseDatabaseWrapper) -> None:
    """Make the table of the record where there is none; from then on the database is one of this release."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.gis_core_installedcode') IS NULL")
        if cursor.fetchone()[0]:
            cursor.execute(_RECORD)


def recorded(connection: BaseDatabaseWrapper) -> Installed | None:
    """The record, or None when nothing was ever installed by files."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.gis_core_installedcode') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return None
        cursor.execute("SELECT hash, objects::text FROM public.gis_core_installedcode")
        row = cursor.fetchone()
    return Installed(row[0], json.loads(row[1])) if row else None


def difference(connection: BaseDatabaseWrapper) -> Difference:
    """Compare the database with the files: by hash, and each recorded object by its definition."""
    record = recorded(connection)
    if record is None or record.hash != code_hash():
        return Difference(record.hash if record else None, code_hash())
    there = {item.label: item.digest for item in code_objects(connection)}
    return Difference(
        record.hash,
        code_hash(),
        missing=sorted(label for label in record.digests if label not in there),
        changed=sorted(
            label for label, digest in record.digests.items() if there.get(label, digest) != digest
        ),
    )


def install(
    connection: BaseDatabaseWrapper, *, force: bool = False, files: tuple[CodeFile, ...] | None = None
) -> Outcome:
    """Bring the database's functions, triggers and views to what the files say; nothing when they are that already.

    With `force` also when the record says so. Raises ReportedError when something made by hand stands in the way, when
    a file is refused, or when tables stay in use too long; then nothing has changed.
    """
    files = code_files() if files is None else files
    with changing_schema(connection), transaction.atomic(using=connection.alias):
        record = recorded(connection)
        before = code_objects(connection)
        if not force and record is not None and _is_whole(record, code_hash(files), before):
            raise_wall(connection)
            grant_rights(connection)
            return Outcome(False, len(record.digests), [])
        ours = (
            of_former_release(connection, before)
            if record is None
            else [item for item in before if item.label in record.digests]
        )
        strangers = {(item.label, item.digest) for item in before} - {
            (item.label, item.digest) for item in ours
        }
        try:
            with _settings(connection, lock_timeout=LOCK_TIMEOUT, search_path="public, pg_temp"):
                kept = _drop(connection, ours)
                for file in files:
                    _run(connection, file)
                let_triggers_see_all(connection)
                _refuse_left_over(connection, kept)
        except OperationalError as error:
            raise ReportedError(
                "Functions and triggers cannot be installed while tables are in use: end what uses them (long reports, "
                f"loads, open transactions) and try again. {error}".strip(),
                code="database_in_use",
            ) from error
        after = [item for item in code_objects(connection) if (item.label, item.digest) not in strangers]
        _write_record(connection, code_hash(files), after)
        raise_wall(connection)
        grant_rights(connection)
    labels = {item.label for item in after}
    return Outcome(True, len(after), sorted(item.label for item in ours if item.label not in labels))


def _is_whole(record: Installed, wanted_hash: str, there: list[CodeObject]) -> bool:
    return record.hash == wanted_hash and record.digests.keys() <= {item.label for item in there}


@contextmanager
def _settings(connection: BaseDatabaseWrapper, **settings: str) -> Iterator[None]:
    """Settings for the block only, also within a transaction of the caller's."""
    with connection.cursor() as cursor:
        former = {}
        for name, value in settings.items():
            cursor.execute("SELECT current_setting(%s)", [name])
            former[name] = cursor.fetchone()[0]
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        # After an error the transaction is rolled back, and the settings with it.
        yield
        for name, value in former.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])


def _run(connection: BaseDatabaseWrapper, file: CodeFile) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(file.text)
    except OperationalError:
        raise
    except DatabaseError as error:
        raise ReportedError(f"{file.name} was refused: {error}".strip(), code="code_refused") from error


# --- dropping what was installed --------------------------------------------------------------------------------------

# Triggers of partitions that they do not have from the whole are made by the files, too.
_TRIGGERS = """
    SELECT format('DROP TRIGGER %%I ON %%s', tgname, tgrelid::regclass)
      FROM pg_trigger JOIN pg_class class ON class.oid = tgrelid
     WHERE NOT tgisinternal AND tgparentid = 0
       AND (pg_trigger.oid = ANY (%(triggers)s) OR (class.relispartition AND tgfoid = ANY (%(functions)s)))
     ORDER BY tgrelid::regclass::text, tgname
"""

# What needs a function or a view of ours: a view through its rule or its rows' type, anything else by itself.
_DEPENDENTS = """
    WITH needed AS (
        SELECT 'pg_proc'::regclass AS catalogue, oid, oid AS owner FROM unnest(%(functions)s::oid[]) oid
        UNION ALL SELECT 'pg_class'::regclass, oid, oid FROM unnest(%(views)s::oid[]) oid
        UNION ALL SELECT 'pg_type'::regclass, type.oid, view.oid
          FROM pg_class view JOIN pg_type row_type ON row_type.oid = view.reltype
          JOIN pg_type type ON type.oid IN (row_type.oid, row_type.typarray)
         WHERE view.oid = ANY (%(views)s)
    )
    SELECT DISTINCT needed.owner::bigint, coalesce(rule.ev_class, depend.objid)::bigint,
           pg_describe_object(depend.classid, depend.objid, depend.objsubid)
      FROM needed
      JOIN pg_depend depend ON depend.refclassid = needed.catalogue AND depend.refobjid = needed.oid
                           AND depend.deptype IN ('n', 'a')
      LEFT JOIN pg_rewrite rule ON depend.classid = 'pg_rewrite'::regclass AND rule.oid = depend.objid
     WHERE needed.owner <> coalesce(rule.ev_class, depend.objid)
"""

# A replaced function is a new version of its row, a replaced view of its rule.
_VERSIONS = """
    SELECT oid::bigint, xmin::text FROM pg_proc WHERE oid = ANY (%(oids)s)
    UNION ALL SELECT ev_class::bigint, string_agg(oid || ' ' || xmin, ',' ORDER BY oid) FROM pg_rewrite
     WHERE ev_class = ANY (%(oids)s) GROUP BY ev_class
"""


@dataclass(frozen=True)
class _Kept:
    """An object that cannot be dropped, since `dependent` needs it; `version` tells whether a file made it anew."""

    label: str
    dependent: str
    version: str


def _drop(connection: BaseDatabaseWrapper, ours: list[CodeObject]) -> dict[int, _Kept]:
    """Drop what was installed; return, by oid, what has to stay because something not of ours needs it."""
    oids = {kind: [item.oid for item in ours if item.kind is kind] for kind in Kind}
    with connection.cursor() as cursor:
        parameters = {"triggers": oids[Kind.TRIGGER], "functions": oids[Kind.FUNCTION]}
        cursor.execute(_TRIGGERS, parameters)
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)
        cursor.execute(_DEPENDENTS, {"functions": oids[Kind.FUNCTION], "views": oids[Kind.VIEW]})
        needed_by = _needed_by_others(cursor.fetchall(), {*oids[Kind.FUNCTION], *oids[Kind.VIEW]})
        cursor.execute(_VERSIONS, {"oids": list(needed_by)})
        versions = dict(cursor.fetchall())
        for kind in (Kind.VIEW, Kind.FUNCTION):
            dropped = [item.name for item in ours if item.kind is kind and item.oid not in needed_by]
            if dropped:
                # Everything that needs these is among them, so nothing else goes.
                what = "VIEW" if kind is Kind.VIEW else "FUNCTION"
                cursor.execute(f"DROP {what} IF EXISTS {', '.join(map(_quoted, dropped))} CASCADE")
    return {
        item.oid: _Kept(item.label, needed_by[item.oid], versions.get(item.oid, ""))
        for item in ours
        if item.oid in needed_by
    }


def _quoted(name: str) -> str:
    # Functions come with their arguments from regprocedure, which has quoted what needs it.
    return name if "(" in name else f'"{name}"'


def _needed_by_others(dependencies: Iterable[tuple[int, int, str]], ours: set[int]) -> dict[int, str]:
    """Which of ours are needed by something else, directly or by way of each other, and what needs them, in words."""
    dependencies = list(dependencies)
    needed: dict[int, str] = {}
    found = True
    while found:
        found = False
        for owner, dependent, words in dependencies:
            if owner not in needed and (dependent not in ours or dependent in needed):
                needed[owner] = needed.get(dependent, words)
                found = True
    return needed


def _refuse_left_over(connection: BaseDatabaseWrapper, kept: dict[int, _Kept]) -> None:
    """Refuse when something that no file makes any more could not be dropped."""
    with connection.cursor() as cursor:
        cursor.execute(_VERSIONS, {"oids": list(kept)})
        versions = dict(cursor.fetchall())
    for oid, item in kept.items():
        if versions.get(oid, "") == item.version:
            raise ReportedError(
                f"The {item.label} is no longer part of Tarmoq, but {item.dependent} needs it: drop that first, "
                "then try again.",
                code="needed_by_others",
            )


def _write_record(connection: BaseDatabaseWrapper, new_hash: str, objects: list[CodeObject]) -> None:
    prepare_record(connection)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO public.gis_core_installedcode (hash, objects) VALUES (%s, %s) "
            "ON CONFLICT (id) DO UPDATE SET hash = excluded.hash, objects = excluded.objects, installed_at = now()",
            [new_hash, json.dumps({item.label: item.digest for item in objects})],
        )
