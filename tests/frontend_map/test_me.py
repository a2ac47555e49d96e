"""One's own page: the password, and tokens for one's programs."""

import io
import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from gis_core.models import ApiToken, AuditEvent, OpenSession, User
from gis_core.services import tokens
from gis_core.services.tokens import make_token

OLD, NEW = "an-old-password-1", "a-new-password-2"


@pytest.fixture
def engineer(make_user, district) -> User:
    user = make_user("engineer", district, username="engineer")
    user.set_password(OLD)
    user.save()
    return user


def signed_in() -> Client:
    client = Client()
    assert client.post("/login/", {"username": "engineer", "password": OLD}).status_code == 302
    return client


def change(client: Client, old: str, new: str, again: str):
    return client.post(
        "/me/password/", {"old_password": old, "new_password1": new, "new_password2": again}, follow=True
    )


def test_a_changed_password_ends_other_sessions_and_all_tokens(engineer: User) -> None:
    here, elsewhere = signed_in(), signed_in()
    _token, secret = make_token(user=engineer, name="qgis", acting_user=None)
    bearer = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/viewer/", headers=bearer).status_code == 200
    for old, new, again in (("wrong-wrong-1", NEW, NEW), (OLD, "short-1", "short-1"), (OLD, NEW, NEW + "x")):
        answer = change(here, old, new, again)
        assert answer.status_code == 400
        assert b"field-error" in answer.content
    assert elsewhere.get("/me/").status_code == 200
    answer = change(here, OLD, NEW, NEW)
    assert (answer.status_code, "Other sessions" in answer.content.decode()) == (200, True)
    assert here.get("/me/").status_code == 200
    assert elsewhere.get("/me/").status_code == 302
    assert Client().get("/api/v1/viewer/", headers=bearer).status_code == 401
    assert not Client().login(username="engineer", password=OLD)
    # The session that goes on is still listed.
    assert OpenSession.objects.filter(session_key=here.session.session_key).exists()
    assert {"change own password", "revoke token"} <= set(AuditEvent.objects.values_list("action", flat=True))


def test_a_password_set_by_an_administrator_or_a_command_ends_tokens_too(engineer: User, monkeypatch) -> None:
    make_token(user=engineer, name="qgis", acting_user=None)
    engineer.set_password(NEW)
    engineer.save()
    assert ApiToken.objects.get().revoked_at is not None
    make_token(user=engineer, name="second", acting_user=None)
    monkeypatch.setattr("getpass.getpass", lambda **_prompt: "another-password-3")
    call_command("changepassword", "engineer", stdout=io.StringIO())
    assert not ApiToken.objects.filter(revoked_at=None).exists()


def test_a_token_is_made_shown_once_used_and_ended(engineer: User) -> None:
    client = signed_in()
    page = client.post("/me/tokens/", {"name": "QGIS at the office", "days": "30"}).content.decode()
    found = re.search(r'id="secret" class="code">([^<]+)<', page)
    assert found is not None
    secret = found[1]
    assert secret not in client.get("/me/").content.decode()
    token = ApiToken.objects.get()
    assert token.expires_at is not None
    assert abs(token.expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
    assert token.last_used_at is None
    bearer = {"Authorization": f"Bearer {secret}"}
    listed = Client().get("/api/v1/tokens/", headers=bearer).json()
    assert [(entry["name"], entry["revoked_at"]) for entry in listed] == [("QGIS at the office", None)]
    token.refresh_from_db()
    assert token.last_used_at is not None
    assert "digest" not in listed[0]
    client.post(f"/me/tokens/{token.uid}/end/")
    assert Client().get("/api/v1/tokens/", headers=bearer).status_code == 401


@pytest.mark.parametrize("days", ["0", "366", "never", ""])
def test_a_token_has_an_end(engineer: User, days: str) -> None:
    assert signed_in().post("/me/tokens/", {"name": "x", "days": days}).status_code == 400
    assert not ApiToken.objects.exists()


def test_without_a_wish_a_token_is_good_for_ninety_days(engineer: User) -> None:
    token, _secret = make_token(user=engineer, name="x", acting_user=None)
    assert token.expires_at is not None
    assert abs(token.expires_at - timezone.now() - timedelta(days=90)) < timedelta(minutes=1)


def test_a_token_makes_no_token_and_no_password(engineer: User) -> None:
    """Whoever got hold of one could outlive its end."""
    _token, secret = make_token(user=engineer, name="x", acting_user=None)
    for headers in ({"Authorization": f"Bearer {secret}"},):
        for address, body in (
            ("/me/tokens/", {"name": "y", "days": "365"}),
            ("/me/password/", {"old_password": OLD, "new_password1": NEW, "new_password2": NEW}),
        ):
            assert Client().post(address, body, headers=headers).status_code == 404
    assert ApiToken.objects.count() == 1


def test_tokens_are_ones_own(engineer: User, make_user, district) -> None:
    token, _secret = make_token(
        user=make_user("engineer", district, username="another"), name="theirs", acting_user=None
    )
    client = signed_in()
    assert client.get("/api/v1/tokens/").json() == []
    assert "theirs" not in client.get("/me/").content.decode()
    assert client.post(f"/me/tokens/{token.uid}/end/").status_code == 404
    assert client.post(f"/api/v1/tokens/{token.uid}/end/").status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_there_is_a_bound_of_tokens(engineer: User, monkeypatch) -> None:
    monkeypatch.setattr(tokens, "MOST_OF_A_USER", 1)
    client = signed_in()
    assert client.post("/me/tokens/", {"name": "a", "days": "1"}).status_code == 200
    answer = client.post("/me/tokens/", {"name": "b", "days": "1"})
    assert (answer.status_code, ApiToken.objects.count()) == (400, 1)


def test_strangers_are_sent_to_log_in() -> None:
    client = Client()
    assert client.get("/me/").status_code == 302
    for address in ("/me/password/", "/me/tokens/"):
        assert client.post(address, {}).status_code == 404
