from django.apps import AppConfig

from balances.job_kinds import TASKS
from gis_core.job_kinds import register_job_kind, task_named


class BalancesConfig(AppConfig):
    name = "balances"
    verbose_name = "Balances and losses"

    def ready(self) -> None:
        for kind, task in TASKS.items():
            register_job_kind(kind, task_named(task))
