"""`manage.py one_time_password USER`: a password that serves once, for whoever lost theirs."""

from typing import Any

from django.core.management.base import CommandParser

from gis_core.commands import ReportingCommand
from gis_core.selectors.organisation import user_by_name
from gis_core.services.passwords import give_one_time_password
from gis_core.services.second_factors import remove_second_factor


class Command(ReportingCommand):
    help = "Give a user a random password that serves once, within three days; sessions and tokens of theirs end."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="user name")
        parser.add_argument(
            "--remove-second-factor",
            action="store_true",
            help="the authenticator and the recovery codes are lost",
        )

    def report(self, **options: Any) -> dict[str, Any]:
        user = user_by_name(options["user"])
        assert user is not None
        if options["remove_second_factor"]:
            remove_second_factor(user=user, acting_user=None)
        password, until = give_one_time_password(user=user, acting_user=None)
        return {"user": user.username, "password": password, "until": until.isoformat()}

    def describe(self, result: dict[str, Any]) -> str:
        said = f"(for {result['user']}, once, until {result['until'][:16]}; it is not shown again)"
        return f"{result['password']}\n{said}"
