"""Keys of regulators, limits by two people, and ceilings by kind. Devices that have no key yet are not commanded."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from gis_core.database.operations import AddFiniteChecks
from gis_core.database.sql_files import sql_beside

KINDS = ["regulator", "valve", "pump", "pumping_station", "lift_station", "regulator_station"]


class Migration(migrations.Migration):

    dependencies = [
        ("sensors", "0004_topic_prefixes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("regulator", "key_sealed", models.TextField(blank=True, db_default="", default="", editable=False)),
        migrations.AddField("regulator", "key_made_at", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField("regulator", "may_be_unsigned", models.BooleanField(db_default=False, default=False)),
        migrations.AddField("regulatorcommand", "nonce", models.CharField(blank=True, db_default="", default="", editable=False, max_length=64)),
        migrations.CreateModel(
            name="SetPointCeiling",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("node_kind", models.CharField(max_length=20)),
                ("unit", models.CharField(max_length=20)),
                ("greatest", models.FloatField()),
            ],
            options={
                "ordering": ["node_kind", "unit"],
                "constraints": [
                    models.UniqueConstraint(fields=("node_kind", "unit"), name="set_point_ceiling_once"),
                    models.CheckConstraint(condition=models.Q(("node_kind__in", KINDS)), name="set_point_ceiling_node_kind"),
                    models.CheckConstraint(condition=models.Q(("greatest__gt", 0), ("greatest__lte", 1000000.0)), name="set_point_ceiling_plausible"),
                ],
            },
        ),
        migrations.CreateModel(
            name="LimitProposal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("minimum_set_point", models.FloatField()),
                ("maximum_set_point", models.FloatField()),
                ("maximum_step", models.FloatField()),
                ("fallback_set_point", models.FloatField()),
                ("reason", models.CharField(max_length=300)),
                ("state", models.CharField(choices=[("open", "waits for a second person"), ("confirmed", "confirmed"), ("withdrawn", "withdrawn")], default="open", max_length=10)),
                ("proposed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decided_by", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("division", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="limit_proposals", to="gis_core.division")),
                ("proposed_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("regulator", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="limit_proposals", to="sensors.regulator")),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(fields=["regulator", "-id"], name="limit_proposal_of")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("state__in", ["open", "confirmed", "withdrawn"])), name="limit_proposal_state_known"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("maximum_step__gt", 0),
                            ("minimum_set_point__lt", models.F("maximum_set_point")),
                            ("fallback_set_point__gte", models.F("minimum_set_point")),
                            ("fallback_set_point__lte", models.F("maximum_set_point")),
                        ),
                        name="limit_proposal_in_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at", None), ("decided_by", None), ("state", "open")),
                            models.Q(
                                models.Q(("state", "open"), _negated=True),
                                ("decided_at__isnull", False), ("decided_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="limit_proposal_decided_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "confirmed"), _negated=True),
                            models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="limit_proposal_by_two_people",
                    ),
                    models.CheckConstraint(condition=models.Q(("reason", ""), _negated=True), name="limit_proposal_has_reason"),
                    models.UniqueConstraint(condition=models.Q(("state", "open")), fields=("regulator",), name="limit_proposal_open_once"),
                ],
            },
        ),
        AddFiniteChecks("sensors_setpointceiling", "sensors_limitproposal"),
        migrations.RunSQL(sql_beside(__file__), migrations.RunSQL.noop),
    ]
