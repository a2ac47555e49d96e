"""Lines of every kind, what the state owes, and what is still to be priced."""

from decimal import Decimal

import django.db.models.deletion
from django.db import migrations, models

from gis_core.database.sql_files import sql_beside

KINDS = [
    ("consumption", "by meter"), ("estimate", "estimate"), ("norm", "by norm"), ("share", "share of a building's meter"),
    ("area", "by area"), ("residents", "by residents"), ("fixed", "fixed"), ("one_off", "once"), ("benefit", "benefit"),
    ("quality", "poor quality"), ("subsidy", "subsidy"),
]
BOOKS = [
    ("receivable", "receivable from subscribers"), ("revenue", "revenue"), ("state", "receivable from the state"),
    ("vat_payable", "VAT payable"), ("cash", "cash and bank"),
]


def nullable_key(name, to, related_name):
    return migrations.AlterField(
        model_name="invoiceline",
        name=name,
        field=models.ForeignKey(
            null=True, on_delete=django.db.models.deletion.PROTECT, related_name=related_name, to=to
        ),
    )


class Migration(migrations.Migration):

    dependencies = [("billing", "0005_inputs")]

    operations = [
        # The lines' checks and numbers are made anew below.
        migrations.RunSQL(
            "ALTER TABLE billing_invoiceline DROP CONSTRAINT invoice_line_explains_itself;",
            migrations.RunSQL.noop,
        ),
        migrations.RenameField("invoiceline", "quantity_m3", "quantity"),
        migrations.RenameField("invoiceline", "price_per_m3", "price"),
        migrations.AlterField("invoiceline", "quantity", models.DecimalField(decimal_places=3, max_digits=15, null=True)),
        migrations.AlterField("invoiceline", "price", models.DecimalField(decimal_places=4, max_digits=14, null=True)),
        migrations.AlterField("invoiceline", "vat_percent", models.DecimalField(decimal_places=2, max_digits=5, null=True)),
        nullable_key("service_point", "billing.servicepoint", "invoice_lines"),
        nullable_key("previous_reading", "billing.reading", "+"),
        nullable_key("current_reading", "billing.reading", "+"),
        nullable_key("tariff", "billing.tariff", "invoice_lines"),
        nullable_key("vat_rate", "billing.vatrate", "invoice_lines"),
        migrations.AddField(
            "invoiceline",
            "service",
            # Until now there was one service.
            models.ForeignKey(
                default="cold_water", null=True, on_delete=django.db.models.deletion.PROTECT,
                related_name="invoice_lines", to="billing.suppliedservice",
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            "invoiceline",
            "service",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="invoice_lines",
                to="billing.suppliedservice",
            ),
        ),
        migrations.AddField(
            "invoiceline",
            "kind",
            models.CharField(choices=KINDS, db_default="consumption", default="consumption", max_length=11),
        ),
        migrations.AddField("invoiceline", "is_volume", models.BooleanField(db_default=True, default=True)),
        migrations.AddField(
            "invoiceline",
            "quantity_m3",
            models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(is_volume=True, then=models.F("quantity")), default=models.Value(Decimal("0"))
                ),
                output_field=models.DecimalField(decimal_places=3, max_digits=15),
            ),
        ),
        migrations.AddField(
            "invoiceline",
            "coefficient",
            models.DecimalField(db_default=Decimal("1"), decimal_places=6, default=Decimal("1"), max_digits=14),
        ),
        migrations.AddField(
            "invoiceline", "share_percent", models.DecimalField(decimal_places=2, max_digits=5, null=True)
        ),
        migrations.AddField("invoiceline", "vat_included", models.BooleanField(db_default=False, default=False)),
        migrations.AddField("invoiceline", "inputs", models.JSONField(db_default={}, default=dict)),
        migrations.AddConstraint(
            "invoiceline",
            models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "consumption", "estimate", "norm", "share", "area", "residents", "fixed", "one_off", "benefit",
                            "quality", "subsidy",
                        ],
                    )
                ),
                name="invoice_line_kind_known",
            ),
        ),
        migrations.AddConstraint(
            "invoiceline",
            models.CheckConstraint(
                condition=models.Q(
                    ("is_volume", False), ("kind__in", ["consumption", "estimate", "norm", "share"]), _connector="OR"
                ),
                name="invoice_line_volume_is_consumed",
            ),
        ),
        migrations.AddField(
            "invoice",
            "state_net",
            models.DecimalField(db_default=Decimal("0"), decimal_places=2, default=Decimal("0"), max_digits=18),
        ),
        migrations.AddField(
            "invoice",
            "state_vat",
            models.DecimalField(db_default=Decimal("0"), decimal_places=2, default=Decimal("0"), max_digits=18),
        ),
        migrations.RemoveConstraint("ledgerentry", "ledger_book_known"),
        migrations.AlterField("ledgerentry", "book", models.CharField(choices=BOOKS, max_length=12)),
        migrations.AddConstraint(
            "ledgerentry",
            models.CheckConstraint(
                condition=models.Q(("book__in", ["receivable", "revenue", "state", "vat_payable", "cash"])),
                name="ledger_book_known",
            ),
        ),
        migrations.AddField(
            "billingrun",
            "account",
            models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="billing_runs",
                to="billing.account",
            ),
        ),
        migrations.AddField(
            "billingexception",
            "service",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.suppliedservice"
            ),
        ),
        migrations.AddField("billingexception", "month", models.DateField(null=True)),
        migrations.CreateModel(
            name="PricedAccount",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="priced",
                        serialize=False, to="billing.account",
                    ),
                ),
                ("priced_to", models.DateField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("priced_to__day", 1)), name="priced_account_to_first_day"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Repricing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_month", models.DateField()),
                (
                    "account",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="repricings",
                        to="billing.account",
                    ),
                ),
                (
                    "enterprise",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="repricings", to="gis_core.enterprise"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("from_month__day", 1)), name="repricing_from_first_day")
                ],
            },
        ),
        migrations.RunSQL(sql_beside(__file__), migrations.RunSQL.noop),
    ]
