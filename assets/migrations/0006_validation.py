"""Indexes of the validation; the SQL and its reasons are in assets/sql/."""

from django.db import migrations

from gis_core.database.sql_files import load_sql


class Migration(migrations.Migration):
    dependencies = [("assets", "0005_topology")]

    operations = [
        migrations.RunSQL(load_sql("assets", "validation"), migrations.RunSQL.noop),
    ]
