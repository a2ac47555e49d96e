import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from gis_core.database.sql_files import load_sql


class Migration(migrations.Migration):

    dependencies = [
        ("assets", "0007_history_of_registers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ZoneFlood",
            fields=[
                ("zone", models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="flood", serialize=False, to="assets.zone")),
                ("flooded_at", models.DateTimeField()),
                ("members", models.PositiveIntegerField(default=0)),
                ("edit", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="assets.edit")),
                ("flooded_by", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddField(
            model_name="outage",
            name="attachment_ids",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), db_default=[], default=list, size=None),
        ),
        migrations.AddField(model_name="outage", name="closed_valves", field=models.JSONField(db_default=[], default=list)),
        migrations.AddField(model_name="outage", name="conflicts", field=models.JSONField(db_default=[], default=list)),
        migrations.AddField(model_name="outage", name="position", field=models.FloatField(db_default=0.5, default=0.5)),
        migrations.AddConstraint(
            model_name="outage",
            constraint=models.CheckConstraint(condition=models.Q(("position__gte", 0.0), ("position__lte", 1.0)), name="outage_position_on_pipe"),
        ),
        migrations.AddConstraint(
            model_name="outage",
            constraint=models.CheckConstraint(condition=models.Q(models.Q(("state", "conflict"), _negated=True), models.Q(("conflicts", []), _negated=True), _connector="OR"), name="outage_conflict_has_reason"),
        ),
        migrations.RunSQL(load_sql("assets", "zone_floods"), migrations.RunSQL.noop, elidable=False),
    ]
