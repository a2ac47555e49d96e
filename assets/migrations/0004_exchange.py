import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from gis_core.database.sql_files import load_sql


class Migration(migrations.Migration):

    dependencies = [
        ('assets', '0003_registers'),
        ('gis_core', '0003_republic_and_regions'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SimulationRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('network_read_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField()),
                ('hours', models.FloatField()),
                ('times_s', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                ('engine', models.CharField(max_length=40)),
                ('model_sha256', models.CharField(max_length=64)),
                ('counts', models.JSONField(default=dict)),
                ('warnings', models.JSONField(default=list)),
                ('not_kept', models.JSONField(default=list)),
                ('adjusted', models.JSONField(default=list)),
                ('acting_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='simulation_runs', to=settings.AUTH_USER_MODEL)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='simulation_runs', to='gis_core.division')),
                ('network', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='simulation_runs', to='assets.network')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='NodeResult',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('head_m', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None)),
                ('pressure_m', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None)),
                ('demand_m3h', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None)),
                ('node', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='simulation_results', to='assets.node')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='node_results', to='assets.simulationrun')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('run', 'node'), name='node_result_once'), models.CheckConstraint(condition=models.Q(('demand_m3h__len', models.F('pressure_m__len')), ('head_m__len', models.F('pressure_m__len'))), name='node_result_series_agree')],
            },
        ),
        migrations.CreateModel(
            name='LinkResult',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('flow_m3h', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None)),
                ('statuses', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), size=None)),
                ('mean_flow_m3h', models.FloatField()),
                ('device', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='simulated_flows', to='assets.node')),
                ('pipe', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='simulation_results', to='assets.pipe')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='link_results', to='assets.simulationrun')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('run', 'pipe', 'device'), name='link_result_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(models.Q(('device__isnull', False), ('pipe', None)), models.Q(('device', None), ('pipe__isnull', False)), _connector='OR'), name='link_result_of_pipe_or_device')],
            },
        ),
        migrations.RunSQL(load_sql("assets", "exchange"), migrations.RunSQL.noop),
    ]
