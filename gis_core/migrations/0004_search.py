"""Indexes that search needs."""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations

from gis_core.database.sql_files import sql_beside


class Migration(migrations.Migration):
    dependencies = [("gis_core", "0003_cancelled_jobs")]

    operations = [
        TrigramExtension(),
        migrations.RunSQL(sql_beside(__file__), migrations.RunSQL.noop),
    ]
