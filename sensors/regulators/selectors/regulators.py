"""Reading regulators and the journal of their commands, scoped by division."""

from django.db.models import QuerySet

from gis_core.access import Capability, Viewer, visible
from sensors.models import LimitProposal, Regulator, RegulatorCommand


def regulators_visible_to(
    viewer: Viewer, capability: Capability = Capability.VIEW_SENSORS
) -> QuerySet[Regulator]:
    """Regulators of the viewer's divisions, with their schedules."""
    regulators = Regulator.objects.select_related(
        "node__network", "division", "critical_stream", "override_by"
    ).prefetch_related("schedule")
    return visible(regulators, viewer, capability)


def proposals_visible_to(
    viewer: Viewer, capability: Capability = Capability.VIEW_SENSORS
) -> QuerySet[LimitProposal]:
    """Limits that were proposed for regulators of the viewer's divisions."""
    proposals = LimitProposal.objects.select_related("regulator", "division", "proposed_by", "decided_by")
    return visible(proposals, viewer, capability)


def commands_visible_to(viewer: Viewer) -> QuerySet[RegulatorCommand]:
    """The journal of commands in the viewer's divisions."""
    commands = RegulatorCommand.objects.select_related("regulator", "made_by")
    return visible(commands, viewer, Capability.VIEW_SENSORS)
