"""Make the migrated template database that the application's, the tests' and the benchmarks' are cloned from."""

import os
from typing import Any

from gis_core.commands import ReportingCommand
from gis_core.database.template import template_database
from gis_core.errors import ReportedError


class Command(ReportingCommand):
    help = "Make the migrated template database of this code, unless it is there; templates of other code are dropped."
    # It is asked for where there is no migrated database yet.
    requires_system_checks = []

    def report(self, **options: Any) -> dict[str, Any]:
        name = template_database(is_shared_server=bool(os.environ.get("DATABASE_URL")), say=self.stderr.write)
        if name is None:
            raise ReportedError(
                "The migrating role may make no databases (CREATEDB), or the server has no template_tarmoq with the "
                "extensions.",
                code="no_template",
            )
        return {"template": name}
