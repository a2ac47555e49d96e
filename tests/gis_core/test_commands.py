"""The common form of commands: one JSON document on stdout, and the three exit codes."""

import json
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from gis_core.models import ApiToken, Division, User


def run(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Run a command in this process; return its exit code and its document."""
    out = StringIO()
    try:
        call_command(*arguments, "--json", stdout=out, stderr=StringIO())
    except SystemExit as end:
        return int(end.code or 0), json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


def test_make_token_shows_the_secret_once(district: Division, make_user: Callable[..., User]) -> None:
    make_user("engineer", district, username="engineer")
    code, document = run("make_token", "engineer", "--days", "3")
    assert code == 0
    assert len(document["token"]) >= 40
    assert ApiToken.objects.get().user.username == "engineer"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("make_token", "ghost"), "ghost"),
        (("make_token", "engineer", "--days", "-5"), "out of range"),
        (("make_token", "engineer", "--days", "99999999999"), "out of range"),
        (("describe_network", "NONE"), "NONE"),
        (("run_billing", "--enterprise", "NONE", "--month", "2026-01"), "NONE"),
        (("close_month", "--enterprise", "NONE", "--month", "2026-01"), "NONE"),
        (
            *(
                (
                    "reopen_month",
                    "--enterprise",
                    "NONE",
                    "--month",
                    "2026-01",
                    "--reason",
                    "x",
                    "--user",
                    "y",
                ),
            ),
            "NONE",
        ),
        (("compute_balances", "--network", "NONE", "--from", "2026-01"), "NONE"),
    ],
)
def test_a_reported_failure_exits_1_with_a_document(arguments: tuple[str, ...], words: str) -> None:
    User.objects.create_user(username="engineer")
    code, document = run(*arguments)
    assert code == 1
    assert words in document["error"]["message"]


@pytest.mark.django_db
def test_list_divisions_shows_the_tree() -> None:
    code, document = run("list_divisions")
    assert code == 0
    assert {"UZ", "UZ-TO", "UZ-TK"} <= {item["code"] for item in document["divisions"]}


@pytest.mark.parametrize(
    "arguments",
    [
        ("run_billing", "--enterprise", "X"),
        ("run_billing", "--enterprise", "X", "--month", "January"),
        ("run_billing", "--enterprise", "X", "--month", "2026-13"),
        ("compute_balances",),
        ("make_token",),
        ("demo", "--seed", "many"),
        ("list_divisions", "--nonsense"),
    ],
)
def test_bad_arguments_exit_2_and_print_no_document(arguments: tuple[str, ...]) -> None:
    result = subprocess.run(
        [sys.executable, "manage.py", *arguments, "--json"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert "error:" in result.stderr


@pytest.mark.django_db
def test_health_answers_without_credentials(client: Any) -> None:
    assert client.get("/healthz/").json() == {"status": "ok"}


@pytest.mark.django_db
def test_the_division_path_follows_a_renamed_parent() -> None:
    region = Division.objects.get(code="UZ-TO")
    district = Division.objects.create(
        code="D", name="D", level=3, parent=region, parent_path=region.path, parent_level=2
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE gis_core_division SET code = 'TOSHKENT' WHERE code = 'UZ-TO'")
    district.refresh_from_db()
    assert district.path == "UZ.TOSHKENT.D."
