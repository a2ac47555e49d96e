"""`manage.py payment_channel set | show | list | expire`: what was agreed with providers of payments."""

from argparse import ArgumentTypeError
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from billing.channels.services.agreements import CREDENTIALS, known_channel, set_channel, shown
from billing.channels.services.transactions import expire_due, now_ms
from billing.models import PROVIDERS, ChannelSettings
from gis_core.commands import ReportingCommand, named_value_argument
from gis_core.errors import ReportedError
from gis_core.selectors.organisation import enterprise_by_code, user_by_name
from gis_core.sentences import Sentence

# Of these only the account from which they pay out is known here.
_WITHOUT_CALLS = ("post", "bank", "kiosk", "direct_debit")
_LARGEST_SECRET_BYTES = 4096


def _amount(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or "e" in text.lower():
        raise ArgumentTypeError(f"{text!r} is not an amount; write it as 500 or 500.00")
    return value


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no moment; write it as 2026-01-05T12:00:00+05:00") from None
    return moment if moment.tzinfo else timezone.make_aware(moment)


class Command(ReportingCommand):
    help = "Credentials, bounds and networks of the providers through which an enterprise is paid; at once in force."

    def add_options(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        change = verbs.add_parser("set", help="change what is given, keep the rest")
        show = verbs.add_parser("show", help="one channel")
        listed = verbs.add_parser("list", help="all channels of an enterprise, or of all")
        expire = verbs.add_parser("expire", help="end what providers began too long ago")
        for verb in (change, show):
            verb.add_argument("--channel", required=True, choices=(*PROVIDERS, *_WITHOUT_CALLS))
        for verb in (change, show, expire):
            verb.add_argument("--enterprise", required=True, help="code of the enterprise")
        listed.add_argument("--enterprise", help="code of the enterprise")
        expire.add_argument("--channel", choices=PROVIDERS, default="")
        expire.add_argument("--now", type=_moment, help="as of this moment (ISO 8601)")
        self._add_values(change)
        for verb in (change, show, listed, expire):
            verb.add_argument(
                "--json", action="store_true", default=False, help="print one JSON document on stdout"
            )

    def _add_values(self, change: CommandParser) -> None:
        change.add_argument(
            "--credential",
            type=named_value_argument,
            action="append",
            default=[],
            metavar="NAME=VALUE|NAME=@FILE",
            help="; ".join(f"{channel}: {', '.join(names)}" for channel, names in CREDENTIALS.items()),
        )
        change.add_argument("--field", dest="account_field", help="what the provider calls the account")
        change.add_argument("--min", dest="min_amount", type=_amount, help="least amount, UZS")
        change.add_argument("--max", dest="max_amount", type=_amount, help="greatest amount, UZS")
        change.add_argument("--refunds", choices=("allowed", "refused"))
        change.add_argument(
            "--network", action="append", metavar="CIDR|any", help="from where it calls; all anew"
        )
        change.add_argument("--settlement-account", help="its bank account, from which it pays out")
        state = change.add_mutually_exclusive_group()
        state.add_argument("--enable", dest="is_enabled", action="store_const", const=True)
        state.add_argument("--disable", dest="is_enabled", action="store_const", const=False)
        change.add_argument("--user", help="who is acting, for the audit trail")

    def report(self, **options: Any) -> dict[str, Any]:
        if options["verb"] == "list":
            rows = ChannelSettings.objects.select_related("enterprise")
            if options["enterprise"]:
                rows = rows.filter(enterprise=enterprise_by_code(options["enterprise"]))
            return {"channels": [shown(row) for row in rows]}
        enterprise = enterprise_by_code(options["enterprise"])
        if options["verb"] == "expire":
            moment = options["now"]
            at_ms = int(moment.timestamp() * 1000) if moment else now_ms()
            return {"expired": expire_due(at_ms=at_ms, enterprise=enterprise, channel=options["channel"])}
        if options["verb"] == "show":
            return shown(known_channel(enterprise, options["channel"]))
        row = set_channel(
            enterprise=enterprise,
            channel=options["channel"],
            acting_user=user_by_name(options["user"]),
            credentials={name: _value(name, value) for name, value in options["credential"]},
            networks=options["network"],
            refunds_allowed=None if options["refunds"] is None else options["refunds"] == "allowed",
            **{
                name: options[name]
                for name in ("is_enabled", "account_field", "min_amount", "max_amount", "settlement_account")
            },
        )
        return shown(row)

    def describe(self, result: dict[str, Any]) -> str:
        if "channels" not in result:
            return super().describe(result)
        return (
            "\n".join(
                f"{row['enterprise']:<20} {row['channel']:<12} {'enabled' if row['enabled'] else 'disabled':<9} "
                f"{row['min']} to {row['max']}"
                for row in result["channels"]
            )
            or "No channel was set."
        )


def _value(name: str, given: str) -> str:
    """A credential, or the content of the file that it names; a line's end is not part of it."""
    if not given.startswith("@"):
        return given
    path = Path(given[1:])
    try:
        if path.stat().st_size > _LARGEST_SECRET_BYTES:
            raise ReportedError(Sentence(_("{file} is too large for a credential."), file=path), code="file")
        return path.read_text(encoding="utf-8-sig").strip("\r\n")
    except OSError as error:
        raise ReportedError(
            Sentence(_("{file} cannot be read: {reason}."), file=path, reason=error.strerror), code="file"
        ) from None
    except UnicodeDecodeError:
        raise ReportedError(
            Sentence(_("The credential {name} is empty, too long or no text of one line."), name=name),
            code="credential",
        ) from None
