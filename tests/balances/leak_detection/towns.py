"""A simulated town in the database: its model imported, one zone, a meter on each inlet, its loggers, its hours."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from assets.exchange.services.epanet_import.importing import import_epanet_model
from assets.exchange.services.epanet_import.placement import ModelPlacement
from assets.models import Network
from gis_core.models import Division
from sensors.models import Datastream
from sensors.series.services.ingestion import load_observations
from tests.balances.leak_detection.simulated import SimulatedTown
from tests.balances.zone_balances.town import run, stream_on, table_of

# Hour 0 of a simulation is a Monday's midnight in Tashkent.
START = datetime(2024, 12, 29, 19, tzinfo=UTC)


def town_network(town: SimulatedTown, district: Division, folder: Path, code: str = "SIM") -> Network:
    """The town's network with its zone Z, and series without values."""
    path = folder / "town.inp"
    path.write_text(town.model_text, encoding="utf-8")
    import_epanet_model(
        path=path,
        network_code=code,
        division=district,
        commodity="water",
        placement=ModelPlacement(place=(69.45, 41.38), coordinate_unit="m"),
        acting_user=None,
    )
    network = Network.objects.get(code=code)
    nodes = [name for name in town.places if not name.startswith("R")]
    rows = [(name, "Z", "") for name in nodes]
    answer = run("make_zones", code, table_of(folder, ("node", "zone", "parent"), rows))
    assert answer["created"] == 1, answer
    for name in town.inlets:
        stream_on(network, name, "flow", "m3/h", f"{code}-{name}")
    for name in town.loggers:
        stream_on(network, name, "pressure", "m", f"{code}-{name}")
    meters = [("Z", f"{code}-{name}", "inlet") for name in town.inlets]
    answer = run(
        "set_zone_meter",
        table_of(
            folder,
            ("zone", "datastream", "role"),
            meters,
        ),
        "--network",
        code,
    )
    assert answer["changed"] == len(meters), answer
    return network


def send_hours(town: SimulatedTown, network: Network, since: int, until: int) -> None:
    """Store what the town's series said in the hours [since, until) of the simulation."""
    names = [*town.inlets, *town.loggers]
    values = np.vstack([town.flows, town.pressures])[:, since:until]
    streams = dict(Datastream.objects.filter(code__startswith=f"{network.code}-").values_list("code", "pk"))
    rows = [
        (streams[f"{network.code}-{name}"], START + timedelta(hours=since + hour), float(value))
        for name, series in zip(names, values, strict=True)
        for hour, value in enumerate(series)
        if np.isfinite(value)
    ]
    load_observations(rows=rows, acting_user=None, origin="test")
