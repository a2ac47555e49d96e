"""Clients that write at the same moment."""

import threading
from typing import Any

from django.db import connections
from django.test import Client

from sensors.models import FeatureOfInterest, Observation
from tests.conftest import make_district
from tests.sensors.sensorthings.conftest import Sta, datastream, location, thing


def test_first_observations_that_come_at_once_are_about_one_feature(
    committing_database: None, settings: Any
) -> None:
    settings.STA_ANONYMOUS_DIVISION = make_district("QIBRAY", "Qibray tumani").code
    sta = Sta(Client())
    one = sta.made("Things", thing(Locations=[location()]))
    streams = [sta.made(f"Things({one})/Datastreams", datastream(str(number))) for number in range(6)]
    barrier, statuses = threading.Barrier(len(streams)), []

    def observe(stream: int) -> None:
        try:
            mine = Sta(Client())
            barrier.wait(20)
            body = {"result": 1, "phenomenonTime": "2020-01-01T00:00:00Z"}
            statuses.append(mine.post(f"Datastreams({stream})/Observations", body).status)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=observe, args=(stream,)) for stream in streams]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [201] * len(streams)
    assert Observation.objects.count() == len(streams)
    assert FeatureOfInterest.objects.count() == 1
