from django.apps import AppConfig


class AssetsConfig(AppConfig):
    name = "assets"
    verbose_name = "Network"

    def ready(self) -> None:
        from assets.services.editing.edit_jobs import EDIT_NETWORK
        from assets.services.network_export.export_jobs import EXPORT_NETWORK
        from assets.tasks import (
            IMPORT_NETWORK,
            SIMULATE_NETWORK,
            VALIDATE_NETWORK,
            edit_network,
            export_network,
            import_network,
            simulate_network,
            validate_network,
        )
        from gis_core.job_kinds import register_job_kind

        register_job_kind(EDIT_NETWORK, edit_network.delay, can_stop=True)
        register_job_kind(EXPORT_NETWORK, export_network.delay, can_stop=True)
        register_job_kind(IMPORT_NETWORK, import_network.delay)
        register_job_kind(SIMULATE_NETWORK, simulate_network.delay)
        register_job_kind(VALIDATE_NETWORK, validate_network.delay)
