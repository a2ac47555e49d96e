from django.apps import AppConfig

from assets.job_kinds import TASKS
from gis_core.job_kinds import register_job_kind, task_named


class AssetsConfig(AppConfig):
    name = "assets"
    verbose_name = "Network"

    def ready(self) -> None:
        # Serializers can be made once the models are there.
        from assets.field_sync.api.kinds import register_kinds

        register_kinds()
        for kind, task in TASKS.items():
            register_job_kind(kind, task_named(task))
