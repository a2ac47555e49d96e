"""Imports as edits: thousands of rows by COPY, logged table by table, and undone as a whole like every other edit."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.utils import timezone

from assets.editing.services.dirt import mark_network_dirty
from assets.editing.services.session import announce
from assets.models import Edit, Network
from assets.networks.services.locking import lock_network
from assets.topology.services.following import forget_topology
from gis_core.models import User


@contextmanager
def importing(
    network: Network, *, acting_user: User | None, summary: str, parameters: dict[str, Any]
) -> Iterator[Edit]:
    """What is written inside, by COPY too, is one edit of the network. Inside the caller's transaction, which locks it.

    The topology is not current afterwards: whoever needs it has it rebuilt, which is cheaper than following thousands
    of elements. The audit row is the caller's.
    """
    lock_network(network)
    edit = Edit.objects.create(
        network=network,
        division_id=network.division_id,
        acting_user=acting_user,
        operation="import_network",
        summary=summary[:400],
        parameters=parameters,
        made_at=timezone.now(),
    )
    announce(edit, in_bulk=True)
    yield edit
    with connection.cursor() as cursor:
        cursor.execute("SELECT keep_bulk_rows(%s)", [edit.pk])
    forget_topology(network)
    mark_network_dirty(network)
    announce(None)
