from django.apps import AppConfig

from billing.job_kinds import TASKS
from gis_core.job_kinds import register_job_kind, task_named


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        from assets.consumer_providers import register_consumer_provider
        from assets.search_providers import register_search_provider
        from billing.api.field_readings import register_field_readings
        from billing.selectors import counts, search

        for kind, task in TASKS.items():
            register_job_kind(kind, task_named(task))
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
        register_search_provider("billing", search.search_hits)
        register_field_readings()
