"""Settings of the test run: the private servers of this clone, cheap password hashing, tasks run in place."""

import os

from gis_core.database.scope import trust_process
from gis_core.settings.local import *  # noqa: F403
from gis_core.settings.local import APPLICATION_ROLE, DATABASES, MIGRATION_DATABASE, STATIC_ROOT, STORAGES

# Tests see what they made; what they ask of the web server is held to its user, as everywhere.
trust_process()
APPLICATION_LOGIN = {name: DATABASES["default"][name] for name in ("USER", "PASSWORD")}
if MIGRATION_DATABASE is not None:
    # Tests run with the application's rights, and step up to the migrating role's, within a transaction too, where they
    # make a fault that the application could not (`tests.databases.as_owner`).
    DATABASES["default"] |= {
        **{name: MIGRATION_DATABASE[name] for name in ("HOST", "PORT", "USER", "PASSWORD")},
        "OPTIONS": {**MIGRATION_DATABASE["OPTIONS"], "assume_role": APPLICATION_ROLE},
    }
# No role of ours is a superuser, so the test database is cloned from a template that has the extensions.
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
# A test that counts queries counts none of these.
SESSION_NOTED_EVERY_S = 86_400
