"""Work orders, valves turned, and what phones sent."""

import django.contrib.gis.db.models.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models

from gis_core.database.operations import AddFiniteChecks
from gis_core.database.sql_files import sql_beside


class Migration(migrations.Migration):

    dependencies = [
        ('assets', '0004_search'),
        ('gis_core', '0003_cancelled_jobs'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='WorkOrder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('number', models.CharField(max_length=40)),
                ('kind', models.CharField(choices=[('leak_repair', 'leak repair'), ('inspection', 'inspection'), ('valve_work', 'valve work'), ('meter_work', 'meter work'), ('reading_round', 'reading round'), ('sensor_work', 'work on a device'), ('other', 'other work')], max_length=16)),
                ('title', models.CharField(max_length=200)),
                ('description', models.TextField(blank=True)),
                ('priority', models.CharField(choices=[('urgent', 'urgent'), ('high', 'high'), ('normal', 'normal'), ('low', 'low')], default='normal', max_length=8)),
                ('source', models.CharField(choices=[('hand', 'by hand'), ('leak', 'from a leak'), ('outage', 'from an outage'), ('alarm', 'from an alarm')], default='hand', max_length=8)),
                ('source_uid', models.UUIDField(blank=True, null=True)),
                ('source_text', models.CharField(blank=True, max_length=300)),
                ('geom', django.contrib.gis.db.models.fields.PointField(spatial_index=False, srid=4326)),
                ('state', models.CharField(choices=[('new', 'new'), ('assigned', 'assigned'), ('on_the_way', 'on the way'), ('done', 'done'), ('impossible', 'impossible'), ('cancelled', 'cancelled')], default='new', max_length=12)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('time_spent_min', models.PositiveIntegerField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('changed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('assignee', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='work_orders', to=settings.AUTH_USER_MODEL)),
                ('attachment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='work_orders', to='assets.attachment')),
                ('created_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='work_orders', to='gis_core.division')),
                ('network', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='work_orders', to='assets.network')),
            ],
            options={
                'ordering': ['id'],
                'indexes': [
                    django.contrib.postgres.indexes.GistIndex(fields=['geom'], name='work_order_geom'),
                    models.Index(fields=['assignee', 'state'], name='work_order_of_assignee'),
                    models.Index(fields=['division', 'state', 'id'], name='work_order_in_division'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('network', 'number'), name='work_order_number_in_network'),
                    models.CheckConstraint(condition=models.Q(('title', ''), _negated=True), name='work_order_has_a_title'),
                    models.CheckConstraint(condition=models.Q(('number', ''), _negated=True), name='work_order_number_not_empty'),
                    models.CheckConstraint(condition=models.Q(('kind__in', ['leak_repair', 'inspection', 'valve_work', 'meter_work', 'reading_round', 'sensor_work', 'other'])), name='work_order_kind_known'),
                    models.CheckConstraint(condition=models.Q(('priority__in', ['urgent', 'high', 'normal', 'low'])), name='work_order_priority_known'),
                    models.CheckConstraint(condition=models.Q(('state__in', ['new', 'assigned', 'on_the_way', 'done', 'impossible', 'cancelled'])), name='work_order_state_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('source', 'hand'), ('source_uid', None)), models.Q(('source__in', ['leak', 'outage', 'alarm']), ('source_uid__isnull', False)), _connector='OR'), name='work_order_source_is_named'),
                    models.CheckConstraint(condition=models.Q(models.Q(('assignee', None), ('state', 'new')), models.Q(('assignee__isnull', False), ('state__in', ['assigned', 'on_the_way', 'done', 'impossible'])), ('state', 'cancelled'), _connector='OR'), name='work_order_assignee_fits_state'),
                    models.CheckConstraint(condition=models.Q(('time_spent_min', None), ('time_spent_min__lte', 60000), _connector='OR'), name='work_order_time_plausible'),
                ],
            },
        ),
        migrations.CreateModel(
            name='WorkMaterial',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('material', models.CharField(max_length=120)),
                ('quantity', models.DecimalField(decimal_places=3, max_digits=12)),
                ('unit', models.CharField(max_length=20)),
                ('recorded_at', models.DateTimeField(auto_now_add=True)),
                ('recorded_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='materials', to='assets.workorder')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='work_material_quantity_positive'),
                    models.CheckConstraint(condition=models.Q(models.Q(('material', ''), _negated=True), models.Q(('unit', ''), _negated=True)), name='work_material_is_named'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ValveOperation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('turns', models.FloatField()),
                ('status_before', models.CharField(max_length=6)),
                ('status_after', models.CharField(max_length=6)),
                ('note', models.TextField(blank=True)),
                ('operated_at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField(auto_now_add=True)),
                ('attachment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='valve_operations', to='assets.attachment')),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='valve_operations', to='gis_core.division')),
                ('network', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='valve_operations', to='assets.network')),
                ('operated_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='valve_operations', to=settings.AUTH_USER_MODEL)),
                ('order', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='valve_operations', to='assets.workorder')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('turns__gte', 0), ('turns__lte', 2000)), name='valve_operation_turns_plausible'),
                    models.CheckConstraint(condition=models.Q(('status_after__in', ['active', 'open', 'closed']), ('status_before__in', ['active', 'open', 'closed'])), name='valve_operation_status_known'),
                ],
            },
        ),
        migrations.CreateModel(
            name='WorkOrderMove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('from_state', models.CharField(blank=True, choices=[('new', 'new'), ('assigned', 'assigned'), ('on_the_way', 'on the way'), ('done', 'done'), ('impossible', 'impossible'), ('cancelled', 'cancelled')], max_length=12)),
                ('to_state', models.CharField(choices=[('new', 'new'), ('assigned', 'assigned'), ('on_the_way', 'on the way'), ('done', 'done'), ('impossible', 'impossible'), ('cancelled', 'cancelled')], max_length=12)),
                ('note', models.TextField(blank=True)),
                ('moved_at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField(auto_now_add=True)),
                ('assignee', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('moved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='assets.workorder')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(models.Q(('to_state', 'impossible'), _negated=True), models.Q(('note', ''), _negated=True), _connector='OR'), name='work_order_impossible_says_why'),
                ],
            },
        ),
        migrations.CreateModel(
            name='WorkPhoto',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('document', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='work_photo', to='assets.document')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='photos', to='assets.workorder')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='FieldChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(unique=True)),
                ('kind', models.CharField(max_length=30)),
                ('digest', models.CharField(max_length=64)),
                ('answer', models.JSONField()),
                ('applied_at', models.DateTimeField(auto_now_add=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='field_changes', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('digest__regex', '^[0-9a-f]{64}$')), name='field_change_digest_form'), models.CheckConstraint(condition=models.Q(('kind', ''), _negated=True), name='field_change_kind_not_empty')],
            },
        ),
        migrations.RunSQL(sql_beside(__file__), migrations.RunSQL.noop),
        AddFiniteChecks('assets_workmaterial', 'assets_valveoperation'),
    ]
