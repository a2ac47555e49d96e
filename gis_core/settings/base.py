"""Settings common to every deployment. `local` and `production` add where things are and how strict to be."""

import os
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.conf.locale import LANG_INFO
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from gis_core.settings.environment import BASE_DIR, job_limits, syslog_handler

INSTALLED_APPS = [
    "gis_core.apps.GisCoreConfig",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "gis_core.apps.RegistersConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.gis",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "leaflet",
    "axes",
    "csp",
    "assets.apps.AssetsConfig",
    "sensors.apps.SensorsConfig",
    "billing.apps.BillingConfig",
    "balances.apps.BalancesConfig",
    "frontend_map.apps.FrontendMapConfig",
    "fixtures.apps.FixturesConfig",
]

MIDDLEWARE = [
    "gis_core.client_gone.ClientGoneMiddleware",
    "gis_core.client_address.ClientAddressMiddleware",
    "gis_core.request_log.RequestLogMiddleware",
    # Before all that ask the database.
    "gis_core.second_wall.SecondWallMiddleware",
    "gis_core.plain_http.PlainHttpMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # A known tile is answered before sessions and users are looked up one by one.
    "assets.tiles.api.views.TileMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "gis_core.content_policy.ContentPolicyMiddleware",
    "gis_core.compression.CompressionMiddleware",
    "gis_core.api.problems.ProblemMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "gis_core.password_login.LoginRefusedMiddleware",
    "gis_core.api.authentication.TokenMiddleware",
    "gis_core.sign_in.SignedInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "gis_core.idempotency.IdempotencyMiddleware",
    # Counts what the view reads, not what the others do for every request.
    "gis_core.answer_budget.AnswerBudgetMiddleware",
    "gis_core.busy.BusyMiddleware",
]

ROOT_URLCONF = "gis_core.urls"
WSGI_APPLICATION = "gis_core.wsgi.application"
AUTH_USER_MODEL = "gis_core.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "frontend_map.navigation.navigation",
            ],
        },
    },
]

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "gis_core.password_login.LimitedPasswordBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
AUTH_PASSWORD_VALIDATORS[1]["OPTIONS"] = {"min_length": 10}
AUTH_PASSWORD_VALIDATORS += [
    {"NAME": f"gis_core.services.{name}"}
    for name in (
        "passwords.OwnWordsValidator",
        "breached_passwords.BreachedPasswordValidator",
        "tokens.TokensEndWithPassword",
        "passwords.OneTimePasswordsEnd",
    )
]
# Names of the utility, its towns and streets: a password that is hardly more than one of them is refused, as are those
# of divisions and enterprises (gis_core/services/passwords.py).
PASSWORD_WORDS = [word for word in os.environ.get("TARMOQ_PASSWORD_WORDS", "").split(",") if word]
LONGEST_PASSWORD = 200
# A file of SHA-1 hashes of passwords from breaches (gis_core/services/breached_passwords.py).
BREACHED_PASSWORDS = os.environ.get("TARMOQ_BREACHED_PASSWORDS", "")
# Roles, or `all`, whose holders must have a second factor.
SECOND_FACTOR_ROLES = [
    role.strip() for role in os.environ.get("TARMOQ_SECOND_FACTOR_ROLES", "").split(",") if role.strip()
]
# A crew works a shift without a network and a clerk locks the screen at lunch: why so long is in docs/security.md.
SESSION_IDLE_S = int(os.environ.get("TARMOQ_SESSION_IDLE_MINUTES", "720")) * 60
SESSION_LONGEST_S = int(os.environ.get("TARMOQ_SESSION_LONGEST_HOURS", "168")) * 3600
SESSION_COOKIE_AGE = SESSION_IDLE_S
# How often it is set down that a session is in use, and its end moved.
SESSION_NOTED_EVERY_S = 60
# How long a password that was given again lets do what is dangerous.
CONFIRMATION_LASTS_S = 15 * 60
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25
# Locking by user *and* address: a stranger cannot lock a clerk out. What one address may try under many names, and all
# addresses together, is limited by `gis_core/services/login_limits.py`.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_VERBOSE = False
# A Redis in which all web processes count wrong passwords together; each counts its own where there is none.
LOGIN_COUNTS_URL = ""
# Addresses and networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed, and `unix` for a socket file.
TRUSTED_PROXIES = [
    name.strip() for name in os.environ.get("TARMOQ_TRUSTED_PROXIES", "").split(",") if name.strip()
]

LANGUAGE_CODE = "en"
# Django knows Uzbek in Latin letters only.
LANG_INFO["uz-cyrl"] = {
    "bidi": False,
    "code": "uz-cyrl",
    "name": "Uzbek (Cyrillic)",
    "name_local": "ўзбекча",
}
LANGUAGES = [
    ("uz", _("Uzbek")),
    ("uz-cyrl", _("Uzbek (Cyrillic)")),
    ("ru", _("Russian")),
    ("en", _("English")),
    ("tr", _("Turkish")),
    ("uk", _("Ukrainian")),
]
USE_I18N = True
USE_TZ = True
# Instants are stored in UTC; days, months and bills are those of this zone.
TIME_ZONE = "Asia/Tashkent"

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / ".local" / "static"
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
MEDIA_ROOT = BASE_DIR / ".local" / "media"
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# The largest model file taken by upload. A 12,500-node EPANET model is about 2 MB.
NETWORK_UPLOAD_MAX_BYTES = 64 * 1024 * 1024
# For each division: files that wait for their import, and what its documents take in all.
UPLOAD_QUOTA_BYTES = int(os.environ.get("TARMOQ_UPLOAD_QUOTA_MB", "2048")) * 1024**2
DOCUMENT_QUOTA_BYTES = int(os.environ.get("TARMOQ_DOCUMENT_QUOTA_MB", "51200")) * 1024**2

# Payments entered by hand, in the accounts' currency: the greatest, the greatest that one person books, and how many
# days ago one may have been paid.
PAYMENT_AT_MOST = Decimal(os.environ.get("TARMOQ_PAYMENT_AT_MOST", "10000000000"))
PAYMENT_ALONE_AT_MOST = Decimal(os.environ.get("TARMOQ_PAYMENT_ALONE_AT_MOST", "50000000"))
PAYMENT_OLDEST_DAYS = int(os.environ.get("TARMOQ_PAYMENT_OLDEST_DAYS", "92"))

# A billing run commits after so many accounts. It bounds the run's memory and what a stop or a fault costs.
BILLING_ACCOUNTS_AT_ONCE = int(os.environ.get("TARMOQ_BILLING_ACCOUNTS_AT_ONCE", "20000"))

# What one answer may be (gis_core/answer_budget.py): documents, and files that are written as they are read.
ANSWER_MOST_ENTITIES = int(os.environ.get("TARMOQ_ANSWER_ENTITIES", "50000"))
ANSWER_MOST_BYTES = int(os.environ.get("TARMOQ_ANSWER_MB", "64")) * 1024**2
ANSWER_MOST_SECONDS = float(os.environ.get("TARMOQ_ANSWER_SECONDS", "30"))
ANSWER_MOST_ROWS = int(os.environ.get("TARMOQ_ANSWER_ROWS", "2000000"))
FILE_MOST_ROWS = int(os.environ.get("TARMOQ_FILE_ROWS", "1000000"))
FILE_MOST_BYTES = int(os.environ.get("TARMOQ_FILE_MB", "512")) * 1024**2
FILE_MOST_SECONDS = float(os.environ.get("TARMOQ_FILE_SECONDS", "600"))
# How long a page of OGC features may be looked for: a filter that takes longer is refused.
OGC_PAGE_SECONDS = float(os.environ.get("TARMOQ_OGC_PAGE_SECONDS", "10"))

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "gis_core.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["gis_core.api.renderers.CountingJsonRenderer"],
    "DEFAULT_PAGINATION_CLASS": "gis_core.api.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "gis_core.api.errors.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "PAGE_SIZE": 100,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tarmoq",
    "DESCRIPTION": (
        "Assets, sensors, billing and balances of utility networks. Any POST takes an `Idempotency-Key` header: sent "
        "again with the same key it has no second effect and is answered as the first time."
    ),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "gis_core.api.schema.without_echoes",
    ],
    # Fields of one name with different choices, told apart.
    "ENUM_NAME_OVERRIDES": {
        "DocumentKindEnum": "assets.models.cadastre.Document.Kind",
        "SurveyMethodEnum": "assets.models.cadastre.SurveyPoint.Method",
        "InspectionMethodEnum": "assets.models.condition.Inspection.Method",
        "VerificationMethodEnum": "assets.models.condition.Verification.Method",
        "VerifiedKindEnum": "assets.models.condition.VERIFIED_KINDS",
        "LeakKindEnum": "assets.models.condition.LeakRecord.Kind",
        "LeakSourceEnum": "assets.models.condition.LeakRecord.Source",
        "LeakStateEnum": "assets.models.condition.LeakRecord.State",
        "LeakEventStateEnum": "balances.models.LeakEventState",
        "NodeOrPipeEnum": ["node", "pipe"],
        "WorkKindEnum": "assets.models.work.WorkOrder.Kind",
        "WorkPriorityEnum": "assets.models.work.WorkOrder.Priority",
        "WorkSourceEnum": "assets.models.work.WorkOrder.Source",
        "WorkStateEnum": "assets.models.work.WorkOrder.State",
        "FindingSeverityEnum": "assets.models.validation.Finding.Severity",
        "FeedKindEnum": "sensors.models.feeds.FeedKind",
        "QualityRuleNameEnum": "sensors.models.quality.Rule",
        "QualityFlagRuleEnum": "sensors.models.quality.FLAG_RULES",
        "QualitySeverityEnum": "sensors.models.quality.Severity",
        "AlarmKindEnum": "sensors.models.alarms.AlarmKind",
        "AlarmSeverityEnum": "sensors.models.alarms.AlarmSeverity",
        "AlarmStateEnum": "sensors.models.alarms.AlarmState",
        "ChannelKindEnum": "sensors.models.alarms.ChannelKind",
        "NotificationStateEnum": "sensors.models.alarms.Notification.State",
        "SecondPersonStateEnum": "sensors.models.regulators.ProposalState",
        "RegulatorModeEnum": "sensors.models.regulators.RegulatorMode",
        "CommandStateEnum": "sensors.models.regulators.CommandState",
        "CommandSourceEnum": "sensors.models.regulators.CommandSource",
        "DatastreamKindEnum": "sensors.models.devices.DatastreamKind",
        "ResidentsOrAreaEnum": ["residents", "area"],
        "PaymentChannelEnum": "billing.models.payment_channels.PaymentChannelCode",
    },
}

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "style-src": [SELF],
        "worker-src": [SELF, "blob:"],
        "child-src": [SELF, "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    },
}
# gis.W001 asks for GDAL 3.9; Debian 12 has 3.6. It guards against spatial references taken from users as text:
# ours are integers that pyproj looks up, and GDAL never sees what a user typed.
SILENCED_SYSTEM_CHECKS = ["gis.W001"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# A map to lay under the network: tiles by an {z}/{x}/{y} address, a WMS, a WMTS or a PMTiles file; off by default,
# since nothing outside is asked unless wished.
TARMOQ_BASEMAP_URL = os.environ.get("TARMOQ_BASEMAP_URL", "")
TARMOQ_BASEMAP_ATTRIBUTION = os.environ.get("TARMOQ_BASEMAP_ATTRIBUTION", "")
if urlsplit(TARMOQ_BASEMAP_URL).netloc:
    _basemap = urlsplit(TARMOQ_BASEMAP_URL)
    for _directive in ("connect-src", "img-src"):
        _sources = CONTENT_SECURITY_POLICY["DIRECTIVES"].setdefault(_directive, [SELF])
        _sources.append(f"{_basemap.scheme}://{_basemap.netloc}")

# Code of a division that whoever has no credentials may read and write through SensorThings; for tests, off by default.
STA_ANONYMOUS_DIVISION = ""
IS_PRODUCTION = False
# Fernet keys by commas (`gis_core/services/stored_secrets.py`): the first encrypts, all decrypt.
STORED_SECRETS_KEYS = os.environ.get("TARMOQ_STORED_SECRETS_KEYS", "")
# pgBackRest's configuration (`manage.py backup`); the set-up writes one for its own cluster.
BACKUP_CONFIG = os.environ.get("TARMOQ_BACKUP_CONFIG", "")
# Whether devices on this machine itself may be polled: for simulators.
POLL_LOOPBACK = os.environ.get("TARMOQ_POLL_LOOPBACK", "") == "1"
WEB_PORT = int(os.environ["PORT"]) if os.environ.get("PORT", "").isdecimal() else 8000
# Where the demonstration's devices send to; elsewhere than on a private broker, MQTT_URL.
DEMONSTRATION_MQTT_URL = ""
# Whether what SensorThings writes is put into the outbox for its MQTT subscribers.
STA_MQTT_NOTIFICATIONS = os.environ.get("STA_MQTT_NOTIFICATIONS", "") == "1"

# Hosts, as host:port separated by commas, that webhooks of alarms may call though they are not of the public internet.
TARMOQ_WEBHOOK_HOSTS = [host for host in os.environ.get("TARMOQ_WEBHOOK_HOSTS", "").split(",") if host]
# Where gateways reach this installation, such as https://tarmoq.example.uz; without it they cannot call back.
PUBLIC_URL = os.environ.get("TARMOQ_PUBLIC_URL", "")
# Without a gateway, an SMS goes to the log: for development only.
SMS_TO_LOG = False
EMAIL_HOST = os.environ.get("TARMOQ_EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("TARMOQ_EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("TARMOQ_EMAIL_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("TARMOQ_EMAIL_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("TARMOQ_EMAIL_TLS", "") == "1"
EMAIL_TIMEOUT = 10
# Users have no language of their own, and channels have addresses only: mails speak this one.
MESSAGE_LANGUAGE = os.environ.get("TARMOQ_MESSAGE_LANGUAGE", LANGUAGE_CODE)
if MESSAGE_LANGUAGE not in dict(LANGUAGES):
    raise ImproperlyConfigured(
        f"TARMOQ_MESSAGE_LANGUAGE is {MESSAGE_LANGUAGE!r}; it is one of {', '.join(dict(LANGUAGES))}."
    )
EMAIL_SUBJECT_PREFIX = "[Tarmoq] "
# Whether one-time passwords are sent by mail: where a mail server was named.
MAILS_PASSWORDS = "TARMOQ_EMAIL_HOST" in os.environ
DEFAULT_FROM_EMAIL = os.environ.get("TARMOQ_EMAIL_FROM", "tarmoq@localhost")

LEAFLET_CONFIG = {
    "DEFAULT_CENTER": (41.3, 69.3),
    "DEFAULT_ZOOM": 11,
    "MIN_ZOOM": 4,
    "MAX_ZOOM": 21,
    "TILES": [],
    "ATTRIBUTION_PREFIX": "",
    "RESET_VIEW": False,
    "SCALE": "metric",
}

# How many minutes a job of a kind runs before it is told so, and when it is ended. Every kind is here, so that
# TARMOQ_JOB_LIMITS can be held to them; `*` is for tests' own.
JOB_LIMITS_MINUTES = {
    "*": (120, 720),
    "compute balances": (60, 360),
    "detect leaks": (60, 360),
    "edit network": (10, 60),
    "export elements": (20, 120),
    "export network": (30, 240),
    "import network": (60, 360),
    "print bills": (180, 360),
    "run billing": (180, 720),
    "simulate network": (30, 120),
    "undo edit": (10, 60),
    "validate network": (30, 240),
}
JOB_LIMITS_MINUTES |= job_limits(os.environ.get("TARMOQ_JOB_LIMITS", ""), JOB_LIMITS_MINUTES.keys())

# What must not wait for an import or a billing run has a queue and workers of its own.
URGENT_QUEUE = "urgent"
CELERY_TASK_ROUTES = {
    task: {"queue": URGENT_QUEUE}
    for task in (
        "gis_core.tasks.reclaim_abandoned_jobs",
        "gis_core.messages.tasks.send_due_messages",
        "gis_core.messages.tasks.ask_about_sent_messages",
        "billing.channels.tasks.expire_transactions",
        "sensors.alarms.tasks.keep_quality_and_alarms",
        "sensors.alarms.tasks.send_due_notifications",
        "sensors.regulators.tasks.regulate_set_points",
        "sensors.series.tasks.keep_roll_ups",
    )
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "Asia/Tashkent"
CELERY_BEAT_SCHEDULER = "gis_core.scheduler:SteadyScheduler"
CELERY_BEAT_SCHEDULE = {
    "reclaim-abandoned-jobs": {"task": "gis_core.tasks.reclaim_abandoned_jobs", "schedule": 30.0},
    "remove-old-job-files": {
        "task": "gis_core.tasks.remove_old_job_files",
        "schedule": crontab(minute=20, hour=1),
    },
    "forget-ended-sessions": {
        "task": "gis_core.tasks.forget_sessions",
        "schedule": crontab(minute=28, hour=1),
    },
    "forget-old-answers": {
        "task": "gis_core.tasks.forget_answers",
        "schedule": crontab(minute=25, hour=1),
    },
    "remove-old-network-uploads": {
        "task": "assets.exchange.tasks.remove_old_network_uploads",
        "schedule": crontab(minute=30, hour=1),
    },
    "detect-leaks": {
        "task": "balances.leak_detection.tasks.detect_leaks_on_arrival",
        "schedule": crontab(minute=7),
    },
    "expire-payments": {"task": "billing.channels.tasks.expire_transactions", "schedule": 60.0},
    "refresh-topologies": {"task": "assets.topology.tasks.refresh_topologies", "schedule": 60.0},
    "keep-quality-and-alarms": {"task": "sensors.alarms.tasks.keep_quality_and_alarms", "schedule": 60.0},
    # Asked for so often that what waited long in the queue is let go. The clocks of beat's host and of the workers'
    # may differ by less than that.
    "send-messages": {
        "task": "gis_core.messages.tasks.send_due_messages",
        "schedule": 10.0,
        "options": {"expires": 60.0},
    },
    "ask-about-messages": {
        "task": "gis_core.messages.tasks.ask_about_sent_messages",
        "schedule": 60.0,
        "options": {"expires": 120.0},
    },
    "send-notifications": {"task": "sensors.alarms.tasks.send_due_notifications", "schedule": 15.0},
    "regulate": {"task": "sensors.regulators.tasks.regulate_set_points", "schedule": 60.0},
    "learn-quality": {"task": "sensors.quality.tasks.learn_quality", "schedule": crontab(minute=40, hour=2)},
    "make-observation-partitions": {
        "task": "sensors.series.tasks.make_partitions_ahead",
        "schedule": crontab(minute=10, hour=1),
    },
    "keep-roll-ups": {"task": "sensors.series.tasks.keep_roll_ups", "schedule": 10.0},
    "pack-closed-months": {
        "task": "sensors.series.tasks.pack_closed_months",
        "schedule": crontab(minute=40, hour=1),
    },
}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "gis_core.security_log.PlainLines",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        },
        "json": {"()": "gis_core.security_log.JsonLines"},
    },
    # The default stream is stderr: stdout belongs to the one JSON document of a command.
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"axes": {"level": "WARNING"}, "wntr": {"level": "ERROR"}},
}

# `json`: each line of the log is an object, for programs that collect logs.
if os.environ.get("TARMOQ_LOG_FORMAT") == "json":
    LOGGING["handlers"]["console"]["formatter"] = "json"
# Security events and accesses go to this syslog, too: a socket file (/dev/log), HOST:PORT or tls://HOST:PORT.
TARMOQ_LOG_SYSLOG = os.environ.get("TARMOQ_LOG_SYSLOG", "")
if TARMOQ_LOG_SYSLOG:
    LOGGING["handlers"]["syslog"] = syslog_handler(
        TARMOQ_LOG_SYSLOG, os.environ.get("TARMOQ_LOG_SYSLOG_CA", "")
    )
    LOGGING["loggers"]["tarmoq"] = {"handlers": ["syslog"], "level": "INFO"}

UNFOLD = {
    "SITE_TITLE": "Tarmoq",
    "SITE_HEADER": "Tarmoq",
    "SITE_SUBHEADER": _("Registers"),
    "SITE_SYMBOL": "water_drop",
    "SITE_URL": "/",
    "SITE_DROPDOWN": [{"icon": "arrow_back", "title": _("Back to Tarmoq"), "link": "/"}],
    "SIDEBAR": {"show_search": True, "navigation": "gis_core.registers_site.sidebar"},
    "SHOW_HISTORY": False,
    "STYLES": [
        lambda request: reverse("admin:colours"),
        lambda request: static("frontend_map/registers.css"),
    ],
    "SCRIPTS": [lambda request: static("frontend_map/build/registers.js")],
    "COLORS": {
        "primary": {
            "50": "240 249 255",
            "100": "224 242 254",
            "200": "186 230 253",
            "300": "125 211 252",
            "400": "56 189 248",
            "500": "14 165 233",
            "600": "11 93 143",
            "700": "9 76 117",
            "800": "11 58 87",
            "900": "8 45 68",
            "950": "8 47 73",
        }
    },
}
