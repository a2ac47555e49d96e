"""Limits of regulators are confirmed from the first ones on; codes and names are one in their division."""

from django.db import migrations, models

# What was registered before first limits needed two people is commanded already.
_IN_USE = "UPDATE sensors_regulator SET limits_confirmed = true"


class Migration(migrations.Migration):
    dependencies = [("assets", "0008_own_codes"), ("gis_core", "0009_passkeys"), ("sensors", "0007_plural_names")]

    operations = [
        migrations.AddField(
            "regulator", "limits_confirmed", models.BooleanField(db_default=False, default=False, editable=False)
        ),
        migrations.AlterField("feedprofile", "name", models.CharField(max_length=60)),
        migrations.AlterField("feedsource", "code", models.CharField(max_length=60)),
        migrations.AlterField("regulator", "code", models.CharField(max_length=80)),
        migrations.AddConstraint(
            "feedprofile",
            models.UniqueConstraint(fields=("division", "name"), name="feed_profile_name_in_division"),
        ),
        migrations.AddConstraint(
            "feedsource",
            models.UniqueConstraint(fields=("division", "code"), name="feed_source_code_in_division"),
        ),
        migrations.AddConstraint(
            "regulator",
            models.UniqueConstraint(fields=("division", "code"), name="regulator_code_in_division"),
        ),
        migrations.RunSQL(_IN_USE, migrations.RunSQL.noop),
    ]
