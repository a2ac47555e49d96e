"""The common form of our commands: `--json` prints one document on stdout, everything else goes to stderr.

Exit codes: 0 success, 1 a reported failure, 2 bad arguments.
"""

import json
import sys
from abc import abstractmethod
from argparse import SUPPRESS, ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import Error as DatabaseError
from psycopg.errors import UndefinedColumn, UndefinedFunction, UndefinedTable
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gis_core.database.refusals import primary_of
from gis_core.database.scope import of_user, working_in
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.services.audit import recorded_as_by_command

ProgressReport = Callable[[str, int, int], None]


class _NumberEncoder(DjangoJSONEncoder):
    """Decimals as JSON strings keep their exact value; everything else as Django writes it."""

    def default(self, value: Any) -> Any:
        return str(value) if isinstance(value, Decimal) else super().default(value)


class ReportingCommand(BaseCommand):
    """A command whose result is one dictionary. Subclasses define `add_options`, `report` and `describe`."""

    requires_migrations_checks = False
    # A check of the addresses loads every view of the product; `make check` and `manage.py check` do it.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON document on stdout")
        # There are none to skip; scripts that ask for it go on working.
        parser.add_argument("--skip-checks", action="store_true", help=SUPPRESS)
        self.add_options(parser)

    def add_options(self, parser: CommandParser) -> None:
        """Declare the command's own arguments."""

    @abstractmethod
    def report(self, **options: Any) -> dict[str, Any]:
        """Do the work and return the result; raise ReportedError when it cannot be done."""

    def describe(self, result: dict[str, Any]) -> str:
        """The result as text for a person."""
        return "\n".join(f"{key}: {value}" for key, value in result.items())

    def handle(self, *args: Any, **options: Any) -> None:
        as_json = options["json"]
        try:
            result = self.report(**options)
        except ReportedError as error:
            self._fail(error, as_json)
        except CommandError as error:
            self._refuse_arguments(error)
        except DatabaseError as error:
            is_older = isinstance(error.__cause__, UndefinedTable | UndefinedColumn | UndefinedFunction)
            remedy = " The tables are not those of this release: run `manage.py migrate`." if is_older else ""
            said = f"The database refused: {primary_of(error)}{remedy}"
            self._fail(ReportedError(said, code="database"), as_json)
        if as_json:
            self.stdout.write(json.dumps(result, cls=_NumberEncoder, ensure_ascii=False))
        else:
            self.stdout.write(self.describe(result))

    def _refuse_arguments(self, error: CommandError) -> NoReturn:
        """Arguments that do not go together are refused in the form of those that cannot be read."""
        # Django's own mark; the stubs leave out what begins with an underscore.
        if not self._called_from_command_line:  # type: ignore[attr-defined]
            raise error
        self.stderr.write(f"manage.py {self._name()}: error: {error}")
        sys.exit(error.returncode)

    def _name(self) -> str:
        return type(self).__module__.rpartition(".")[2]

    def _fail(self, error: ReportedError, as_json: bool) -> NoReturn:
        if as_json:
            self.stdout.write(json.dumps(error.as_dict(), cls=_NumberEncoder, ensure_ascii=False))
        self.stderr.write(error.message)
        for detail in error.details[:50]:
            self.stderr.write("  " + ", ".join(f"{key} {value}" for key, value in detail.items()))
        if len(error.details) > 50:
            self.stderr.write(f"  and {len(error.details) - 50} more (all of them with --json)")
        sys.exit(1)


@contextmanager
def acting_as(user: User) -> Iterator[None]:
    """Work as this user would on a page: what he does not see is not there, and rows name nobody else. The audit trail
    says that it came by a command, which believes the name that it is given.
    """
    with working_in(of_user(user.pk)), recorded_as_by_command():
        yield


class ProgressBar:
    """A progress bar on stderr, used as a context manager; it is also the callable that services report to."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<44}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> "ProgressBar":
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def __call__(self, message: str, done: int, total: int) -> None:
        if message not in self._tasks:
            self._tasks[message] = self._progress.add_task(message, total=total)
        self._progress.update(self._tasks[message], completed=done, total=total)


def month_argument(text: str) -> date:
    """Parse YYYY-MM into the first day of that month."""
    try:
        year, month = text.split("-")
        return date(int(year), int(month), 1)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a month; write it as 2026-01") from None


def named_value_argument(text: str) -> tuple[str, str]:
    """Parse NAME=VALUE, neither being empty."""
    name, mark, value = text.partition("=")
    if not mark or not name or not value:
        raise ArgumentTypeError("write NAME=VALUE or NAME=@FILE")
    return name, value
