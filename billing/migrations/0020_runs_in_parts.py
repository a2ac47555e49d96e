"""A run knows the job by which it is done."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0019_unchecked_documents'),
        ('gis_core', '0011_waiting_acts_and_soft_limits'),
    ]

    operations = [
        migrations.AddField(
            model_name='billingrun',
            name='job',
            field=models.ForeignKey(blank=True, help_text='By which it is done; begun again, it goes on in the same run', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='billing_runs', to='gis_core.job'),
        ),
    ]
