"""How long a job of each kind may run: past its soft limit it is told, at its hard limit it is ended."""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.sentences import Sentence


@dataclass(frozen=True)
class JobLimits:
    """From the moment at which a worker took the job."""

    soft: timedelta
    hard: timedelta


def limits_of(kind: str) -> JobLimits:
    """The limits of `JOB_LIMITS_MINUTES`; kinds that it does not name have those of `*`."""
    soft, hard = settings.JOB_LIMITS_MINUTES.get(kind) or settings.JOB_LIMITS_MINUTES["*"]
    return JobLimits(timedelta(minutes=soft), timedelta(minutes=hard))


@dataclass
class RunningTime:
    """What the heartbeat of the job that this thread does knows of its time."""

    limits: JobLimits
    is_past_soft: bool = False


running_time: ContextVar[RunningTime | None] = ContextVar("running time", default=None)


def is_past_soft_limit() -> bool:
    """Whether the job that this thread does runs longer than its kind should; False outside of jobs."""
    running = running_time.get()
    return running is not None and running.is_past_soft


def end_past_soft_limit() -> None:
    """For work that rather ends by itself, between two of its steps, than is ended: raises ReportedError."""
    running = running_time.get()
    if running is not None and is_past_soft_limit():
        raise ReportedError(
            Sentence(
                _("It ended itself after {minutes} minutes, its soft limit; nothing of it was kept."),
                minutes=running.limits.soft // timedelta(minutes=1),
            ),
            code="soft_limit",
        )
