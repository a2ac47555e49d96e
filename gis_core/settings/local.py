"""Settings of a private installation made by `make run`: one machine, sockets in `.local/`, http on 127.0.0.1."""

from gis_core.settings.base import *  # noqa: F403
from gis_core.settings.environment import (
    database_settings,
    merged_environment,
    migration_settings,
    required,
)

_environment = merged_environment()
_REMEDY = "Run `make up` (it makes the private servers), or set it to point at an existing server."

DEBUG = False
SECRET_KEY = required("TARMOQ_SECRET_KEY", _environment, _REMEDY)
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]
DATABASES = {"default": database_settings(required("DATABASE_URL", _environment, _REMEDY))}
APPLICATION_ROLE = DATABASES["default"]["USER"]
MIGRATION_DATABASE = migration_settings(_environment, DATABASES["default"])
CELERY_BROKER_URL = required("CELERY_BROKER_URL", _environment, _REMEDY)
STORED_SECRETS_KEYS = _environment.get("TARMOQ_STORED_SECRETS_KEYS", "")
SMS_TO_LOG = True
BACKUP_CONFIG = _environment.get("TARMOQ_BACKUP_CONFIG", "")
MQTT_URL = _environment.get("MQTT_URL", "")
DEMONSTRATION_MQTT_URL = _environment.get("TARMOQ_DEMONSTRATION_MQTT_URL", "")
STA_ANONYMOUS_DIVISION = _environment.get("STA_ANONYMOUS_DIVISION", "")
