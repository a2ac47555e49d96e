"""Inputs of charges: the nomenclature, values by day, what happens to an account; tariffs of several forms."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.lookups
from decimal import Decimal
from django.db import migrations, models

from gis_core.database.operations import AddFiniteChecks
from gis_core.database.sql_files import sql_beside


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0004_waiting_payments'),
        ('gis_core', '0008_sign_in'),
    ]

    operations = [
        migrations.CreateModel(
            name='Absence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('validity', django.contrib.postgres.fields.ranges.DateRangeField()),
                ('residents', models.PositiveSmallIntegerField()),
                ('document', models.CharField(blank=True, max_length=200)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='absences', to='billing.account')),
            ],
            options={
                'ordering': ['account', 'validity'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('validity__isempty', False), ('validity__startswith__isnull', False)), name='absence_validity_not_empty'),
                ],
            },
        ),
        migrations.CreateModel(
            name='SuppliedService',
            fields=[
                ('code', models.CharField(max_length=20, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100)),
                ('unit', models.CharField(max_length=10)),
                ('basis', models.CharField(choices=[('meter', 'by meter'), ('norm', 'by norm'), ('of_service', 'follows another service'), ('area', 'by area'), ('residents', 'by residents'), ('fixed', 'fixed'), ('one_off', 'once'), ('share', "share of a building's meter")], max_length=10)),
                ('position', models.PositiveSmallIntegerField(unique=True)),
                ('is_water', models.BooleanField(default=False, help_text="Its volume counts in the network's balances")),
                ('base', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='followers', to='billing.suppliedservice')),
            ],
            options={
                'ordering': ['position'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('code__regex', '^[a-z][a-z0-9_]*$')), name='supplied_service_code_form'),
                    models.CheckConstraint(condition=models.Q(('basis__in', ['meter', 'norm', 'of_service', 'area', 'residents', 'fixed', 'one_off', 'share'])), name='supplied_service_basis_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('base__isnull', False), ('basis', 'of_service')), models.Q(models.Q(('basis', 'of_service'), _negated=True), ('base', None)), _connector='OR'), name='supplied_service_follows_by_its_basis'),
                    models.CheckConstraint(condition=models.Q(('base', None), models.Q(('base', models.F('code')), _negated=True), _connector='OR'), name='supplied_service_does_not_follow_itself'),
                    models.CheckConstraint(condition=models.Q(('is_water', False), models.Q(('basis__in', ['meter', 'norm', 'share']), ('unit', 'm3')), _connector='OR'), name='supplied_service_of_water_is_volume'),
                ],
            },
        ),
        migrations.CreateModel(
            name='AccountValue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('residents', 'registered residents'), ('area', 'area, m2'), ('coefficient', 'coefficient'), ('norm', 'norm, litres per resident and day')], max_length=11)),
                ('valid_from', models.DateField()),
                ('value', models.DecimalField(decimal_places=6, max_digits=14)),
                ('document', models.CharField(blank=True, max_length=200)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='values', to='billing.account')),
                ('service', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='account_values', to='billing.suppliedservice')),
            ],
            options={
                'ordering': ['account', 'kind', 'service', 'valid_from'],
                'constraints': [
                    models.UniqueConstraint(fields=('account', 'kind', 'service', 'valid_from'), name='account_value_once_a_day', nulls_distinct=False),
                    models.CheckConstraint(condition=models.Q(('kind__in', ['residents', 'area', 'coefficient', 'norm'])), name='account_value_kind_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['residents', 'area']), ('service', None)), models.Q(('kind__in', ['coefficient', 'norm']), ('service__isnull', False)), _connector='OR'), name='account_value_names_its_service'),
                    models.CheckConstraint(condition=models.Q(('value__gte', Decimal('0'))), name='account_value_not_negative'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Benefit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=60)),
                ('beneficiary', models.CharField(blank=True, max_length=200)),
                ('document', models.CharField(blank=True, max_length=200)),
                ('validity', django.contrib.postgres.fields.ranges.DateRangeField()),
                ('residents', models.PositiveSmallIntegerField(default=1)),
                ('share_percent', models.DecimalField(decimal_places=2, max_digits=5)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='benefits', to='billing.account')),
            ],
            options={
                'ordering': ['account', 'id'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('validity__isempty', False), ('validity__startswith__isnull', False)), name='benefit_validity_not_empty'),
                    models.CheckConstraint(condition=models.Q(('share_percent__gte', Decimal('0')), ('share_percent__lte', Decimal('100'))), name='benefit_share_plausible'),
                ],
            },
        ),
        migrations.CreateModel(
            name='BenefitService',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('benefit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='services', to='billing.benefit')),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='benefits', to='billing.suppliedservice')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('benefit', 'service'), name='benefit_lists_a_service_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='BillingParameters',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateField(help_text='The first day of the first month')),
                ('absence_minimum_days', models.PositiveSmallIntegerField(default=5, help_text='A shorter absence does not count')),
                ('average_months', models.PositiveSmallIntegerField(default=12, help_text='Months whose average day an estimate takes')),
                ('average_at_most_months', models.PositiveSmallIntegerField(default=3, help_text='So many months in a row are estimated, then the norm holds')),
                ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='billing_parameters', to='gis_core.enterprise')),
            ],
            options={
                'verbose_name': 'billing parameters',
                'verbose_name_plural': 'billing parameters',
                'ordering': ['enterprise', 'valid_from'],
                'constraints': [
                    models.UniqueConstraint(fields=('enterprise', 'valid_from'), name='billing_parameters_once_a_month'),
                    models.CheckConstraint(condition=models.Q(('valid_from__day', 1)), name='billing_parameters_from_first_day'),
                    models.CheckConstraint(condition=models.Q(('absence_minimum_days__lte', 366), ('average_at_most_months__lte', 60), ('average_months__lte', 60)), name='billing_parameters_plausible'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ContractService',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('validity', django.contrib.postgres.fields.ranges.DateRangeField()),
                ('contract', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='services', to='billing.contract')),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='contracts', to='billing.suppliedservice')),
            ],
            options={
                'ordering': ['contract', 'service', 'validity'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('validity__isempty', False), ('validity__startswith__isnull', False)), name='contract_service_validity_not_empty'),
                    django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('contract', '='), ('service', '='), ('validity', '&&')], name='contract_has_a_service_once_at_a_time'),
                ],
            },
        ),
        migrations.CreateModel(
            name='GivenQuantity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField(help_text='The first day of the month')),
                ('charged_on', models.DateField(blank=True, null=True)),
                ('quantity', models.DecimalField(decimal_places=6, max_digits=15)),
                ('document', models.CharField(blank=True, max_length=200)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='given_quantities', to='billing.account')),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='given_quantities', to='billing.suppliedservice')),
            ],
            options={
                'verbose_name_plural': 'given quantities',
                'ordering': ['account', 'month'],
                'constraints': [
                    models.UniqueConstraint(fields=('account', 'service', 'month'), name='given_quantity_once_a_month'),
                    models.CheckConstraint(condition=models.Q(('month__day', 1)), name='given_quantity_month_is_first_day'),
                    models.CheckConstraint(condition=models.Q(('quantity__gte', Decimal('0'))), name='given_quantity_not_negative'),
                ],
            },
        ),
        migrations.CreateModel(
            name='QualityAct',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('validity', django.contrib.postgres.fields.ranges.DateRangeField()),
                ('percent', models.DecimalField(decimal_places=2, max_digits=5)),
                ('document', models.CharField(blank=True, max_length=200)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='quality_acts', to='billing.account')),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='quality_acts', to='billing.suppliedservice')),
            ],
            options={
                'ordering': ['account', 'id'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('validity__isempty', False), ('validity__startswith__isnull', False)), name='quality_act_validity_not_empty'),
                    models.CheckConstraint(condition=models.Q(('percent__gte', Decimal('0')), ('percent__lte', Decimal('100'))), name='quality_act_percent_plausible'),
                ],
            },
        ),
        migrations.CreateModel(
            name='QuantityFactor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateField()),
                ('value', models.DecimalField(decimal_places=6, max_digits=10)),
                ('installation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='quantity_factors', to='billing.meterinstallation')),
            ],
            options={
                'ordering': ['installation', 'valid_from'],
                'constraints': [
                    models.UniqueConstraint(fields=('installation', 'valid_from'), name='quantity_factor_once_a_day'),
                    models.CheckConstraint(condition=models.Q(('value__gte', Decimal('0'))), name='quantity_factor_not_negative'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ServiceValue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subscriber_class', models.CharField(blank=True, choices=[('household', 'household'), ('legal_entity', 'legal entity')], max_length=12)),
                ('kind', models.CharField(choices=[('coefficient', 'coefficient'), ('norm', 'norm, litres per resident and day')], max_length=11)),
                ('valid_from', models.DateField()),
                ('value', models.DecimalField(decimal_places=6, max_digits=14)),
                ('division', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='service_values', to='gis_core.division')),
                ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='service_values', to='gis_core.enterprise')),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='values', to='billing.suppliedservice')),
            ],
            options={
                'ordering': ['enterprise', 'service', 'kind', 'valid_from'],
                'constraints': [
                    models.UniqueConstraint(fields=('enterprise', 'division', 'service', 'subscriber_class', 'kind', 'valid_from'), name='service_value_once_a_day', nulls_distinct=False),
                    models.CheckConstraint(condition=models.Q(('kind__in', ['coefficient', 'norm'])), name='service_value_kind_known'),
                    models.CheckConstraint(condition=models.Q(('subscriber_class__in', ['', 'household', 'legal_entity'])), name='service_value_class_known'),
                    models.CheckConstraint(condition=models.Q(('value__gte', Decimal('0'))), name='service_value_not_negative'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Subsidy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField(help_text='The first day of the month')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18)),
                ('document', models.CharField(blank=True, max_length=200)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subsidies', to='billing.account')),
            ],
            options={
                'verbose_name_plural': 'subsidies',
                'ordering': ['account', 'month', 'id'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('month__day', 1)), name='subsidy_month_is_first_day'),
                    models.CheckConstraint(condition=models.Q(('amount__gte', Decimal('0'))), name='subsidy_amount_not_negative'),
                ],
            },
        ),
        migrations.CreateModel(
            name='SubsidyService',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField()),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.account')),
                ('subsidy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='services', to='billing.subsidy')),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subsidies', to='billing.suppliedservice')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('account', 'month', 'service'), name='subsidy_of_a_service_once_a_month'),
                ],
            },
        ),
        migrations.RemoveConstraint(
            model_name='meterinstallation',
            name='meter_is_in_one_place_at_a_time',
        ),
        migrations.RemoveConstraint(
            model_name='meterinstallation',
            name='service_point_has_one_meter_at_a_time',
        ),
        migrations.RemoveConstraint(
            model_name='servicepoint',
            name='service_point_service_known',
        ),
        migrations.RemoveConstraint(
            model_name='tariff',
            name='tariffs_do_not_overlap',
        ),
        migrations.RemoveConstraint(
            model_name='vatrate',
            name='vat_rates_do_not_overlap',
        ),
        migrations.AddField(
            model_name='contractservicepoint',
            name='basis',
            field=models.CharField(choices=[('meter', 'by meter'), ('norm', 'by norm'), ('share', "share of a building's meter")], db_default='meter', default='meter', max_length=5),
        ),
        migrations.AddField(
            model_name='meter',
            name='multiplier',
            field=models.DecimalField(db_default=Decimal('1'), decimal_places=4, default=Decimal('1'), help_text='Units for each step of the index', max_digits=10),
        ),
        migrations.AddField(
            model_name='meterinstallation',
            name='register',
            field=models.CharField(blank=True, db_default='', help_text='Which register, of a meter that has several', max_length=20),
        ),
        migrations.AddField(
            model_name='tariff',
            name='block_limits',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.DecimalField(decimal_places=3, max_digits=13), blank=True, default=list, help_text='Rising limits for 30 days; the last block has none', size=None),
        ),
        migrations.AddField(
            model_name='tariff',
            name='division',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='tariffs', to='gis_core.division'),
        ),
        migrations.AddField(
            model_name='tariff',
            name='form',
            field=models.CharField(choices=[('price', 'price'), ('components', 'components'), ('blocks', 'blocks'), ('registers', 'registers')], db_default='price', default='price', max_length=10),
        ),
        migrations.AddField(
            model_name='tariff',
            name='part_names',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, help_text='Names of components, or the registers', size=None),
        ),
        migrations.AddField(
            model_name='tariff',
            name='part_prices',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.DecimalField(decimal_places=4, max_digits=14), blank=True, default=list, help_text='Prices of components, blocks or registers', size=None),
        ),
        migrations.AddField(
            model_name='tariff',
            name='per_resident',
            field=models.BooleanField(db_default=False, default=False, help_text='Limits are for each registered resident'),
        ),
        migrations.AddField(
            model_name='tariff',
            name='vat_included',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name='servicepoint',
            name='service',
            field=models.CharField(default='cold_water', help_text='Code of the nomenclature', max_length=20),
        ),
        migrations.AlterField(
            model_name='tariff',
            name='price_per_m3',
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True),
        ),
        migrations.AlterField(
            model_name='tariff',
            name='service',
            field=models.CharField(help_text='Code of the nomenclature', max_length=20),
        ),
        migrations.AddConstraint(
            model_name='contractservicepoint',
            constraint=models.CheckConstraint(condition=models.Q(('basis__in', ['meter', 'norm', 'share'])), name='contract_service_point_basis_known'),
        ),
        migrations.AddConstraint(
            model_name='meter',
            constraint=models.CheckConstraint(condition=models.Q(('multiplier__gt', Decimal('0'))), name='meter_multiplier_positive'),
        ),
        migrations.AddConstraint(
            model_name='meterinstallation',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('meter', '='), ('service_point', '<>'), ('validity', '&&')], name='meter_is_in_one_place_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='meterinstallation',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('service_point', '='), ('meter', '<>'), ('validity', '&&')], name='service_point_has_one_meter_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='meterinstallation',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('meter', '='), ('register', '='), ('validity', '&&')], name='register_is_installed_once_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='tariff',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('block_limits', []), ('form', 'price'), ('part_names', []), ('part_prices', []), ('price_per_m3__isnull', False)), models.Q(('block_limits', []), ('form__in', ['components', 'registers']), ('price_per_m3', None), models.Q(('part_prices', []), _negated=True), django.db.models.lookups.Exact(models.Func(models.F('part_names'), function='cardinality', output_field=models.IntegerField()), django.db.models.expressions.CombinedExpression(models.Func(models.F('part_prices'), function='cardinality', output_field=models.IntegerField()), '+', models.Value(0)))), models.Q(('form', 'blocks'), ('part_names', []), ('price_per_m3', None), django.db.models.lookups.Exact(models.Func(models.F('part_prices'), function='cardinality', output_field=models.IntegerField()), django.db.models.expressions.CombinedExpression(models.Func(models.F('block_limits'), function='cardinality', output_field=models.IntegerField()), '+', models.Value(1)))), _connector='OR'), name='tariff_is_of_one_form'),
        ),
        migrations.AddConstraint(
            model_name='tariff',
            constraint=models.CheckConstraint(condition=models.Q(('per_resident', False), ('form', 'blocks'), _connector='OR'), name='tariff_limits_are_of_blocks'),
        ),
        migrations.AddConstraint(
            model_name='tariff',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('enterprise', '='), (django.db.models.functions.comparison.Coalesce('division', models.Value(0)), '='), ('service', '='), ('subscriber_class', '='), ('validity', '&&')], name='tariffs_do_not_overlap'),
        ),
        migrations.AddField(
            model_name='vatrate',
            name='service',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='vat_rates', to='billing.suppliedservice'),
        ),
        migrations.AddConstraint(
            model_name='vatrate',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(django.db.models.functions.comparison.Coalesce('service', models.Value('')), '='), ('validity', '&&')], name='vat_rates_do_not_overlap'),
        ),
        AddFiniteChecks(
            "billing_accountvalue",
            "billing_benefit",
            "billing_givenquantity",
            "billing_meter",
            "billing_qualityact",
            "billing_quantityfactor",
            "billing_servicevalue",
            "billing_subsidy",
        ),
        migrations.RunSQL(sql_beside(__file__), migrations.RunSQL.noop),
    ]
