from django.apps import AppConfig


class FrontendMapConfig(AppConfig):
    name = "frontend_map"
    verbose_name = "Pages"
