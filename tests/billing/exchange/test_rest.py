"""The same over REST: kinds, imports with their report, exports."""

from collections.abc import Callable
from io import BytesIO

import pytest
from django.test import Client

from billing.exchange.selectors.kinds import KINDS
from billing.models import AccountValue
from gis_core.models import Division, User
from gis_core.table_reading import read_table
from tests.sign_in import confirmed
from tests.world import World

IMPORTS = "/api/v1/register-imports/"
GOOD = "account;valid_from;residents\n17000;2026-01-01;3\n"


@pytest.fixture
def clerk(make_user: Callable[..., User], district: Division) -> Client:
    return confirmed(make_user("clerk", district))


def upload(text: str | bytes, name: str = "residents.csv") -> BytesIO:
    file = BytesIO(text.encode() if isinstance(text, str) else text)
    file.name = name
    return file


def test_kinds_tell_their_columns_and_who_may_bring_them(clerk: Client, world: World) -> None:
    kinds = {kind["code"]: kind for kind in clerk.get("/api/v1/register-kinds/").json()}
    assert list(kinds) == list(KINDS)
    assert kinds["residents"]["may_import"]
    assert not kinds["tariffs"]["may_import"]
    assert [column["code"] for column in kinds["residents"]["columns"]] == [
        "account",
        "valid_from",
        "residents",
        "document",
    ]


def test_a_trial_then_an_import(clerk: Client, world: World) -> None:
    sent = {"kind": "residents", "dry_run": "true"}
    report = clerk.post(IMPORTS, {**sent, "file": upload(GOOD)}).json()
    assert (report["written"], report["counts"]["created"], report["enterprise"]) == (False, 1, "SUV")
    assert not AccountValue.objects.exists()
    report = clerk.post(IMPORTS, {"kind": "residents", "file": upload(GOOD)}).json()
    assert report["written"]
    assert AccountValue.objects.get().value == 3
    report = clerk.post(IMPORTS, {"kind": "residents", "file": upload(GOOD)}).json()
    assert (report["written"], report["counts"]["unchanged"]) == (False, 1)


def test_reasons_are_in_the_askers_language(clerk: Client, world: World) -> None:
    wrong = GOOD.replace("17000", "NONE")
    answer = clerk.post(
        IMPORTS, {"kind": "residents", "file": upload(wrong)}, headers={"accept-language": "ru"}
    ).json()
    assert answer["counts"]["refused"] == 1
    (line,) = answer["lines"]
    assert "NONE" in line["reason"]
    assert "has no account" not in line["reason"]


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"kind": "nothing", "file": GOOD}, 400),
        ({"kind": "residents"}, 400),
        ({"file": GOOD}, 400),
        ({"kind": "residents", "file": ""}, 400),
        ({"kind": "residents", "file": "meter;model\nS0;X\n"}, 400),
        ({"kind": "residents", "file": GOOD + "17000;2026-01-01;3\n" * 5000}, 400),
        ({"kind": "tariffs", "file": GOOD}, 404),
        ({"kind": "residents", "file": GOOD, "enterprise": "NONE"}, 404),
    ],
)
def test_what_cannot_be_taken_is_told(
    clerk: Client, world: World, values: dict[str, str], status: int
) -> None:
    sent = {name: upload(value) if name == "file" else value for name, value in values.items()}
    answer = clerk.post(IMPORTS, sent)
    assert answer.status_code == status, answer.content
    if "17000;2026-01-01;3\n" * 9 in values.get("file", ""):
        assert "manage.py import_register" in answer.json()["error"]["message"]
    assert not AccountValue.objects.exists()


def test_exports_are_files_with_safe_names(clerk: Client, full_world: World) -> None:
    answer = clerk.get("/api/v1/register-exports/benefits/?format=csv&enterprise=SUV&division=QIBRAY")
    assert answer["Content-Disposition"] == 'attachment; filename="benefits-SUV-QIBRAY.csv"'
    assert len(read_table(answer.content, "x", most_rows=10).rows) == 1
    answer = clerk.get("/api/v1/register-exports/benefits/")
    assert read_table(answer.content, "x", most_rows=10).encoding == "xlsx"
    answer = clerk.get("/api/v1/register-exports/tariffs/?template=true")
    assert read_table(answer.content, "x", most_rows=10).rows == ()
    for address, status in (
        ("nothing/", 404),
        ("benefits/?format=pdf", 400),
        ("benefits/?colour=red", 400),
        ("benefits/?division=ZANGIOTA", 404),
        ("benefits/?enterprise=NONE", 404),
    ):
        assert clerk.get(f"/api/v1/register-exports/{address}").status_code == status, address


@pytest.mark.parametrize("role", ["crew", "engineer", "cashier", "auditor"])
def test_others_find_no_such_addresses(
    make_user: Callable[..., User], district: Division, world: World, role: str
) -> None:
    client = confirmed(make_user(role, district))
    assert client.get("/api/v1/register-kinds/").status_code == 404
    assert client.get("/api/v1/register-exports/benefits/").status_code == 404
    assert client.post(IMPORTS, {"kind": "residents", "file": upload(GOOD)}).status_code == 404
    assert client.get("/registers/files/").status_code == 404
