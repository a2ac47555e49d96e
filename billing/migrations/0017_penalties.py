"""Penalties on what was not paid in time: their terms, their bills, their book."""

import django.db.models.deletion
from decimal import Decimal
from django.db import migrations, models

from gis_core.database.sql_files import sql_beside

KINDS = ['consumption', 'estimate', 'norm', 'share', 'area', 'residents', 'fixed', 'one_off', 'benefit', 'quality', 'subsidy', 'penalty']
BOOKS = ['receivable', 'advances', 'revenue', 'state', 'vat_payable', 'cash', 'write_offs', 'bank', 'clearing', 'fees', 'suspense', 'penalties']


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0014_two_people'),
        ('gis_core', '0011_waiting_acts_and_soft_limits'),
    ]

    operations = [
        migrations.CreateModel(
            name='PenaltyTerms',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subscriber_class', models.CharField(blank=True, choices=[('household', 'household'), ('legal_entity', 'legal entity')], max_length=12)),
                ('valid_from', models.DateField()),
                ('daily_percent', models.DecimalField(decimal_places=6, help_text='Of what is owed, for a day', max_digits=8)),
                ('grace_days', models.PositiveSmallIntegerField(default=0, help_text='Days after the due day that cost nothing')),
                ('cap_percent', models.DecimalField(decimal_places=2, help_text='Of a bill, at which its penalties stop', max_digits=5)),
                ('is_withdrawn', models.BooleanField(db_default=False, default=False, help_text='They were wrong and never held; this cannot be undone')),
                ('division', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='penalty_terms', to='gis_core.division')),
                ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='penalty_terms', to='gis_core.enterprise')),
            ],
            options={
                'verbose_name_plural': 'penalty terms',
                'ordering': ['enterprise', 'valid_from', 'id'],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('is_withdrawn', False)), fields=('enterprise', 'division', 'subscriber_class', 'valid_from'), name='penalty_terms_once_a_day', nulls_distinct=False),
                    models.CheckConstraint(condition=models.Q(('subscriber_class__in', ['', 'household', 'legal_entity'])), name='penalty_terms_class_known'),
                    models.CheckConstraint(condition=models.Q(('cap_percent__gte', Decimal('0')), ('cap_percent__lte', Decimal('100')), ('daily_percent__gte', Decimal('0')), ('daily_percent__lte', Decimal('10')), ('grace_days__lte', 366)), name='penalty_terms_plausible'),
                ],
            },
        ),
        migrations.AddField(
            model_name='billingrun',
            name='is_penalty',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='invoice',
            name='is_penalty',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='invoiceline',
            name='penalized_invoice',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='penalties', to='billing.invoice'),
        ),
        migrations.AddField(
            model_name='invoiceline',
            name='penalty_terms',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='billing.penaltyterms'),
        ),
        migrations.RemoveConstraint(model_name='invoiceline', name='invoice_line_kind_known'),
        migrations.AlterField(
            model_name='invoiceline',
            name='kind',
            field=models.CharField(choices=[('consumption', 'by meter'), ('estimate', 'estimate'), ('norm', 'by norm'), ('share', "share of a building's meter"), ('area', 'by area'), ('residents', 'by residents'), ('fixed', 'fixed'), ('one_off', 'once'), ('benefit', 'benefit'), ('quality', 'poor quality'), ('subsidy', 'subsidy'), ('penalty', 'penalty')], db_default='consumption', default='consumption', max_length=11),
        ),
        migrations.AddConstraint(
            model_name='invoiceline',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', KINDS)), name='invoice_line_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='invoiceline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'penalty'), ('penalized_invoice__isnull', False), ('penalty_terms__isnull', False), ('service', None), ('vat', Decimal('0'))), models.Q(models.Q(('kind', 'penalty'), _negated=True), ('penalized_invoice', None), ('penalty_terms', None)), _connector='OR'), name='invoice_line_of_penalty_is_of_a_debt'),
        ),
        migrations.AddIndex(
            model_name='invoiceline',
            index=models.Index(condition=models.Q(('penalized_invoice__isnull', False)), fields=['penalized_invoice'], name='invoice_line_of_penalty'),
        ),
        migrations.AddIndex(
            model_name='invoiceline',
            index=models.Index(condition=models.Q(('penalty_terms__isnull', False)), fields=['penalty_terms'], name='invoice_line_by_penalty_terms'),
        ),
        migrations.AddIndex(
            model_name='invoiceline',
            index=models.Index(condition=models.Q(('is_reversal', True)), fields=['invoice'], name='invoice_line_reversing'),
        ),
        migrations.RemoveConstraint(model_name='ledgerentry', name='ledger_book_known'),
        migrations.AlterField(
            model_name='ledgerentry',
            name='book',
            field=models.CharField(choices=[('receivable', 'receivable from subscribers'), ('advances', 'paid ahead by subscribers'), ('revenue', 'revenue'), ('penalties', 'penalties'), ('state', 'receivable from the state'), ('vat_payable', 'VAT payable'), ('cash', 'cash and bank'), ('bank', 'bank'), ('clearing', 'collected by providers'), ('fees', 'fees of providers'), ('suspense', 'money of unknown owners'), ('write_offs', 'debts written off')], max_length=12),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('book__in', BOOKS)), name='ledger_book_known'),
        ),
        migrations.RunSQL(sql_beside(__file__), migrations.RunSQL.noop),
    ]
