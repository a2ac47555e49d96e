"""What the hydraulic engine computed of a network: runs, and series by node and by link."""

import uuid

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Q

from assets.models.graph import Node, Pipe
from assets.models.networks import Network
from gis_core.models import Division, User


class SimulationRun(models.Model):
    """One run of the engine on a network as it was at `network_read_at`.

    `times_s` are the seconds since the run's beginning at which there are results, the same for all elements.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="simulation_runs")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="simulation_runs")
    acting_user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="simulation_runs")
    network_read_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    hours = models.FloatField()
    times_s = ArrayField(models.IntegerField())
    engine = models.CharField(max_length=40)
    model_sha256 = models.CharField(max_length=64)
    counts = models.JSONField(default=dict)
    # What the engine warned of, and what of the network it did not get: lists as they come, shown as they are.
    warnings = models.JSONField(default=list)
    not_kept = models.JSONField(default=list)
    adjusted = models.JSONField(default=list)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.network} over {self.hours:g} h"


class NodeResult(models.Model):
    """Head (m), pressure (m of water) and demand (m3/h, outflow positive) of a node at the run's times."""

    run = models.ForeignKey(SimulationRun, on_delete=models.CASCADE, related_name="node_results")
    # The foreign key is in sql/exchange.sql: a node goes without waiting for its results to be removed.
    node = models.ForeignKey(
        Node, on_delete=models.CASCADE, db_constraint=False, related_name="simulation_results"
    )
    head_m = ArrayField(models.FloatField())
    pressure_m = ArrayField(models.FloatField())
    demand_m3h = ArrayField(models.FloatField())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "node"], name="node_result_once"),
            models.CheckConstraint(
                name="node_result_series_agree",
                condition=Q(head_m__len=F("pressure_m__len"), demand_m3h__len=F("pressure_m__len")),
            ),
        ]


class LinkResult(models.Model):
    """Flow (m3/h, positive from start to end) through a pipe or through a device of the line.

    `statuses` are 0 closed, 1 open, 2 active (a valve that regulates).
    """

    run = models.ForeignKey(SimulationRun, on_delete=models.CASCADE, related_name="link_results")
    pipe = models.ForeignKey(
        Pipe, on_delete=models.CASCADE, null=True, db_constraint=False, related_name="simulation_results"
    )
    device = models.ForeignKey(
        Node, on_delete=models.CASCADE, null=True, db_constraint=False, related_name="simulated_flows"
    )
    flow_m3h = ArrayField(models.FloatField())
    statuses = ArrayField(models.SmallIntegerField())
    mean_flow_m3h = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "pipe", "device"], name="link_result_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                name="link_result_of_pipe_or_device",
                condition=Q(pipe=None, device__isnull=False) | Q(pipe__isnull=False, device=None),
            ),
        ]
