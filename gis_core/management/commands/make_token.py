"""`manage.py make_token USER`: an API token, shown once."""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from gis_core.selectors.organisation import user_by_name
from gis_core.services.tokens import make_token

LONGEST_DAYS = 36_500


class Command(ReportingCommand):
    help = "Make an API token for a user: send it as `Authorization: Bearer` or as the password of Basic."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="user name")
        parser.add_argument("--name", default="command line", help="what the token is for")
        parser.add_argument("--days", type=int, help="days until it expires; 90 when absent")

    def report(self, **options: Any) -> dict[str, Any]:
        user = user_by_name(options["user"])
        assert user is not None
        if options["days"] is not None and not 1 <= options["days"] <= LONGEST_DAYS:
            raise ReportedError(f"--days is out of range: 1 to {LONGEST_DAYS}.", code="bad_days")
        expires_at = timezone.now() + timedelta(days=options["days"]) if options["days"] else None
        token, secret = make_token(user=user, name=options["name"], acting_user=None, expires_at=expires_at)
        return {
            "user": user.username,
            "token": secret,
            "name": token.name,
            "expires_at": token.expires_at.isoformat() if token.expires_at else None,
        }

    def describe(self, result: dict[str, Any]) -> str:
        return f"{result['token']}\n(the token of {result['user']}; it is not shown again)"
