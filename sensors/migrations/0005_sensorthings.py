"""See sensors/sql/."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sensors", "0004_quality")]

    operations: list[object] = []
