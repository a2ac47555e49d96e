"""Quality rules and flags, alarms, regulators; what the database guards is in sensors/sql/quality_guards.sql."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models

from gis_core.database.sql_files import load_sql


class Migration(migrations.Migration):

    dependencies = [
        ('assets', '0009_tiles'),
        ('gis_core', '0002_guards'),
        ('sensors', '0003_feeds'),
    ]

    operations = [
        migrations.CreateModel(
            name='Alarm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('severity', models.CharField(choices=[('warning', 'warning'), ('critical', 'critical')], max_length=8)),
                ('state', models.CharField(choices=[('raised', 'raised'), ('acknowledged', 'acknowledged'), ('cleared', 'cleared'), ('closed', 'closed')], default='raised', max_length=12)),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('value', models.FloatField(blank=True, null=True)),
                ('raised_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('acknowledged_at', models.DateTimeField(blank=True, null=True)),
                ('cleared_at', models.DateTimeField(blank=True, null=True)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('times_raised', models.PositiveIntegerField(db_default=1, default=1)),
                ('acknowledged_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('datastream', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='alarms', to='sensors.datastream')),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='alarms', to='gis_core.division')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='AlarmEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.CharField(choices=[('raised', 'raised'), ('raised_again', 'raised again'), ('acknowledged', 'acknowledged'), ('cleared', 'cleared'), ('closed', 'closed')], max_length=12)),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('sample_time', models.DateTimeField(blank=True, null=True)),
                ('value', models.FloatField(blank=True, null=True)),
                ('note', models.CharField(blank=True, max_length=400)),
                ('alarm', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='sensors.alarm')),
                ('made_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='AlarmRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('observed_property', models.CharField(blank=True, choices=[('pressure', 'pressure'), ('flow', 'flow'), ('level', 'level'), ('volume', 'stored volume'), ('counter', 'counter reading'), ('temperature', 'temperature'), ('chlorine', 'free chlorine'), ('turbidity', 'turbidity'), ('conductivity', 'conductivity'), ('ph', 'acidity (pH)'), ('power', 'power'), ('energy', 'energy'), ('voltage', 'voltage'), ('current', 'electric current'), ('position', 'valve position'), ('state', 'state'), ('other', 'other')], max_length=12)),
                ('name', models.CharField(max_length=120)),
                ('kind', models.CharField(choices=[('limit', 'value outside its limits'), ('missing', 'no data'), ('rate', 'value changes too fast'), ('night_minimum', 'night minimum outside its limits')], max_length=14)),
                ('severity', models.CharField(choices=[('warning', 'warning'), ('critical', 'critical')], default='warning', max_length=8)),
                ('low', models.FloatField(blank=True, null=True)),
                ('high', models.FloatField(blank=True, null=True)),
                ('hysteresis', models.FloatField(default=0)),
                ('raise_after_s', models.PositiveIntegerField(default=0)),
                ('clear_after_s', models.PositiveIntegerField(default=0)),
                ('silent_after_s', models.PositiveIntegerField(blank=True, null=True)),
                ('night_from', models.TimeField(blank=True, null=True)),
                ('night_to', models.TimeField(blank=True, null=True)),
                ('is_enabled', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('datastream', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alarm_rules', to='sensors.datastream')),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='alarm_rules', to='gis_core.division')),
                ('network', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alarm_rules', to='assets.network')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddField(
            model_name='alarm',
            name='rule',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='alarms', to='sensors.alarmrule'),
        ),
        migrations.CreateModel(
            name='AlarmWatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('evaluated_until', models.DateTimeField(blank=True, null=True)),
                ('side', models.BooleanField(db_default=False, default=False)),
                ('side_since', models.DateTimeField(blank=True, null=True)),
                ('is_active', models.BooleanField(db_default=False, default=False)),
                ('last_value', models.FloatField(blank=True, null=True)),
                ('datastream', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='sensors.datastream')),
                ('rule', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='watches', to='sensors.alarmrule')),
            ],
        ),
        migrations.CreateModel(
            name='ClockLag',
            fields=[
                ('pk', models.CompositePrimaryKey('datastream_id', 'day', blank=True, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('lag_s', models.FloatField()),
                ('deliveries', models.IntegerField()),
                ('datastream', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='sensors.datastream')),
            ],
        ),
        migrations.CreateModel(
            name='NeighbourBaseline',
            fields=[
                ('datastream', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='neighbour_baseline', serialize=False, to='sensors.datastream')),
                ('neighbours', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ('offsets', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None)),
                ('spread', models.FloatField()),
                ('correlation', models.FloatField(blank=True, null=True)),
                ('hours', models.IntegerField()),
                ('computed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('spread__gte', 0)), name='neighbour_spread_not_negative')],
            },
        ),
        migrations.CreateModel(
            name='NotificationChannel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('name', models.CharField(max_length=100)),
                ('kind', models.CharField(choices=[('email', 'e-mail'), ('webhook', 'webhook')], max_length=8)),
                ('target', models.CharField(max_length=500)),
                ('secret', models.CharField(blank=True, max_length=100)),
                ('is_enabled', models.BooleanField(default=True)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notification_channels', to='gis_core.division')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('state', models.CharField(choices=[('pending', 'pending'), ('sent', 'sent'), ('failed', 'given up')], default='pending', max_length=8)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_attempt_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('last_error', models.CharField(blank=True, max_length=400)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notifications', to='sensors.alarmevent')),
                ('channel', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notifications', to='sensors.notificationchannel')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddField(
            model_name='alarmrule',
            name='channels',
            field=models.ManyToManyField(blank=True, related_name='rules', to='sensors.notificationchannel'),
        ),
        migrations.CreateModel(
            name='QualityFlag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('time', models.DateTimeField()),
                ('end_time', models.DateTimeField(blank=True, null=True)),
                ('rule', models.CharField(choices=[('range', 'outside the range'), ('rate_of_change', 'changes too fast'), ('spike', 'spike'), ('flat_line', 'flat line'), ('gap', 'gap'), ('negative', 'negative'), ('rollover', 'counter rolled over'), ('duplicate', 'duplicate'), ('future_stamp', 'stamp in the future'), ('clock_drift', 'clock drifts'), ('neighbours', 'differs from its neighbours'), ('reset', 'counter was reset')], max_length=16)),
                ('severity', models.CharField(choices=[('note', 'note'), ('suspect', 'suspect'), ('fail', 'fail')], max_length=8)),
                ('measure', models.FloatField(blank=True, null=True)),
                ('threshold', models.FloatField(blank=True, null=True)),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('cleared_at', models.DateTimeField(blank=True, null=True)),
                ('datastream', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='quality_flags', to='sensors.datastream')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='QualityRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('observed_property', models.CharField(blank=True, choices=[('pressure', 'pressure'), ('flow', 'flow'), ('level', 'level'), ('volume', 'stored volume'), ('counter', 'counter reading'), ('temperature', 'temperature'), ('chlorine', 'free chlorine'), ('turbidity', 'turbidity'), ('conductivity', 'conductivity'), ('ph', 'acidity (pH)'), ('power', 'power'), ('energy', 'energy'), ('voltage', 'voltage'), ('current', 'electric current'), ('position', 'valve position'), ('state', 'state'), ('other', 'other')], max_length=12)),
                ('kind', models.CharField(blank=True, choices=[('instant', 'instant'), ('mean', 'mean over the interval'), ('counter', 'counter that only grows')], max_length=8)),
                ('rule', models.CharField(choices=[('range', 'outside the range'), ('rate_of_change', 'changes too fast'), ('spike', 'spike'), ('flat_line', 'flat line'), ('gap', 'gap'), ('negative', 'negative'), ('rollover', 'counter rolled over'), ('duplicate', 'duplicate'), ('future_stamp', 'stamp in the future'), ('clock_drift', 'clock drifts'), ('neighbours', 'differs from its neighbours')], max_length=16)),
                ('parameters', models.JSONField(default=dict)),
                ('is_enabled', models.BooleanField(default=True)),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('changed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('datastream', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='quality_rules', to='sensors.datastream')),
                ('division', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='quality_rules', to='gis_core.division')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Regulator',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('node_kind', models.CharField(max_length=20)),
                ('code', models.CharField(max_length=80, unique=True)),
                ('name', models.CharField(blank=True, max_length=255)),
                ('unit', models.CharField(default='m', max_length=20)),
                ('mode', models.CharField(choices=[('manual', 'by hand only'), ('schedule', 'by schedule'), ('hold', 'holds the pressure at its critical point')], default='manual', max_length=8)),
                ('is_enabled', models.BooleanField(default=True)),
                ('minimum_set_point', models.FloatField()),
                ('maximum_set_point', models.FloatField()),
                ('maximum_step', models.FloatField()),
                ('minimum_interval_s', models.PositiveIntegerField(default=300)),
                ('fallback_set_point', models.FloatField()),
                ('set_point', models.FloatField()),
                ('target_m', models.FloatField(blank=True, null=True)),
                ('band_m', models.FloatField(blank=True, null=True)),
                ('gain', models.FloatField(default=0.5)),
                ('silent_after_s', models.PositiveIntegerField(default=1800)),
                ('stuck_after_s', models.PositiveIntegerField(default=7200)),
                ('time_zone', models.CharField(default='Asia/Tashkent', max_length=64)),
                ('command_topic', models.CharField(max_length=200)),
                ('answer_topic', models.CharField(max_length=200)),
                ('answer_within_s', models.PositiveIntegerField(default=120)),
                ('override_set_point', models.FloatField(blank=True, null=True)),
                ('override_until', models.DateTimeField(blank=True, null=True)),
                ('override_reason', models.CharField(blank=True, max_length=300)),
                ('following', models.CharField(blank=True, max_length=10)),
                ('following_reason', models.CharField(blank=True, max_length=200)),
                ('looked_at', models.DateTimeField(blank=True, null=True)),
                ('critical_stream', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='regulators', to='sensors.datastream')),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='regulators', to='gis_core.division')),
                ('node', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='controlled_by', to='assets.node')),
                ('override_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='RegulatorCommand',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('source', models.CharField(choices=[('schedule', 'schedule'), ('hold', 'hold at the critical point'), ('fallback', 'fallback'), ('override', 'override by hand')], max_length=8)),
                ('reason', models.CharField(max_length=300)),
                ('previous_set_point', models.FloatField()),
                ('set_point', models.FloatField()),
                ('minimum_set_point', models.FloatField()),
                ('maximum_set_point', models.FloatField()),
                ('state', models.CharField(choices=[('pending', 'waits to be sent'), ('sent', 'sent'), ('acknowledged', 'acknowledged'), ('refused', 'refused'), ('expired', 'expired')], default='pending', max_length=12)),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('expires_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('answer', models.CharField(blank=True, max_length=300)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='regulator_commands', to='gis_core.division')),
                ('made_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('regulator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='commands', to='sensors.regulator')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='MqttMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('topic', models.CharField(max_length=200)),
                ('payload', models.TextField()),
                ('qos', models.PositiveSmallIntegerField(db_default=1, default=1)),
                ('is_retained', models.BooleanField(db_default=False, default=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('attempts', models.PositiveIntegerField(db_default=0, default=0)),
                ('last_error', models.CharField(blank=True, db_default='', max_length=300)),
                ('command', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='message', to='sensors.regulatorcommand')),
            ],
            options={
                'db_table': 'sensors_mqttoutbox',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='SetPointEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weekday', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('starts_at', models.TimeField()),
                ('set_point', models.FloatField()),
                ('regulator', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='schedule', to='sensors.regulator')),
            ],
            options={
                'ordering': ['regulator', 'weekday', 'starts_at'],
            },
        ),
        migrations.CreateModel(
            name='UncheckedBucket',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('hours', models.IntegerField()),
                ('datastream', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='sensors.datastream')),
            ],
        ),
        migrations.AddConstraint(
            model_name='alarmevent',
            constraint=models.CheckConstraint(condition=models.Q(('action__in', ['raised', 'raised_again', 'acknowledged', 'cleared', 'closed'])), name='alarm_event_action_known'),
        ),
        migrations.AddIndex(
            model_name='alarm',
            index=models.Index(fields=['division', 'state'], name='alarm_by_state'),
        ),
        migrations.AddConstraint(
            model_name='alarm',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['raised', 'acknowledged', 'cleared', 'closed'])), name='alarm_state_known'),
        ),
        migrations.AddConstraint(
            model_name='alarm',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('acknowledged_at', None), ('cleared_at', None), ('closed_at', None), ('state', 'raised')), models.Q(('acknowledged_at__isnull', False), ('cleared_at', None), ('closed_at', None), ('state', 'acknowledged')), models.Q(('cleared_at__isnull', False), ('closed_at', None), ('state', 'cleared')), models.Q(('cleared_at__isnull', False), ('closed_at__isnull', False), ('state', 'closed')), _connector='OR'), name='alarm_times_fit_state'),
        ),
        migrations.AddConstraint(
            model_name='alarm',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'closed'), _negated=True), fields=('rule', 'datastream'), name='alarm_open_once'),
        ),
        migrations.AddConstraint(
            model_name='alarmwatch',
            constraint=models.UniqueConstraint(fields=('rule', 'datastream'), name='alarm_watch_once'),
        ),
        migrations.AddConstraint(
            model_name='clocklag',
            constraint=models.CheckConstraint(condition=models.Q(('deliveries__gt', 0)), name='clock_lag_counts'),
        ),
        migrations.AddConstraint(
            model_name='notificationchannel',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['email', 'webhook'])), name='notification_channel_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='notificationchannel',
            constraint=models.CheckConstraint(condition=models.Q(('target', ''), _negated=True), name='notification_channel_has_target'),
        ),
        migrations.AddConstraint(
            model_name='notificationchannel',
            constraint=models.UniqueConstraint(fields=('division', 'name'), name='notification_channel_name_once'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(condition=models.Q(('state', 'pending')), fields=['next_attempt_at'], name='notification_due'),
        ),
        migrations.AddConstraint(
            model_name='notification',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'sent', 'failed'])), name='notification_state_known'),
        ),
        migrations.AddConstraint(
            model_name='notification',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('sent_at__isnull', False), ('state', 'sent')), models.Q(models.Q(('state', 'sent'), _negated=True), ('sent_at', None)), _connector='OR'), name='notification_sent_has_time'),
        ),
        migrations.AddConstraint(
            model_name='notification',
            constraint=models.UniqueConstraint(fields=('event', 'channel'), name='notification_once'),
        ),
        migrations.AddConstraint(
            model_name='alarmrule',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['limit', 'missing', 'rate', 'night_minimum'])), name='alarm_rule_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='alarmrule',
            constraint=models.CheckConstraint(condition=models.Q(('severity__in', ['warning', 'critical'])), name='alarm_rule_severity_known'),
        ),
        migrations.AddConstraint(
            model_name='alarmrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('datastream', None), models.Q(('observed_property', ''), _negated=True)), models.Q(('datastream__isnull', False), ('network', None), ('observed_property', '')), _connector='OR'), name='alarm_rule_scope'),
        ),
        migrations.AddConstraint(
            model_name='alarmrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('high', None), ('kind', 'missing'), ('low', None), ('night_from', None), ('night_to', None), ('silent_after_s__gt', 0)), models.Q(('kind', 'night_minimum'), ('night_from__isnull', False), ('night_to__isnull', False), ('silent_after_s', None), models.Q(('night_from', models.F('night_to')), _negated=True), models.Q(('low__isnull', False), ('high__isnull', False), _connector='OR')), models.Q(('kind__in', ['limit', 'rate']), ('night_from', None), ('night_to', None), ('silent_after_s', None), models.Q(('low__isnull', False), ('high__isnull', False), _connector='OR')), _connector='OR'), name='alarm_rule_fits_kind'),
        ),
        migrations.AddConstraint(
            model_name='alarmrule',
            constraint=models.CheckConstraint(condition=models.Q(('hysteresis__gte', 0), models.Q(('low', None), ('high', None), ('high__gte', django.db.models.expressions.CombinedExpression(models.F('low'), '+', django.db.models.expressions.CombinedExpression(models.Value(2), '*', models.F('hysteresis')))), _connector='OR')), name='alarm_rule_hysteresis_fits'),
        ),
        migrations.AddConstraint(
            model_name='alarmrule',
            constraint=models.CheckConstraint(condition=models.Q(('clear_after_s__lte', 2678400), ('raise_after_s__lte', 2678400)), name='alarm_rule_durations_bounded'),
        ),
        migrations.AddIndex(
            model_name='qualityflag',
            index=models.Index(fields=['datastream', 'time'], name='quality_flag_of_datastream'),
        ),
        migrations.AddConstraint(
            model_name='qualityflag',
            constraint=models.CheckConstraint(condition=models.Q(('rule__in', ['range', 'rate_of_change', 'spike', 'flat_line', 'gap', 'negative', 'rollover', 'duplicate', 'future_stamp', 'clock_drift', 'neighbours', 'reset'])), name='quality_flag_rule_known'),
        ),
        migrations.AddConstraint(
            model_name='qualityflag',
            constraint=models.CheckConstraint(condition=models.Q(('severity__in', ['note', 'suspect', 'fail'])), name='quality_flag_severity_known'),
        ),
        migrations.AddConstraint(
            model_name='qualityflag',
            constraint=models.CheckConstraint(condition=models.Q(('end_time', None), ('end_time__gt', models.F('time')), _connector='OR'), name='quality_flag_span_runs_forward'),
        ),
        migrations.AddConstraint(
            model_name='qualityflag',
            constraint=models.CheckConstraint(condition=models.Q(('cleared_at', None), ('cleared_at__gte', models.F('made_at')), _connector='OR'), name='quality_flag_cleared_later'),
        ),
        migrations.AddConstraint(
            model_name='qualityflag',
            constraint=models.UniqueConstraint(condition=models.Q(('cleared_at', None)), fields=('datastream', 'time', 'rule'), name='quality_flag_holds_once'),
        ),
        migrations.AddConstraint(
            model_name='qualityrule',
            constraint=models.CheckConstraint(condition=models.Q(('rule__in', ['range', 'rate_of_change', 'spike', 'flat_line', 'gap', 'negative', 'rollover', 'duplicate', 'future_stamp', 'clock_drift', 'neighbours'])), name='quality_rule_known'),
        ),
        migrations.AddConstraint(
            model_name='qualityrule',
            constraint=models.CheckConstraint(condition=models.Q(('datastream', None), models.Q(('datastream__isnull', False), ('division__isnull', False), ('kind', ''), ('observed_property', '')), _connector='OR'), name='quality_rule_scope'),
        ),
        migrations.AddConstraint(
            model_name='qualityrule',
            constraint=models.UniqueConstraint(condition=models.Q(('datastream__isnull', False)), fields=('datastream', 'rule'), name='quality_rule_once_a_datastream'),
        ),
        migrations.AddConstraint(
            model_name='qualityrule',
            constraint=models.UniqueConstraint(condition=models.Q(('datastream', None)), fields=('division', 'observed_property', 'kind', 'rule'), name='quality_rule_once_a_kind', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='regulator',
            constraint=models.CheckConstraint(condition=models.Q(('code', ''), _negated=True), name='regulator_code_not_empty'),
        ),
        migrations.AddConstraint(
            model_name='regulator',
            constraint=models.CheckConstraint(condition=models.Q(('node_kind__in', ['regulator', 'valve', 'pump', 'pumping_station', 'lift_station', 'regulator_station'])), name='regulator_node_kind'),
        ),
        migrations.AddConstraint(
            model_name='regulator',
            constraint=models.CheckConstraint(condition=models.Q(('mode__in', ['manual', 'schedule', 'hold'])), name='regulator_mode_known'),
        ),
        migrations.AddConstraint(
            model_name='regulator',
            constraint=models.CheckConstraint(condition=models.Q(('minimum_set_point__lt', models.F('maximum_set_point'))), name='regulator_limits_in_order'),
        ),
        migrations.AddConstraint(
            model_name='regulator',
            constraint=models.CheckConstraint(condition=models.Q(('gain__gt', 0), ('gain__lte', 100.0), ('maximum_step__gt', 0), ('minimum_interval_s__gt', 0)), name='regulator_step_positive'),
        ),
        migrations.AddConstraint(
            model_name='regulator',
            constraint=models.CheckConstraint(condition=models.Q(('fallback_set_point__gte', models.F('minimum_set_point')), ('fallback_set_point__lte', models.F('maximum_set_point'))), name='regulator_fallback_within_limits'),
        ),
        migrations.AddConstraint(
            model_name='regulator',
            constraint=models.CheckConstraint(condition=models.Q(('override_set_point', None), models.Q(('override_set_point__gte', models.F('minimum_set_point')), ('override_set_point__lte', models.F('maximum_set_point'))), _connector='OR'), name='regulator_override_within_limits'),
        ),
        migrations.AddConstraint(
            model_name='regulator',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('override_set_point', None), ('override_until', None)), models.Q(('override_set_point__isnull', False), ('override_until__isnull', False), models.Q(('override_reason', ''), _negated=True)), _connector='OR'), name='regulator_override_is_whole'),
        ),
        migrations.AddConstraint(
            model_name='regulator',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('mode', 'hold'), _negated=True), models.Q(('band_m__gt', 0), ('critical_stream__isnull', False), ('silent_after_s__gt', 0), ('target_m__isnull', False)), _connector='OR'), name='regulator_hold_has_target'),
        ),
        migrations.AddConstraint(
            model_name='regulator',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('command_topic', ''), _negated=True), models.Q(('answer_topic', ''), _negated=True), models.Q(('command_topic', models.F('answer_topic')), _negated=True), models.Q(('command_topic__regex', '[#+]'), _negated=True), models.Q(('answer_topic__regex', '[#+]'), _negated=True)), name='regulator_topics_given'),
        ),
        migrations.AddConstraint(
            model_name='regulator',
            constraint=models.UniqueConstraint(fields=('command_topic',), name='regulator_command_topic_once'),
        ),
        migrations.AddConstraint(
            model_name='regulator',
            constraint=models.UniqueConstraint(fields=('answer_topic',), name='regulator_answer_topic_once'),
        ),
        migrations.AddIndex(
            model_name='regulatorcommand',
            index=models.Index(fields=['regulator', '-id'], name='regulator_command_of'),
        ),
        migrations.AddConstraint(
            model_name='regulatorcommand',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'sent', 'acknowledged', 'refused', 'expired'])), name='regulator_command_state_known'),
        ),
        migrations.AddConstraint(
            model_name='regulatorcommand',
            constraint=models.CheckConstraint(condition=models.Q(('source__in', ['schedule', 'hold', 'fallback', 'override'])), name='regulator_command_source_known'),
        ),
        migrations.AddConstraint(
            model_name='regulatorcommand',
            constraint=models.CheckConstraint(condition=models.Q(('set_point__gte', models.F('minimum_set_point')), ('set_point__lte', models.F('maximum_set_point'))), name='regulator_command_within_limits'),
        ),
        migrations.AddConstraint(
            model_name='regulatorcommand',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['pending', 'sent'])), fields=('regulator',), name='regulator_command_open_once'),
        ),
        migrations.AddIndex(
            model_name='mqttmessage',
            index=models.Index(condition=models.Q(('sent_at', None)), fields=['id'], name='mqtt_message_unsent'),
        ),
        migrations.AddConstraint(
            model_name='mqttmessage',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('topic', ''), _negated=True), models.Q(('topic__regex', '[#+]'), _negated=True)), name='mqtt_message_has_topic'),
        ),
        migrations.AddConstraint(
            model_name='mqttmessage',
            constraint=models.CheckConstraint(condition=models.Q(('qos__lte', 2)), name='mqtt_message_qos_known'),
        ),
        migrations.AddConstraint(
            model_name='setpointentry',
            constraint=models.CheckConstraint(condition=models.Q(('weekday', None), models.Q(('weekday__gte', 0), ('weekday__lte', 6)), _connector='OR'), name='set_point_entry_weekday'),
        ),
        migrations.AddConstraint(
            model_name='setpointentry',
            constraint=models.UniqueConstraint(fields=('regulator', 'weekday', 'starts_at'), name='set_point_entry_once', nulls_distinct=False),
        ),
        migrations.AddIndex(
            model_name='uncheckedbucket',
            index=models.Index(fields=['datastream'], name='unchecked_bucket_of'),
        ),
        migrations.AddConstraint(
            model_name='uncheckedbucket',
            constraint=models.CheckConstraint(condition=models.Q(('hours__gt', 0), ('hours__lt', 16777216)), name='unchecked_bucket_hours_of_a_day'),
        ),
        migrations.RunSQL(load_sql("sensors", "quality_guards"), migrations.RunSQL.noop),
        migrations.RunSQL(load_sql("sensors", "quality_defaults"), migrations.RunSQL.noop),
    ]
