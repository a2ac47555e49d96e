"""manage.py undo_edit CODE --user NAME [--redo]"""

from typing import Any

from django.core.management.base import CommandParser

from assets.editing.selectors.edits import elements_of
from assets.editing.services.undoing import redo_last, undo_last
from assets.networks.selectors.by_code import network_by_code
from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from gis_core.selectors.organisation import user_by_name


class Command(ReportingCommand):
    help = (
        "Take back a person's last edit of a network that is not undone; or bring back what they undid last."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="the network's code")
        parser.add_argument("--user", required=True, help="username of the person whose edit it is")
        parser.add_argument("--redo", action="store_true", help="bring back what was undone last")

    def report(self, **options: Any) -> dict[str, Any]:
        network = network_by_code(options["code"])
        user = user_by_name(options["user"])
        if user is None:
            raise ReportedError("Only a person's edits can be undone.", code="unknown_user")
        edit = (redo_last if options["redo"] else undo_last)(network, acting_user=user)
        return {
            "network": network.code,
            "operation": edit.operation,
            "edit": str(edit.uid),
            "undoes": str(edit.undoes.uid) if edit.undoes else None,
            "summary": edit.summary,
            "elements": elements_of(edit),
        }

    def describe(self, result: dict[str, Any]) -> str:
        return f"{result['network']}: {result['summary']} ({len(result['elements'])} nodes and pipes)"
