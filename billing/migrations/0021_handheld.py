"""Readings of handhelds and what controllers note at meters; who brought a file of payments."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0020_runs_in_parts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='bankfilerow',
            name='taken_by',
            field=models.ForeignKey(help_text="Who brought the file; a registry's payments somebody else takes back", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='reading',
            name='source',
            field=models.CharField(choices=[('visit', 'read by staff'), ('subscriber', 'sent by the subscriber'), ('remote', 'sent by the meter'), ('import', 'imported'), ('handheld', 'read by handheld')], default='visit', max_length=10),
        ),
        migrations.CreateModel(
            name='MeterRemark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('noted_on', models.DateField()),
                ('text', models.CharField(max_length=200)),
                ('entered_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='meter_remarks', to='gis_core.division')),
                ('entered_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('installation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='remarks', to='billing.meterinstallation')),
            ],
            options={
                'ordering': ['-noted_on', '-id'],
                'constraints': [
                    models.UniqueConstraint(fields=('installation', 'noted_on', 'text'), name='meter_remark_once'),
                    models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='meter_remark_says_something'),
                ],
            },
        ),
    ]
