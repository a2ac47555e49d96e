"""`manage.py feed_profile list | show NAME | test NAME FILE | save NAME SETTINGS.json`: how logger files are
written."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from gis_core.selectors.organisation import division_by_code, user_by_name
from sensors.feeds.services.profiles import profile_by_name, save_profile, try_profile
from sensors.models import FeedProfile


class Command(ReportingCommand):
    help = (
        "Profiles of logger files: list them, show one, test one on a file (nothing is stored), or save "
        "one from a JSON "
        "file with its settings."
    )

    def add_options(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="the profiles there are")
        show = verbs.add_parser("show", help="the settings of one")
        show.add_argument("name")
        test = verbs.add_parser("test", help="what a profile makes of the beginning of a file")
        test.add_argument("name")
        test.add_argument("file", type=Path, help="the logger file")
        save = verbs.add_parser("save", help="make a profile or change it")
        save.add_argument("name")
        save.add_argument("file", type=Path, help="JSON file with the settings")
        save.add_argument(
            "--division", default="UZ", help="code of the division whose profile it is; UZ when absent"
        )
        save.add_argument("--description", default="")
        save.add_argument("--user", help="username whose change it is")
        for verb in (show, test, save, verbs.choices["list"]):
            verb.add_argument(
                "--json", action="store_true", default=False, help="print one JSON document on stdout"
            )

    def report(self, **options: Any) -> dict[str, Any]:
        verb = options["verb"]
        if verb == "list":
            return {
                "profiles": [_shown(profile) for profile in FeedProfile.objects.select_related("division")]
            }
        if verb == "show":
            return _shown(profile_by_name(options["name"]))
        if verb == "test":
            return try_profile(profile_by_name(options["name"]).settings, options["file"])
        profile = save_profile(
            name=options["name"],
            settings=_settings(options["file"]),
            division=division_by_code(options["division"]),
            description=options["description"],
            acting_user=user_by_name(options["user"]),
        )
        return _shown(profile)

    def describe(self, result: dict[str, Any]) -> str:
        if "profiles" in result:
            return "\n".join(
                f"{entry['name']:<20} {entry['division']:<10} {entry['description']}"
                for entry in result["profiles"]
            )
        return json.dumps(result, indent=1, ensure_ascii=False)


def _shown(profile: FeedProfile) -> dict[str, Any]:
    return {
        "name": profile.name,
        "division": profile.division.code,
        "description": profile.description,
        "settings": profile.settings,
    }


def _settings(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReportedError(f"{path} is not a JSON file: {error}.", code="file_unreadable") from error
