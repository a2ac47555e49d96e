from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        from billing.services.runs import BILLING_JOB
        from billing.tasks import run_billing_job
        from gis_core.job_kinds import register_job_kind

        register_job_kind(BILLING_JOB, run_billing_job.delay)
