"""The log of what became of accounts, and the counter of their numbers."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

# Of accounts that were there before the log, what their contracts say: when the first began, and when the last ended.
FILL = """
INSERT INTO billing_accountchange (account_id, kind, day, detail)
SELECT account_id, 'opened', min(lower(validity)), '' FROM billing_contract GROUP BY account_id
UNION ALL
SELECT account_id, 'closed', max(upper(validity)), '' FROM billing_contract
 GROUP BY account_id HAVING NOT bool_or(upper_inf(validity)) AND max(upper(validity)) <= current_date
"""


class Migration(migrations.Migration):

    dependencies = [
        ("billing", "0006_lines"),
        ("gis_core", "0008_sign_in"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountNumberCounter",
            fields=[
                ("enterprise", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="account_numbers", serialize=False, to="gis_core.enterprise")),
                ("prefix", models.CharField(help_text="Digits that its numbers begin with", max_length=6, unique=True)),
                ("last_number", models.PositiveIntegerField(db_default=0, default=0)),
            ],
            options={
                "ordering": ["prefix"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("prefix__regex", "^[0-9]{1,6}$")), name="account_number_prefix_form"),
                ],
            },
        ),
        migrations.CreateModel(
            name="AccountChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("opened", "opened"), ("transferred_to", "transferred to another subscriber"), ("transferred_from", "taken over from another subscriber"), ("closed", "closed"), ("reopened", "closing undone"), ("meter_installed", "meter installed"), ("meter_exchanged", "meter exchanged")], max_length=16)),
                ("day", models.DateField()),
                ("detail", models.CharField(blank=True, help_text="Meters, or why", max_length=200)),
                ("former", models.JSONField(db_default={}, default=dict)),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("account", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="changes", to="billing.account")),
                ("made_by", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("other_account", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.account")),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["day"], name="account_change_by_day")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["opened", "transferred_to", "transferred_from", "closed", "reopened", "meter_installed", "meter_exchanged"])),
                        name="account_change_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind__in", ["transferred_to", "transferred_from"]), ("other_account__isnull", False)),
                            models.Q(models.Q(("kind__in", ["transferred_to", "transferred_from"]), _negated=True), ("other_account", None)),
                            _connector="OR",
                        ),
                        name="account_change_names_other_account",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
