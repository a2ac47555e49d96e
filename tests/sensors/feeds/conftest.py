"""Datastreams for feeds to fill, and a way to take a text in as a file."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from gis_core.models import Division
from sensors.feeds.services.file_ingestion import ingest_path
from sensors.feeds.services.profiles import save_profile
from sensors.models import Datastream, FeedProfile, Observation
from sensors.series.services.registers import add_datastream, add_thing


def make_stream(division: Division, code: str, quantity: str = "pressure", unit: str = "m") -> Datastream:
    thing = add_thing(code=f"{code}-logger", name=code, division=division, attachment=None, acting_user=None)
    return add_datastream(
        thing=thing,
        code=code,
        observed_property=quantity,
        unit=unit,
        kind="instant",
        interval_s=3600,
        acting_user=None,
    )


@pytest.fixture
def streams(district: Division) -> dict[str, Datastream]:
    """P1 and P2 are pressures in m, F1 a flow in m3/h, T1 a temperature."""
    kinds = {
        "P1": ("pressure", "m"),
        "P2": ("pressure", "m"),
        "F1": ("flow", "m3/h"),
        "T1": ("temperature", "°C"),
    }
    return {code: make_stream(district, code, *kind) for code, kind in kinds.items()}


@pytest.fixture
def take(tmp_path: Path, streams: dict[str, Datastream]) -> Callable[..., dict[str, Any]]:
    """Take in a text (or bytes) with a profile's settings or its name; the answer of the command."""

    def run(
        content: str | bytes,
        profile: dict[str, Any] | str = "plain",
        *,
        name: str = "logger.csv",
        **options: Any,
    ) -> dict[str, Any]:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if isinstance(profile, str):
            row = FeedProfile.objects.get(name=profile)
        else:
            division = Division.objects.get(code="UZ")
            row = save_profile(name="test", settings=profile, division=division, acting_user=None)
        return ingest_path(path, profile=row, acting_user=None, **options)

    return run


def stored(code: str) -> list[tuple[str, float]]:
    """(UTC time to the second, value) of a datastream, oldest first."""
    rows = Observation.objects.filter(datastream__code=code).order_by("time")
    return [(_iso(row.time), row.value) for row in rows]


def _iso(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
