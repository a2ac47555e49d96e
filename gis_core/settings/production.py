"""Settings of a real deployment: every secret and address from the environment, and none has a default."""

import os

from django.core.exceptions import ImproperlyConfigured

from gis_core.client_address import networks_of
from gis_core.settings.base import *  # noqa: F403
from gis_core.settings.base import (
    BREACHED_PASSWORDS,
    EMAIL_HOST,
    EMAIL_USE_TLS,
    TARMOQ_LOG_SYSLOG,
    TRUSTED_PROXIES,
)
from gis_core.settings.environment import database_settings, migration_settings, required
from gis_core.settings.strictness import require_encrypted, require_named_hosts, require_strong_secret

_environment = dict(os.environ)
_REMEDY = "Production settings take secrets and addresses from the environment only; see docs/operations.md."

DEBUG = False
SECRET_KEY = required("TARMOQ_SECRET_KEY", _environment, _REMEDY)
ALLOWED_HOSTS = [host for host in required("TARMOQ_ALLOWED_HOSTS", _environment, _REMEDY).split(",") if host]
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if host != "*"]
DATABASES = {"default": database_settings(required("DATABASE_URL", _environment, _REMEDY))}
APPLICATION_ROLE = DATABASES["default"]["USER"]
MIGRATION_DATABASE = migration_settings(_environment, DATABASES["default"])
CELERY_BROKER_URL = required("CELERY_BROKER_URL", _environment, _REMEDY)
LOGIN_COUNTS_URL = CELERY_BROKER_URL
# Only where values come by MQTT.
MQTT_URL = _environment.get("MQTT_URL", "")

IS_PRODUCTION = True
# Hosts that may be spoken to without encryption, and `any-host`; by commas.
_allowed = [name.strip() for name in _environment.get("TARMOQ_ALLOW", "").split(",")]
require_strong_secret(SECRET_KEY)
require_named_hosts(ALLOWED_HOSTS, _allowed)
for _name in ("DATABASE_URL", "DATABASE_MIGRATION_URL", "CELERY_BROKER_URL", "MQTT_URL"):
    require_encrypted(_name, _environment.get(_name, ""), _allowed)
if not EMAIL_USE_TLS:
    require_encrypted("TARMOQ_EMAIL_HOST", f"smtp://{EMAIL_HOST}", _allowed)

if TARMOQ_LOG_SYSLOG and not TARMOQ_LOG_SYSLOG.startswith(("/", "tls://")):
    require_encrypted("TARMOQ_LOG_SYSLOG", f"syslog://{TARMOQ_LOG_SYSLOG}", _allowed)

if _environment.get("STA_ANONYMOUS_DIVISION"):
    raise ImproperlyConfigured(
        "STA_ANONYMOUS_DIVISION opens a division to everybody; production does not take it."
    )

if BREACHED_PASSWORDS and not os.access(BREACHED_PASSWORDS, os.R_OK):
    raise ImproperlyConfigured(f"TARMOQ_BREACHED_PASSWORDS={BREACHED_PASSWORDS} cannot be read.")

# The proxy that ends TLS is on this machine unless it is said to be elsewhere.
TRUSTED_PROXIES = TRUSTED_PROXIES or ["127.0.0.0/8", "::1", "unix"]
networks_of(tuple(TRUSTED_PROXIES))
SECURE_SSL_REDIRECT = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
# Browsers take cookies of these names from this very host over HTTPS only.
SESSION_COOKIE_NAME = "__Host-sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken"
LANGUAGE_COOKIE_NAME = "__Host-django_language"
LANGUAGE_COOKIE_SECURE = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
