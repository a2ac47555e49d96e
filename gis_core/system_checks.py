"""System checks of the settings against what the apps register."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from gis_core.job_kinds import known_kinds


@register("job_limits")
def check_job_limits(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """No limit is of a kind of job that nobody does: it would have no effect."""
    known = known_kinds()
    return [
        Error(
            f"JOB_LIMITS_MINUTES names {kind!r}, which is no kind of job.",
            hint=f"There are: {', '.join(sorted(known))}, and * for all others.",
            id="gis_core.E001",
        )
        for kind in sorted(settings.JOB_LIMITS_MINUTES.keys() - known - {"*"})
    ]
