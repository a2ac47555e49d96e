"""Every table of the balances, with keys, constraints and indexes. Functions, triggers and views are in sql/install/."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

from gis_core.database.operations import AddFiniteChecks, CreateTables
from gis_core.database.sql_files import sql_beside


class Migration(migrations.Migration):

    replaces = [('balances', '0001_initial'), ('balances', '0002_guards')]

    initial = True

    dependencies = [
        ('assets', '0001_tables'),
        ('gis_core', '0001_tables'),
    ]

    operations = [
        CreateTables(
            models=[
                migrations.CreateModel(
                    name='LeakSuspicion',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('searched_from', models.DateField()),
                        ('searched_to', models.DateField()),
                        ('started_on', models.DateField()),
                        ('excess_m3_per_day', models.DecimalField(decimal_places=3, max_digits=12)),
                        ('score', models.FloatField()),
                        ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='leak_suspicions', to='gis_core.division')),
                        ('zone', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='leak_suspicions', to='assets.zone')),
                    ],
                    options={
                        'ordering': ['-score'],
                        'constraints': [models.UniqueConstraint(fields=('zone', 'searched_from', 'searched_to'), name='leak_suspicion_once')],
                    },
                ),
                migrations.CreateModel(
                    name='UnbilledConsumption',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('started_on', models.DateField()),
                        ('ended_on', models.DateField()),
                        ('volume_m3', models.DecimalField(decimal_places=3, max_digits=16)),
                        ('is_metered', models.BooleanField(default=False)),
                        ('purpose', models.CharField(max_length=200)),
                        ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='gis_core.division')),
                        ('zone', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='unbilled_consumption', to='assets.zone')),
                    ],
                    options={
                        'verbose_name': 'unbilled consumption',
                        'verbose_name_plural': 'unbilled consumption',
                        'ordering': ['started_on', 'id'],
                        'constraints': [models.CheckConstraint(condition=models.Q(('ended_on__gt', models.F('started_on'))), name='unbilled_days_in_order'), models.CheckConstraint(condition=models.Q(('volume_m3__gte', 0)), name='unbilled_not_negative')],
                    },
                ),
                migrations.CreateModel(
                    name='ZoneBalance',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('granularity', models.CharField(choices=[('day', 'day'), ('month', 'month')], max_length=5)),
                        ('period_start', models.DateField()),
                        ('input_m3', models.DecimalField(decimal_places=3, max_digits=16, null=True)),
                        ('output_m3', models.DecimalField(decimal_places=3, max_digits=16, null=True)),
                        ('storage_change_m3', models.DecimalField(decimal_places=3, max_digits=16, null=True)),
                        ('supply_m3', models.GeneratedField(db_persist=True, expression=django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('input_m3'), '-', models.F('output_m3')), '-', models.F('storage_change_m3')), output_field=models.DecimalField(decimal_places=3, max_digits=16, null=True))),
                        ('billed_m3', models.DecimalField(decimal_places=3, max_digits=16, null=True)),
                        ('apportioned_m3', models.DecimalField(decimal_places=3, max_digits=16)),
                        ('unbilled_m3', models.DecimalField(decimal_places=3, default=0, max_digits=16)),
                        ('imbalance_billed_m3', models.GeneratedField(db_persist=True, expression=django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('input_m3'), '-', models.F('output_m3')), '-', models.F('storage_change_m3')), '-', models.F('billed_m3')), '-', models.F('unbilled_m3')), output_field=models.DecimalField(decimal_places=3, max_digits=16, null=True))),
                        ('imbalance_apportioned_m3', models.GeneratedField(db_persist=True, expression=django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('input_m3'), '-', models.F('output_m3')), '-', models.F('storage_change_m3')), '-', models.F('apportioned_m3')), '-', models.F('unbilled_m3')), output_field=models.DecimalField(decimal_places=3, max_digits=16, null=True))),
                        ('limit_95_m3', models.DecimalField(decimal_places=3, max_digits=16, null=True)),
                        ('supply_coverage', models.FloatField()),
                        ('consumption_coverage', models.FloatField()),
                        ('service_points', models.PositiveIntegerField()),
                        ('status', models.CharField(choices=[('sufficient', 'sufficient data'), ('insufficient', 'insufficient data')], max_length=12)),
                        ('computed_at', models.DateTimeField(auto_now=True)),
                        ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='zone_balances', to='gis_core.division')),
                        ('zone', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='balances', to='assets.zone')),
                    ],
                    options={
                        'ordering': ['zone', 'granularity', 'period_start'],
                        'constraints': [models.UniqueConstraint(fields=('zone', 'granularity', 'period_start'), name='zone_balance_once'), models.CheckConstraint(condition=models.Q(('consumption_coverage__gte', 0.0), ('consumption_coverage__lte', 1.0), ('supply_coverage__gte', 0.0), ('supply_coverage__lte', 1.0)), name='zone_balance_coverage_is_a_share'), models.CheckConstraint(condition=models.Q(('granularity__in', ['day', 'month'])), name='zone_balance_granularity_known'), models.CheckConstraint(condition=models.Q(models.Q(('billed_m3', None), ('granularity', 'day')), models.Q(('billed_m3__isnull', False), ('granularity', 'month')), _connector='OR'), name='zone_balance_billed_by_month'), models.CheckConstraint(condition=models.Q(('granularity', 'day'), ('period_start__day', 1), _connector='OR'), name='zone_balance_month_is_first_day'), models.CheckConstraint(condition=models.Q(('status', 'insufficient'), models.Q(('input_m3__isnull', False), ('output_m3__isnull', False), ('status', 'sufficient'), ('storage_change_m3__isnull', False)), _connector='OR'), name='zone_balance_sufficient_has_supply')],
                    },
                ),
            ],
        ),
        migrations.RunSQL(sql_beside(__file__), migrations.RunSQL.noop),
        AddFiniteChecks(
            'balances_leaksuspicion',
            'balances_unbilledconsumption',
            'balances_zonebalance',
        ),
    ]
