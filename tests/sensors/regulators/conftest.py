"""A pressure-reducing valve with a critical point."""

import pytest
from django.contrib.gis.geos import Point

from assets.models import Network, Node, ValveDetail
from gis_core.models import Division
from sensors.models import Datastream, Regulator
from sensors.regulators.services.signing import allow_unsigned
from tests.sensors.quality.test_checking import make_stream
from tests.sensors.regulators.first_limits import add_confirmed_regulator


@pytest.fixture
def stream(district: Division) -> Datastream:
    return make_stream(district, "CP")


@pytest.fixture
def node(district: Division) -> Node:
    network = Network.objects.create(code="N1", name="N1", commodity="water", division=district)
    made = Node.objects.create(
        network=network, division=district, code="PRV1", kind="valve", geom=Point(69.4, 41.4, srid=4326)
    )
    ValveDetail.objects.create(node=made, valve_type="PRV", setting=40, diameter_m=0.2)
    return made


@pytest.fixture
def valve(node: Node, stream: Datastream) -> Regulator:
    made = add_confirmed_regulator(
        node=node,
        code="PRV1",
        minimum_set_point=20,
        maximum_set_point=60,
        maximum_step=2,
        minimum_interval_s=300,
        fallback_set_point=45,
        set_point=40,
        critical_stream=stream,
        target_m=25,
        band_m=1,
    )
    # What is signed is tried in test_signed_commands.py.
    return allow_unsigned(regulator=made, is_allowed=True, acting_user=None)
