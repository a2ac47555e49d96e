"""The core every other app stands on: divisions, users, access, audit, jobs, settings. Imports no other app."""

from gis_core.celery_app import app as celery_app

__all__ = ["celery_app"]
