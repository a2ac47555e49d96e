"""What the database guards by itself; the SQL and its reasons are in sensors/sql/."""

from django.db import migrations

from gis_core.database.sql_files import load_sql


class Migration(migrations.Migration):
    dependencies = [("sensors", "0001_initial"), ("gis_core", "0002_guards"), ("assets", "0002_guards")]

    operations = [
        migrations.RunSQL(load_sql("sensors", "observations"), migrations.RunSQL.noop),
        migrations.RunSQL(load_sql("sensors", "series"), migrations.RunSQL.noop),
    ]
