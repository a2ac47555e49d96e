"""Install functions, triggers and views anew, or say whether the database has those of the code."""

from typing import Any

from django.core.management.base import CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from gis_core.commands import ReportingCommand
from gis_core.database.installing import Difference, difference, install
from gis_core.database.roles import as_migrating_role
from gis_core.errors import ReportedError


class Command(ReportingCommand):
    help = (
        "Bring functions, triggers and views in the database to what sql/install/ of each application says. Nothing is "
        "done when they are that already; --check changes nothing and exits with 1 when they differ."
    )
    # The check that warns of differing code has nothing to say to the command that mends it.
    requires_system_checks = []

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only say whether they differ")
        parser.add_argument(
            "--force", action="store_true", help="also when nothing changed: repairs what was changed by hand"
        )

    def report(self, **options: Any) -> dict[str, Any]:
        with as_migrating_role():
            return self._report(**options)

    def _report(self, **options: Any) -> dict[str, Any]:
        if options["check"]:
            found = difference(connection)
            _refuse(found)
            return {"hash": found.current_hash, "is_current": True, "is_changed": False}
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise ReportedError(
                "The tables are not those of this release: run `manage.py migrate`, which installs functions, triggers "
                "and views too.",
                code="tables_not_migrated",
            )
        outcome = install(connection, force=options["force"])
        found = difference(connection)
        _refuse(found)
        return {
            "hash": found.current_hash,
            "is_current": True,
            "is_changed": outcome.is_changed,
            "objects": outcome.objects,
            "removed": outcome.removed,
        }


def _refuse(found: Difference) -> None:
    """Raise ReportedError when the database's code is not that of the files, with what to do."""
    if found.is_none:
        return
    remedy = (
        "--force installs them anew"
        if found.recorded_hash == found.current_hash
        else "manage.py migrate installs them"
    )
    words = found.words()
    raise ReportedError(
        f"{words[0].upper()}{words[1:]}; {remedy}.",
        code="database_code_differs",
        details=[{what: label} for what in ("missing", "changed") for label in getattr(found, what)],
    )
