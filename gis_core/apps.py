from django.apps import AppConfig


class GisCoreConfig(AppConfig):
    name = "gis_core"
    verbose_name = "Organisation and access"

    def ready(self) -> None:
        from gis_core.database import checks  # noqa: F401 - registers itself
