"""Types of meters, and their movements."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0017_penalties'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='MeterType',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True)),
                ('digits', models.PositiveSmallIntegerField(default=5)),
                ('verification_months', models.PositiveSmallIntegerField(blank=True, null=True)),
            ],
            options={
                'ordering': ['name'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='meter_type_named'),
                    models.CheckConstraint(condition=models.Q(('digits__gte', 3), ('digits__lte', 9)), name='meter_type_digits_plausible'),
                    models.CheckConstraint(condition=models.Q(('verification_months', None), models.Q(('verification_months__gte', 1), ('verification_months__lte', 240)), _connector='OR'), name='meter_type_interval_plausible'),
                ],
            },
        ),
        migrations.CreateModel(
            name='MeterMovement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('received', 'received into the store'), ('issued', 'issued'), ('returned', 'returned to the store'), ('verified', 'verified'), ('written_off', 'written off')], max_length=11)),
                ('happened_on', models.DateField()),
                ('holder', models.CharField(blank=True, db_default='', help_text='To whom it was issued', max_length=100)),
                ('is_fit', models.BooleanField(blank=True, help_text='What a verification found', null=True)),
                ('valid_until', models.DateField(blank=True, help_text='The next verification is due then', null=True)),
                ('document', models.CharField(blank=True, db_default='', max_length=200)),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='meter_movements', to='gis_core.division')),
                ('made_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('taken_back_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('taken_back_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('meter', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='movements', to='billing.meter')),
            ],
            options={
                'ordering': ['-happened_on', '-id'],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('taken_back_at', None)), fields=('meter', 'kind', 'happened_on'), name='meter_movement_once'),
                    models.CheckConstraint(condition=models.Q(('taken_back_by', None), ('taken_back_at__isnull', False), _connector='OR'), name='meter_movement_taken_back_when'),
                    models.CheckConstraint(condition=models.Q(('kind__in', ['received', 'issued', 'returned', 'verified', 'written_off'])), name='meter_movement_kind_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('kind', 'issued'), models.Q(('holder', ''), _negated=True)), models.Q(models.Q(('kind', 'issued'), _negated=True), ('holder', '')), _connector='OR'), name='meter_movement_names_holder'),
                    models.CheckConstraint(condition=models.Q(models.Q(('is_fit__isnull', False), ('kind', 'verified')), models.Q(models.Q(('kind', 'verified'), _negated=True), ('is_fit', None)), _connector='OR'), name='meter_movement_verification_says_what'),
                    models.CheckConstraint(condition=models.Q(('valid_until', None), models.Q(('is_fit', True), ('valid_until__gt', models.F('happened_on'))), _connector='OR'), name='meter_movement_valid_after_verification'),
                    models.CheckConstraint(condition=models.Q(models.Q(('kind', 'written_off'), _negated=True), models.Q(('document', ''), _negated=True), _connector='OR'), name='meter_movement_write_off_says_why'),
                ],
            },
        ),
    ]
