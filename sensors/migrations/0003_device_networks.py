"""Where devices may be polled, and their encrypted passwords."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('gis_core', '0004_search'),
        ('sensors', '0002_reference_rows'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='feedsource',
            name='password_sealed',
            field=models.TextField(blank=True, db_default='', default='', editable=False),
        ),
        migrations.CreateModel(
            name='DeviceNetwork',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('network', models.CharField(max_length=43)),
                ('plain_passwords', models.BooleanField(default=False)),
                ('note', models.CharField(blank=True, default='', max_length=200)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='device_networks', to='gis_core.division')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('division', 'network'), name='device_network_once'), models.CheckConstraint(condition=models.Q(('network__regex', '^[0-9a-f.:]+/[0-9]{1,3}$')), name='device_network_form')],
            },
        ),
    ]
