"""`manage.py tokens`: whose API tokens there are, when they were last used, and ending them."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from gis_core.models import ApiToken
from gis_core.selectors.organisation import token_by_uid, tokens_of, user_by_name
from gis_core.services.tokens import expire_token, revoke_token

LONGEST_DAYS = 365


class Command(ReportingCommand):
    help = "List API tokens with their last use; end one, or all of a user; let one end in some days."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--user", help="only the tokens of this user")
        parser.add_argument("--all", action="store_true", help="list those that have ended or expired, too")
        parser.add_argument(
            "--end", metavar="UID", help="end this token now (8 characters of its uid are enough)"
        )
        parser.add_argument("--end-all", action="store_true", help="end all tokens of --user now")
        parser.add_argument("--expire", metavar="UID", help="let this token end in --days")
        parser.add_argument("--days", type=int, help="with --expire: days from now")

    def report(self, **options: Any) -> dict[str, Any]:
        if options["user"]:
            _known_user(options["user"])
        if options["end_all"] and not options["user"]:
            raise ReportedError("--end-all needs --user: it never ends everybody's.", code="no_user")
        if bool(options["expire"]) != (options["days"] is not None):
            raise ReportedError("--expire and --days go together.", code="bad_days")
        ended: list[ApiToken] = []
        if options["end"]:
            ended = [token_by_uid(options["end"])]
        elif options["end_all"]:
            ended = list(tokens_of(options["user"]).filter(revoked_at=None))
        for token in ended:
            revoke_token(token=token, acting_user=None)
        if options["expire"]:
            if not 0 <= options["days"] <= LONGEST_DAYS:
                raise ReportedError(f"--days is out of range: 0 to {LONGEST_DAYS}.", code="bad_days")
            expire_token(token=token_by_uid(options["expire"]), days=options["days"], acting_user=None)
        rows = [_row(token) for token in tokens_of(options["user"])]
        shown = [row for row in rows if options["all"] or row["state"] == "good"]
        return {
            "ended": [str(token.uid) for token in ended],
            "tokens": shown,
            "not_shown": len(rows) - len(shown),
        }

    def describe(self, result: dict[str, Any]) -> str:
        lines = [f"ended: {uid}" for uid in result["ended"]]
        lines += [
            f"{row['uid'][:8]}  {row['user']:<20} {row['name'][:30]:<30} {row['state']:<8} "
            f"until {(row['expires_at'] or 'ended')[:10]}  last used {(row['last_used_at'] or 'never')[:16]}"
            for row in result["tokens"]
        ]
        if result["not_shown"]:
            lines.append(f"{result['not_shown']} more have ended or expired (--all)")
        return "\n".join(lines) or "no token"


def _known_user(name: str) -> None:
    """Tokens of users who are not active any more are listed and ended, too."""
    if not tokens_of(name).exists():
        user_by_name(name)


def _row(token: ApiToken) -> dict[str, Any]:
    is_over = token.expires_at is not None and token.expires_at <= timezone.now()
    return {
        "uid": str(token.uid),
        "user": token.user.username,
        "home_division": token.user.home_division.code,
        "name": token.name,
        "state": "ended" if token.revoked_at else "expired" if is_over else "good",
        **{
            name: getattr(token, name).isoformat() if getattr(token, name) else None
            for name in ("created_at", "expires_at", "revoked_at", "last_used_at")
        },
    }
