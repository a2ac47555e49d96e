"""How much CPU a command costs before it does anything, against a bare Django project with the same frameworks."""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROUNDS = 7
ROOT = Path(__file__).resolve().parents[2]

_BARE = """
import sys
from django.conf import settings

settings.configure(
    SECRET_KEY="serves nothing else",
    INSTALLED_APPS=["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
                    "django.contrib.sessions", "django.contrib.messages", "django.contrib.gis", "rest_framework"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware",
                "django.contrib.messages.middleware.MessageMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
                "OPTIONS": {"context_processors": ["django.template.context_processors.request",
                                                   "django.contrib.auth.context_processors.auth",
                                                   "django.contrib.messages.context_processors.messages"]}}],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    SILENCED_SYSTEM_CHECKS=["gis.W001"],
)
from django.core.management import execute_from_command_line

execute_from_command_line([sys.argv[0], "check"])
"""


def run() -> list[dict[str, Any]]:
    """CPU seconds (user and system) of `manage.py list_divisions --json` and of the bare project's `check`."""
    with tempfile.TemporaryDirectory() as directory:
        bare = Path(directory) / "bare.py"
        bare.write_text(_BARE, encoding="utf-8")
        ours = [sys.executable, str(ROOT / "manage.py"), "list_divisions", "--json"]
        floor = [sys.executable, str(bare)]
        for command in (ours, floor):
            _cpu_s(command)  # compiles what was never run
        pairs = [(_cpu_s(ours), _cpu_s(floor)) for _ in range(ROUNDS)]
    ours_s, floor_s = (statistics.median(values) for values in zip(*pairs, strict=True))
    return [
        {
            "name": "start of a command (CPU; floor: a bare Django, goal 2.5x)",
            "ours": ours_s,
            "floor": floor_s,
            "unit": "s",
            "ratio": ours_s / floor_s,
        }
    ]


def _cpu_s(command: list[str]) -> float:
    # Without compiled files kept, each start would compile all over again.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
