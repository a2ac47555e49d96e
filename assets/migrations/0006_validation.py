from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("assets", "0005_topology")]

    operations = []
