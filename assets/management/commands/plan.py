"""manage.py plan show|apply NETWORK PLAN"""

from typing import Any

from django.core.management.base import CommandParser

from assets.models import Plan
from assets.networks.selectors.by_code import network_by_code
from assets.plans.services.plans import approve_plan, conflicts_of, cost_of, difference_of
from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from gis_core.selectors.organisation import user_by_name


class Command(ReportingCommand):
    help = "Show what a plan would change and cost, with its conflicts; or apply it to the network."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["show", "apply"])
        parser.add_argument("network", help="the network's code")
        parser.add_argument("plan", help="the plan's code")
        parser.add_argument("--user", help="username of the person who approves it")

    def report(self, **options: Any) -> dict[str, Any]:
        network = network_by_code(options["network"])
        plan = (
            Plan.objects.select_related("network__division")
            .filter(network=network, code=options["plan"])
            .first()
        )
        if plan is None:
            raise ReportedError(f"Network {network.code} has no plan {options['plan']}.", code="unknown_plan")
        user = user_by_name(options["user"])
        if options["action"] == "apply":
            done = approve_plan(plan, acting_user=user)
            edit = done.applied_edit
            assert edit is not None
            return {"plan": plan.code, "state": done.state, "edit": str(edit.uid), "remarks": edit.remarks}
        shown: dict[str, Any] = {"plan": plan.code, "name": plan.name, "state": plan.state}
        if plan.state != Plan.State.DRAFT:
            return shown
        difference = difference_of(plan, acting_user=user)
        return {
            **shown,
            "conflicts": conflicts_of(plan),
            "difference": difference.as_dict(),
            "cost": cost_of(plan, acting_user=user),
        }

    def describe(self, result: dict[str, Any]) -> str:
        lines = [f"plan {result['plan']}: {result['state']}"]
        if "cost" in result:
            counts = ", ".join(f"{number} {word}" for word, number in result["difference"]["counts"].items())
            lines.append(f"  {counts}; {result['difference']['laid_m']:,.1f} m to lay")
            lines.append(f"  cost {result['cost']['total']:,} {result['cost']['currency']} without VAT")
            lines += [
                f"  no price: {entry['work']} {entry['kind']} {entry['material']}"
                for entry in result["cost"]["missing"]
            ]
            lines += [f"  conflict: {entry['element']} {entry['reason']}" for entry in result["conflicts"]]
        return "\n".join(lines)
