from django.db import migrations

from gis_core.database.sql_files import load_sql


class Migration(migrations.Migration):

    dependencies = [("assets", "0006_validation")]

    operations = [
        migrations.RunSQL(load_sql("assets", "history_of_registers"), migrations.RunSQL.noop),
    ]
