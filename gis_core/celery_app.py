"""The Celery application. Truth about long work lives in Job rows; the queue only carries their ids."""

import os

from celery import Celery
from celery.signals import worker_init
from django.conf import settings

from gis_core.database.limits import JOBS, limit_connections
from gis_core.database.scope import trust_process

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gis_core.settings.local")


def _packages_with_tasks() -> list[str]:
    """Our apps and their capabilities that have a module `tasks`."""
    packages = []
    for name in settings.INSTALLED_APPS:
        directory = settings.BASE_DIR / name.split(".")[0]
        paths = sorted([*directory.glob("tasks.py"), *directory.glob("*/tasks.py")])
        packages += [".".join(path.parent.relative_to(settings.BASE_DIR).parts) for path in paths]
    return packages


app = Celery("tarmoq")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Looked for when a worker starts; what only sends tasks loads none of them.
app.autodiscover_tasks(_packages_with_tasks)


@worker_init.connect(weak=False)
def limit_jobs(**told: object) -> None:
    """A worker's connections have the limits of jobs and see everything; its processes are forked after this."""
    limit_connections(JOBS)
    trust_process()
