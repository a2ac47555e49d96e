"""See sensors/sql/."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sensors", "0002_guards")]

    operations: list[object] = []
