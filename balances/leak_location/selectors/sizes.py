"""How much a zone has lost since an instant, where no event says it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.utils.translation import gettext_noop as _

from assets.models import Zone
from balances.leak_detection.residuals import BLOCK_H, flow_blocks
from balances.leak_detection.selectors.zone_hours import (
    hour_of,
    instant_of,
    known_span,
    measured_zone,
    zone_hours,
)
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

_TRAINING_BLOCKS = 28
_DEFAULT_AFTER = timedelta(days=3)
# Where inflow shows no rise, a leak of this share of it is looked for.
_LEAST_SHARE = 0.01


@dataclass(frozen=True)
class SizeSince:
    """A rise of inflow, m3/h, its standard error, and the instant up to which it was measured."""

    size_m3h: float
    error_m3h: float
    until: datetime


def size_since(zone: Zone, at: datetime, until: datetime | None) -> SizeSince:
    """The rise of the zone's inflow since `at`. Raises ReportedError: `no_datastream`, `tank_unknown`, `no_data`."""
    measured = measured_zone(zone)
    begins = hour_of(at)
    span = known_span(measured, hour_of(until or at + _DEFAULT_AFTER))
    ends = 0 if span is None else span[1]
    blocks = max(1, (ends - begins) // BLOCK_H)
    flow = None
    if span is not None and ends > begins:
        since = max(span[0], ends - (blocks + _TRAINING_BLOCKS) * BLOCK_H)
        hours = zone_hours(measured, since, ends)
        flow = flow_blocks(hours, len(hours) // BLOCK_H - blocks, ())
    if flow is None or not np.isfinite(flow.values[-blocks:]).any():
        raise ReportedError(
            Sentence(_("Zone {zone} has too few values about that instant."), zone=zone.code), code="no_data"
        )
    rise = float(np.nanmean(flow.values[-blocks:])) * blocks * BLOCK_H / max(ends - begins, BLOCK_H // 4)
    error = flow.spread * (1 / blocks + 1 / _TRAINING_BLOCKS) ** 0.5
    return SizeSince(max(rise, _LEAST_SHARE * flow.usual), max(error, 0.3 * rise), instant_of(ends))
