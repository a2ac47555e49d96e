"""Who manages whom: users have a home division, and events about them are told there."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gis_core.models import ApiToken, AuditEvent, Division, RoleAssignment, User
from gis_core.selectors.organisation import users_managed_by
from gis_core.services.passwords import give_one_time_password
from gis_core.services.tokens import make_token, revoke_token
from tests.sign_in import confirmed


def test_without_another_word_somebody_belongs_to_the_republic(db: None) -> None:
    assert User.objects.create_user("somebody").home_division.code == "UZ"
    assert User.objects.create(username="another").home_division.code == "UZ"


@pytest.fixture
def administrator(make_user: Callable[..., User], district: Division) -> User:
    user = make_user("administrator", district, username="local")
    user.is_staff = True
    user.save()
    return user


def test_an_administrator_manages_whose_home_and_roles_lie_within(
    administrator: User,
    make_user: Callable[..., User],
    district: Division,
    other_district: Division,
    tashkent_region: Division,
) -> None:
    own = make_user("crew", district, username="own")
    newcomer = User.objects.create_user("newcomer", home_division=district)
    make_user("crew", other_district, username="beside")
    above = make_user("crew", district, username="above")
    above.home_division = tashkent_region
    above.save()
    beyond = make_user("crew", district, username="beyond")
    RoleAssignment.objects.create(user=beyond, role="auditor", division=tashkent_region)
    User.objects.create_user("stranger")
    User.objects.create_superuser("root", home_division=district)
    assert set(users_managed_by(administrator)) == {administrator, own, newcomer}


def test_roles_of_others_are_not_taken_away(
    administrator: User, make_user: Callable[..., User], district: Division, tashkent_region: Division
) -> None:
    visitor = make_user("crew", district, username="visitor")
    visitor.home_division = tashkent_region
    visitor.save()
    role = RoleAssignment.objects.get(user=visitor)
    client = confirmed(administrator)
    answer = client.post(reverse("admin:gis_core_roleassignment_delete", args=[role.pk]), {"post": "yes"})
    assert answer.status_code == 403
    form = {"user": visitor.pk, "role": "auditor", "division": district.pk}
    assert client.post(reverse("admin:gis_core_roleassignment_add"), form).status_code == 200
    assert list(RoleAssignment.objects.filter(user=visitor)) == [role]


def test_nobody_is_moved_or_made_beyond(
    administrator: User, make_user: Callable[..., User], district: Division, other_district: Division
) -> None:
    own = make_user("crew", district, username="own")
    client = confirmed(administrator)
    form = {"username": "made", "home_division": other_district.pk}
    client.post(reverse("admin:gis_core_user_add"), form)
    assert not User.objects.filter(username="made").exists()
    moved = {
        "username": "own",
        "is_active": "on",
        "home_division": other_district.pk,
        "role_assignments-TOTAL_FORMS": "0",
        "role_assignments-INITIAL_FORMS": "0",
    }
    client.post(reverse("admin:gis_core_user_change", args=[own.pk]), moved)
    own.refresh_from_db()
    assert own.home_division == district


def test_events_about_a_user_are_told_at_home(
    administrator: User, make_user: Callable[..., User], district: Division
) -> None:
    own = make_user("crew", district, username="own")
    token, _secret = make_token(user=own, name="x", acting_user=None)
    revoke_token(token=token, acting_user=None)
    give_one_time_password(user=own, acting_user=None)
    client = confirmed(administrator)
    role = {"user": own.pk, "role": "engineer", "division": district.pk}
    assert client.post(reverse("admin:gis_core_roleassignment_add"), role).status_code == 302
    actions = set(AuditEvent.objects.filter(division=district).values_list("action", flat=True))
    assert {"make token", "revoke token", "give one-time password", "add role assignment"} <= actions
    assert not AuditEvent.objects.filter(division=None).exists()


def test_users_of_before_get_the_nearest_common_division_of_their_roles(
    make_user: Callable[..., User], district: Division, other_district: Division, tashkent_region: Division
) -> None:
    homes = {
        make_user("crew", district, username="one"): "QIBRAY",
        make_user("crew", district, username="two"): "UZ-TO",
        make_user(username="none"): "UZ",
        make_user("auditor", Division.objects.get(code="UZ-SA"), username="far"): "UZ",
    }
    RoleAssignment.objects.create(user=User.objects.get(username="two"), role="crew", division=other_district)
    RoleAssignment.objects.create(user=User.objects.get(username="far"), role="crew", division=district)
    # Divisions whose codes begin alike are not above each other.
    User.objects.update(home_division=Division.objects.get(code="UZ-XO"))
    with connection.cursor() as cursor:
        cursor.execute(import_module("gis_core.migrations.0007_homes").HOMES)
    for user, code in homes.items():
        user.refresh_from_db()
        assert user.home_division.code == code, user


# --- manage.py tokens, one_time_password ---


def run(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command(*arguments, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def refused(*arguments: str) -> str:
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command(*arguments, "--json", stdout=out, stderr=err)
    assert ended.value.code == 1
    return str(json.loads(out.getvalue())["error"]["code"])


def test_tokens_are_listed_ended_and_let_expire_by_command(
    make_user: Callable[..., User], district: Division
) -> None:
    own = make_user("crew", district, username="own")
    other = make_user("crew", district, username="other")
    first, secret = make_token(user=own, name="first", acting_user=None)
    second, _ = make_token(user=own, name="second", acting_user=None)
    third, _ = make_token(user=other, name="third", acting_user=None)
    Client().get("/api/v1/viewer/", headers={"Authorization": f"Bearer {secret}"})
    rows = {row["name"]: row for row in run("tokens")["tokens"]}
    assert set(rows) == {"first", "second", "third"}
    assert rows["first"]["last_used_at"]
    assert (rows["second"]["last_used_at"], rows["second"]["home_division"]) == (None, "QIBRAY")
    assert [row["name"] for row in run("tokens", "--user", "other")["tokens"]] == ["third"]
    assert run("tokens", "--end", str(first.uid)[:8])["ended"] == [str(first.uid)]
    assert Client().get("/api/v1/viewer/", headers={"Authorization": f"Bearer {secret}"}).status_code == 401
    run("tokens", "--expire", str(second.uid), "--days", "3")
    second.refresh_from_db()
    assert second.expires_at is not None
    assert abs(second.expires_at - timezone.now() - timedelta(days=3)) < timedelta(minutes=1)
    assert refused("tokens", "--expire", str(second.uid), "--days", "9") == "ends_earlier"
    assert run("tokens", "--user", "own", "--end-all")["tokens"] == []
    assert {row["state"] for row in run("tokens", "--user", "own", "--all")["tokens"]} == {"ended"}
    third.refresh_from_db()
    assert third.revoked_at is None
    assert AuditEvent.objects.filter(action="revoke token", division=district).count() == 2
    for arguments, code in (
        (("--end", "00000000-0000"), "unknown_token"),
        (("--end", ""), None),
        (("--end-all",), "no_user"),
        (("--user", "nobody"), "unknown_user"),
        (("--expire", str(third.uid)), "bad_days"),
    ):
        if code is not None:
            assert refused("tokens", *arguments) == code, arguments
    assert ApiToken.objects.filter(revoked_at=None).count() == 1
