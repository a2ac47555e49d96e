from django.db import migrations

from gis_core.database.sql_files import load_sql


class Migration(migrations.Migration):

    dependencies = [("assets", "0008_outages_and_floods")]

    operations = [
        migrations.RunSQL(load_sql("assets", "tiles"), migrations.RunSQL.noop),
    ]
