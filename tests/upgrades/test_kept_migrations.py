"""From v0.2.0 on migrations are kept, and a database made by that release comes to the present one."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from gis_core.database.former_release import plain
from gis_core.database.installing import difference
from tests.upgrades.databases import code, database_of, facts, migrate, reference_rows

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).parent / "v0_2_0_migrations.sha256"


def kept_files() -> dict[str, str]:
    """The digest of each file of migrations that a release had, by its path."""
    lines = KEPT.read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def test_migrations_of_a_release_are_not_rewritten() -> None:
    """A database that ran one never runs it again: what is to change is a new migration."""
    for name, digest in kept_files().items():
        path = ROOT / name
        assert path.is_file(), f"{name} was part of v0.2.0 and is kept"
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest, (
            f"{name} was part of v0.2.0: add a migration"
        )


def test_a_database_of_v0_2_0_becomes_like_a_new_one(
    migrated_test_database: None, django_db_blocker: Any
) -> None:
    with django_db_blocker.unblock():
        fresh = facts(), plain_code(), reference_rows()
        with database_of("v0_2_0"):
            assert not migrate().startswith("refused")
            assert (facts(), plain_code(), reference_rows()) == fresh
            assert difference(connection).is_none


def plain_code() -> dict[str, str]:
    """Functions, triggers and views without what a restored dump writes otherwise: it may need no installation."""
    return {name: plain(text) for name, text in code().items()}


@pytest.mark.parametrize("label", ["gis_core", "assets", "sensors", "billing", "balances", "fixtures"])
def test_tables_of_an_application_are_made_by_one_migration(label: str) -> None:
    first = sorted((ROOT / label / "migrations").glob("0*.py"))[0]
    assert first.name == "0001_tables.py"
    assert first.read_text(encoding="utf-8").count("CreateTables(") == 1
