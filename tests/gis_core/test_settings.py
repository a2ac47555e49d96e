"""Where settings come from, and that production starts with nothing missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from gis_core.settings.environment import database_settings, read_environment_file

COMPLETE = {
    "TARMOQ_SECRET_KEY": "a" * 60,
    "TARMOQ_ALLOWED_HOSTS": "tarmoq.example",
    "DATABASE_URL": "postgis://user@/name?host=/nowhere",
    "CELERY_BROKER_URL": "redis://nowhere/0",
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
    ("url", "host", "port", "name"),
    [
        ("postgis://u:p@db.example:6432/n", "db.example", "6432", "n"),
        ("postgres://u@/n?host=%2Frun%2Fpg&port=5433", "/run/pg", "5433", "n"),
        ("postgresql://u@localhost/n", "localhost", "", "n"),
    ],
)
def test_database_urls_of_every_form(url: str, host: str, port: str, name: str) -> None:
    parsed = database_settings(url)
    assert parsed["ENGINE"] == "django.contrib.gis.db.backends.postgis"
    assert (parsed["HOST"], parsed["PORT"], parsed["NAME"]) == (host, port, name)


def test_the_environment_file_is_read_plainly(tmp_path: Path) -> None:
    path = tmp_path / "environment"
    path.write_text("# comment\nA=1\n\nB = x=y \nnonsense\n", encoding="utf-8")
    assert read_environment_file(path) == {"A": "1", "B": "x=y"}
    assert read_environment_file(tmp_path / "missing") == {}
