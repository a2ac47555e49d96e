"""One search for leaks: what the former one suspected is an event where it was none, and its table goes."""

from django.db import migrations

from gis_core.database.sql_files import sql_beside


class Migration(migrations.Migration):

    dependencies = [
        ('balances', '0004_leak_search'),
    ]

    operations = [
        migrations.RunSQL(sql_beside(__file__), migrations.RunSQL.noop),
        migrations.DeleteModel(name='LeakSuspicion'),
    ]
