"""`manage.py topic_prefix list | set PREFIX | withdraw PREFIX`: which topics of the broker are a division's."""

from typing import Any

from django.core.management.base import CommandParser

from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from gis_core.selectors.organisation import division_by_code, user_by_name
from sensors.feeds.services.topic_prefixes import set_prefix, topics_outside, withdraw_prefix
from sensors.models import TopicPrefix


class Command(ReportingCommand):
    help = (
        "Topics of the MQTT broker that sources of a division may listen to, by prefix: list them (and the topics of "
        "sources that lie in none, which are not listened to), give one, take one back."
    )

    def add_options(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        listed = verbs.add_parser("list", help="what is given, and what lies outside")
        given = verbs.add_parser("set", help="give a prefix to a division, or change its note")
        given.add_argument("--division", required=True, help="code of the division")
        given.add_argument("--note", default="", help="what it is, for those who read the list")
        withdraw = verbs.add_parser("withdraw", help="take a prefix back")
        for verb in (given, withdraw):
            verb.add_argument("prefix", help="one to four levels, such as tarmoq/qibray")
            verb.add_argument("--user", help="username whose change it is")
        for verb in (listed, given, withdraw):
            verb.add_argument(
                "--json", action="store_true", default=False, help="print one JSON document on stdout"
            )

    def report(self, **options: Any) -> dict[str, Any]:
        if options["verb"] == "list":
            rows = TopicPrefix.objects.select_related("division").order_by("prefix")
            outside = [{"source": source, "topic": topic} for source, topic in topics_outside()]
            return {"prefixes": [_shown(row) for row in rows], "outside": outside}
        acting_user = user_by_name(options["user"])
        if options["verb"] == "withdraw":
            row = TopicPrefix.objects.select_related("division").filter(prefix=options["prefix"]).first()
            if row is None:
                given = ", ".join(
                    TopicPrefix.objects.order_by("prefix").values_list("prefix", flat=True)[:50]
                )
                raise ReportedError(
                    f"{options['prefix']} is no prefix of a division; given are {given or 'none'}.",
                    code="unknown_prefix",
                )
            withdraw_prefix(row=row, acting_user=acting_user)
            return {"withdrawn": options["prefix"]}
        return _shown(
            set_prefix(
                prefix=options["prefix"],
                division=division_by_code(options["division"]),
                note=options["note"],
                acting_user=acting_user,
            )
        )

    def describe(self, result: dict[str, Any]) -> str:
        if "withdrawn" in result:
            return f"{result['withdrawn']} is nobody's any more; what is published there is not listened to."
        rows = result.get("prefixes", [result])
        lines = [f"{row['prefix']:<30} {row['division']:<12} {row['note']}" for row in rows]
        lines = lines or ["No prefix is given: nothing is listened to but SensorThings and regulators."]
        lines += [
            f"not listened to: {item['topic']} of {item['source']}, in no prefix of its division"
            for item in result.get("outside", ())
        ]
        return "\n".join(lines)


def _shown(row: TopicPrefix) -> dict[str, Any]:
    return {"prefix": row.prefix, "division": row.division.code, "note": row.note}
