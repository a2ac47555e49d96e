"""What the database guards by itself; the SQL and its reasons are in gis_core/sql/."""

from django.db import migrations

from gis_core.database.sql_files import load_sql


class Migration(migrations.Migration):
    dependencies = [("gis_core", "0001_initial")]

    operations = [
        migrations.RunSQL(load_sql("gis_core", "guards"), migrations.RunSQL.noop),
    ]
