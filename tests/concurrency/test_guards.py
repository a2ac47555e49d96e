"""Guards hold between sessions: two changes that are each right must not be wrong together."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Event

from django.db import connection, connections, transaction
from django.db.utils import IntegrityError

from assets.models import Zone
from billing.models import LedgerTransaction, Meter
from billing.services.months import close_month
from billing.services.payments import record_payment
from gis_core.errors import ReportedError
from tests.conftest import make_district
from tests.world import World, make_world


def beside(work: Callable[[], object], first: Callable[[], object]) -> Exception | None:
    """Do `first` in a transaction here; while it is open let another session start `work`; then commit both.

    Returns what the other session's work raised.
    """
    started = Event()

    def other() -> Exception | None:
        try:
            with transaction.atomic():
                started.set()
                work()
        except (IntegrityError, ReportedError) as error:
            return error
        finally:
            connections.close_all()
        return None

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            future: Future[Exception | None] = pool.submit(other)
            assert started.wait(10)
            # Long enough for the other session to reach the lock; if it were not held, it would be past by then.
            assert not _ends_within(future, 1.0)
        return future.result(timeout=20)


def _ends_within(future: "Future[Exception | None]", seconds: float) -> bool:
    try:
        future.result(timeout=seconds)
    except TimeoutError:
        return False
    return True


def run_sql(sql: str) -> Callable[[], None]:
    def execute() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    return execute


def make() -> World:
    return make_world(make_district("QIBRAY", "Qibray"))


def test_a_pipe_does_not_leave_what_is_being_attached_to_it(committing_database: None) -> None:
    world = make()
    a, c, pipe = world.nodes["A"].pk, world.nodes["C"].pk, world.pipes["P2"].pk
    error = beside(
        run_sql(
            f"UPDATE assets_pipe SET start_node_id = {c}, geom = ST_SetPoint(geom, 0, "
            f"(SELECT geom FROM assets_node WHERE id = {c})) WHERE id = {pipe}"
        ),
        run_sql(f"UPDATE assets_attachment SET (pipe_id, position) = ({pipe}, 0.1) WHERE node_id = {a}"),
    )
    assert error is not None
    assert "no longer its end" in str(error)


def test_no_pipe_comes_to_a_node_that_is_being_removed(committing_database: None) -> None:
    world = make()
    c = world.nodes["C"].pk
    remove = f"UPDATE assets_pipe SET lifecycle = 'removed' WHERE {c} IN (start_node_id, end_node_id); "
    remove += f"UPDATE assets_node SET lifecycle = 'removed' WHERE id = {c}"
    draw = (
        "INSERT INTO assets_pipe (uid, network_id, division_id, code, is_connector, start_node_id, end_node_id, geom, "
        "material, minor_loss, status, has_check_valve, lifecycle) "
        "SELECT gen_random_uuid(), b.network_id, b.division_id, 'NEW', false, b.id, c.id, ST_MakeLine(b.geom, c.geom), "
        f"'', 0, 'open', false, 'planned' FROM assets_node b, assets_node c WHERE b.code = 'B' AND c.id = {c}"
    )
    for work, first in ((draw, remove), (remove, draw)):
        error = beside(run_sql(work), run_sql(first))
        assert error is not None
        assert "is not removed and ends at node C" in str(error)
        # As it was, for the other order.
        run_sql(
            "UPDATE assets_node SET lifecycle = 'in_service'; UPDATE assets_pipe SET lifecycle = 'in_service'"
        )()


def test_two_zones_do_not_become_each_others_parents(committing_database: None) -> None:
    world = make()
    z1, z2 = world.zones["Z1"].pk, world.zones["Z2"].pk
    error = beside(
        run_sql(f"UPDATE assets_zone SET parent_id = {z1} WHERE id = {z2}"),
        run_sql(f"UPDATE assets_zone SET parent_id = {z2} WHERE id = {z1}"),
    )
    assert error is not None
    assert "above itself" in str(error)
    assert Zone.objects.exclude(parent=None).count() == 1


def test_a_payment_waits_for_a_closing_month_and_is_booked_in_the_next(committing_database: None) -> None:
    world = make()

    def pay() -> None:
        record_payment(
            account=world.account(0),
            amount=Decimal(5),
            paid_on=date(2026, 1, 5),
            channel="bank",
            reference="1",
            acting_user=None,
        )

    error = beside(
        pay,
        lambda: close_month(enterprise=world.enterprise, month=date(2026, 1, 1), acting_user=None),
    )
    assert error is None
    assert LedgerTransaction.objects.get().booked_on == date(2026, 2, 1)


def test_a_closing_month_waits_for_a_payment_in_flight(committing_database: None) -> None:
    world = make()

    def pay() -> None:
        record_payment(
            account=world.account(0),
            amount=Decimal(5),
            paid_on=date(2026, 1, 5),
            channel="bank",
            reference="1",
            acting_user=None,
        )

    seen: list[int] = []

    def close_and_count() -> None:
        close_month(enterprise=world.enterprise, month=date(2026, 1, 1), acting_user=None)
        seen.append(LedgerTransaction.objects.filter(month=date(2026, 1, 1)).count())

    assert beside(close_and_count, pay) is None
    assert seen == [1], "the closing report holds the payment that was in flight"


def _paid_in_december(world: World) -> Callable[[], object]:
    return lambda: record_payment(
        account=world.account(0),
        amount=Decimal(5),
        paid_on=date(2025, 12, 5),
        channel="bank",
        reference="1",
        acting_user=None,
    )


def _january_closed(world: World) -> Callable[[], object]:
    return lambda: close_month(enterprise=world.enterprise, month=date(2026, 1, 1), acting_user=None)


def test_a_month_is_not_closed_beside_the_opening_of_an_earlier_one(committing_database: None) -> None:
    world = make()
    refused = beside(_january_closed(world), _paid_in_december(world))
    assert isinstance(refused, ReportedError)
    assert refused.code == "earlier_month_open"
    assert LedgerTransaction.objects.get().month == date(2025, 12, 1)


def test_an_earlier_month_is_not_opened_beside_one_that_closes(committing_database: None) -> None:
    world = make()
    assert beside(_paid_in_december(world), _january_closed(world)) is None
    assert LedgerTransaction.objects.get().booked_on == date(2026, 2, 1)


def test_a_meter_is_not_hung_beside_its_first_movement(committing_database: None) -> None:
    """Neither session sees the other's: the meter itself is what they wait at."""
    world = make()
    point = world.installations[0].service_point.pk
    free = Meter.objects.create(division=world.district, serial="FREE", model_name="SGV-15")
    run_sql("UPDATE billing_meterinstallation SET validity = daterange(lower(validity), '2026-01-02')")()
    hang = run_sql(
        "INSERT INTO billing_meterinstallation (uid, meter_id, service_point_id, register, validity) "
        f"VALUES (gen_random_uuid(), {free.pk}, {point}, '', '[2026-01-10,)')"
    )
    write_off = run_sql(
        "INSERT INTO billing_metermovement (meter_id, division_id, kind, happened_on, document) "
        f"VALUES ({free.pk}, {world.district.pk}, 'written_off', '2026-01-05', 'worn out')"
    )
    error = beside(hang, write_off)
    assert error is not None
    assert "meter_is_hung_as_allowed" in str(error)
