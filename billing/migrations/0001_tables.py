"""Every table of billing, with keys, constraints and indexes. Functions, triggers and views are in sql/install/."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.db.models.expressions
import uuid
from decimal import Decimal
from django.db import migrations, models

from gis_core.database.operations import AddFiniteChecks, CreateTables
from gis_core.database.sql_files import sql_beside


class Migration(migrations.Migration):

    replaces = [('billing', '0001_initial'), ('billing', '0002_guards')]

    initial = True

    dependencies = [
        ('assets', '0001_tables'),
        ('gis_core', '0001_tables'),
    ]

    operations = [
        CreateTables(
            models=[
                migrations.CreateModel(
                    name='Subscriber',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                        ('registry_number', models.CharField(max_length=20, unique=True)),
                        ('subscriber_class', models.CharField(choices=[('household', 'household'), ('legal_entity', 'legal entity')], max_length=12)),
                        ('name', models.CharField(max_length=200)),
                        ('tax_id', models.CharField(blank=True, help_text='STIR of a legal entity, nine digits', max_length=9)),
                        ('personal_id', models.CharField(blank=True, help_text='JShShIR of a person, 14 digits', max_length=14)),
                        ('phone', models.CharField(blank=True, max_length=20)),
                        ('house', models.CharField(max_length=20)),
                        ('flat', models.CharField(blank=True, max_length=20)),
                        ('residents', models.PositiveSmallIntegerField(default=0)),
                        ('is_priority', models.BooleanField(default=False, help_text='Hospital, school, kindergarten, fire service')),
                        ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subscribers', to='gis_core.division')),
                        ('street', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subscribers', to='gis_core.street')),
                    ],
                    options={
                        'ordering': ['registry_number'],
                        'constraints': [models.CheckConstraint(condition=models.Q(('subscriber_class__in', ['household', 'legal_entity'])), name='subscriber_class_known'), models.CheckConstraint(condition=models.Q(models.Q(('subscriber_class', 'legal_entity'), _negated=True), ('tax_id__regex', '^[0-9]{9}$'), _connector='OR'), name='legal_entity_has_tax_id'), models.CheckConstraint(condition=models.Q(('personal_id', ''), ('personal_id__regex', '^[0-9]{14}$'), _connector='OR'), name='subscriber_personal_id_form')],
                    },
                ),
                migrations.CreateModel(
                    name='Account',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                        ('number', models.CharField(max_length=20)),
                        ('currency', models.CharField(default='UZS', max_length=3)),
                        ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='accounts', to='gis_core.division')),
                        ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='accounts', to='gis_core.enterprise')),
                        ('subscriber', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='accounts', to='billing.subscriber')),
                    ],
                    options={
                        'ordering': ['number'],
                        'constraints': [models.UniqueConstraint(fields=('enterprise', 'number'), name='account_number_in_enterprise'), models.CheckConstraint(condition=models.Q(('currency__regex', '^[A-Z]{3}$')), name='account_currency_form')],
                    },
                ),
                migrations.CreateModel(
                    name='BillingRun',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                        ('month', models.DateField()),
                        ('is_trial', models.BooleanField(default=False)),
                        ('started_at', models.DateTimeField(auto_now_add=True)),
                        ('invoices_created', models.PositiveIntegerField(default=0)),
                        ('lines_created', models.PositiveIntegerField(default=0)),
                        ('total_net', models.DecimalField(decimal_places=2, default=0, max_digits=18)),
                        ('total_vat', models.DecimalField(decimal_places=2, default=0, max_digits=18)),
                        ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='billing_runs', to='gis_core.division')),
                        ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='billing_runs', to='gis_core.enterprise')),
                    ],
                    options={
                        'ordering': ['-id'],
                        'constraints': [models.CheckConstraint(condition=models.Q(('month__day', 1)), name='billing_run_month_is_first_day')],
                    },
                ),
                migrations.CreateModel(
                    name='ConsumptionProfile',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('subscriber_class', models.CharField(choices=[('household', 'household'), ('legal_entity', 'legal entity')], max_length=12)),
                        ('iso_weekday', models.PositiveSmallIntegerField(help_text='1 Monday to 7 Sunday')),
                        ('weight', models.DecimalField(decimal_places=4, max_digits=6)),
                    ],
                    options={
                        'ordering': ['subscriber_class', 'iso_weekday'],
                        'constraints': [models.UniqueConstraint(fields=('subscriber_class', 'iso_weekday'), name='profile_weekday_once'), models.CheckConstraint(condition=models.Q(('weight__gt', Decimal('0'))), name='profile_weight_positive'), models.CheckConstraint(condition=models.Q(('iso_weekday__gte', 1), ('iso_weekday__lte', 7)), name='profile_weekday_known')],
                    },
                ),
                migrations.CreateModel(
                    name='Contract',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                        ('number', models.CharField(max_length=30)),
                        ('validity', django.contrib.postgres.fields.ranges.DateRangeField()),
                        ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='contracts', to='billing.account')),
                    ],
                    options={
                        'ordering': ['number'],
                        'constraints': [models.UniqueConstraint(fields=('account', 'number'), name='contract_number_in_account'), models.CheckConstraint(condition=models.Q(('validity__isempty', False), ('validity__startswith__isnull', False)), name='contract_validity_not_empty'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('account', '='), ('validity', '&&')], name='contracts_of_an_account_do_not_overlap')],
                    },
                ),
                migrations.CreateModel(
                    name='Invoice',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                        ('year', models.PositiveSmallIntegerField()),
                        ('sequence', models.PositiveBigIntegerField()),
                        ('number', models.CharField(max_length=40)),
                        ('month', models.DateField()),
                        ('issued_on', models.DateField()),
                        ('due_on', models.DateField()),
                        ('total_net', models.DecimalField(decimal_places=2, max_digits=18)),
                        ('total_vat', models.DecimalField(decimal_places=2, max_digits=18)),
                        ('total', models.GeneratedField(db_persist=True, expression=django.db.models.expressions.CombinedExpression(models.F('total_net'), '+', models.F('total_vat')), output_field=models.DecimalField(decimal_places=2, max_digits=18))),
                        ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='billing.account')),
                        ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='gis_core.division')),
                        ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='gis_core.enterprise')),
                        ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='billing.billingrun')),
                    ],
                    options={
                        'ordering': ['-month', '-id'],
                        'indexes': [models.Index(fields=['account', '-month'], name='invoice_by_account')],
                        'constraints': [models.UniqueConstraint(fields=('enterprise', 'year', 'sequence'), name='invoice_sequence_once'), models.UniqueConstraint(fields=('number',), name='invoice_number_once'), models.CheckConstraint(condition=models.Q(('month__day', 1)), name='invoice_month_is_first_day'), models.CheckConstraint(condition=models.Q(('due_on__gte', models.F('issued_on'))), name='invoice_due_after_issue')],
                    },
                ),
                migrations.CreateModel(
                    name='InvoiceCounter',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('year', models.PositiveSmallIntegerField()),
                        ('last_number', models.PositiveBigIntegerField(default=0)),
                        ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='gis_core.enterprise')),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('enterprise', 'year'), name='invoice_counter_once')],
                    },
                ),
                migrations.CreateModel(
                    name='Payment',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                        ('channel', models.CharField(choices=[('cash_desk', 'cash desk'), ('bank', 'bank')], max_length=12)),
                        ('reference', models.CharField(max_length=80)),
                        ('paid_on', models.DateField()),
                        ('amount', models.DecimalField(decimal_places=2, max_digits=18)),
                        ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='billing.account')),
                        ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='gis_core.division')),
                        ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='gis_core.enterprise')),
                    ],
                    options={
                        'ordering': ['-paid_on', '-id'],
                        'indexes': [models.Index(fields=['account', '-paid_on'], name='payment_by_account')],
                        'constraints': [models.UniqueConstraint(fields=('enterprise', 'channel', 'reference'), name='payment_once'), models.CheckConstraint(condition=models.Q(('amount__gt', Decimal('0'))), name='payment_positive')],
                    },
                ),
                migrations.CreateModel(
                    name='LedgerTransaction',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                        ('month', models.DateField(help_text='The first day of the month it is booked in')),
                        ('booked_on', models.DateField()),
                        ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ledger_transactions', to='gis_core.division')),
                        ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ledger_transactions', to='gis_core.enterprise')),
                        ('invoice', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='billing.invoice')),
                        ('payment', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='billing.payment')),
                    ],
                    options={
                        'ordering': ['id'],
                        'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('invoice__isnull', False), ('payment', None)), models.Q(('invoice', None), ('payment__isnull', False)), _connector='OR'), name='ledger_transaction_has_one_source'), models.CheckConstraint(condition=models.Q(('month__day', 1)), name='ledger_month_is_first_day')],
                    },
                ),
                migrations.CreateModel(
                    name='LedgerEntry',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('book', models.CharField(choices=[('receivable', 'receivable from subscribers'), ('revenue', 'revenue'), ('vat_payable', 'VAT payable'), ('cash', 'cash and bank')], max_length=12)),
                        ('amount', models.DecimalField(decimal_places=2, max_digits=18)),
                        ('account', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='billing.account')),
                        ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ledger_entries', to='gis_core.division')),
                        ('transaction', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='billing.ledgertransaction')),
                    ],
                    options={
                        'verbose_name': 'ledger entry',
                        'verbose_name_plural': 'ledger entries',
                        'ordering': ['id'],
                        'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('account__isnull', False), ('book', 'receivable')), models.Q(models.Q(('book', 'receivable'), _negated=True), ('account', None)), _connector='OR'), name='ledger_receivable_names_account'), models.CheckConstraint(condition=models.Q(('book__in', ['receivable', 'revenue', 'vat_payable', 'cash'])), name='ledger_book_known')],
                    },
                ),
                migrations.CreateModel(
                    name='Meter',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                        ('serial', models.CharField(max_length=40, unique=True)),
                        ('model_name', models.CharField(max_length=60)),
                        ('digits', models.PositiveSmallIntegerField(default=5)),
                        ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='meters', to='gis_core.division')),
                    ],
                    options={
                        'ordering': ['serial'],
                        'constraints': [models.CheckConstraint(condition=models.Q(('digits__gte', 3), ('digits__lte', 9)), name='meter_digits_plausible')],
                    },
                ),
                migrations.CreateModel(
                    name='ServicePoint',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                        ('code', models.CharField(max_length=30, unique=True)),
                        ('service', models.CharField(choices=[('cold_water', 'cold water')], default='cold_water', max_length=20)),
                        ('attachment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='service_point', to='assets.attachment')),
                        ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='service_points', to='gis_core.division')),
                    ],
                    options={
                        'ordering': ['code'],
                        'constraints': [models.CheckConstraint(condition=models.Q(('service__in', ['cold_water'])), name='service_point_service_known')],
                    },
                ),
                migrations.CreateModel(
                    name='MeterInstallation',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                        ('validity', django.contrib.postgres.fields.ranges.DateRangeField()),
                        ('meter', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='installations', to='billing.meter')),
                        ('service_point', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='installations', to='billing.servicepoint')),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(('validity__isempty', False), ('validity__startswith__isnull', False)), name='installation_validity_not_empty'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('meter', '='), ('validity', '&&')], name='meter_is_in_one_place_at_a_time'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('service_point', '='), ('validity', '&&')], name='service_point_has_one_meter_at_a_time')],
                    },
                ),
                migrations.CreateModel(
                    name='Reading',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                        ('read_on', models.DateField()),
                        ('index_m3', models.DecimalField(decimal_places=3, max_digits=13)),
                        ('state', models.CharField(choices=[('accepted', 'accepted'), ('queued', 'queued for a decision'), ('superseded', 'superseded')], default='accepted', max_length=10)),
                        ('source', models.CharField(choices=[('visit', 'read by staff'), ('subscriber', 'sent by the subscriber'), ('remote', 'sent by the meter'), ('import', 'imported')], default='visit', max_length=10)),
                        ('queue_reason', models.CharField(blank=True, max_length=200)),
                        ('entered_at', models.DateTimeField(auto_now_add=True)),
                        ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='readings', to='gis_core.division')),
                        ('installation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='readings', to='billing.meterinstallation')),
                    ],
                    options={
                        'ordering': ['installation', 'read_on'],
                        'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'accepted')), fields=('installation', 'read_on'), name='one_accepted_reading_a_day'), models.CheckConstraint(condition=models.Q(('index_m3__gte', 0)), name='reading_index_not_negative'), models.CheckConstraint(condition=models.Q(('state__in', ['accepted', 'queued', 'superseded'])), name='reading_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'queued'), _negated=True), models.Q(('queue_reason', ''), _negated=True), _connector='OR'), name='queued_reading_says_why')],
                    },
                ),
                migrations.CreateModel(
                    name='ContractServicePoint',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('validity', django.contrib.postgres.fields.ranges.DateRangeField()),
                        ('contract', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='service_points', to='billing.contract')),
                        ('service_point', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='contracts', to='billing.servicepoint')),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(('validity__isempty', False), ('validity__startswith__isnull', False)), name='contract_service_point_validity_not_empty'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('service_point', '='), ('validity', '&&')], name='service_point_has_one_contract_at_a_time')],
                    },
                ),
                migrations.CreateModel(
                    name='BillingException',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('reason', models.CharField(max_length=40)),
                        ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='billing_exceptions', to='billing.account')),
                        ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='exceptions', to='billing.billingrun')),
                        ('service_point', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to='billing.servicepoint')),
                    ],
                    options={
                        'ordering': ['id'],
                    },
                ),
                migrations.CreateModel(
                    name='Tariff',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('service', models.CharField(choices=[('cold_water', 'cold water')], max_length=20)),
                        ('subscriber_class', models.CharField(choices=[('household', 'household'), ('legal_entity', 'legal entity')], max_length=12)),
                        ('validity', django.contrib.postgres.fields.ranges.DateRangeField()),
                        ('price_per_m3', models.DecimalField(decimal_places=4, max_digits=14)),
                        ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tariffs', to='gis_core.enterprise')),
                    ],
                    options={
                        'ordering': ['enterprise', 'service', 'subscriber_class', 'validity'],
                        'constraints': [models.CheckConstraint(condition=models.Q(('price_per_m3__gte', Decimal('0'))), name='tariff_price_not_negative'), models.CheckConstraint(condition=models.Q(('validity__isempty', False), ('validity__startswith__isnull', False)), name='tariff_validity_not_empty'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('enterprise', '='), ('service', '='), ('subscriber_class', '='), ('validity', '&&')], name='tariffs_do_not_overlap')],
                    },
                ),
                migrations.CreateModel(
                    name='VatRate',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('validity', django.contrib.postgres.fields.ranges.DateRangeField()),
                        ('percent', models.DecimalField(decimal_places=2, max_digits=5)),
                    ],
                    options={
                        'verbose_name': 'VAT rate',
                        'verbose_name_plural': 'VAT rates',
                        'ordering': ['validity'],
                        'constraints': [models.CheckConstraint(condition=models.Q(('percent__gte', Decimal('0')), ('percent__lte', Decimal('100'))), name='vat_percent_plausible'), models.CheckConstraint(condition=models.Q(('validity__isempty', False), ('validity__startswith__isnull', False)), name='vat_validity_not_empty'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('validity', '&&')], name='vat_rates_do_not_overlap')],
                    },
                ),
                migrations.CreateModel(
                    name='InvoiceLine',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('consumption_month', models.DateField()),
                        ('consumption_from', models.DateField()),
                        ('consumption_to', models.DateField()),
                        ('days', models.GeneratedField(db_persist=True, expression=models.Func(models.F('consumption_to'), models.F('consumption_from'), arg_joiner=' - ', template='(%(expressions)s)'), output_field=models.IntegerField())),
                        ('quantity_m3', models.DecimalField(decimal_places=3, max_digits=13)),
                        ('price_per_m3', models.DecimalField(decimal_places=4, max_digits=14)),
                        ('vat_percent', models.DecimalField(decimal_places=2, max_digits=5)),
                        ('net', models.DecimalField(decimal_places=2, max_digits=18)),
                        ('vat', models.DecimalField(decimal_places=2, max_digits=18)),
                        ('is_reversal', models.BooleanField(default=False)),
                        ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='billing.invoice')),
                        ('current_reading', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.reading')),
                        ('previous_reading', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.reading')),
                        ('service_point', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoice_lines', to='billing.servicepoint')),
                        ('tariff', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoice_lines', to='billing.tariff')),
                        ('vat_rate', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoice_lines', to='billing.vatrate')),
                    ],
                    options={
                        'ordering': ['id'],
                        'indexes': [models.Index(fields=['service_point', 'consumption_month'], name='invoice_line_by_month')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('consumption_to__gt', models.F('consumption_from'))), name='invoice_line_days_in_order'), models.CheckConstraint(condition=models.Q(('consumption_month__day', 1)), name='invoice_line_month_is_first_day')],
                    },
                ),
                migrations.CreateModel(
                    name='BillingMonth',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('month', models.DateField(help_text='The first day of the month')),
                        ('state', models.CharField(choices=[('open', 'open'), ('closed', 'closed')], default='open', max_length=6)),
                        ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='billing_months', to='gis_core.enterprise')),
                    ],
                    options={
                        'ordering': ['enterprise', 'month'],
                        'constraints': [models.UniqueConstraint(fields=('enterprise', 'month'), name='billing_month_once'), models.CheckConstraint(condition=models.Q(('month__day', 1)), name='billing_month_is_first_day'), models.CheckConstraint(condition=models.Q(('state__in', ['open', 'closed'])), name='billing_month_state_known')],
                    },
                ),
            ],
        ),
        migrations.RunSQL(sql_beside(__file__), migrations.RunSQL.noop),
        AddFiniteChecks(
            'billing_billingrun',
            'billing_consumptionprofile',
            'billing_invoice',
            'billing_invoiceline',
            'billing_ledgerentry',
            'billing_payment',
            'billing_reading',
            'billing_tariff',
            'billing_vatrate',
        ),
    ]
