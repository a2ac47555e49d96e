"""Settings of a real deployment: every secret and address from the environment, and none has a default."""

import os

from django.core.exceptions import ImproperlyConfigured

from gis_core.settings.base import *  # noqa: F403
from gis_core.settings.environment import database_settings, required

_environment = dict(os.environ)
_REMEDY = "Production settings take secrets and addresses from the environment only; see docs/operations.md."

DEBUG = False
SECRET_KEY = required("TARMOQ_SECRET_KEY", _environment, _REMEDY)
ALLOWED_HOSTS = [host for host in required("TARMOQ_ALLOWED_HOSTS", _environment, _REMEDY).split(",") if host]
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if host != "*"]
DATABASES = {"default": database_settings(required("DATABASE_URL", _environment, _REMEDY))}
CELERY_BROKER_URL = required("CELERY_BROKER_URL", _environment, _REMEDY)
# Only where values come by MQTT.
MQTT_URL = _environment.get("MQTT_URL", "")

if _environment.get("STA_ANONYMOUS_DIVISION"):
    raise ImproperlyConfigured(
        "STA_ANONYMOUS_DIVISION opens a division to everybody; production does not take it."
    )

SECURE_SSL_REDIRECT = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
