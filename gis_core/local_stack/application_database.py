"""The application's database: cloned from a migrated template, and brought to the code's state."""

from __future__ import annotations

import os
from dataclasses import dataclass

import environment_file
import external_servers
import python_environment
import schema_files
import stamps
from clone import Clone
from commands import run_logged
from console import StepError, step
from postgres_cluster import DATABASE, ROLE, private_cluster

STAMP = "migrations"

# One row: what identifies the database, which migrations it has, which code; empty where there is none.
_IDENTITY = (
    "SELECT (pg_control_system()).system_identifier || ' ' || oid FROM pg_database "
    "WHERE datname = current_database()"
)
_APPLIED = (
    "SELECT count(*) || ' ' || max(id) || ' ' || md5(string_agg(app || name, ',' ORDER BY id)) "
    "FROM django_migrations"
)
_CODE = "SELECT hash FROM gis_core_installedcode"
_TABLES = (
    "SELECT count(*) FROM pg_class "
    "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pg_depend "
    "WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')"
)


@dataclass(frozen=True)
class State:
    """What a database says of itself; an empty text where it says nothing."""

    identity: str
    applied: str
    code: str
    is_empty: bool


def address(clone: Clone) -> str:
    """The address that the application will use."""
    found = os.environ.get("DATABASE_URL") or environment_file.read(clone.environment_file).get(
        "DATABASE_URL"
    )
    if not found:
        raise StepError("there is no database address", remedy="make up")
    return found


def state(clone: Clone) -> State:
    where = address(clone)
    answers = [external_servers.query(where, query) for query in (_IDENTITY, _APPLIED, _CODE, _TABLES)]
    identity, applied, code, tables = (answer if exit_code == 0 else "" for exit_code, answer in answers)
    return State(identity, applied, code, is_empty=tables == "0")


def bring_up_to_date(clone: Clone) -> None:
    """Bring the tables, and the functions, triggers and views, to what the code says; says what it does.

    Tables are looked at again when anything changed that makes them, when the database is another, or when it has other
    migrations. What is installed of functions the database knows itself.
    """
    tables = _tables_hash(clone)
    found = state(clone)
    stamp = stamps.read(clone, STAMP)
    tables_are_current = bool(found.identity and found.applied) and (
        stamp.get("hash"),
        stamp.get("database"),
        stamp.get("applied"),
    ) == (tables, found.identity, found.applied)
    if tables_are_current and found.code == schema_files.code_hash(clone.root):
        return
    if tables_are_current:
        with step("database: installing changed functions and triggers"):
            _manage(clone, "install_database_code", "functions and triggers could not be installed")
        return
    stamps.remove(clone, STAMP)
    if not (found.is_empty and _make_from_template(clone)):
        with step("database: applying the migrations"):
            _manage(clone, "migrate", "the migrations could not be applied", "--no-input")
    found = state(clone)
    if found.identity and found.applied:
        stamps.write(clone, STAMP, tables, database=found.identity, applied=found.applied)


def _tables_hash(clone: Clone) -> str:
    paths = schema_files.table_paths(clone.root)
    return stamps.hash_of(paths, python_environment.lock_hash(clone), root=clone.root)


def _make_from_template(clone: Clone) -> bool:
    """Put a clone of the migrated template in the empty database's place; whether that was possible.

    Only on a private server: elsewhere the database and its settings are another's.
    """
    if os.environ.get("DATABASE_URL"):
        return False
    with step("database: making it from a migrated template"):
        _manage(clone, "make_template_database", "the migrated template could not be made")
        return clone_template(clone)


def clone_template(clone: Clone) -> bool:
    """Clone the template where it is there; not when somebody is connected to the empty database."""
    cluster = private_cluster(clone)
    name = schema_files.template_name(clone.root)
    there = cluster.query(f"SELECT 1 FROM pg_database WHERE datname = '{name}' AND datistemplate")
    if there != (0, "1") or cluster.query(f"DROP DATABASE IF EXISTS {DATABASE}")[0] != 0:
        return False
    code, answer = cluster.query(f"CREATE DATABASE {DATABASE} OWNER {ROLE} TEMPLATE {name}")
    if code != 0:
        raise StepError(f"PostgreSQL refused: {answer}", remedy="try again; make up makes an empty database")
    return True


def clone_template_if_empty(clone: Clone) -> None:
    """Give an empty private database the tables at once, when the template for this code is there already."""
    if not os.environ.get("DATABASE_URL") and state(clone).is_empty:
        clone_template(clone)


def _manage(clone: Clone, verb: str, failure: str, *arguments: str) -> None:
    run_logged(
        clone,
        verb,
        [clone.tool("python"), "manage.py", verb, *arguments],
        failure=failure,
        remedy="it is all or nothing, and the log says what stood in the way: put that right, then try again",
    )
