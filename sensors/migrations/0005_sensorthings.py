"""What OGC SensorThings needs besides: ids that outlive changes, places of things, system rows, the outbox. See sensors/sql/."""

import django.db.models.deletion
from django.db import migrations, models

from gis_core.database.sql_files import load_sql


class Migration(migrations.Migration):
    dependencies = [("sensors", "0004_quality")]

    operations = [
        migrations.CreateModel(
            name="EntityNotification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("entity_type", models.CharField(max_length=40)),
                ("entity_ids", models.JSONField()),
                ("changed", models.JSONField(blank=True, null=True)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"ordering": ["id"]},
        ),
        migrations.AddField(
            model_name="location",
            name="generated_feature",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="generated_by",
                to="sensors.featureofinterest",
            ),
        ),
        migrations.AddField(
            model_name="datastream",
            name="has_result_time",
            field=models.BooleanField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="richobservation",
            name="sta_id",
            field=models.CharField(blank=True, max_length=60, null=True),
        ),
        migrations.AddConstraint(
            model_name="richobservation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("deleted_at", None)), fields=("sta_id",), name="rich_observation_sta_id_once"
            ),
        ),
        # The constraint on keys above waits for the end of its statements.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RunSQL(load_sql("sensors", "sta_extents"), migrations.RunSQL.noop),
        migrations.RunSQL(load_sql("sensors", "sta_places"), migrations.RunSQL.noop),
    ]
