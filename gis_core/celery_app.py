"""The Celery application. Truth about long work lives in Job rows; the queue only carries their ids."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gis_core.settings.local")

app = Celery("tarmoq")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
