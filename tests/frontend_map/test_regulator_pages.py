"""The pages of regulators: what they say, to whom, what they offer, and at what cost."""

from collections.abc import Callable
from datetime import time, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assets.models import Node, ValveDetail
from gis_core.access import ROLE_CAPABILITIES, Capability
from gis_core.models import Division, User
from sensors.models import Regulator
from sensors.regulators.services.registers import override_set_point, set_schedule
from sensors.regulators.services.signing import allow_unsigned
from tests.frontend_map.test_sensor_pages import STRANGERS, VIEWERS, add_device
from tests.sensors.regulators.first_limits import add_confirmed_regulator
from tests.world import World, make_world


def add_valve(world: World, code: str, **values: object) -> Regulator:
    node = Node.objects.create(
        network=world.network,
        division=world.district,
        code=code,
        kind="valve",
        geom=world.nodes["A"].geom,
    )
    ValveDetail.objects.create(node=node, valve_type="PRV", setting=40, diameter_m=0.2)
    given: dict[str, object] = {
        "minimum_set_point": 20,
        "maximum_set_point": 60,
        "maximum_step": 2,
        "fallback_set_point": 45,
        "set_point": 40,
    }
    made = add_confirmed_regulator(node=node, code=code, **(given | values))
    return allow_unsigned(regulator=made, is_allowed=True, acting_user=None)


@pytest.fixture
def world(district: Division) -> World:
    return make_world(district)


@pytest.fixture
def valve(world: World) -> Regulator:
    _thing, stream = add_device(world, "CP", ages=[timedelta(minutes=5)], value=31.5)
    made = add_valve(world, "PRV1", critical_stream=stream, target_m=30, band_m=1, mode="hold")
    set_schedule(regulator=made, entries=[(None, time(22), 35.0), (6, time(7), 41.5)], acting_user=None)
    return made


@pytest.mark.parametrize("role", sorted(VIEWERS | STRANGERS))
def test_who_sees_and_who_operates(
    valve: Regulator, client_of: Callable[..., Client], other_district: Division, role: str
) -> None:
    client = client_of(role)
    expected = 200 if role in VIEWERS else 404
    assert client.get("/regulators/").status_code == expected
    answer = client.get(f"/regulators/{valve.uid}/")
    assert answer.status_code == expected
    if role in VIEWERS:
        may = Capability.OPERATE_REGULATORS in ROLE_CAPABILITIES[role]
        assert ("override-form" in answer.content.decode()) is may


def test_the_neighbour_sees_nothing(
    valve: Regulator, client_of: Callable[..., Client], other_district: Division
) -> None:
    client = client_of("engineer", other_district)
    assert "PRV1" not in client.get("/regulators/").content.decode()
    assert client.get(f"/regulators/{valve.uid}/").status_code == 404


def test_a_page_says_what_it_holds_follows_and_was_told(
    valve: Regulator, client_of: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    client = client_of("engineer")
    text = client.get(f"/regulators/{valve.uid}/").content.decode()
    for words in ("40.00", "31.5", "Logger CP", "30.0 m are wanted", "every day", "22:00", "Sunday", "41.50"):
        assert words in text, words
    assert "No commands yet." in text
    user = make_user("engineer", username="operator")
    override_set_point(
        regulator=valve,
        set_point=50,
        until=timezone.now() + timedelta(hours=4),
        reason="Fire at the mill",
        acting_user=user,
    )
    text = client.get(f"/regulators/{valve.uid}/").content.decode()
    for words in ("Held by hand", "Fire at the mill", "operator", "40.00 → 42.00", "waits for an answer"):
        assert words in text, words
    assert "Fire at the mill" not in client.get("/regulators/").content.decode()
    assert "held by hand" in client.get("/regulators/").content.decode()


def test_the_list_costs_no_query_per_row(
    world: World, valve: Regulator, client_of: Callable[..., Client]
) -> None:
    client = client_of("engineer")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/regulators/").status_code == 200
        return len(captured)

    queries()
    few = queries()
    for number in range(2, 32):
        add_valve(world, f"PRV{number}", critical_stream=valve.critical_stream)
    assert queries() == few


def test_an_empty_list_says_what_to_do(client_of: Callable[..., Client]) -> None:
    assert "registers one through the API" in client_of("engineer").get("/regulators/").content.decode()
