"""What the database guards by itself; the SQL and its reasons are in balances/sql/."""

from django.db import migrations

from gis_core.database.sql_files import load_sql


class Migration(migrations.Migration):
    dependencies = [("balances", "0001_initial"), ("assets", "0002_guards"), ("gis_core", "0002_guards")]

    operations = [
        migrations.RunSQL(load_sql("balances", "guards"), migrations.RunSQL.noop),
    ]
