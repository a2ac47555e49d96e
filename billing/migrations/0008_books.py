"""What was paid ahead has a book, revenue its service; payments taken back, debts written off, months opened again."""

import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models

from gis_core.database.sql_files import sql_beside


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0007_account_changes'),
        ('gis_core', '0008_sign_in'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='MonthReopening',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=200)),
                ('reopened_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('billing_month', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reopenings', to='billing.billingmonth')),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='month_reopenings', to='gis_core.division')),
                ('reopened_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['id'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='month_reopening_says_why'),
                ],
            },
        ),
        migrations.CreateModel(
            name='PaymentReversal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('reversed_on', models.DateField()),
                ('reason', models.CharField(max_length=200)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payment_reversals', to='gis_core.division')),
                ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payment_reversals', to='gis_core.enterprise')),
                ('payment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='reversal', to='billing.payment')),
            ],
            options={
                'ordering': ['-reversed_on', '-id'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='payment_reversal_says_why'),
                ],
            },
        ),
        migrations.CreateModel(
            name='WriteOff',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('sheet', models.CharField(max_length=40)),
                ('written_off_on', models.DateField()),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18)),
                ('reason', models.CharField(max_length=200)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='write_offs', to='billing.account')),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='write_offs', to='gis_core.division')),
                ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='write_offs', to='gis_core.enterprise')),
            ],
            options={
                'ordering': ['-written_off_on', '-id'],
                'constraints': [
                    models.UniqueConstraint(fields=('account', 'sheet'), name='write_off_once_by_a_sheet'),
                    models.CheckConstraint(condition=models.Q(('amount__gt', Decimal('0'))), name='write_off_positive'),
                    models.CheckConstraint(condition=models.Q(models.Q(('reason', ''), _negated=True), models.Q(('sheet', ''), _negated=True)), name='write_off_says_why'),
                ],
            },
        ),
        migrations.RemoveConstraint(
            model_name='ledgerentry',
            name='ledger_receivable_names_account',
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
            name='service',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.suppliedservice'),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='book',
            field=models.CharField(choices=[('receivable', 'receivable from subscribers'), ('advances', 'paid ahead by subscribers'), ('revenue', 'revenue'), ('state', 'receivable from the state'), ('vat_payable', 'VAT payable'), ('cash', 'cash and bank'), ('write_offs', 'debts written off')], max_length=12),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(condition=models.Q(('book', 'advances')), fields=['account'], include=('amount',), name='ledger_advances'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('account__isnull', False), ('book__in', ['receivable', 'advances'])), models.Q(models.Q(('book__in', ['receivable', 'advances']), _negated=True), ('account', None)), _connector='OR'), name='ledger_leg_of_subscriber_names_account'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('service', None), ('book', 'revenue'), _connector='OR'), name='ledger_service_of_revenue'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('book__in', ['receivable', 'advances', 'revenue', 'state', 'vat_payable', 'cash', 'write_offs'])), name='ledger_book_known'),
        ),
        migrations.AddField(
            model_name='ledgertransaction',
            name='reversal',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='billing.paymentreversal'),
        ),
        migrations.AddField(
            model_name='ledgertransaction',
            name='write_off',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='billing.writeoff'),
        ),
        migrations.AddConstraint(
            model_name='ledgertransaction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('invoice__isnull', False), ('payment__isnull', True), ('reversal__isnull', True), ('write_off__isnull', True)), models.Q(('invoice__isnull', True), ('payment__isnull', False), ('reversal__isnull', True), ('write_off__isnull', True)), models.Q(('invoice__isnull', True), ('payment__isnull', True), ('reversal__isnull', False), ('write_off__isnull', True)), models.Q(('invoice__isnull', True), ('payment__isnull', True), ('reversal__isnull', True), ('write_off__isnull', False)), _connector='OR'), name='ledger_transaction_has_one_source'),
        ),
        migrations.RunSQL(sql_beside(__file__), migrations.RunSQL.noop),
    ]
