"""`import_register` and `export_register`: one document, three exit codes, the protocol as a file."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from billing.exchange.selectors.documented import with_chapters
from billing.models import AccountValue
from tests.gis_core.test_commands import run
from tests.world import World


def test_a_file_goes_out_and_comes_back(full_world: World, tmp_path: Path) -> None:
    for name in ("benefits.xlsx", "benefits.csv"):
        code, document = run("export_register", "benefits", str(tmp_path / name), "--enterprise", "SUV")
        assert (code, document["rows"], document["enterprise"]) == (0, 1, "SUV")
        code, document = run("import_register", "benefits", str(tmp_path / name))
        assert (code, document["counts"]["unchanged"], document["written"]) == (0, 1, False)


def test_trial_import_and_refusal(world: World, tmp_path: Path) -> None:
    path = tmp_path / "residents.csv"
    path.write_text("Account number;Holds from;residents\n17000;01.01.2026;3\n", encoding="cp1251")
    code, document = run("import_register", "residents", str(path), "--dry-run")
    assert (code, document["dry_run"], document["written"], document["counts"]["created"]) == (
        0,
        True,
        False,
        1,
    )
    assert not AccountValue.objects.exists()
    code, document = run("import_register", "residents", str(path), "--enterprise", "SUV")
    assert (code, document["written"], document["encoding"]) == (0, True, "utf-8")
    path.write_text("account;valid_from;residents\n17000;01.01.2026;3\nX;01.01.2026;3\n", encoding="utf-8")
    code, document = run("import_register", "residents", str(path), "--protocol", str(tmp_path / "told.csv"))
    assert code == 1
    assert document["error"]["code"] == "rows_refused"
    assert document["counts"] == {"created": 0, "changed": 0, "unchanged": 1, "refused": 1}
    with (tmp_path / "told.csv").open(encoding="utf-8-sig", newline="") as file:
        told = list(csv.reader(file))
    assert told[0] == ["row", "outcome", "key", "column", "reason", "changes"]
    assert told[1][:4] == ["3", "refused", "X 2026-01-01", "account"]
    assert told[-1] == ["", "refused", "", "", "1", ""]
    run("import_register", "residents", str(path), "--dry-run", "--protocol", str(tmp_path / "told.json"))
    assert json.loads((tmp_path / "told.json").read_text())["counts"]["refused"] == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("import_register", "residents", "/nowhere/at-all.csv"), "file"),
        (("import_register", "residents", __file__), "enterprise_needed"),
        (("export_register", "residents", "x.pdf"), "bad_format"),
        (("export_register", "services", "/nowhere/at-all.csv"), "file"),
        (("export_register", "streets", "x.csv", "--division", "NOWHERE"), "unknown_division"),
        (("export_register", "residents", "x.csv", "--enterprise", "NONE"), "unknown_enterprise"),
        (("export_register", "streets", "x.csv", "--user", "ghost"), "unknown_user"),
    ],
)
def test_what_cannot_be_done_exits_1(arguments: tuple[str, ...], code: str, tmp_path: Path) -> None:
    if arguments[-1] == __file__:
        path = tmp_path / "residents.csv"
        path.write_text("account;valid_from;residents\n1;2026-01-01;3\n")
        arguments = (*arguments[:-1], str(path))
    exit_code, document = run(*arguments)
    assert (exit_code, document["error"]["code"]) == (1, code)


@pytest.mark.parametrize(
    "arguments",
    [
        ("import_register",),
        ("import_register", "nothing", "x.csv"),
        ("import_register", "residents"),
        ("import_register", "residents", "x.csv", "--nonsense"),
        ("export_register", "nothing", "x.csv"),
    ],
)
def test_wrong_arguments_exit_2(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments, "--json"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")


def test_the_document_says_what_the_code_says() -> None:
    text = (Path(settings.BASE_DIR) / "docs" / "registers.md").read_text(encoding="utf-8")
    assert with_chapters(text) == text, "run `manage.py document_registers`"
