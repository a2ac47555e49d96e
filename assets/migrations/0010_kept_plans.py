from django.db import migrations

from gis_core.database.sql_files import load_sql


class Migration(migrations.Migration):
    dependencies = [("assets", "0009_tiles")]

    operations = [
        migrations.RunSQL(load_sql("assets", "kept_plans"), migrations.RunSQL.noop),
    ]
