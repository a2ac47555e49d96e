"""`manage.py backup`: take, list or verify backups of the database server."""

from typing import Any

from django.core.management.base import CommandParser

from gis_core.commands import ReportingCommand
from gis_core.services.backups import Backup, list_backups, take_backup, verify_backups


class Command(ReportingCommand):
    help = (
        "Take a backup of the database server (files and archived WAL) into the repository, list the backups there, or "
        "verify them. `make restore` brings any instant since the oldest one back into a new cluster."
    )
    # A server whose code is to be repaired is backed up first.
    requires_system_checks = []

    def add_options(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--list", action="store_true", help="the backups that there are")
        what.add_argument("--verify", action="store_true", help="read all of them and compare checksums")
        parser.add_argument(
            "--type",
            choices=["auto", "full", "diff", "incr"],
            default="auto",
            help="auto: full once a week, else what changed since the last one",
        )

    def report(self, **options: Any) -> dict[str, Any]:
        if options["list"]:
            found = list_backups()
            return {
                "backups": [_facts(backup) for backup in found.backups],
                "first_wal": found.first_wal,
                "last_wal": found.last_wal,
            }
        if options["verify"]:
            seconds = verify_backups()
            return {"verified": len(list_backups().backups), "seconds": round(seconds, 2)}
        backup, seconds = take_backup(kind=options["type"])
        return {**_facts(backup), "seconds": round(seconds, 2)}

    def describe(self, result: dict[str, Any]) -> str:
        if "backups" in result:
            return "\n".join(_line(row) for row in result["backups"]) or "no backup yet"
        if "verified" in result:
            return f"{result['verified']} backups verified in {result['seconds']} s"
        return f"{_line(result)}, taken in {result['seconds']} s"


def _facts(backup: Backup) -> dict[str, Any]:
    return {
        "label": backup.label,
        "type": backup.kind,
        "began_at": backup.began_at.isoformat(),
        "ended_at": backup.ended_at.isoformat(),
        "database_bytes": backup.database_bytes,
        "stored_bytes": backup.stored_bytes,
        "has_errors": backup.has_errors,
    }


def _line(row: dict[str, Any]) -> str:
    megabytes = row["database_bytes"] / 1_000_000
    flaw = ", WITH ERRORS" if row["has_errors"] else ""
    return f"{row['label']:<36} {row['type']:<5} {row['ended_at']}  {megabytes:,.0f} MB{flaw}"
