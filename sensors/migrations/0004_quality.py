"""See sensors/sql/."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sensors", "0003_feeds")]

    operations: list[object] = []
