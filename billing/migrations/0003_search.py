"""Indexes that search needs."""

from django.db import migrations

from gis_core.database.sql_files import sql_beside


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_reference_rates"), ("gis_core", "0004_search")]

    operations = [
        migrations.RunSQL(sql_beside(__file__), migrations.RunSQL.noop),
    ]
