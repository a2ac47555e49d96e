"""`manage.py regulator_key list | make CODE | allow-unsigned CODE | require CODE`: who signs, and who need not."""

from typing import Any

from django.core.management.base import CommandParser

from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from gis_core.selectors.named_rows import named_in_division
from gis_core.selectors.organisation import user_by_name
from sensors.models import Regulator
from sensors.regulators.services.signing import allow_unsigned, renew_key


class Command(ReportingCommand):
    help = (
        "Keys of regulators: list who has one, make or renew one (shown once), or let a device that cannot sign be "
        "commanded all the same. A device without a key that is not let go unsigned is not commanded."
    )

    def add_options(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        every = [verbs.add_parser("list", help="regulators and whether they have a key")]
        for name, told in (
            ("make", "a new key, printed once; the former is useless from now on"),
            ("allow-unsigned", "command this device without signatures, as long as it has no key"),
            ("require", "allow that no longer"),
        ):
            verb = verbs.add_parser(name, help=told)
            verb.add_argument("code", help="code of the regulator, or DIVISION/CODE")
            verb.add_argument("--user", help="username whose change it is")
            every.append(verb)
        for verb in every:
            verb.add_argument(
                "--json", action="store_true", default=False, help="print one JSON document on stdout"
            )

    def report(self, **options: Any) -> dict[str, Any]:
        if options["verb"] == "list":
            return {"regulators": [_shown(row) for row in Regulator.objects.order_by("code")]}
        acting_user, regulator = user_by_name(options["user"]), _by_code(options["code"])
        if options["verb"] == "make":
            key = renew_key(regulator=regulator, acting_user=acting_user)
            regulator.refresh_from_db()
            return {**_shown(regulator), "key": key}
        is_allowed = options["verb"] == "allow-unsigned"
        return _shown(allow_unsigned(regulator=regulator, is_allowed=is_allowed, acting_user=acting_user))

    def describe(self, result: dict[str, Any]) -> str:
        lines = [f"{row['code']:<30} {row['commands']}" for row in result.get("regulators", [result])]
        if "key" in result:
            lines.append(f"key, shown once: {result['key']}")
        return "\n".join(lines) or "There are no regulators."


def _by_code(code: str) -> Regulator:
    row = named_in_division(Regulator.objects.all(), "code", code).first()
    if row is None:
        known = (
            ", ".join(Regulator.objects.order_by("code").values_list("code", flat=True)[:50]) or "none yet"
        )
        raise ReportedError(f"There is no regulator {code}; known are {known}.", code="unknown_regulator")
    return row


def _shown(row: Regulator) -> dict[str, Any]:
    unsigned = "unsigned" if row.may_be_unsigned else "refused: no key"
    return {
        "code": row.code,
        "has_key": bool(row.key_sealed),
        "may_be_unsigned": row.may_be_unsigned,
        "commands": "signed" if row.key_sealed else unsigned,
    }
