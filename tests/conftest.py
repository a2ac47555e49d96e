"""What every test can ask for: an organisation with users of each role, and a database that commits."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import translation

from gis_core import password_login
from gis_core.celery_app import app as celery_app
from gis_core.models import Division, RoleAssignment, User
from gis_core.services.login_counts import Limits, OwnCounts
from gis_core.services.login_limits import LoginLimits
from tests.databases import drop_database, make_database, make_migrated_database, switch_to
from tests.sensors.feeds.brokers import make_broker

# Tasks run in place in the tests, which takes the tasks themselves; a worker finds them in the same way.
celery_app.loader.import_default_modules()


@pytest.fixture(autouse=True)
def own_language() -> None:
    """A request leaves its language to the thread; the next test begins without it."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def no_failed_logins_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong passwords are counted in memory, and all tests come from one address."""
    monkeypatch.setattr(password_login, "login_limits", LoginLimits(Limits(), OwnCounts(Limits())))


@pytest.fixture
def tashkent_region(db: Any) -> Division:
    """The region UZ-TO of the reference data."""
    return Division.objects.get(code="UZ-TO")


def make_district(code: str, name: str) -> Division:
    """A district below the region UZ-TO."""
    return Division.objects.create(
        code=code, name=name, level=Division.Level.DISTRICT, **under(Division.objects.get(code="UZ-TO"))
    )


def under(parent: Division) -> dict[str, Any]:
    """The fields by which a division names its parent."""
    return {"parent": parent, "parent_path": parent.path, "parent_level": parent.level}


@pytest.fixture
def district(tashkent_region: Division) -> Division:
    return make_district("QIBRAY", "Qibray tumani")


@pytest.fixture
def other_district(tashkent_region: Division) -> Division:
    return make_district("ZANGIOTA", "Zangiota tumani")


@pytest.fixture
def make_user(db: Any) -> Callable[..., User]:
    """Make a user who holds `role` in `division`; without a role, a user who holds nothing."""

    def make(role: str | None = None, division: Division | None = None, username: str = "") -> User:
        user = User.objects.create_user(
            username=username or f"{role or 'nobody'}-{division.code if division else 'nowhere'}".lower(),
            password="a-long-password",
            home_division=division,
        )
        if role is not None and division is not None:
            RoleAssignment.objects.create(user=user, role=role, division=division)
        return user

    return make


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: Any
) -> Iterator[str]:
    """The worker's test database, cloned from the migrated template; migrating it would take each worker as long.

    Gives the database from which others like it are cloned.
    """
    original = connection.settings_dict["NAME"]
    # Django's own name for it; the stubs leave out what begins with an underscore.
    name = connection.creation._get_test_db_name()  # type: ignore[attr-defined]
    with django_db_blocker.unblock():
        source = make_migrated_database(name)
        switch_to(name)
    yield source
    with django_db_blocker.unblock():
        connections.close_all()
        switch_to(original)
        drop_database(name)


@pytest.fixture(scope="session")
def migrated_test_database(django_db_setup: str) -> str:
    """The test database also when no test of the run is marked `django_db`; gives what others are cloned from."""
    return django_db_setup


@pytest.fixture
def committing_database(migrated_test_database: str, django_db_blocker: Any) -> Iterator[None]:
    """A database of its own whose commits are real: cloned from the migrated template, dropped after.

    Flushing tables is no alternative, since the append-only tables refuse TRUNCATE.
    """
    with django_db_blocker.unblock():
        original = connection.settings_dict["NAME"]
        # Without any django_db test in the run there is no test database, and this would clone the real one.
        assert original.startswith("test_"), f"{original} is not a test database"
        clone = f"{original}_commit"
        connections.close_all()
        make_database(clone, template=migrated_test_database)
        switch_to(clone)
        try:
            yield
        finally:
            connections.close_all()
            switch_to(original)
            drop_database(clone)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Any]:
    """A Mosquitto of the test's own, running."""
    broker = make_broker(tmp_path)
    broker.start()
    yield broker
    broker.stop()
