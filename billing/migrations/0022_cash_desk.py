"""Cash desks, their shifts and papers; refunds and counted differences in the books."""

import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import uuid
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0021_handheld'),
        ('gis_core', '0011_waiting_acts_and_soft_limits'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CashDesk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('code', models.CharField(help_text='Capital letters and digits', max_length=20, validators=[django.core.validators.RegexValidator('^[A-Z0-9]+\\Z')])),
                ('name', models.CharField(max_length=100)),
                ('is_active', models.BooleanField(db_default=True, default=True)),
            ],
            options={
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='CashShift',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('number', models.PositiveIntegerField(db_default=0, help_text='Of its desk, without gaps')),
                ('opened_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('float_amount', models.DecimalField(decimal_places=2, max_digits=18)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('counted', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True)),
                ('expected', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True)),
                ('difference', models.GeneratedField(db_persist=True, expression=django.db.models.expressions.CombinedExpression(models.F('counted'), '-', models.F('expected')), output_field=models.DecimalField(decimal_places=2, max_digits=18, null=True))),
                ('reason', models.CharField(blank=True, db_default='', max_length=200)),
            ],
            options={
                'ordering': ['-opened_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='CashSlip',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('kind', models.CharField(choices=[('receipt', 'receipt'), ('cancellation', 'cancellation'), ('refund', 'refund')], max_length=12)),
                ('number', models.PositiveIntegerField()),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18)),
                ('tendered', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True)),
                ('reason', models.CharField(blank=True, db_default='', max_length=200)),
                ('request_key', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('made_on', models.DateField(help_text='The day of the books')),
                ('prints', models.PositiveIntegerField(db_default=0, default=0)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='WaitingRefund',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18)),
                ('reason', models.CharField(max_length=200)),
                ('state', models.CharField(choices=[('open', 'waits for a second person'), ('confirmed', 'confirmed'), ('withdrawn', 'withdrawn')], default='open', max_length=10)),
                ('proposed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['id'],
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
        migrations.AlterField(
            model_name='ledgerentry',
            name='book',
            field=models.CharField(choices=[('receivable', 'receivable from subscribers'), ('advances', 'paid ahead by subscribers'), ('revenue', 'revenue'), ('penalties', 'penalties'), ('state', 'receivable from the state'), ('vat_payable', 'VAT payable'), ('cash', 'cash and bank'), ('bank', 'bank'), ('clearing', 'collected by providers'), ('fees', 'fees of providers'), ('suspense', 'money of unknown owners'), ('write_offs', 'debts written off'), ('differences', 'differences counted at cash desks')], max_length=12),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('book__in', ['receivable', 'advances', 'revenue', 'state', 'vat_payable', 'cash', 'write_offs', 'bank', 'clearing', 'fees', 'suspense', 'penalties', 'differences'])), name='ledger_book_known'),
        ),
        migrations.AddField(
            model_name='cashdesk',
            name='division',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cash_desks', to='gis_core.division'),
        ),
        migrations.AddField(
            model_name='cashdesk',
            name='enterprise',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cash_desks', to='gis_core.enterprise'),
        ),
        migrations.AddField(
            model_name='cashshift',
            name='cashier',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='cashshift',
            name='closed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='cashshift',
            name='desk',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shifts', to='billing.cashdesk'),
        ),
        migrations.AddField(
            model_name='cashshift',
            name='division',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cash_shifts', to='gis_core.division'),
        ),
        migrations.AddField(
            model_name='cashshift',
            name='enterprise',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cash_shifts', to='gis_core.enterprise'),
        ),
        migrations.AddField(
            model_name='ledgertransaction',
            name='shift',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='billing.cashshift'),
        ),
        migrations.AddField(
            model_name='cashslip',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cash_slips', to='billing.account'),
        ),
        migrations.AddField(
            model_name='cashslip',
            name='approved_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='cashslip',
            name='desk',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='slips', to='billing.cashdesk'),
        ),
        migrations.AddField(
            model_name='cashslip',
            name='division',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cash_slips', to='gis_core.division'),
        ),
        migrations.AddField(
            model_name='cashslip',
            name='enterprise',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cash_slips', to='gis_core.enterprise'),
        ),
        migrations.AddField(
            model_name='cashslip',
            name='made_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='cashslip',
            name='payment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cash_slips', to='billing.payment'),
        ),
        migrations.AddField(
            model_name='cashslip',
            name='receipt',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='later_slips', to='billing.cashslip'),
        ),
        migrations.AddField(
            model_name='cashslip',
            name='reversal',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='cash_slip', to='billing.paymentreversal'),
        ),
        migrations.AddField(
            model_name='cashslip',
            name='shift',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='slips', to='billing.cashshift'),
        ),
        migrations.AddField(
            model_name='ledgertransaction',
            name='refund',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='billing.cashslip'),
        ),
        migrations.AddConstraint(
            model_name='ledgertransaction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('invoice__isnull', False), ('payment__isnull', True), ('refund__isnull', True), ('reversal__isnull', True), ('settlement__isnull', True), ('shift__isnull', True), ('suspense__isnull', True), ('suspense_return__isnull', True), ('write_off__isnull', True)), models.Q(('invoice__isnull', True), ('payment__isnull', False), ('refund__isnull', True), ('reversal__isnull', True), ('settlement__isnull', True), ('shift__isnull', True), ('suspense__isnull', True), ('suspense_return__isnull', True), ('write_off__isnull', True)), models.Q(('invoice__isnull', True), ('payment__isnull', True), ('refund__isnull', True), ('reversal__isnull', False), ('settlement__isnull', True), ('shift__isnull', True), ('suspense__isnull', True), ('suspense_return__isnull', True), ('write_off__isnull', True)), models.Q(('invoice__isnull', True), ('payment__isnull', True), ('refund__isnull', True), ('reversal__isnull', True), ('settlement__isnull', True), ('shift__isnull', True), ('suspense__isnull', True), ('suspense_return__isnull', True), ('write_off__isnull', False)), models.Q(('invoice__isnull', True), ('payment__isnull', True), ('refund__isnull', True), ('reversal__isnull', True), ('settlement__isnull', True), ('shift__isnull', True), ('suspense__isnull', False), ('suspense_return__isnull', True), ('write_off__isnull', True)), models.Q(('invoice__isnull', True), ('payment__isnull', True), ('refund__isnull', True), ('reversal__isnull', True), ('settlement__isnull', True), ('shift__isnull', True), ('suspense__isnull', True), ('suspense_return__isnull', False), ('write_off__isnull', True)), models.Q(('invoice__isnull', True), ('payment__isnull', True), ('refund__isnull', True), ('reversal__isnull', True), ('settlement__isnull', False), ('shift__isnull', True), ('suspense__isnull', True), ('suspense_return__isnull', True), ('write_off__isnull', True)), models.Q(('invoice__isnull', True), ('payment__isnull', True), ('refund__isnull', False), ('reversal__isnull', True), ('settlement__isnull', True), ('shift__isnull', True), ('suspense__isnull', True), ('suspense_return__isnull', True), ('write_off__isnull', True)), models.Q(('invoice__isnull', True), ('payment__isnull', True), ('refund__isnull', True), ('reversal__isnull', True), ('settlement__isnull', True), ('shift__isnull', False), ('suspense__isnull', True), ('suspense_return__isnull', True), ('write_off__isnull', True)), _connector='OR'), name='ledger_transaction_has_one_source'),
        ),
        migrations.AddField(
            model_name='waitingrefund',
            name='decided_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='waitingrefund',
            name='division',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='waiting_refunds', to='gis_core.division'),
        ),
        migrations.AddField(
            model_name='waitingrefund',
            name='enterprise',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='waiting_refunds', to='gis_core.enterprise'),
        ),
        migrations.AddField(
            model_name='waitingrefund',
            name='proposed_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='waitingrefund',
            name='receipt',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='waiting_refunds', to='billing.cashslip'),
        ),
        migrations.AddField(
            model_name='waitingrefund',
            name='slip',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='waited_as', to='billing.cashslip'),
        ),
        migrations.AddConstraint(
            model_name='cashdesk',
            constraint=models.UniqueConstraint(fields=('enterprise', 'code'), name='cash_desk_code_once'),
        ),
        migrations.AddConstraint(
            model_name='cashdesk',
            constraint=models.CheckConstraint(condition=models.Q(('code__regex', '^[A-Z0-9]+$'), models.Q(('name', ''), _negated=True)), name='cash_desk_named'),
        ),
        migrations.AddConstraint(
            model_name='cashshift',
            constraint=models.UniqueConstraint(fields=('desk', 'number'), name='cash_shift_number_once'),
        ),
        migrations.AddConstraint(
            model_name='cashshift',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('desk',), name='cash_shift_open_once_a_desk'),
        ),
        migrations.AddConstraint(
            model_name='cashshift',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('cashier',), name='cash_shift_open_once_a_cashier'),
        ),
        migrations.AddConstraint(
            model_name='cashshift',
            constraint=models.CheckConstraint(condition=models.Q(('float_amount__gte', Decimal('0')), models.Q(('counted', None), ('counted__gte', Decimal('0')), _connector='OR')), name='cash_shift_amounts_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='cashshift',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at', None), ('closed_by', None), ('counted', None), ('expected', None), ('reason', '')), models.Q(('closed_at__isnull', False), ('closed_by__isnull', False), ('counted__isnull', False), ('expected__isnull', False)), _connector='OR'), name='cash_shift_closed_whole'),
        ),
        migrations.AddConstraint(
            model_name='cashshift',
            constraint=models.CheckConstraint(condition=models.Q(('closed_at', None), ('counted', models.F('expected')), models.Q(('reason', ''), _negated=True), _connector='OR'), name='cash_shift_difference_says_why'),
        ),
        migrations.AddIndex(
            model_name='cashslip',
            index=models.Index(condition=models.Q(('kind', 'refund')), fields=['payment'], name='cash_slip_refunds'),
        ),
        migrations.AddIndex(
            model_name='cashslip',
            index=models.Index(fields=['made_on', 'desk'], name='cash_slip_by_day'),
        ),
        migrations.AddConstraint(
            model_name='cashslip',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['receipt', 'cancellation', 'refund'])), name='cash_slip_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='cashslip',
            constraint=models.UniqueConstraint(fields=('desk', 'number'), name='cash_slip_number_once'),
        ),
        migrations.AddConstraint(
            model_name='cashslip',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', Decimal('0'))), name='cash_slip_positive'),
        ),
        migrations.AddConstraint(
            model_name='cashslip',
            constraint=models.CheckConstraint(condition=models.Q(('tendered', None), models.Q(('kind', 'receipt'), ('tendered__gte', models.F('amount'))), _connector='OR'), name='cash_slip_tendered_enough'),
        ),
        migrations.AddConstraint(
            model_name='cashslip',
            constraint=models.CheckConstraint(condition=models.Q(('kind', 'receipt'), models.Q(models.Q(('kind', 'receipt'), _negated=True), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='cash_slip_says_why'),
        ),
        migrations.AddConstraint(
            model_name='cashslip',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'receipt'), ('receipt', None)), models.Q(models.Q(('kind', 'receipt'), _negated=True), ('receipt__isnull', False)), _connector='OR'), name='cash_slip_of_a_receipt'),
        ),
        migrations.AddConstraint(
            model_name='cashslip',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'cancellation'), ('reversal__isnull', False)), models.Q(models.Q(('kind', 'cancellation'), _negated=True), ('reversal', None)), _connector='OR'), name='cash_slip_cancellation_reverses'),
        ),
        migrations.AddConstraint(
            model_name='cashslip',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('approved_by__isnull', False), ('kind', 'refund'), models.Q(('approved_by', models.F('made_by')), _negated=True)), models.Q(models.Q(('kind', 'refund'), _negated=True), ('approved_by', None)), _connector='OR'), name='cash_slip_refund_by_two_people'),
        ),
        migrations.AddConstraint(
            model_name='cashslip',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'receipt')), fields=('payment',), name='cash_slip_one_receipt_a_payment'),
        ),
        migrations.AddConstraint(
            model_name='waitingrefund',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['open', 'confirmed', 'withdrawn'])), name='waiting_refund_state_known'),
        ),
        migrations.AddConstraint(
            model_name='waitingrefund',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', Decimal('0'))), name='waiting_refund_positive'),
        ),
        migrations.AddConstraint(
            model_name='waitingrefund',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='waiting_refund_says_why'),
        ),
        migrations.AddConstraint(
            model_name='waitingrefund',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('decided_by', None), ('state', 'open')), models.Q(models.Q(('state', 'open'), _negated=True), ('decided_at__isnull', False), ('decided_by__isnull', False)), _connector='OR'), name='waiting_refund_decided_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='waitingrefund',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'confirmed'), _negated=True), models.Q(('decided_by', models.F('proposed_by')), _negated=True), _connector='OR'), name='waiting_refund_by_two_people'),
        ),
        migrations.AddConstraint(
            model_name='waitingrefund',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('slip__isnull', False), ('state', 'confirmed')), models.Q(models.Q(('state', 'confirmed'), _negated=True), ('slip', None)), _connector='OR'), name='waiting_refund_paid_when_confirmed'),
        ),
        migrations.AddConstraint(
            model_name='waitingrefund',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('receipt',), name='waiting_refund_open_once'),
        ),
    ]
