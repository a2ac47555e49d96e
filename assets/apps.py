from django.apps import AppConfig


class AssetsConfig(AppConfig):
    name = "assets"
    verbose_name = "Network"

    def ready(self) -> None:
        from assets.tasks import (
            IMPORT_NETWORK,
            SIMULATE_NETWORK,
            VALIDATE_NETWORK,
            import_network,
            simulate_network,
            validate_network,
        )
        from gis_core.job_kinds import register_job_kind

        register_job_kind(IMPORT_NETWORK, import_network.delay)
        register_job_kind(SIMULATE_NETWORK, simulate_network.delay)
        register_job_kind(VALIDATE_NETWORK, validate_network.delay)
