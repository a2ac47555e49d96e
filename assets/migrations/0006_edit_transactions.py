from django.db import migrations

from gis_core.database.sql_files import sql_beside


class Migration(migrations.Migration):
    dependencies = [("assets", "0005_work_orders")]

    operations = [migrations.RunSQL(sql_beside(__file__), migrations.RunSQL.noop)]
