from django.apps import AppConfig
from django.contrib import admin
from django.contrib.admin.apps import AdminConfig


class GisCoreConfig(AppConfig):
    name = "gis_core"
    verbose_name = "Organisation and access"

    def ready(self) -> None:
        from gis_core import system_checks  # noqa: F401 - registers itself
        from gis_core.database import checks  # noqa: F401 - registers itself
        from gis_core.security_log import connect_signals

        connect_signals()


class RegistersConfig(AdminConfig):
    """Django's administration as our registers."""

    default_site = "gis_core.registers_site.RegistersSite"

    def ready(self) -> None:
        super().ready()
        from gis_core.registers_site import translate_names

        # Those of other packages bring catalogues of their own; Django's of users lacks Uzbek words.
        translate_names(model for model in admin.site._registry if not model.__module__.startswith("axes"))
