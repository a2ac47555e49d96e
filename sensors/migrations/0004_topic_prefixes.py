"""Topics of divisions, and refused messages that are no division's. The republic has `tarmoq`, as its source needs."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


def give_the_republic_its_topics(apps, schema_editor):
    republic = apps.get_model("gis_core", "Division").objects.filter(code="UZ").first()
    if republic is not None:
        apps.get_model("sensors", "TopicPrefix").objects.create(division=republic, prefix="tarmoq", note="")


class Migration(migrations.Migration):

    dependencies = [
        ("gis_core", "0006_kept_answers"),
        ("sensors", "0003_device_networks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TopicPrefix",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("prefix", models.CharField(max_length=120)),
                ("note", models.CharField(blank=True, db_default="", default="", max_length=200)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("created_by", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("division", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="topic_prefixes", to="gis_core.division")),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(fields=("prefix",), name="topic_prefix_once"),
                    models.CheckConstraint(
                        condition=models.Q(("prefix__regex", "^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){0,3}$"), models.Q(("prefix__regex", "^v1\\.1(/|$)"), _negated=True)),
                        name="topic_prefix_form",
                    ),
                ],
            },
        ),
        migrations.RemoveConstraint(model_name="quarantinedrow", name="quarantined_row_of_file_or_source"),
        migrations.AlterField(
            model_name="quarantinedrow",
            name="division",
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="quarantined_rows", to="gis_core.division"),
        ),
        migrations.AddConstraint(
            model_name="quarantinedrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("division__isnull", False), models.Q(("file__isnull", False), ("source__isnull", False), _connector="OR")),
                    models.Q(("division", None), ("file", None), ("source", None)),
                    _connector="OR",
                ),
                name="quarantined_row_of_file_or_source",
            ),
        ),
        migrations.RunPython(give_the_republic_its_topics, migrations.RunPython.noop),
    ]
