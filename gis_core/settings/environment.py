"""Where settings come from: the process environment first, then `.local/environment` of this clone.

The local file is written by `make setup` and holds the private cluster's addresses; production never reads it.
"""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parents[2]
LOCAL_STATE_DIR = BASE_DIR / ".local"


def read_environment_file(path: Path) -> dict[str, str]:
    """Return the KEY=VALUE lines of `path`; blank lines and lines starting with # are passed over."""
    if not path.is_file():
        return {}
    pairs = (line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines())
    return {
        pair[0].strip(): pair[1].strip() for pair in pairs if len(pair) == 2 and not pair[0].startswith("#")
    }


def required(name: str, source: dict[str, str], remedy: str) -> str:
    """Return a setting that has no sensible default, or refuse to start and say what to do."""
    value = source.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. {remedy}")
    return value


def database_settings(url: str, *, conn_max_age: int = 60) -> dict[str, Any]:
    """Turn a DATABASE_URL (postgres://, postgresql:// or postgis://) into Django's settings for PostGIS.

    A `host` or `port` in the query string (`?host=/path/to/socket/dir`) is honoured, as libpq does.
    """
    parsed = dj_database_url.parse(url, conn_max_age=conn_max_age, conn_health_checks=True)
    settings: dict[str, Any] = dict(parsed)
    options = dict(settings.get("OPTIONS") or {})
    settings["HOST"] = options.pop("host", None) or settings.get("HOST") or ""
    settings["PORT"] = str(options.pop("port", None) or settings.get("PORT") or "")
    options.setdefault("connect_timeout", 10)
    settings["OPTIONS"] = options
    settings["ENGINE"] = "gis_core.database.scoped_postgis"
    return settings


def migration_settings(source: Mapping[str, str], application: Mapping[str, Any]) -> dict[str, Any] | None:
    """Django's settings of DATABASE_MIGRATION_URL; None where it is not given, or names the application's role too.

    `application`: the settings of DATABASE_URL, whose role is to be given its rights by name.
    """
    if not source.get("DATABASE_MIGRATION_URL"):
        return None
    migrating = database_settings(source["DATABASE_MIGRATION_URL"])
    if not migrating["USER"] or not application["USER"]:
        raise ImproperlyConfigured("DATABASE_URL and DATABASE_MIGRATION_URL each have to name a user.")
    return migrating if migrating["USER"] != application["USER"] else None


def job_limits(text: str, kinds: Collection[str]) -> dict[str, tuple[int, int]]:
    """The limits of `KIND=SOFT/HARD`, in minutes, separated by commas. Raises ImproperlyConfigured.

    `kinds`: those that there are, `*` among them; what is misspelt would have no effect.
    """
    limits = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        kind, _, minutes = part.partition("=")
        soft, _, hard = minutes.partition("/")
        if not (kind.strip() and soft.isdecimal() and hard.isdecimal() and 0 < int(soft) <= int(hard)):
            raise ImproperlyConfigured(
                f"TARMOQ_JOB_LIMITS has {part!r}, which is not KIND=SOFT/HARD in minutes, soft before hard."
            )
        if kind.strip() not in kinds:
            raise ImproperlyConfigured(
                f"TARMOQ_JOB_LIMITS names {kind.strip()!r}, which is no kind of job; "
                f"there are: {', '.join(sorted(kinds))}."
            )
        limits[kind.strip()] = (int(soft), int(hard))
    return limits


def syslog_handler(text: str, ca_file: str) -> dict[str, Any]:
    """The handler of a syslog: a socket file, HOST:PORT (UDP, 514 when nothing is said), or tls://HOST:PORT (6514)."""
    if text.startswith("tls://"):
        host, port = _host_and_port(text, text.removeprefix("tls://"), "6514")
        handler = {"class": "gis_core.syslog_over_tls.SyslogOverTls", "host": host, "port": port}
        return {**handler, "ca_file": ca_file, "formatter": "json"}
    address = text if text.startswith("/") else _host_and_port(text, text, "514")
    return {
        "class": "logging.handlers.SysLogHandler",
        "address": address,
        "facility": "authpriv",
        "formatter": "json",
    }


def _host_and_port(text: str, place: str, usual: str) -> tuple[str, int]:
    is_bare = ":" not in place or place.endswith("]")
    host, _, port = (place, "", usual) if is_bare else place.rpartition(":")
    if not port.isdecimal() or not host:
        raise ImproperlyConfigured(
            f"TARMOQ_LOG_SYSLOG={text} is neither a socket file nor HOST:PORT nor tls://HOST:PORT."
        )
    return host.strip("[]"), int(port)


def merged_environment() -> dict[str, str]:
    """The local file's values, overridden by the process environment.

    Whoever names another database in the environment says there, too, who migrates it: the file's migrating role is
    that of the private cluster.
    """
    of_file = read_environment_file(LOCAL_STATE_DIR / "environment")
    if os.environ.get("DATABASE_URL"):
        of_file.pop("DATABASE_MIGRATION_URL", None)
    return {**of_file, **os.environ}
