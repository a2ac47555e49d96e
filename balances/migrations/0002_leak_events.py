"""Leak events and their history. Their triggers are in sql/install/."""

import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models

from gis_core.database.operations import AddFiniteChecks
from gis_core.database.sql_files import sql_beside


class Migration(migrations.Migration):

    dependencies = [
        ('assets', '0002_reference_rows'),
        ('balances', '0001_tables'),
        ('gis_core', '0003_cancelled_jobs'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LeakEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('kind', models.CharField(choices=[('burst', 'burst'), ('growing', 'growing')], max_length=7)),
                ('started_at', models.DateTimeField()),
                ('started_from', models.DateTimeField()),
                ('started_to', models.DateTimeField()),
                ('detected_at', models.DateTimeField()),
                ('size_m3h', models.FloatField()),
                ('size_limit_95_m3h', models.FloatField(null=True)),
                ('confidence', models.FloatField(null=True)),
                ('evidence', models.JSONField(default=list)),
                ('now_size_m3h', models.FloatField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('state', models.CharField(choices=[('new', 'new'), ('open', 'open'), ('under_investigation', 'under investigation'), ('field_work', 'field work'), ('closed', 'closed')], default='new', max_length=19)),
                ('outcome', models.CharField(blank=True, choices=[('found', 'leak found'), ('false_alarm', 'false alarm'), ('other', 'other cause')], max_length=11)),
                ('cost', models.DecimalField(decimal_places=2, max_digits=16, null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('assignee', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='leak_events', to=settings.AUTH_USER_MODEL)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='leak_events', to='gis_core.division')),
                ('leak', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='leak_events', to='assets.leakrecord')),
                ('network', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='leak_events', to='assets.network')),
                ('zone', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='leak_events', to='assets.zone')),
            ],
            options={
                'ordering': ['detected_at', 'id'],
                'indexes': [
                    models.Index(fields=['division', 'state'], name='leak_event_by_state'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('state__in', ['new', 'open', 'under_investigation', 'field_work', 'closed'])), name='leak_event_state_known'),
                    models.CheckConstraint(condition=models.Q(('kind__in', ['burst', 'growing'])), name='leak_event_kind_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('outcome__in', ['found', 'false_alarm', 'other']), ('state', 'closed')), models.Q(models.Q(('state', 'closed'), _negated=True), ('outcome', '')), _connector='OR'), name='leak_event_closed_has_outcome'),
                    models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'found'), _negated=True), ('leak__isnull', False), _connector='OR'), name='leak_event_found_has_record'),
                    models.CheckConstraint(condition=models.Q(('detected_at__gte', models.F('started_at')), ('started_at__gte', models.F('started_from')), ('started_to__gte', models.F('started_at')), models.Q(('ended_at', None), ('ended_at__gte', models.F('started_at')), _connector='OR')), name='leak_event_times_in_order'),
                    models.CheckConstraint(condition=models.Q(('now_size_m3h__gte', 0), ('size_m3h__gt', 0), models.Q(('size_limit_95_m3h', None), ('size_limit_95_m3h__gte', 0), _connector='OR')), name='leak_event_size_positive'),
                    models.CheckConstraint(condition=models.Q(('confidence', None), models.Q(('confidence__gte', 0.0), ('confidence__lte', 1.0)), _connector='OR'), name='leak_event_confidence_is_a_share'),
                    models.CheckConstraint(condition=models.Q(('cost', None), ('cost__gte', 0), _connector='OR'), name='leak_event_cost_not_negative'),
                ],
            },
        ),
        migrations.CreateModel(
            name='LeakEventMove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('from_state', models.CharField(max_length=19)),
                ('to_state', models.CharField(max_length=19)),
                ('note', models.CharField(blank=True, max_length=1000)),
                ('is_assignment', models.BooleanField(default=False)),
                ('assigned_to', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='history', to='balances.leakevent')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['id'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(models.Q(('from_state', models.F('to_state')), _negated=True), models.Q(('note', ''), _negated=True), ('is_assignment', True), _connector='OR'), name='leak_event_line_says_something'),
                    models.CheckConstraint(condition=models.Q(models.Q(('from_state', 'closed'), ('to_state', 'open'), _negated=True), models.Q(('note', ''), _negated=True), _connector='OR'), name='leak_event_reopened_with_note'),
                ],
            },
        ),
        migrations.RunSQL(sql_beside(__file__), migrations.RunSQL.noop),
        AddFiniteChecks('balances_leakevent'),
    ]
