from django.db import migrations

from gis_core.database.sql_files import load_sql


class Migration(migrations.Migration):
    dependencies = [("assets", "0010_kept_plans")]

    operations = [
        migrations.RunSQL(load_sql("assets", "feature_counts"), migrations.RunSQL.noop),
    ]
