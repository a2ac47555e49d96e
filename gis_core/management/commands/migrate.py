"""Django's migrate, with what belongs before and after it: the former release is recognised, code is installed."""

import time
from typing import Any

from django.core.checks import Tags
from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as DjangoCommand
from django.db import OperationalError, ProgrammingError, connections
from psycopg.errors import InsufficientPrivilege

from gis_core.database.former_release import adopt, examine
from gis_core.database.installing import install, prepare_record
from gis_core.database.locks import changing_schema
from gis_core.database.rights import grant_rights
from gis_core.database.roles import as_migrating_role
from gis_core.errors import ReportedError


class Command(DjangoCommand):
    """One at a time for each database; a database that this release cannot migrate is refused before it is touched."""

    def check(self, *args: Any, **options: Any) -> None:
        """The database's checks only: those of addresses load every view, which takes as long as the tables do."""
        super().check(*args, **{**options, "tags": [Tags.database]})

    def execute(self, *args: Any, **options: Any) -> str | None:
        # Checks ask the database before `handle` does.
        try:
            with as_migrating_role(options["database"]):
                return super().execute(*args, **options)
        except OperationalError as error:
            raise CommandError(f"The database cannot be used: {error}".strip()) from error
        except ProgrammingError as error:
            if not isinstance(error.__cause__, InsufficientPrivilege):
                raise
            raise CommandError(
                f"This database user lacks a right: {str(error).strip()}. Migrate as the owner of the tables "
                "(DATABASE_MIGRATION_URL), of a database whose extensions were made by an administrator "
                "(docs/operations.md)."
            ) from error

    def handle(self, *args: Any, **options: Any) -> None:
        if options["plan"] or options["check_unapplied"] or options["prune"]:
            super().handle(*args, **options)
            return
        connection = connections[options["database"]]
        said = self.stdout.write if options["verbosity"] else (lambda text: None)
        try:
            with changing_schema(connection, lambda: said("Waiting for another process that is migrating.")):
                statements = examine(connection)
                if statements:
                    said(
                        f"Mending {len(statements)} constraints, indexes and settings of the former release."
                    )
                    adopt(connection, statements)
                super().handle(*args, **options)
                prepare_record(connection)
                # With some of the tables only, functions and triggers could not be made.
                if options["app_label"]:
                    grant_rights(connection)
                else:
                    self._install(connection, said)
        except ReportedError as error:
            raise CommandError(error.message) from error

    def _install(self, connection: Any, said: Any) -> None:
        began = time.monotonic()
        outcome = install(connection)
        if outcome.is_changed:
            said(
                f"Functions, triggers and views: installed {outcome.objects} in {time.monotonic() - began:.1f} s"
                + (f"; removed {', '.join(outcome.removed)}" if outcome.removed else "")
            )
        else:
            said("Functions, triggers and views: nothing changed.")
