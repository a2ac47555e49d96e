"""Meters of zones by datastream, consumption billed elsewhere, and what meters measured by day."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from gis_core.database.operations import AddFiniteChecks
from gis_core.database.sql_files import sql_beside


class Migration(migrations.Migration):

    dependencies = [
        ('assets', '0001_tables'),
        ('balances', '0002_leak_events'),
        ('gis_core', '0001_tables'),
        ('sensors', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='ImportedConsumption',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first_day', models.DateField()),
                ('last_day', models.DateField()),
                ('kind', models.CharField(choices=[('billed_metered', 'billed, metered'), ('billed_unmetered', 'billed, unmetered'), ('unbilled_metered', 'unbilled, metered'), ('unbilled_unmetered', 'unbilled, unmetered')], max_length=18)),
                ('volume_m3', models.DecimalField(decimal_places=3, max_digits=16)),
                ('connections', models.PositiveIntegerField(blank=True, null=True)),
                ('limit95_percent', models.FloatField(blank=True, null=True)),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('replaced_at', models.DateTimeField(blank=True, null=True)),
                ('zone', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='imported_consumption', to='assets.zone')),
            ],
            options={
                'verbose_name': 'imported consumption',
                'verbose_name_plural': 'imported consumption',
                'ordering': ['zone', 'first_day', 'id'],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('replaced_at', None)), fields=('zone', 'first_day', 'last_day', 'kind'), name='imported_consumption_once'),
                    models.CheckConstraint(condition=models.Q(('kind__in', ['billed_metered', 'billed_unmetered', 'unbilled_metered', 'unbilled_unmetered'])), name='imported_consumption_kind_known'),
                    models.CheckConstraint(condition=models.Q(('last_day__gte', models.F('first_day'))), name='imported_consumption_days_in_order'),
                    models.CheckConstraint(condition=models.Q(('volume_m3__gte', 0)), name='imported_consumption_not_negative'),
                    models.CheckConstraint(condition=models.Q(('limit95_percent', None), models.Q(('limit95_percent__gte', 0.0), ('limit95_percent__lte', 100.0)), _connector='OR'), name='imported_consumption_limit_plausible'),
                    models.CheckConstraint(condition=models.Q(('replaced_at', None), ('replaced_at__gte', models.F('made_at')), _connector='OR'), name='imported_consumption_times_in_order'),
                ],
            },
        ),
        migrations.CreateModel(
            name='MeterDay',
            fields=[
                ('datastream', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='meter_days', to='sensors.datastream')),
                ('pk', models.CompositePrimaryKey('datastream_id', 'day', blank=True, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('forward_m3', models.DecimalField(decimal_places=3, max_digits=16, null=True)),
                ('backward_m3', models.DecimalField(decimal_places=3, max_digits=16, null=True)),
                ('filled_m3', models.FloatField(default=0)),
                ('expected', models.IntegerField()),
                ('received', models.IntegerField()),
                ('start_m3', models.DecimalField(decimal_places=3, max_digits=16, null=True)),
                ('end_m3', models.DecimalField(decimal_places=3, max_digits=16, null=True)),
            ],
            options={
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('received__gte', 0), ('received__lte', models.F('expected'))), name='meter_day_counts'),
                    models.CheckConstraint(condition=models.Q(models.Q(('backward_m3', None), ('forward_m3', None)), models.Q(('backward_m3__gte', 0), ('forward_m3__gte', 0)), _connector='OR'), name='meter_day_parts_not_negative'),
                ],
            },
        ),
        migrations.CreateModel(
            name='MeterTouch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('datastream', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='sensors.datastream')),
            ],
            options={
                'indexes': [
                    models.Index(fields=['datastream', 'day'], name='meter_touch_of'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ProductionCost',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateField()),
                ('cost_per_m3', models.DecimalField(decimal_places=2, max_digits=12)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='production_costs', to='gis_core.division')),
            ],
            options={
                'ordering': ['division', 'valid_from'],
                'constraints': [
                    models.UniqueConstraint(fields=('division', 'valid_from'), name='production_cost_once'),
                    models.CheckConstraint(condition=models.Q(('cost_per_m3__gte', 0)), name='production_cost_not_negative'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ZoneMeter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('inlet', 'inlet'), ('outlet', 'outlet'), ('storage', 'storage')], max_length=7)),
                ('error_percent', models.FloatField(default=2.0)),
                ('from_connection', models.BooleanField(default=False)),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('datastream', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='zone_meters', to='sensors.datastream')),
                ('zone', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='meters', to='assets.zone')),
            ],
            options={
                'ordering': ['zone', 'id'],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('removed_at', None)), fields=('zone', 'datastream'), name='zone_meter_once'),
                    models.CheckConstraint(condition=models.Q(('role__in', ['inlet', 'outlet', 'storage'])), name='zone_meter_role_known'),
                    models.CheckConstraint(condition=models.Q(('error_percent__gte', 0.0), ('error_percent__lte', 100.0)), name='zone_meter_error_plausible'),
                    models.CheckConstraint(condition=models.Q(('removed_at', None), ('removed_at__gte', models.F('made_at')), _connector='OR'), name='zone_meter_times_in_order'),
                ],
            },
        ),
        migrations.RemoveConstraint(
            model_name='zonebalance',
            name='zone_balance_granularity_known',
        ),
        migrations.RemoveConstraint(
            model_name='zonebalance',
            name='zone_balance_billed_by_month',
        ),
        migrations.AddField(
            model_name='zonebalance',
            name='billed_from',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='zonebalance',
            name='billed_metered_m3',
            field=models.DecimalField(db_default=0, decimal_places=3, default=0, max_digits=16),
        ),
        migrations.AddField(
            model_name='zonebalance',
            name='billed_to',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='zonebalance',
            name='billed_unmetered_m3',
            field=models.DecimalField(db_default=0, decimal_places=3, default=0, max_digits=16),
        ),
        migrations.AddField(
            model_name='zonebalance',
            name='estimated_m3',
            field=models.DecimalField(db_default=0, decimal_places=3, default=0, max_digits=16),
        ),
        migrations.AddField(
            model_name='zonebalance',
            name='first_computed_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
        ),
        migrations.AddField(
            model_name='zonebalance',
            name='reasons',
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AlterField(
            model_name='zonebalance',
            name='granularity',
            field=models.CharField(choices=[('day', 'day'), ('month', 'month'), ('year', 'year')], max_length=5),
        ),
        migrations.AddConstraint(
            model_name='zonebalance',
            constraint=models.CheckConstraint(condition=models.Q(('granularity__in', ['day', 'month', 'year'])), name='zone_balance_granularity_known'),
        ),
        migrations.AddConstraint(
            model_name='zonebalance',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('billed_from', None), ('billed_m3', None), ('billed_to', None), ('granularity', 'day')), models.Q(('billed_m3__isnull', False), ('granularity__in', ['month', 'year'])), _connector='OR'), name='zone_balance_billed_by_month'),
        ),
        migrations.AddConstraint(
            model_name='zonebalance',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('granularity', 'year'), _negated=True), models.Q(('period_start__day', 1), ('period_start__month', 1)), _connector='OR'), name='zone_balance_year_is_first_day'),
        ),
        migrations.AddConstraint(
            model_name='zonebalance',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('billed_from', None), ('billed_to', None)), models.Q(('billed_from__isnull', False), ('billed_from__lte', models.F('billed_to')), ('billed_to__isnull', False)), _connector='OR'), name='zone_balance_billed_days_in_order'),
        ),
        migrations.AddConstraint(
            model_name='zonebalance',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'insufficient'), models.Q(('reasons', []), ('status', 'sufficient')), _connector='OR'), name='zone_balance_sufficient_without_reasons'),
        ),
        migrations.RunSQL(sql_beside(__file__), migrations.RunSQL.noop),
        AddFiniteChecks(
            'balances_importedconsumption',
            'balances_meterday',
            'balances_productioncost',
            'balances_zonemeter',
        ),
    ]
