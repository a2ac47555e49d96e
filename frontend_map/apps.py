from pathlib import Path

from django.apps import AppConfig


class FrontendMapConfig(AppConfig):
    name = "frontend_map"
    verbose_name = "Pages"

    @staticmethod
    def static_build() -> Path:
        """Where the pages' programs are built to (see vite.config.ts)."""
        return Path(__file__).parent / "static" / "frontend_map" / "build"
