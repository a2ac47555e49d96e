"""Users have a home division: the nearest common one of their roles, the republic where they have none."""

import django.db.models.deletion
from django.db import migrations, models

# The keys are checked at once, for a table with checks still to be made cannot be altered.
HOMES = """
UPDATE gis_core_user person
   SET home_division_id = coalesce(
         (SELECT common.id
            FROM gis_core_division common
           WHERE EXISTS (SELECT FROM gis_core_roleassignment held WHERE held.user_id = person.id)
             AND NOT EXISTS (SELECT
                               FROM gis_core_roleassignment held
                               JOIN gis_core_division place ON place.id = held.division_id
                              WHERE held.user_id = person.id AND NOT starts_with(place.path, common.path))
           ORDER BY length(common.path) DESC
           LIMIT 1),
         (SELECT root.id FROM gis_core_division root WHERE root.parent_id IS NULL ORDER BY root.id LIMIT 1));
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('gis_core', '0006_kept_answers'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='home_division',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='home_of', to='gis_core.division'),
        ),
        migrations.RunSQL(HOMES, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='user',
            name='home_division',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='home_of', to='gis_core.division'),
        ),
    ]
