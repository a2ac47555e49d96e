"""What the pages show of regulators: what each holds, what it follows and why, and its journal of commands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from frontend_map.sensor_reads import StreamNow, stream_now
from gis_core.access import Viewer
from sensors.models import LimitProposal, Regulator, RegulatorCommand
from sensors.models.regulators import CommandState
from sensors.regulators.selectors.regulators import (
    commands_visible_to,
    proposals_visible_to,
    regulators_visible_to,
)

_SHOWN_COMMANDS = 50


@dataclass(frozen=True)
class RegulatorNow:
    """A regulator, the newest value at its critical point, and the command whose answer it owes, if any.

    `state` is `off`, `override`, `fallback` (it should hold a pressure and cannot), or the mode.
    """

    regulator: Regulator
    critical: StreamNow | None
    waiting: RegulatorCommand | None
    state: str

    @property
    def share(self) -> float:
        """Where the set-point lies between the safe limits, in per cent."""
        row = self.regulator
        width = row.maximum_set_point - row.minimum_set_point
        return min(100.0, max(0.0, 100 * (row.set_point - row.minimum_set_point) / width))


def shown_regulators(viewer: Viewer) -> QuerySet[Regulator]:
    """The viewer's regulators with everything that a page says of them."""
    return (
        regulators_visible_to(viewer)
        .select_related("critical_stream__latest", "critical_stream__thing")
        .defer("division__boundary", "node__geom")
    )


def regulators_now(viewer: Viewer, regulators: Sequence[Regulator], moment: datetime) -> list[RegulatorNow]:
    """Regulators that come from `shown_regulators` as they are at `moment`."""
    open_states = [CommandState.PENDING, CommandState.SENT]
    waiting = {
        command.regulator_id: command
        for command in commands_visible_to(viewer).filter(
            regulator__in=[regulator.pk for regulator in regulators], state__in=open_states
        )
    }
    return [
        RegulatorNow(
            regulator=regulator,
            critical=stream_now(regulator.critical_stream, moment) if regulator.critical_stream else None,
            waiting=waiting.get(regulator.pk),
            state=_state(regulator, moment),
        )
        for regulator in regulators
    ]


def _state(regulator: Regulator, moment: datetime) -> str:
    if not regulator.is_enabled:
        return "off"
    if regulator.is_overridden(moment):
        return "override"
    if regulator.mode == Regulator.Mode.HOLD and regulator.following == RegulatorCommand.Source.FALLBACK:
        return "fallback"
    return regulator.mode


def open_proposal(viewer: Viewer, regulator: Regulator) -> LimitProposal | None:
    """The limits that wait for a second person."""
    waiting = proposals_visible_to(viewer).filter(regulator=regulator, state=LimitProposal.State.OPEN)
    return waiting.defer("division__boundary").first()


def journal_of(viewer: Viewer, regulator: Regulator) -> list[RegulatorCommand]:
    """The newest commands of a regulator."""
    return list(commands_visible_to(viewer).filter(regulator=regulator).order_by("-pk")[:_SHOWN_COMMANDS])
