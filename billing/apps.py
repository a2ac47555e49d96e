from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        from assets.consumer_providers import register_consumer_provider
        from billing.selectors import counts
        from billing.services.runs import BILLING_JOB
        from billing.tasks import run_billing_job
        from gis_core.job_kinds import register_job_kind

        register_job_kind(BILLING_JOB, run_billing_job.delay)
        register_consumer_provider(
            "subscribers",
            count_in_network=counts.subscribers_in_network,
            count_at_nodes=counts.subscribers_at_nodes,
            count_at_attachments=counts.subscribers_at_attachments,
            list_at_attachments=counts.list_subscribers_at_attachments,
        )
        register_consumer_provider(
            "priority",
            count_in_network=counts.priority_subscribers_in_network,
            count_at_nodes=counts.priority_subscribers_at_nodes,
            count_at_attachments=counts.priority_subscribers_at_attachments,
            list_at_attachments=counts.list_priority_subscribers_at_attachments,
        )
