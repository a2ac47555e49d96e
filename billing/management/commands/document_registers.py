"""`manage.py document_registers`: write docs/registers.md from the declarations of the registers."""

from pathlib import Path
from typing import Any

from django.conf import settings

from billing.exchange.selectors.documented import with_chapters
from gis_core.commands import ReportingCommand


class Command(ReportingCommand):
    help = "Write docs/registers.md: the registers that come and go as files, and their columns."

    def report(self, **options: Any) -> dict[str, Any]:
        path = Path(settings.BASE_DIR) / "docs" / "registers.md"
        path.write_text(with_chapters(path.read_text(encoding="utf-8")), encoding="utf-8")
        return {"written": str(path)}
