"""Databases made by release 0.1.0, whose tables came of 23 migrations that are here no more.

Such a database is brought to the state of this release's first migrations, or refused before anything is touched: what
is recorded of its migrations must be all of them, and its tables must be what these made. Constraints, indexes and
storage settings that are missing or otherwise are made; columns are not changed and nothing is thrown away.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from django.apps import apps
from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from gis_core.database.catalogue import NOISE, CodeObject, Kind, TableFact, table_facts
from gis_core.errors import ReportedError

RELEASE = "0.1.0 (commit d5bb7c9)"
FACTS = Path(__file__).parent / "former" / "v0_1_0_tables.tsv"
_CODE_OF_RELEASE = FACTS.with_name("v0_1_0_code.txt")
MENDED = {"constraint", "index", "storage", "sequence"}
# What this release makes beside the tables of release 0.1.0.
RECORD_TABLE = "gis_core_installedcode"


@dataclass(frozen=True)
class Drift:
    """How tables differ from those of the release: statements that mend it, and what cannot be mended, in words."""

    statements: list[str] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)


def examine(connection: BaseDatabaseWrapper) -> list[str]:
    """Refuse a database that this release cannot migrate; return the statements that bring a former one to our state.

    Raises ReportedError; nothing has been touched then. An empty list also stands for databases that need nothing.
    """
    loader = MigrationLoader(connection, ignore_no_migrations=True)
    labels = our_labels(loader)
    recorded = {key for key in MigrationRecorder(connection).applied_migrations() if key[0] in labels}
    replaced = {key for migration in loader.disk_migrations.values() for key in migration.replaces}
    _refuse_newer(recorded - replaced - loader.disk_migrations.keys())
    tables = _our_tables(connection, labels)
    # Where one of this release's migrations is recorded, an adoption before was cut off: the tables are on their way to
    # this release, and what later migrations changed must not be taken back.
    if RECORD_TABLE in tables or recorded & loader.disk_migrations.keys() or (not tables and not recorded):
        return []
    missing = replaced - recorded
    if missing:
        raise ReportedError(
            f"This database has tables of Tarmoq, but not all migrations of release {RELEASE}: "
            f"{_names(missing)} missing. Install that release, let its `manage.py migrate` run to the end, then "
            "migrate with this one. Nothing was changed.",
            code="former_release_incomplete",
        )
    drift = compare(_facts_of_release(), [fact for fact in table_facts(connection) if fact.table in tables])
    if drift.obstacles:
        raise ReportedError(
            f"The tables of this database are not those of release {RELEASE}, so they cannot be brought to this "
            "release's. Put them right (the list says what differs), then migrate. Nothing was changed.\n  "
            + "\n  ".join(drift.obstacles),
            code="former_release_drifted",
            details=[{"difference": words} for words in drift.obstacles],
        )
    return drift.statements


def adopt(connection: BaseDatabaseWrapper, statements: Iterable[str]) -> None:
    """Run the statements, all or none; ReportedError when rows stand against a constraint."""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    except DatabaseError as error:
        raise ReportedError(
            f"The tables cannot be brought to this release's: {error}".strip() + " Nothing was changed.",
            code="former_release_drifted",
        ) from error


def our_labels(loader: MigrationLoader) -> set[str]:
    """The applications of ours that have migrations."""
    ours = {config.label for config in apps.get_app_configs() if Path(config.path).parent == _root()}
    return ours & loader.migrated_apps


def _root() -> Path:
    return Path(__file__).resolve().parents[2]


def _refuse_newer(unknown: set[tuple[str, str]]) -> None:
    if unknown:
        raise ReportedError(
            f"This database was migrated by a newer release, which knows {_names(unknown)}. Install that release, or "
            "restore a backup made before it. Nothing was changed.",
            code="newer_release",
        )


def _names(keys: Iterable[tuple[str, str]]) -> str:
    listed = sorted(f"{label}.{name}" for label, name in keys)
    return ", ".join(listed[:4]) + (f" and {len(listed) - 4} more" if len(listed) > 4 else "")


def _our_tables(connection: BaseDatabaseWrapper, labels: set[str]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname::text FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S') "
            "AND NOT relispartition AND split_part(relname, '_', 1) || CASE WHEN starts_with(relname, 'gis_core_') "
            "THEN '_core' ELSE '' END = ANY (%s)",
            [list(labels)],
        )
        return {row[0] for row in cursor.fetchall()}


def _facts_of_release() -> list[TableFact]:
    lines = FACTS.read_text(encoding="utf-8").splitlines()
    return [TableFact(*line.replace("\\n", "\n").split("\t", 3)) for line in lines]


def of_former_release(connection: BaseDatabaseWrapper, there: list[CodeObject]) -> list[CodeObject]:
    """What the former release ever installed, of the functions, triggers and views that are there.

    It kept no record, so this goes by names, and triggers by the function they run too. What somebody made by hand
    beside it stays.
    """
    names = set(_CODE_OF_RELEASE.read_text(encoding="utf-8").split())
    ours = [item for item in there if item.bare_name in names]
    functions = [item.oid for item in ours if item.kind is Kind.FUNCTION]
    with connection.cursor() as cursor:
        cursor.execute("SELECT oid::bigint FROM pg_trigger WHERE tgfoid = ANY (%s)", [functions])
        running = {oid for (oid,) in cursor.fetchall()}
    known = {item.oid for item in ours}
    return ours + [
        item for item in there if item.kind is Kind.TRIGGER and item.oid in running and item.oid not in known
    ]


def plain(definition: str) -> str:
    """A definition without what a restored dump writes otherwise."""
    return re.sub(NOISE, "", definition)


def compare(wanted: list[TableFact], found: list[TableFact]) -> Drift:
    """What differs between the facts of a release and those of a database."""
    expected = {(fact.table, fact.what, fact.name): fact for fact in wanted}
    present = {(fact.table, fact.what, fact.name): fact for fact in found}
    drift = Drift()
    drops, adds = [], []
    absent_tables = {
        fact.table for key, fact in expected.items() if fact.what == "table" and key not in present
    }
    for key, fact in expected.items():
        there = present.get(key)
        if there is not None and plain(there.definition) == plain(fact.definition):
            continue
        if fact.what not in MENDED:
            if fact.what == "table" or fact.table not in absent_tables:
                drift.obstacles.append(_obstacle(fact, there))
        elif fact.table not in absent_tables:
            if there is not None and fact.what != "storage":
                drops.append(_drop(fact))
            adds.append(fact)
    for key, fact in present.items():
        if (
            key not in expected
            and fact.what in {"table", "column", "constraint"}
            and fact.table not in absent_tables
        ):
            drift.obstacles.append(
                f"{fact.what} {fact.table}.{fact.name} is not of that release".replace("..", ".")
            )
    drift.statements.extend([*drops, *(_add(fact) for fact in sorted(adds, key=_order_of_adding))])
    return drift


def _obstacle(fact: TableFact, there: TableFact | None) -> str:
    name = fact.table if fact.what == "table" else f"{fact.table}.{fact.name}"
    if there is None:
        return f"{fact.what} {name} is missing"
    return f"{fact.what} {name} is {there.definition!r} instead of {fact.definition!r}"


def _order_of_adding(fact: TableFact) -> tuple[int, str]:
    """Sequences first, foreign keys last: they need the unique constraints of others."""
    if fact.what == "sequence":
        return 0, fact.name
    return (2 if fact.definition.startswith("FOREIGN KEY") else 1), fact.name


def _drop(fact: TableFact) -> str:
    if fact.what == "index":
        return f'DROP INDEX public."{fact.name}"'
    return f'ALTER TABLE public."{fact.table}" DROP CONSTRAINT "{fact.name}"'


def _add(fact: TableFact) -> str:
    match fact.what:
        case "index":
            return fact.definition
        case "storage":
            return f'ALTER TABLE public."{fact.table}" SET ({fact.name} = {fact.definition})'
        case "sequence":
            return f'CREATE SEQUENCE public."{fact.name}"'
        case _:
            return f'ALTER TABLE public."{fact.table}" ADD CONSTRAINT "{fact.name}" {fact.definition}'
