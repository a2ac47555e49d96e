"""Hanging things on the graph."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from assets.models import Attachment, Network


@dataclass(frozen=True)
class Place:
    """A node, or a tap on one of its pipes at `position` (0 at the pipe's start, 1 at its end)."""

    node_id: int
    pipe_id: int | None = None
    position: float | None = None


@transaction.atomic
def attach(network: Network, places: Sequence[Place]) -> list[Attachment]:
    """Make one attachment for each place, in their order.

    The caller writes the audit row of what it attaches. The database refuses nodes and pipes of other networks,
    and nodes that are not an end of the named pipe.
    """
    return Attachment.objects.bulk_create(
        [
            Attachment(
                network=network,
                division_id=network.division_id,
                node_id=place.node_id,
                pipe_id=place.pipe_id,
                position=place.position,
            )
            for place in places
        ],
        batch_size=2000,
    )
