from django.apps import AppConfig


class BalancesConfig(AppConfig):
    name = "balances"
    verbose_name = "Balances and losses"

    def ready(self) -> None:
        from gis_core.job_kinds import register_job_kind

        from balances.tasks import BALANCE_JOB, run_balance_job

        register_job_kind(BALANCE_JOB, run_balance_job.delay)
