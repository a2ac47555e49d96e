from django.apps import AppConfig


class BalancesConfig(AppConfig):
    name = "balances"
    verbose_name = "Balances and losses"

    def ready(self) -> None:
        from balances.services.zone_balances import BALANCE_JOB
        from balances.tasks import run_balance_job
        from gis_core.job_kinds import register_job_kind

        register_job_kind(BALANCE_JOB, run_balance_job.delay)
