"""Indexes that search needs."""

from django.db import migrations

from gis_core.database.sql_files import sql_beside


class Migration(migrations.Migration):
    dependencies = [("assets", "0003_drawing_templates"), ("gis_core", "0004_search")]

    operations = [
        migrations.RunSQL(sql_beside(__file__), migrations.RunSQL.noop),
    ]
