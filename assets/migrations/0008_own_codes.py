"""Cadastral numbers are one in their division; the search looks for their beginnings."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("assets", "0007_network_summaries"),
        ("gis_core", "0009_passkeys"),
    ]

    operations = [
        migrations.AlterField(
            model_name="building",
            name="cadastral_number",
            field=models.CharField(max_length=60),
        ),
        migrations.AlterField(
            model_name="parcel",
            name="cadastral_number",
            field=models.CharField(max_length=60),
        ),
        migrations.AddIndex(
            model_name="building",
            index=models.Index(
                fields=["cadastral_number"], name="building_by_number", opclasses=["varchar_pattern_ops"]
            ),
        ),
        migrations.AddIndex(
            model_name="parcel",
            index=models.Index(
                fields=["cadastral_number"], name="parcel_by_number", opclasses=["varchar_pattern_ops"]
            ),
        ),
        migrations.AddConstraint(
            model_name="building",
            constraint=models.UniqueConstraint(
                fields=("division", "cadastral_number"), name="building_number_in_division"
            ),
        ),
        migrations.AddConstraint(
            model_name="parcel",
            constraint=models.UniqueConstraint(
                fields=("division", "cadastral_number"), name="parcel_number_in_division"
            ),
        ),
    ]
