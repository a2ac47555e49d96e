"""`manage.py message_gateway set | show | list | test`: who carries SMS and e-mail, for an enterprise or for all."""

import secrets
from argparse import ArgumentTypeError
from datetime import time
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction
from django.utils.translation import gettext_noop as _

from gis_core.commands import ReportingCommand, named_value_argument
from gis_core.errors import ReportedError
from gis_core.messages.selectors.events import GATEWAY_TRIAL
from gis_core.messages.services.gateways import CREDENTIALS, known_gateway, set_gateway, shown
from gis_core.messages.services.outbox import enqueue_message
from gis_core.messages.services.sending import send_message
from gis_core.models import Division, MessageGateway
from gis_core.selectors.organisation import enterprise_by_code, user_by_name
from gis_core.sentences import Sentence

_MEDIA = ("sms", "email")
_LARGEST_SECRET_BYTES = 4096


def _hours(text: str) -> tuple[time, time] | tuple[None, None]:
    if text == "none":
        return None, None
    since, _mark, until = text.partition("-")
    try:
        return time.fromisoformat(since), time.fromisoformat(until)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} are no hours; write them as 22:00-08:00, or none") from None


class Command(ReportingCommand):
    help = "Gateways of SMS and e-mail, of an enterprise or, without --enterprise, of all; at once in force."

    def add_options(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        change = verbs.add_parser("set", help="change what is given, keep the rest")
        show = verbs.add_parser("show", help="one gateway")
        listed = verbs.add_parser("list", help="all gateways")
        trial = verbs.add_parser("test", help="send one message now and say what became of it")
        for verb in (change, show, trial):
            verb.add_argument("--medium", required=True, choices=_MEDIA)
            verb.add_argument("--enterprise", help="code of the enterprise; without it, of the installation")
        trial.add_argument("--to", required=True, help="telephone or e-mail address")
        self._add_values(change)
        for verb in (change, show, listed, trial):
            verb.add_argument(
                "--json", action="store_true", default=False, help="print one JSON document on stdout"
            )

    def _add_values(self, change: CommandParser) -> None:
        change.add_argument("--driver", choices=list(CREDENTIALS))
        change.add_argument("--url", help="https://HOST/api, or smtp:// smtp+tls:// smtps://HOST[:PORT]")
        change.add_argument("--from", dest="sender", help="who the sender is")
        change.add_argument(
            "--credential",
            type=named_value_argument,
            action="append",
            default=[],
            metavar="NAME=VALUE|NAME=@FILE",
            help="; ".join(f"{driver}: {', '.join(names)}" for driver, names in CREDENTIALS.items() if names),
        )
        change.add_argument(
            "--quiet-hours", type=_hours, metavar="22:00-08:00|none", help="local; only urgent ones leave"
        )
        state = change.add_mutually_exclusive_group()
        state.add_argument("--enable", dest="is_enabled", action="store_const", const=True)
        state.add_argument("--disable", dest="is_enabled", action="store_const", const=False)
        change.add_argument("--user", help="who is acting, for the audit trail")

    def report(self, **options: Any) -> dict[str, Any]:
        if options["verb"] == "list":
            return {"gateways": [shown(row) for row in MessageGateway.objects.select_related("enterprise")]}
        enterprise = enterprise_by_code(options["enterprise"]) if options["enterprise"] else None
        if options["verb"] == "show":
            return shown(known_gateway(enterprise, options["medium"]))
        if options["verb"] == "test":
            return self._try(known_gateway(enterprise, options["medium"]), options["to"])
        row = set_gateway(
            enterprise=enterprise,
            medium=options["medium"],
            acting_user=user_by_name(options["user"]),
            credentials={name: _value(name, value) for name, value in options["credential"]},
            quiet_hours=options["quiet_hours"],
            **{name: options[name] for name in ("driver", "url", "sender", "is_enabled")},
        )
        return shown(row)

    def _try(self, gateway: MessageGateway, to: str) -> dict[str, Any]:
        division = gateway.division or Division.objects.order_by("path").first()
        if division is None:
            raise ReportedError(Sentence(_("There is no division yet.")), code="division")
        with transaction.atomic():
            message = enqueue_message(
                event_key=f"trial {secrets.token_hex(8)}",
                recipient=to,
                medium=gateway.medium,
                template=GATEWAY_TRIAL.code,
                values={},
                language="en",
                division=division,
                enterprise=gateway.enterprise,
            )
        send_message(message)
        message.refresh_from_db()
        return {
            "message": str(message.uid),
            "state": message.state,
            "gateway_id": message.gateway_id,
            "error": message.last_error,
        }


def _value(name: str, given: str) -> str:
    """A credential, or the content of the file that it names; a line's end is not part of it."""
    if not given.startswith("@"):
        return given
    path = Path(given[1:])
    try:
        content = path.read_bytes()[: _LARGEST_SECRET_BYTES + 1]
        if len(content) > _LARGEST_SECRET_BYTES:
            raise ReportedError(Sentence(_("{file} is too large for a credential."), file=path), code="file")
        return content.decode("utf-8-sig").strip("\r\n")
    except OSError as error:
        raise ReportedError(
            Sentence(_("{file} cannot be read: {reason}."), file=path, reason=error.strerror), code="file"
        ) from None
    except UnicodeDecodeError:
        raise ReportedError(
            Sentence(_("The credential {name} is unknown, empty or too long."), name=name), code="credential"
        ) from None
