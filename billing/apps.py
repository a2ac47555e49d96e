from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        from gis_core.job_kinds import register_job_kind

        from billing.tasks import BILLING_JOB, run_billing_job

        register_job_kind(BILLING_JOB, run_billing_job.delay)
