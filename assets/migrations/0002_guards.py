"""What the database guards by itself; the SQL and its reasons are in assets/sql/."""

from django.db import migrations

from gis_core.database.sql_files import load_sql


class Migration(migrations.Migration):
    dependencies = [("assets", "0001_initial"), ("gis_core", "0002_guards")]

    operations = [
        migrations.RunSQL(load_sql("assets", "guards"), migrations.RunSQL.noop),
    ]
