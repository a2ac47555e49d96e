"""The second wall: what PostgreSQL itself shows of each table, whatever the application forgets to ask (ADR 26)."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client

from assets.models import Network
from billing.models import Account, Subscriber
from gis_core import access, second_wall
from gis_core.database import scope as scopes
from gis_core.database.scope import EVERYTHING, NOTHING, enter, of_division, of_user, working_in
from gis_core.database.wall import IN_FRONT, placeless, policies_of, tables_of
from gis_core.models import AuditEvent, Division, RoleAssignment, User
from tests.conftest import under
from tests.databases import as_owner
from tests.security.test_access_matrix import (
    EXPECTED,
    READ_TOO,
    WRITES,
    Sample,
    _client_with,
    address,
    endpoints,
    make_sample,
)
from tests.world import World, make_world

ROOT = Path(settings.BASE_DIR)
# Known to everybody, by IN_FRONT: divisions, streets, enterprises and their prices.
PUBLIC = tuple(
    f"{name}-{form}"
    for name in ("division", "street", "enterprise", "tariff", "penalty-terms")
    for form in ("list", "detail")
)


@pytest.fixture
def samples(district: Division, other_district: Division) -> tuple[Sample, Sample]:
    return (
        make_sample(district, "OWN-NET", "OWN-SUV", 0),
        make_sample(other_district, "ALIEN-NET", "ALIEN-SUV", 5000),
    )


def rows_of(tables: list[str]) -> dict[str, set[str]]:
    """The place of each row that the session is shown, by table."""
    found = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT tableoid || ' ' || ctid FROM {table}")
            found[table] = {place for (place,) in cursor.fetchall()}
    return found


def walled() -> list[str]:
    with as_owner():
        return sorted(policies_of(tables_of(connection)))


# --- the whole of it --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_table_has_its_policies_or_a_reason() -> None:
    with as_owner():
        tables = tables_of(connection)
        wanted = policies_of(tables)
    assert placeless(tables) == set()
    assert set(IN_FRONT) <= set(tables), "a reason for a table that is not there"
    assert {model._meta.db_table for model in apps.get_models() if model._meta.managed} <= set(tables)
    for name, table in tables.items():
        assert (name in IN_FRONT) != table.is_walled, name
        assert set(table.present) == set(wanted.get(name, {})), name


@pytest.mark.django_db
def test_a_table_that_comes_to_no_division_is_found() -> None:
    with as_owner():
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE belongs_nowhere (id bigint PRIMARY KEY, note text)")
            cursor.execute(
                "CREATE TABLE belongs_by_key "
                "(id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES billing_account)"
            )
        tables = tables_of(connection)
        assert placeless(tables) == {"belongs_nowhere"}
        assert "billing_account" in policies_of(tables)["belongs_by_key"]["second_wall_read"]


@pytest.mark.django_db
def test_views_and_partitions_are_no_way_around_it() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v' "
            "AND NOT 'security_invoker=true' = ANY (coalesce(reloptions, '{}')) AND NOT EXISTS "
            "(SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')"
        )
        assert cursor.fetchall() == []
        cursor.execute("SELECT sensors_make_partition('2025-12-01')")
        cursor.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relispartition AND relkind = 'r' "
            "AND has_table_privilege(oid, 'SELECT')"
        )
        assert cursor.fetchall() == []


@pytest.mark.django_db
def test_what_guards_the_tables_sees_all_of_them() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND NOT prosecdef "
            "AND prorettype = 'trigger'::regtype AND NOT EXISTS "
            "(SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e')"
        )
        # It asks who writes, and reads no rows.
        assert cursor.fetchall() == [("refuse_direct_write",)]


def test_only_commands_and_workers_are_trusted() -> None:
    trusting = {
        path.relative_to(ROOT).as_posix()
        for top in (
            "gis_core",
            "assets",
            "sensors",
            "billing",
            "balances",
            "frontend_map",
            "fixtures",
            "manage.py",
        )
        for path in ([ROOT / top] if top.endswith(".py") else (ROOT / top).rglob("*.py"))
        if re.search(r"^ *trust_process\(\)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert trusting == {"manage.py", "gis_core/celery_app.py", "gis_core/settings/test.py"}


# --- rows -------------------------------------------------------------------------------------------------------------


@pytest.mark.figure
@pytest.mark.django_db
def test_raw_sql_of_one_division_reads_no_row_of_another(
    samples: tuple[Sample, Sample], district: Division, other_district: Division
) -> None:
    tables = walled()
    whole = rows_of(tables)
    with working_in(of_division(district.pk)):
        own = rows_of(tables)
    with working_in(of_division(other_district.pk)):
        alien = rows_of(tables)
    with working_in(NOTHING):
        nobody = rows_of(tables)
    # Rules without a division are everybody's, and those of the republic are shown to all below it.
    with working_in(of_division(Division.objects.get(code="UZ-XO").pk)):
        everybodys = rows_of(tables)
    foreign = {table for table in tables if own[table] & alien[table] - everybodys[table]}
    tried = [table for table in tables if alien[table] - everybodys[table]]
    print(
        f"second wall: tables {len(tables)}; with rows of both divisions {len(tried)}; "
        f"that show one's to the other {len(foreign)}"
    )
    assert not foreign
    assert len(tried) > 60
    assert not {table for table in tables if nobody[table]}
    assert all(own[table] | alien[table] <= whole[table] for table in tables)


def _drop_first_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every filter by division lets everything pass, wherever it was imported."""
    dropped = access.is_unrestricted
    for module in list(sys.modules.values()):
        if getattr(module, "is_unrestricted", None) is dropped:
            monkeypatch.setattr(module, "is_unrestricted", lambda viewer: True)


def _foreign_words(sample: Sample) -> list[str]:
    """What only the rows of a sample have: codes, numbers, keys; names of divisions and enterprises are public."""
    keys = {
        str(value)
        for details in sample.details.values()
        for value in details.values()
        if len(str(value)) > 20
    }
    return [*(word for word in sample.secrets if word not in ("ZANGIOTA", "ALIEN-SUV")), *sorted(keys)]


def _showing(client: Client, alien: Sample) -> tuple[set[str], set[str]]:
    """Endpoints that were read, and those that showed a word of the alien's."""
    tried, showing = set(), set()
    words = _foreign_words(alien)
    for name, route in dict(endpoints()).items():
        wanted = EXPECTED.get(name)
        if (
            not isinstance(wanted, access.Capability)
            or (name in WRITES and name not in READ_TOO)
            or name in PUBLIC
        ):
            continue
        path = address(name, route, alien)
        response = client.get(path)
        tried.add(name)
        if response.status_code in (301, 302) or not hasattr(response, "content"):
            continue
        if response.status_code < 400 and any(
            word.encode() in response.content for word in words if word not in path
        ):
            showing.add(name)
        elif response.status_code < 400 and name in alien.details and name not in _WITHOUT_ROW:
            # Its own words are in the address: that it answers at all is the row.
            showing.add(name)
    return tried, showing


# Their addresses name something that is not of the row's division: a collection, a month, a material, a register or a
# month of an enterprise (these are public; the file is empty then).
_WITHOUT_ROW = (
    "material-life-detail",
    "register-export",
    *("state-share", "billing-month-reopening"),
    "ogc-collection",
    "ogc-queryables",
    "ogc-items",
    "tilejson",
)


@pytest.mark.figure
@pytest.mark.django_db
def test_without_the_first_wall_no_list_shows_a_foreign_row(
    samples: tuple[Sample, Sample], district: Division, monkeypatch: pytest.MonkeyPatch
) -> None:
    alien = samples[1]
    client = _client_with("administrator", district)
    _drop_first_wall(monkeypatch)
    tried, showing = _showing(client, alien)
    # The control: with neither wall they are shown.
    monkeypatch.setattr(second_wall, "enter_scope_of", lambda viewer: enter(EVERYTHING))
    _tried, shown_without = _showing(client, alien)
    lists = {name for name in tried if name.endswith("-list")}
    print(
        f"second wall: endpoints {len(tried)}; that show foreign rows without any wall {len(shown_without)}, "
        f"of {len(lists)} lists {len(lists & shown_without)}; behind the second wall {len(showing)}"
    )
    assert not showing, sorted(showing)
    assert len(shown_without) > 100
    assert lists - shown_without <= _LISTS_THAT_SHOW_NONE


# The years that materials last are everybody's, and the sample's policy is that of all.
_LISTS_THAT_SHOW_NONE = {"material-life-list", "verification-policy-list"}


@pytest.fixture
def world(district: Division) -> World:
    return make_world(district, network_code="OWN-NET", enterprise_code="OWN-SUV", first=0)


@pytest.fixture
def alien_world(other_district: Division) -> World:
    return make_world(other_district, network_code="ALIEN-NET", enterprise_code="ALIEN-SUV", first=5000)


@pytest.mark.django_db
def test_a_row_of_another_division_is_not_written(
    world: World, alien_world: World, district: Division
) -> None:
    own = Subscriber.objects.filter(division=district).first()
    assert own is not None
    with working_in(of_division(district.pk)):
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Subscriber.objects.filter(pk=own.pk).update(division=alien_world.district)
        assert Subscriber.objects.filter(division=alien_world.district).update(name="mine") == 0
        assert Network.objects.filter(code="ALIEN-NET").update(name="mine") == 0
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Network.objects.create(
                code="PLANTED",
                name="x",
                division=alien_world.district,
                commodity=alien_world.network.commodity,
            )
    assert not Subscriber.objects.filter(name="mine").exists()


@pytest.mark.django_db
def test_what_is_above_is_shown_of_networks_only(world: World, district: Division) -> None:
    mahalla = Division.objects.filter(parent=district).first()
    assert mahalla is not None
    with working_in(of_division(mahalla.pk)):
        assert Network.objects.filter(code="OWN-NET").exists()
        assert not Account.objects.filter(division=district).exists()


@pytest.mark.django_db
def test_whoever_does_something_may_write_it_down(
    make_user: Callable[..., User], district: Division, other_district: Division
) -> None:
    clerk = make_user("clerk", district)
    with working_in(of_user(clerk.pk)):
        event = AuditEvent.objects.create(
            user=clerk, action="x", object_type="y", object_id="z", division=other_district
        )
        AuditEvent.objects.get(pk=event.pk)
    with working_in(of_division(district.pk)):
        assert not AuditEvent.objects.filter(pk=event.pk).exists()


# --- whose scope ------------------------------------------------------------------------------------------------------


def seen() -> set[str]:
    return set(Network.objects.values_list("code", flat=True))


def test_two_users_on_one_connection_do_not_see_each_others_rows(
    committing_database: None,
) -> None:
    """Outside transactions, within them, and after each way in which one ends."""
    people = {}
    region = Division.objects.get(code="UZ-TO")
    for number, code in enumerate(("OWN", "ALIEN")):
        place = Division.objects.create(
            code=f"D-{code}", name=code, level=Division.Level.DISTRICT, **under(region)
        )
        make_world(place, network_code=code, enterprise_code=f"{code}-SUV", first=5000 * number)
        people[code] = User.objects.create_user(username=code, password="a-long-password")
        RoleAssignment.objects.create(user=people[code], role="engineer", division=place)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        session = cursor.fetchone()
    for ending in ("commit", "rollback", "savepoint", "error"):
        for code in ("OWN", "ALIEN", "OWN"):
            with working_in(of_user(people[code].pk)):
                assert seen() == {code}
            with working_in(of_user(people[code].pk)):
                _end_a_transaction(ending, code)
                assert seen() == {code}, ending
            with working_in(NOTHING):
                assert seen() == set(), ending
            with working_in(of_user(people[code].pk)), transaction.atomic():
                assert seen() == {code}
    assert seen() == {"OWN", "ALIEN"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() == session, "the point was one session"


def _end_a_transaction(ending: str, code: str) -> None:
    """A transaction in which the scope was made, ended in one of the ways there are."""
    if ending == "error":
        with pytest.raises(DatabaseError):
            _fail_within_a_transaction(code)
        return
    with transaction.atomic():
        if ending == "savepoint":
            with transaction.atomic():
                assert seen() == {code}
                transaction.set_rollback(True)
        assert seen() == {code}
        transaction.set_rollback(ending == "rollback")


@transaction.atomic
def _fail_within_a_transaction(code: str) -> None:
    assert seen() == {code}
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


@pytest.mark.django_db
def test_a_role_that_was_taken_away_shows_nothing_with_the_next_request(
    world: World, make_user: Callable[..., User], district: Division
) -> None:
    engineer = make_user("engineer", district)
    for change, expected in (
        (lambda: None, {"OWN-NET"}),
        (lambda: User.objects.filter(pk=engineer.pk).update(is_active=False), set()),
        (lambda: User.objects.filter(pk=engineer.pk).update(is_active=True), {"OWN-NET"}),
        (lambda: RoleAssignment.objects.filter(user=engineer).delete(), set()),
        (lambda: User.objects.filter(pk=engineer.pk).update(is_superuser=True), {"OWN-NET"}),
    ):
        change()  # type: ignore[no-untyped-call]
        with working_in(of_user(engineer.pk)):
            assert seen() == expected


@pytest.mark.django_db
def test_a_process_that_says_nothing_is_shown_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen() == {"OWN-NET"}
    monkeypatch.setattr(scopes, "_of_process", [NOTHING])
    assert seen() == set()


@pytest.mark.django_db
def test_what_is_sent_bit_by_bit_is_read_in_the_scope_of_its_request(
    world: World, make_user: Callable[..., User], district: Division, rf: Any
) -> None:
    engineer = make_user("engineer", district)

    def parts() -> Iterator[bytes]:
        yield from (code.encode() for code in sorted(seen()))

    def answer(request: HttpRequest) -> HttpResponse:
        middleware.process_view(request, answer, (), {})
        return StreamingHttpResponse(parts())  # type: ignore[return-value]

    middleware = second_wall.SecondWallMiddleware(answer)
    request = rf.get("/")
    request.user = engineer
    response: Any = middleware(request)
    with working_in(NOTHING):
        assert b"".join(response) == b"OWN-NET"
        assert seen() == set()


def test_a_scope_is_entered_only_where_it_ends() -> None:
    with pytest.raises(RuntimeError):
        enter(EVERYTHING)


@pytest.mark.django_db
def test_indexes_serve_behind_the_wall() -> None:
    """Operators that are not marked as telling nothing would be asked of every row (gis_core/sql/leakproof.sql)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE NOT proleakproof AND oid IN ("
            "SELECT oprcode FROM pg_operator WHERE oid::regoperator::text IN ("
            "'&&(geometry,geometry)', '%(text,text)', '~~(text,text)', '&&(anyrange,anyrange)', "
            "'@>(anyrange,anyelement)'))"
        )
        assert cursor.fetchall() == []
