"""How far the search for leaks came in each zone; two leaks of a zone may begin within the same days."""

import django.db.models.deletion
from django.db import migrations, models

from gis_core.database.sql_files import sql_beside


class Migration(migrations.Migration):

    dependencies = [
        ('assets', '0001_tables'),
        ('balances', '0003_zone_meters'),
    ]

    operations = [
        migrations.AddField(
            model_name='leakevent',
            name='made_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='leakevent',
            name='told_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name='LeakSearch',
            fields=[
                ('zone', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='leak_search', serialize=False, to='assets.zone')),
                ('since', models.IntegerField()),
                ('reached', models.IntegerField()),
                ('version', models.PositiveIntegerField()),
                ('measured_by', models.CharField(max_length=64)),
                ('state', models.JSONField()),
                ('events', models.JSONField(default=dict)),
                ('searched_at', models.DateTimeField(auto_now=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('reached__gte', models.F('since'))), name='leak_search_runs_forward')],
            },
        ),
        migrations.RunSQL(sql_beside(__file__), migrations.RunSQL.noop),
    ]
