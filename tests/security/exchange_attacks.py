"""Raw SQL against the guards of simulation results (assets/sql/exchange.sql), and rows to attack."""

from django.utils import timezone

from assets.models import LinkResult, NodeResult, SimulationRun
from tests.world import World

_COPY_NODE = (
    "INSERT INTO assets_noderesult (run_id, node_id, head_m, pressure_m, demand_m3h) "
    "SELECT run_id, node_id, head_m, pressure_m, demand_m3h FROM assets_noderesult"
)
_COPY_LINK = (
    "INSERT INTO assets_linkresult (run_id, pipe_id, device_id, flow_m3h, statuses, mean_flow_m3h) "
    "SELECT run_id, pipe_id, device_id, flow_m3h, statuses, mean_flow_m3h FROM assets_linkresult"
)
_ALIEN = "(SELECT id FROM gis_core_division WHERE code = 'ZANGIOTA')"

EXCHANGE_ATTACKS: dict[str, list[str]] = {
    "simulation_network_division": [f"UPDATE assets_simulationrun SET division_id = {_ALIEN}"],
    "simulation_hours_plausible": [
        "UPDATE assets_simulationrun SET hours = -1",
        "UPDATE assets_simulationrun SET hours = 'NaN'",
    ],
    "node_result_once": [_COPY_NODE],
    "node_result_of_node": ["UPDATE assets_noderesult SET node_id = -1"],
    "node_result_series_agree": [
        "UPDATE assets_noderesult SET head_m = head_m || 1::float8",
        "UPDATE assets_noderesult SET demand_m3h = ARRAY[1, 2, 3]::float8[]",
    ],
    "node_result_is_finite": [
        f"UPDATE assets_noderesult SET {column} = ARRAY['{value}']::float8[]"
        for column in ("head_m", "pressure_m", "demand_m3h")
        for value in ("NaN", "Infinity", "-Infinity")
    ],
    "link_result_once": [_COPY_LINK],
    "link_result_of_pipe": ["UPDATE assets_linkresult SET pipe_id = -1 WHERE pipe_id IS NOT NULL"],
    "link_result_of_device": ["UPDATE assets_linkresult SET device_id = -1 WHERE device_id IS NOT NULL"],
    "link_result_of_pipe_or_device": [
        "UPDATE assets_linkresult SET pipe_id = NULL, device_id = NULL",
        "UPDATE assets_linkresult SET device_id = (SELECT min(id) FROM assets_node) WHERE device_id IS NULL",
    ],
    "link_result_is_finite": [
        "UPDATE assets_linkresult SET flow_m3h = ARRAY['NaN']::float8[]",
        "UPDATE assets_linkresult SET mean_flow_m3h = 'Infinity'",
    ],
}


def add_simulation(world: World) -> None:
    """One run with a result at a node, at a pipe and at a device."""
    now = timezone.now()
    run = SimulationRun.objects.create(
        network=world.network,
        division=world.district,
        network_read_at=now,
        finished_at=now,
        hours=1,
        times_s=[0],
        engine="EPANET 2.2",
        model_sha256="0" * 64,
    )
    NodeResult.objects.create(run=run, node=world.nodes["A"], head_m=[1], pressure_m=[1], demand_m3h=[1])
    for place in ({"pipe": world.pipes["P1"]}, {"device": world.nodes["M1"]}):
        LinkResult.objects.create(run=run, flow_m3h=[1], statuses=[1], mean_flow_m3h=1, **place)
