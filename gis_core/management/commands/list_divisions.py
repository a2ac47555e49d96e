"""`manage.py list_divisions`: the division tree."""

from typing import Any

from gis_core.commands import ReportingCommand
from gis_core.models import Division


class Command(ReportingCommand):
    help = "Show the division tree with its codes."

    def report(self, **options: Any) -> dict[str, Any]:
        divisions = Division.objects.order_by("path")
        return {
            "divisions": [
                {"code": item.code, "name": item.name, "level": item.get_level_display(), "path": item.path}
                for item in divisions
            ]
        }

    def describe(self, result: dict[str, Any]) -> str:
        return "\n".join(
            "  " * (item["path"].count(".") - 1) + f"{item['code']:<14} {item['name']} ({item['level']})"
            for item in result["divisions"]
        )
