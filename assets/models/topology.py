"""What is derived from the graph and kept with it: valve-bounded segments and ways of supply.

Nothing here is entered. Edits keep it up to date; a change outside an edit marks it as not current (sql/topology.sql),
and whoever needs it next has it rebuilt.
"""

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import Q

from assets.models.graph import Node, Pipe
from assets.models.networks import Network


class NetworkState(models.Model):
    """How far a network's derived rows are, and a number that changes with everything shown of it.

    `revision` grows with every change of a node, pipe, device or zone. `broken_spans` are spans of supply numbers
    below which the way from a source may be cut since the numbers were given.
    """

    network = models.OneToOneField(Network, on_delete=models.CASCADE, primary_key=True, related_name="state")
    revision = models.BigIntegerField(default=0, db_default=0)
    topology_is_current = models.BooleanField(default=False, db_default=False)
    supply_is_numbered = models.BooleanField(default=False, db_default=False)

    def __str__(self) -> str:
        return f"{self.network} at {self.revision}"


class NetworkSummary(models.Model):
    """A network in figures as of a revision of its state; counted again by whoever reads it after a change.

    `extent` is west, south, east and north of nodes and zones in degrees, null when there are none.
    """

    network = models.OneToOneField(
        Network, on_delete=models.CASCADE, primary_key=True, related_name="summary"
    )
    revision = models.BigIntegerField()
    nodes = models.PositiveIntegerField()
    devices = models.PositiveIntegerField()
    pipes = models.PositiveIntegerField()
    zones = models.PositiveIntegerField()
    length_m = models.FloatField()
    extent = ArrayField(models.FloatField(), size=4, null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="network_summary_length_positive", condition=Q(length_m__gte=0)),
            models.CheckConstraint(
                name="network_summary_extent_whole", condition=Q(extent=None) | Q(extent__len=4)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.network} at {self.revision}"


class BrokenSupplySpan(models.Model):
    """A span of supply numbers whose way from a source an edit may have cut; gone when numbers are given anew."""

    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="broken_supply_spans")
    first = models.IntegerField()
    last = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


class Segment(models.Model):
    """A part of a network that closing its isolation valves shuts off. Ids stay while a segment grows or shrinks."""

    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="segments")
    member_count = models.IntegerField(default=0)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"segment {self.pk}"


class NodeTopology(models.Model):
    """A node in service: its segment (none for what bounds segments), its passage and its place in the supply.

    `passage`: 0 nothing passes (closed), 1 both ways, 2 only along the drawing (pump, check valve, pressure regulator).
    Supply numbers are a pre-order numbering of a tree of shortest ways from the sources: the nodes supplied through
    this one are those numbered from `supply_first` to `supply_last`. `supply_pipe` is the last pipe of its way.
    """

    node = models.OneToOneField(
        Node,
        on_delete=models.DO_NOTHING,
        primary_key=True,
        related_name="topology",
        db_constraint=False,
    )
    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="+", db_index=False)
    segment = models.ForeignKey(
        Segment, on_delete=models.PROTECT, null=True, blank=True, related_name="node_rows"
    )
    is_boundary = models.BooleanField(default=False)
    passage = models.SmallIntegerField(default=1)
    supply_first = models.IntegerField(null=True, blank=True)
    supply_last = models.IntegerField(null=True, blank=True)
    supply_pipe_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["supply_pipe_id"], name="node_topology_by_supply_pipe")]

    def __str__(self) -> str:
        return f"topology of node {self.node_id}"


class PipeTopology(models.Model):
    """A pipe in service and its segment."""

    pipe = models.OneToOneField(
        Pipe,
        on_delete=models.DO_NOTHING,
        primary_key=True,
        related_name="topology",
        db_constraint=False,
    )
    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="+", db_index=False)
    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="pipe_rows")

    def __str__(self) -> str:
        return f"topology of pipe {self.pipe_id}"
