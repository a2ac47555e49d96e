"""Channels: providers, rows of statements, suspense; books for what is with banks and providers."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models

from gis_core.database.operations import AddFiniteChecks


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0008_books'),
        ('gis_core', '0008_sign_in'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BankSettlement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('channel', models.CharField(choices=[('cash_desk', 'cash desk'), ('bank', 'bank'), ('post', 'post'), ('payme', 'Payme'), ('click', 'Click'), ('paynet', 'Paynet'), ('uzum', 'Uzum'), ('direct_debit', 'direct debit'), ('kiosk', 'kiosk')], max_length=12)),
                ('reference', models.CharField(max_length=80)),
                ('paid_on', models.DateField()),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18)),
                ('fee', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=18)),
                ('purpose', models.TextField(blank=True)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='settlements', to='gis_core.division')),
                ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='settlements', to='gis_core.enterprise')),
            ],
            options={
                'ordering': ['-paid_on', '-id'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('amount__gt', Decimal('0')), ('fee__gte', Decimal('0'))), name='bank_settlement_positive'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ChannelSettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('cash_desk', 'cash desk'), ('bank', 'bank'), ('post', 'post'), ('payme', 'Payme'), ('click', 'Click'), ('paynet', 'Paynet'), ('uzum', 'Uzum'), ('direct_debit', 'direct debit'), ('kiosk', 'kiosk')], max_length=12)),
                ('is_enabled', models.BooleanField(default=True)),
                ('account_field', models.CharField(max_length=40)),
                ('min_amount', models.DecimalField(decimal_places=2, default=Decimal('500'), max_digits=18)),
                ('max_amount', models.DecimalField(decimal_places=2, default=Decimal('5000000'), max_digits=18)),
                ('refunds_allowed', models.BooleanField(default=True)),
                ('networks', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=50), blank=True, default=list, size=None)),
                ('settlement_account', models.CharField(blank=True, max_length=34)),
                ('credentials', models.JSONField(blank=True, default=dict)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='channel_settings', to='gis_core.division')),
                ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='channel_settings', to='gis_core.enterprise')),
            ],
            options={
                'verbose_name_plural': 'channel settings',
                'ordering': ['enterprise', 'channel'],
                'constraints': [
                    models.UniqueConstraint(fields=('enterprise', 'channel'), name='channel_settings_once'),
                    models.CheckConstraint(condition=models.Q(('max_amount__gte', models.F('min_amount')), ('min_amount__gt', Decimal('0'))), name='channel_settings_bounds'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ProviderTransaction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('cash_desk', 'cash desk'), ('bank', 'bank'), ('post', 'post'), ('payme', 'Payme'), ('click', 'Click'), ('paynet', 'Paynet'), ('uzum', 'Uzum'), ('direct_debit', 'direct debit'), ('kiosk', 'kiosk')], max_length=12)),
                ('provider_id', models.CharField(max_length=80)),
                ('amount_tiyin', models.BigIntegerField()),
                ('state', models.CharField(choices=[('created', 'created'), ('performed', 'performed'), ('cancelled', 'cancelled'), ('reversed', 'reversed'), ('expired', 'expired')], default='created', max_length=10)),
                ('provider_time_ms', models.BigIntegerField()),
                ('created_at_ms', models.BigIntegerField()),
                ('performed_at_ms', models.BigIntegerField(null=True)),
                ('cancelled_at_ms', models.BigIntegerField(null=True)),
                ('reason', models.IntegerField(null=True)),
                ('fiscal_data', models.JSONField(default=dict)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='provider_transactions', to='billing.account')),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='provider_transactions', to='gis_core.division')),
                ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='provider_transactions', to='gis_core.enterprise')),
                ('payment', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='provider_transaction', to='billing.payment')),
            ],
            options={
                'ordering': ['id'],
                'indexes': [
                    models.Index(fields=['enterprise', 'channel', 'provider_time_ms'], name='provider_transaction_by_time'),
                    models.Index(condition=models.Q(('state', 'created')), fields=['channel', 'created_at_ms'], name='provider_transaction_open'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('enterprise', 'channel', 'provider_id'), name='provider_transaction_once'),
                    models.CheckConstraint(condition=models.Q(('amount_tiyin__gt', 0)), name='provider_transaction_positive'),
                    models.CheckConstraint(condition=models.Q(models.Q(('cancelled_at_ms', None), ('payment', None), ('performed_at_ms', None), ('reason', None), ('state', 'created')), models.Q(('cancelled_at_ms', None), ('payment__isnull', False), ('performed_at_ms__isnull', False), ('reason', None), ('state', 'performed')), models.Q(('cancelled_at_ms__isnull', False), ('payment__isnull', False), ('performed_at_ms__isnull', False), ('state', 'reversed')), models.Q(('cancelled_at_ms__isnull', False), ('payment', None), ('performed_at_ms', None), ('state__in', ['cancelled', 'expired'])), _connector='OR'), name='provider_transaction_says_when'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Reconciliation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('cash_desk', 'cash desk'), ('bank', 'bank'), ('post', 'post'), ('payme', 'Payme'), ('click', 'Click'), ('paynet', 'Paynet'), ('uzum', 'Uzum'), ('direct_debit', 'direct debit'), ('kiosk', 'kiosk')], max_length=12)),
                ('day', models.DateField()),
                ('our_count', models.IntegerField()),
                ('our_amount', models.DecimalField(decimal_places=2, max_digits=18)),
                ('their_count', models.IntegerField(null=True)),
                ('their_amount', models.DecimalField(decimal_places=2, max_digits=18, null=True)),
                ('matched', models.IntegerField()),
                ('differences', models.JSONField(default=list)),
                ('clearing_balance', models.DecimalField(decimal_places=2, max_digits=18)),
                ('agrees', models.BooleanField()),
                ('made_at', models.DateTimeField(auto_now=True)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reconciliations', to='gis_core.division')),
                ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reconciliations', to='gis_core.enterprise')),
            ],
            options={
                'ordering': ['-day', 'enterprise', 'channel'],
                'constraints': [
                    models.UniqueConstraint(fields=('enterprise', 'channel', 'day'), name='reconciliation_of_a_day'),
                ],
            },
        ),
        migrations.CreateModel(
            name='SuspenseItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('channel', models.CharField(choices=[('cash_desk', 'cash desk'), ('bank', 'bank'), ('post', 'post'), ('payme', 'Payme'), ('click', 'Click'), ('paynet', 'Paynet'), ('uzum', 'Uzum'), ('direct_debit', 'direct debit'), ('kiosk', 'kiosk')], max_length=12)),
                ('book', models.CharField(default='bank', max_length=12)),
                ('reference', models.CharField(max_length=80)),
                ('paid_on', models.DateField()),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18)),
                ('purpose', models.TextField(blank=True)),
                ('payer', models.CharField(blank=True, max_length=300)),
                ('reason', models.CharField(max_length=40)),
                ('state', models.CharField(choices=[('open', 'open'), ('assigned', 'assigned'), ('returned', 'returned')], default='open', max_length=10)),
                ('returned_on', models.DateField(blank=True, null=True)),
                ('return_reason', models.CharField(blank=True, max_length=200)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('arrived_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='suspense_items', to='gis_core.division')),
                ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='suspense_items', to='gis_core.enterprise')),
                ('payment', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='suspense_item', to='billing.payment')),
            ],
            options={
                'ordering': ['-paid_on', '-id'],
                'indexes': [
                    models.Index(condition=models.Q(('state', 'open')), fields=['division'], name='suspense_item_open'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('enterprise', 'channel', 'reference'), name='suspense_item_once'),
                    models.CheckConstraint(condition=models.Q(('amount', Decimal('0')), _negated=True), name='suspense_item_is_money'),
                    models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('payment', None), ('return_reason', ''), ('returned_on', None), ('state', 'open')), models.Q(('decided_at__isnull', False), ('payment__isnull', False), ('return_reason', ''), ('returned_on', None), ('state', 'assigned')), models.Q(('decided_at__isnull', False), ('payment', None), ('returned_on__isnull', False), ('state', 'returned'), models.Q(('return_reason', ''), _negated=True)), _connector='OR'), name='suspense_item_decided'),
                ],
            },
        ),
        migrations.CreateModel(
            name='BankFileRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('cash_desk', 'cash desk'), ('bank', 'bank'), ('post', 'post'), ('payme', 'Payme'), ('click', 'Click'), ('paynet', 'Paynet'), ('uzum', 'Uzum'), ('direct_debit', 'direct debit'), ('kiosk', 'kiosk')], max_length=12)),
                ('file_format', models.CharField(max_length=10)),
                ('key', models.CharField(max_length=64)),
                ('reference', models.CharField(max_length=80)),
                ('number', models.CharField(blank=True, max_length=80)),
                ('paid_on', models.DateField()),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18)),
                ('state', models.CharField(choices=[('posted', 'posted'), ('suspense', 'suspense'), ('settlement', 'settlement'), ('taken_back', 'taken back')], max_length=10)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='statement_rows', to='gis_core.division')),
                ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='statement_rows', to='gis_core.enterprise')),
                ('payment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='statement_rows', to='billing.payment')),
                ('settlement', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='statement_rows', to='billing.banksettlement')),
                ('suspense', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='statement_rows', to='billing.suspenseitem')),
            ],
            options={
                'ordering': ['id'],
                'indexes': [
                    models.Index(fields=['enterprise', 'paid_on', 'file_format'], name='statement_row_by_day'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('enterprise', 'channel', 'key'), name='statement_row_once'),
                ],
            },
        ),
        migrations.RemoveConstraint(
            model_name='ledgerentry',
            name='ledger_book_known',
        ),
        migrations.RemoveConstraint(
            model_name='ledgertransaction',
            name='ledger_transaction_has_one_source',
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='channel',
            field=models.CharField(blank=True, choices=[('cash_desk', 'cash desk'), ('bank', 'bank'), ('post', 'post'), ('payme', 'Payme'), ('click', 'Click'), ('paynet', 'Paynet'), ('uzum', 'Uzum'), ('direct_debit', 'direct debit'), ('kiosk', 'kiosk')], max_length=12, null=True),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='book',
            field=models.CharField(choices=[('receivable', 'receivable from subscribers'), ('advances', 'paid ahead by subscribers'), ('revenue', 'revenue'), ('state', 'receivable from the state'), ('vat_payable', 'VAT payable'), ('cash', 'cash and bank'), ('bank', 'bank'), ('clearing', 'collected by providers'), ('fees', 'fees of providers'), ('suspense', 'money of unknown owners'), ('write_offs', 'debts written off')], max_length=12),
        ),
        migrations.AlterField(
            model_name='payment',
            name='channel',
            field=models.CharField(choices=[('cash_desk', 'cash desk'), ('bank', 'bank'), ('post', 'post'), ('payme', 'Payme'), ('click', 'Click'), ('paynet', 'Paynet'), ('uzum', 'Uzum'), ('direct_debit', 'direct debit'), ('kiosk', 'kiosk')], max_length=12),
        ),
        migrations.AlterField(
            model_name='waitingpayment',
            name='channel',
            field=models.CharField(choices=[('cash_desk', 'cash desk'), ('bank', 'bank'), ('post', 'post'), ('payme', 'Payme'), ('click', 'Click'), ('paynet', 'Paynet'), ('uzum', 'Uzum'), ('direct_debit', 'direct debit'), ('kiosk', 'kiosk')], max_length=12),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(condition=models.Q(('book', 'clearing')), fields=['channel'], include=('amount',), name='ledger_clearing'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('book__in', ['receivable', 'advances', 'revenue', 'state', 'vat_payable', 'cash', 'write_offs', 'bank', 'clearing', 'fees', 'suspense'])), name='ledger_book_known'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('book', 'clearing'), ('channel__isnull', False)), models.Q(models.Q(('book', 'clearing'), _negated=True), ('channel', None)), _connector='OR'), name='ledger_clearing_names_channel'),
        ),
        migrations.AddField(
            model_name='ledgertransaction',
            name='settlement',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='billing.banksettlement'),
        ),
        migrations.AddField(
            model_name='ledgertransaction',
            name='suspense',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='billing.suspenseitem'),
        ),
        migrations.AddField(
            model_name='ledgertransaction',
            name='suspense_return',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='return_booking', to='billing.suspenseitem'),
        ),
        migrations.AddConstraint(
            model_name='ledgertransaction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('invoice__isnull', False), ('payment__isnull', True), ('reversal__isnull', True), ('settlement__isnull', True), ('suspense__isnull', True), ('suspense_return__isnull', True), ('write_off__isnull', True)), models.Q(('invoice__isnull', True), ('payment__isnull', False), ('reversal__isnull', True), ('settlement__isnull', True), ('suspense__isnull', True), ('suspense_return__isnull', True), ('write_off__isnull', True)), models.Q(('invoice__isnull', True), ('payment__isnull', True), ('reversal__isnull', False), ('settlement__isnull', True), ('suspense__isnull', True), ('suspense_return__isnull', True), ('write_off__isnull', True)), models.Q(('invoice__isnull', True), ('payment__isnull', True), ('reversal__isnull', True), ('settlement__isnull', True), ('suspense__isnull', True), ('suspense_return__isnull', True), ('write_off__isnull', False)), models.Q(('invoice__isnull', True), ('payment__isnull', True), ('reversal__isnull', True), ('settlement__isnull', True), ('suspense__isnull', False), ('suspense_return__isnull', True), ('write_off__isnull', True)), models.Q(('invoice__isnull', True), ('payment__isnull', True), ('reversal__isnull', True), ('settlement__isnull', True), ('suspense__isnull', True), ('suspense_return__isnull', False), ('write_off__isnull', True)), models.Q(('invoice__isnull', True), ('payment__isnull', True), ('reversal__isnull', True), ('settlement__isnull', False), ('suspense__isnull', True), ('suspense_return__isnull', True), ('write_off__isnull', True)), _connector='OR'), name='ledger_transaction_has_one_source'),
        ),
        AddFiniteChecks(
            'billing_banksettlement',
            'billing_channelsettings',
            'billing_reconciliation',
            'billing_bankfilerow',
            'billing_suspenseitem',
        ),
    ]
