"""Large payments entered by hand, which wait for a second person."""

import uuid
from decimal import Decimal

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from gis_core.database.operations import AddFiniteChecks
from gis_core.database.sql_files import sql_beside


class Migration(migrations.Migration):

    dependencies = [
        ("billing", "0003_search"),
        ("gis_core", "0006_kept_answers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="WaitingPayment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("channel", models.CharField(choices=[("cash_desk", "cash desk"), ("bank", "bank")], max_length=12)),
                ("reference", models.CharField(max_length=80)),
                ("paid_on", models.DateField()),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18)),
                ("state", models.CharField(choices=[("open", "waits for a second person"), ("confirmed", "confirmed"), ("withdrawn", "withdrawn")], default="open", max_length=10)),
                ("entered_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("account", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="waiting_payments", to="billing.account")),
                ("decided_by", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("division", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="waiting_payments", to="gis_core.division")),
                ("enterprise", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="waiting_payments", to="gis_core.enterprise")),
                ("entered_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("payment", models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="waited_as", to="billing.payment")),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(condition=models.Q(("state", "open")), fields=["account"], name="waiting_payment_open")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("state__in", ["open", "confirmed", "withdrawn"])), name="waiting_payment_state_known"),
                    models.CheckConstraint(condition=models.Q(("amount__gt", Decimal("0"))), name="waiting_payment_positive"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at", None), ("decided_by", None), ("state", "open")),
                            models.Q(
                                models.Q(("state", "open"), _negated=True),
                                ("decided_at__isnull", False), ("decided_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="waiting_payment_decided_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "confirmed"), _negated=True),
                            models.Q(("decided_by", models.F("entered_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="waiting_payment_by_two_people",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("payment__isnull", False), ("state", "confirmed")),
                            models.Q(models.Q(("state", "confirmed"), _negated=True), ("payment", None)),
                            _connector="OR",
                        ),
                        name="waiting_payment_booked_when_confirmed",
                    ),
                    models.UniqueConstraint(condition=models.Q(("state", "open")), fields=("enterprise", "channel", "reference"), name="waiting_payment_open_once"),
                ],
            },
        ),
        AddFiniteChecks("billing_waitingpayment"),
        migrations.RunSQL(sql_beside(__file__), migrations.RunSQL.noop),
    ]
