"""Who sees which divisions, and the tokens by which programs ask."""

import base64
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.utils import timezone

from gis_core.access import Capability, NotVisible, access, capabilities_of, divisions_of, require, roles_of
from gis_core.models import ApiToken, Division, RoleAssignment, User
from gis_core.services.tokens import make_token, revoke_token
from tests.conftest import under

MakeUser = Callable[..., User]


def test_a_role_holds_in_its_division_and_below(
    district: Division, other_district: Division, make_user: MakeUser
) -> None:
    mahalla = Division.objects.create(code="M", name="M", level=4, **under(district))
    clerk = make_user("clerk", district)
    assert set(divisions_of(clerk, Capability.VIEW_SUBSCRIBERS)) == {district, mahalla}
    manager = make_user("manager", district.parent)
    assert {district, other_district, mahalla} <= set(divisions_of(manager, Capability.VIEW_SUBSCRIBERS))


def test_a_division_whose_code_begins_alike_is_not_below(district: Division, make_user: MakeUser) -> None:
    assert district.parent is not None
    Division.objects.create(code="QIBRAY2", name="Q", level=3, **under(district.parent))
    assert list(divisions_of(make_user("clerk", district), Capability.VIEW_DIVISIONS)) == [district]


def test_capabilities_do_not_leak_between_roles(
    district: Division, other_district: Division, make_user: MakeUser
) -> None:
    user = make_user("clerk", district)
    RoleAssignment.objects.create(user=user, role="crew", division=other_district)
    assert list(divisions_of(user, Capability.VIEW_SUBSCRIBERS)) == [district]
    assert set(divisions_of(user, Capability.VIEW_NETWORK)) == {district, other_district}
    assert roles_of(user) == ["crew", "clerk"]


def test_nobody_and_the_inactive_hold_nothing(district: Division, make_user: MakeUser) -> None:
    user = make_user("administrator", district)
    user.is_active = False
    for viewer in (AnonymousUser(), user, make_user()):
        assert not capabilities_of(viewer)
        assert not divisions_of(viewer, Capability.VIEW_DIVISIONS).exists()


def test_what_is_not_visible_does_not_exist(
    district: Division, other_district: Division, make_user: MakeUser
) -> None:
    clerk = make_user("clerk", district)
    assert access(
        Division.objects.all(), clerk, Capability.VIEW_DIVISIONS, division_lookup="pk", pk=district.pk
    )
    with pytest.raises(NotVisible):
        access(
            Division.objects.all(),
            clerk,
            Capability.VIEW_DIVISIONS,
            division_lookup="pk",
            pk=other_district.pk,
        )
    require(clerk, Capability.RUN_BILLING, district)
    with pytest.raises(NotVisible):
        require(clerk, Capability.RUN_BILLING, other_district)
    with pytest.raises(NotVisible):
        require(clerk, Capability.EDIT_NETWORK, district)


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture
def token(district: Division, make_user: MakeUser) -> tuple[ApiToken, str]:
    return make_token(user=make_user("engineer", district, username="engineer"), name="t", acting_user=None)


def status(headers: dict[str, str]) -> int:
    return Client().get("/api/v1/viewer/", headers=headers).status_code


def test_a_token_is_taken_as_bearer_and_in_both_fields_of_basic(token: tuple[ApiToken, str]) -> None:
    _row, secret = token
    assert status({"authorization": f"Bearer {secret}"}) == 200
    assert status(basic("engineer", secret)) == 200
    assert status(basic("", secret)) == 200
    assert status(basic(secret, "")) == 200


def test_wrong_tokens_get_401_everywhere(token: tuple[ApiToken, str]) -> None:
    _row, secret = token
    for headers in (
        {"authorization": "Bearer x"},
        {"authorization": "Bearer "},
        {"authorization": "Basic not-base64!"},
        {"authorization": "Digest x"},
        basic("somebody-else", secret),
        basic("engineer", "no-password-of-hers"),
        {},
    ):
        assert status(headers) == 401, headers
    assert Client().get("/map/", headers={"authorization": "Bearer x"}).status_code == 401


def test_expired_revoked_and_inactive_tokens_are_refused(token: tuple[ApiToken, str]) -> None:
    row, secret = token
    headers = {"authorization": f"Bearer {secret}"}
    ApiToken.objects.filter(pk=row.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert status(headers) == 401
    ApiToken.objects.filter(pk=row.pk).update(expires_at=None)
    assert status(headers) == 200
    User.objects.filter(pk=row.user_id).update(is_active=False)
    assert status(headers) == 401
    User.objects.filter(pk=row.user_id).update(is_active=True)
    revoke_token(token=row, acting_user=None)
    assert status(headers) == 401


def test_the_secret_itself_is_not_stored(token: tuple[ApiToken, str]) -> None:
    row, secret = token
    assert secret not in str(ApiToken.objects.values().get(pk=row.pk))


def test_writing_by_session_needs_the_csrf_token_and_by_api_token_does_not(
    token: tuple[ApiToken, str],
) -> None:
    row, secret = token
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(row.user)
    assert strict.post("/api/v1/network-imports/").status_code == 403
    headers = {"authorization": f"Bearer {secret}"}
    assert (
        Client(enforce_csrf_checks=True).post("/api/v1/network-imports/", headers=headers).status_code == 400
    )
