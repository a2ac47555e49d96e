"""Readings that come from phones in the field (assets/field_sync)."""

from typing import Any

from assets.field_sync.api.kinds import read
from assets.field_sync.services.applying import SentChange
from assets.field_sync.services.registry import (
    AreaSection,
    ChangeKind,
    register_area_section,
    register_change_kind,
)
from billing.api.serializers import ReadingEntrySerializer
from billing.models import MeterInstallation, Reading
from billing.selectors.field_meters import METER_COLUMNS, field_meters
from billing.services.readings import enter_reading
from gis_core.access import Capability, access
from gis_core.models import User


def register_field_readings() -> None:
    """Declare that phones take meters along and send readings of them."""
    register_change_kind("reading", ChangeKind(_reading, capability=Capability.ENTER_READINGS))
    register_area_section(
        "meters",
        AreaSection(METER_COLUMNS, Capability.ENTER_READINGS, field_meters),
    )


def _reading(change: SentChange, user: User) -> dict[str, Any]:
    values = read(ReadingEntrySerializer, change.content)
    installation = access(
        MeterInstallation.objects.all(),
        user,
        Capability.ENTER_READINGS,
        division_lookup="service_point__division",
        uid=values["installation"],
    )
    reading = enter_reading(
        installation=installation,
        read_on=values["read_on"],
        index_m3=values["index_m3"],
        source=Reading.Source.VISIT,
        acting_user=user,
    )
    return {"reading": str(reading.uid), "state": reading.state, "queue_reason": reading.queue_reason}
