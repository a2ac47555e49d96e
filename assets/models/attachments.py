"""Where things hang on the graph."""

import uuid

from django.contrib.gis.db import models
from django.db.models import Q

from assets.models.graph import Node, Pipe
from assets.models.history import Versioned
from assets.models.networks import Network
from gis_core.models import Division


class Attachment(Versioned):
    """A place on the network that service points, datastreams and leak records refer to.

    It always names a node. When it also names a pipe and a `position` on it (0 at the pipe's start, 1 at its
    end), the node is one of that pipe's ends, and edits of the pipe move both. The database guarantees that
    (sql/guards.sql); higher apps hold a foreign key to this row and never to nodes or pipes themselves.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="attachments")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="attachments")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="attachments")
    pipe = models.ForeignKey(
        Pipe, on_delete=models.PROTECT, null=True, blank=True, related_name="attachments"
    )
    position = models.FloatField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="attachment_position_goes_with_pipe",
                condition=Q(pipe=None, position=None)
                | Q(pipe__isnull=False, position__isnull=False, position__gte=0.0, position__lte=1.0),
            )
        ]

    def __str__(self) -> str:
        return f"at {self.node}" if self.pipe is None else f"on {self.pipe} at {self.position}"
