"""Where settings come from, and that production starts with nothing missing."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from gis_core.settings.environment import database_settings, read_environment_file

COMPLETE = {
    "TARMOQ_SECRET_KEY": "an-example-of-a-key-that-is-long-enough-for-production",
    "TARMOQ_ALLOWED_HOSTS": "tarmoq.example",
    "DATABASE_URL": "postgis://user@/name?host=/nowhere",
    "CELERY_BROKER_URL": "rediss://nowhere/0",
}


def load_production(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Load the production settings in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", "import gis_core.settings.production as s; print(s.DEBUG, s.ALLOWED_HOSTS)"],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_starts_when_complete() -> None:
    result = load_production(COMPLETE)
    assert result.stdout.strip() == "False ['tarmoq.example']", result.stderr


@pytest.mark.parametrize("missing", sorted(COMPLETE))
def test_production_refuses_to_start_without_each_secret(missing: str) -> None:
    """The file of the private installation is there, and is not read."""
    assert (settings.BASE_DIR / ".local" / "environment").exists() or "DATABASE_URL" in os.environ
    result = load_production({name: value for name, value in COMPLETE.items() if name != missing})
    assert result.returncode != 0
    assert f"{missing} is not set" in result.stderr


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"TARMOQ_SECRET_KEY": "short"}, "too weak"),
        ({"TARMOQ_SECRET_KEY": "a" * 80}, "too weak"),
        ({"TARMOQ_ALLOWED_HOSTS": "tarmoq.example,*"}, "every name"),
        ({"DATABASE_URL": "postgis://u:p@db.example/n"}, "DATABASE_URL speaks to db.example"),
        ({"DATABASE_URL": "postgis://u:p@db.example/n?sslmode=prefer"}, "DATABASE_URL speaks to db.example"),
        ({"DATABASE_URL": "postgis://u:p@/n?host=db.example"}, "DATABASE_URL speaks to db.example"),
        ({"CELERY_BROKER_URL": "redis://10.0.0.9/0"}, "CELERY_BROKER_URL speaks to 10.0.0.9"),
        ({"CELERY_BROKER_URL": "amqp://10.0.0.9/"}, "CELERY_BROKER_URL speaks to 10.0.0.9"),
        ({"MQTT_URL": "mqtt://broker.example:1883"}, "MQTT_URL speaks to broker.example"),
        ({"TARMOQ_EMAIL_HOST": "mail.example"}, "TARMOQ_EMAIL_HOST speaks to mail.example"),
    ],
)
def test_production_refuses_what_is_unsafe_unless_it_is_allowed_by_name(
    changes: dict[str, str], said: str
) -> None:
    result = load_production({**COMPLETE, **changes})
    assert result.returncode != 0
    assert said in result.stderr
    if "speaks to" in said:
        allowed = {"TARMOQ_ALLOW": f"other.example, {said.rsplit(maxsplit=1)[-1]}"}
        assert load_production({**COMPLETE, **changes, **allowed}).returncode == 0
        assert load_production({**COMPLETE, **changes, "TARMOQ_ALLOW": "other.example"}).returncode != 0


@pytest.mark.parametrize(
    "changes",
    [
        {"TARMOQ_ALLOWED_HOSTS": "*", "TARMOQ_ALLOW": "any-host"},
        {"DATABASE_URL": "postgis://u:p@db.example/n?sslmode=verify-full"},
        {"DATABASE_URL": "postgis://u:p@127.0.0.1/n", "CELERY_BROKER_URL": "redis://localhost/0"},
        {"MQTT_URL": "mqtts://broker.example", "TARMOQ_EMAIL_HOST": "mail.example", "TARMOQ_EMAIL_TLS": "1"},
    ],
)
def test_production_takes_what_is_safe(changes: dict[str, str]) -> None:
    result = load_production({**COMPLETE, **changes})
    assert result.returncode == 0, result.stderr


def test_the_demonstration_is_not_loaded_in_production(settings: Any) -> None:
    settings.IS_PRODUCTION = True
    with pytest.raises(SystemExit) as ended:
        call_command("demo", "--if-empty")
    assert ended.value.code == 1


@pytest.mark.parametrize(
    ("url", "host", "port", "name"),
    [
        ("postgis://u:p@db.example:6432/n", "db.example", "6432", "n"),
        ("postgres://u@/n?host=%2Frun%2Fpg&port=5433", "/run/pg", "5433", "n"),
        ("postgresql://u@localhost/n", "localhost", "", "n"),
    ],
)
def test_database_urls_of_every_form(url: str, host: str, port: str, name: str) -> None:
    parsed = database_settings(url)
    assert parsed["ENGINE"] == "gis_core.database.scoped_postgis"
    assert (parsed["HOST"], parsed["PORT"], parsed["NAME"]) == (host, port, name)


def test_the_environment_file_is_read_plainly(tmp_path: Path) -> None:
    path = tmp_path / "environment"
    path.write_text("# comment\nA=1\n\nB = x=y \nnonsense\n", encoding="utf-8")
    assert read_environment_file(path) == {"A": "1", "B": "x=y"}
    assert read_environment_file(tmp_path / "missing") == {}
