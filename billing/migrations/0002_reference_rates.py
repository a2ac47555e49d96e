"""VAT of the republic by day, and the weekday profile by which consumption is apportioned."""

import datetime
from decimal import Decimal

from django.db import migrations
from django.db.backends.postgresql.psycopg_any import DateRange

# Fifteen percent from 2019-10-01, twelve since 2023-01-01 (Tax Code of the Republic of Uzbekistan, art. 258).
VAT = [
    (datetime.date(2019, 10, 1), datetime.date(2023, 1, 1), Decimal("15")),
    (datetime.date(2023, 1, 1), None, Decimal("12")),
]
# Households use more at weekends; offices, schools and shops less. Monday first.
PROFILES = {
    "household": ["0.97", "0.96", "0.96", "0.97", "0.99", "1.08", "1.07"],
    "legal_entity": ["1.10", "1.10", "1.10", "1.10", "1.08", "0.82", "0.70"],
}


def add_rates(apps, schema_editor):
    VatRate = apps.get_model("billing", "VatRate")
    ConsumptionProfile = apps.get_model("billing", "ConsumptionProfile")
    for first_day, day_after_last, percent in VAT:
        VatRate.objects.create(validity=DateRange(first_day, day_after_last), percent=percent)
    for subscriber_class, weights in PROFILES.items():
        for iso_weekday, weight in enumerate(weights, start=1):
            ConsumptionProfile.objects.create(
                subscriber_class=subscriber_class, iso_weekday=iso_weekday, weight=Decimal(weight)
            )


class Migration(migrations.Migration):
    replaces = [("billing", "0003_reference_rates")]
    dependencies = [("billing", "0001_tables")]

    operations = [migrations.RunPython(add_rates, migrations.RunPython.noop)]
