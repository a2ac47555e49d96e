"""Placing leaks: sensitivities against EPANET itself, and the command over a simulated town."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import wntr
from django.test import Client

from assets.models import Network, Pipe
from balances.leak_location.api import views
from balances.leak_location.signatures import ModelLinks, SolvedHour, head_sensitivities, link_slopes
from gis_core.models import User
from tests.balances.leak_detection.simulated import SimulatedTown, grid_town
from tests.balances.leak_detection.test_detect_leaks import (  # noqa: F401
    BURST,
    DAYS,
    network,
    small_town,
)
from tests.balances.leak_detection.towns import send_hours
from tests.balances.zone_balances.town import run
from tests.conftest import make_district
from tests.security.loss_rows import make_event

_M3H = 3600.0


def solve(model: wntr.network.WaterNetworkModel, folder: Path) -> SolvedHour:
    done = wntr.sim.EpanetSimulator(model).run_sim(file_prefix=str(folder / "run"))
    return SolvedHour(
        head_m=done.node["head"][model.node_name_list].to_numpy()[0].astype(float),
        demand_m3h=done.node["demand"][model.node_name_list].to_numpy()[0].astype(float) * _M3H,
        flow_m3h=done.link["flowrate"][model.link_name_list].to_numpy()[0].astype(float) * _M3H,
        # wntr: 0 closed, 1 open, 2 active; EPANET's results: 2, 3, 4.
        status=done.link["status"][model.link_name_list].to_numpy()[0].astype(float) + 2,
    )


def links_of(model: wntr.network.WaterNetworkModel) -> ModelLinks:
    place = {name: number for number, name in enumerate(model.node_name_list)}
    links = [model.get_link(name) for name in model.link_name_list]
    return ModelLinks(
        starts=np.array([place[link.start_node_name] for link in links]),
        ends=np.array([place[link.end_node_name] for link in links]),
        kinds=tuple(getattr(link, "valve_type", link.link_type).lower() for link in links),
        is_fixed=np.array([name in model.reservoir_name_list for name in model.node_name_list]),
    )


@pytest.mark.parametrize("has_regulator", [False, True])
def test_sensitivities_are_those_of_two_runs_of_epanet(has_regulator: bool, tmp_path: Path) -> None:
    """A junction draws 2 m3/h more: heads fall as the linear equations say, behind an active regulator too."""
    model = grid_town(5, side=6)
    if has_regulator:
        model.remove_link("IN1")
        model.remove_link("IN0")
        model.add_junction("V", elevation=10.0)
        model.add_pipe("IN", "R0", "V", 60.0, 0.3, 120.0)
        model.add_valve("IN0", "V", "J0_0", 0.3, "PRV", 0, 40.0, "ACTIVE")
    model.options.hydraulic.accuracy = 1e-8
    model.options.time.duration = 0
    links = links_of(model)
    before = solve(model, tmp_path)
    loggers = np.array([7, 20, 33])
    (slope,) = link_slopes(links, [before])
    sensitivities = head_sensitivities(links, before, slope, loggers)
    for name in ("J2_3", "J5_1"):
        junction = model.get_node(name)
        usual = junction.demand_timeseries_list[0].base_value
        junction.demand_timeseries_list[0].base_value = usual + 2.0 / _M3H
        change = (solve(model, tmp_path).head_m - before.head_m)[loggers] / 2.0
        junction.demand_timeseries_list[0].base_value = usual
        assert change.max() < 0
        assert sensitivities[:, model.node_name_list.index(name)] == pytest.approx(change, rel=0.08, abs=2e-4)


@pytest.mark.django_db
def test_a_burst_is_placed_and_what_is_told_of_it_adds_up(
    small_town: SimulatedTown,  # noqa: F811
    network: Network,  # noqa: F811
    make_user: Callable[..., User],
) -> None:
    send_hours(small_town, network, 0, DAYS * 24)
    (event,) = run("detect_leaks", "--zone", "Z", "--from", "2025-01", "--to", "2025-02")["events"]
    (leak,) = run("locate_leaks", "--event", event["id"], "--limit", "1000")["events"]
    assert (leak["event"], leak["zone_code"], len(leak["sensors"])) == (event["id"], "Z", 6)
    scores = [one["score"] for one in leak["candidates"]]
    assert sum(scores) == pytest.approx(1)
    assert scores == sorted(scores, reverse=True)
    assert leak["candidates"][0]["distance_m"] == 0
    assert leak["area"]["probability"] >= 0.9
    assert leak["area"]["probability"] - scores[len(leak["area"]["pipes"]) - 1] < 0.9
    assert {one["pipe"] for one in leak["candidates"][: len(leak["area"]["pipes"])]} == set(
        leak["area"]["pipes"]
    )
    assert metres_off(small_town, leak["candidates"][0]["pipe"]) <= 300
    probabilities = [one["probability"] for one in leak["segments"]]
    assert probabilities == sorted(probabilities, reverse=True)
    by_rest = Client()
    by_rest.force_login(make_user("analyst", network.division, "analyst"))
    answer = by_rest.get(f"/api/v1/leak-events/{event['id']}/location/?limit=500").json()
    places = answer.pop("places")["features"]
    assert answer["candidates"] == leak["candidates"]
    assert [one["properties"]["pipe"] for one in places] == [one["pipe"] for one in leak["candidates"]]
    assert Pipe.objects.get(uid=places[0]["properties"]["uid"]).code == leak["candidates"][0]["pipe"]
    assert len(places[0]["geometry"]["coordinates"]) >= 2
    later = run("locate_leaks", "--event", event["id"], "--until", "2025-02-05T00:00:00+05:00")["events"][0]
    assert len(later["candidates"]) == 20
    assert later["until"] != leak["until"]
    assert metres_off(small_town, later["candidates"][0]["pipe"]) <= 300
    at = ("--zone", "Z", "--at", event["started_at"])
    (by_zone,) = run("locate_leaks", *at, "--until", "2025-02-05T00:00:00+05:00")["events"]
    assert by_zone["event"] is None
    assert metres_off(small_town, by_zone["candidates"][0]["pipe"]) <= 300


def metres_off(town: SimulatedTown, pipe: str) -> float:
    """How far a pipe's middle is from the burst, m in the plane of the model; a pipe's code says where it is."""
    if pipe.startswith("IN"):
        return 1e9
    x, y, along_x = (int(part) for part in pipe.removeprefix("P").split("_"))
    middle = (100.0 * x + 50 * along_x, 100.0 * y + 50 * (1 - along_x))
    place = town.places[BURST.node]
    return float(np.hypot(middle[0] - place[0], middle[1] - place[1]))


@pytest.mark.django_db
def test_what_cannot_be_placed_says_so(
    small_town: SimulatedTown,  # noqa: F811
    network: Network,  # noqa: F811
    make_user: Callable[..., User],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = run("locate_leaks", "--event", "0b0b0b0b-0000-4000-8000-000000000000")
    assert answer["code"] == "no_event"
    assert run("locate_leaks", "--zone", "Z", "--at", "2025-01-25T00:00:00+05:00")["code"] == "no_data"
    send_hours(small_town, network, 0, DAYS * 24)
    network.nodes.filter(code__in=small_town.loggers[2:]).update(zone=None)
    answer = run("locate_leaks", "--zone", "Z", "--at", "2025-01-25T00:00:00+05:00")
    assert answer["code"] == "too_few_sensors"
    analyst = make_user("analyst", network.division, "analyst")
    stranger = make_user("analyst", make_district("ZANGIOTA", "Zangiota tumani"), "stranger")
    address = f"/api/v1/leak-events/{make_event(network.zones.get(code='Z')).uid}/location/"
    told = {}
    for user in (analyst, stranger):
        client = Client()
        client.force_login(user)
        told[user.username] = client.get(address)
    assert told["analyst"].json()["error"]["code"] == "too_few_sensors"
    assert [told[name].status_code for name in ("analyst", "stranger")] == [400, 404]
    with monkeypatch.context() as few:
        few.setattr(views, "MOST_PIPES", 3)
        client.force_login(analyst)
        assert client.get(address).json()["error"]["code"] == "too_large"
