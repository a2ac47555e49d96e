"""Settings of the test run: the private servers of this clone, cheap password hashing, tasks run in place."""

import os

from gis_core.settings.local import *  # noqa: F403
from gis_core.settings.local import DATABASES, STATIC_ROOT, STORAGES

# The application's role is no superuser, so the test database is cloned from a template that has the extensions.
_suffix = os.environ.get("TARMOQ_TEST_SUFFIX", "")
DATABASES["default"]["TEST"] = {"TEMPLATE": "template_tarmoq", "NAME": f"test_tarmoq{_suffix}"}
DATABASES["default"]["CONN_MAX_AGE"] = 0
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
# Nothing is collected for tests; WhiteNoise warns about a folder that is not there, and warnings are errors.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = False
AXES_ENABLED = False
# Simulators of devices run on this machine.
POLL_LOOPBACK = True
