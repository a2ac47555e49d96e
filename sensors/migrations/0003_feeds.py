"""Feeds: profiles, sources, files and the quarantine; the profiles and the source that every installation starts with."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

PROFILES = {
    "plain": (
        "datastream,time,value with a header; times are ISO 8601 with an offset from UTC, numbers have a decimal point",
        {"layout": "long", "separator": ",", "decimal": ".", "encoding": "utf-8", "time": {"format": "iso"},
         "columns": {"datastream": "datastream", "time": "time", "value": "value"}, "missing": []},
    ),
    "auto": (
        "A logger file whose form is found from its first lines; times without an offset are those of Tashkent",
        {"time": {"zone": "Asia/Tashkent"}},
    ),
}


def add_profiles_and_broker(apps, schema_editor):
    Division = apps.get_model("gis_core", "Division")
    republic = Division.objects.get(code="UZ")
    for name, (description, form) in PROFILES.items():
        apps.get_model("sensors", "FeedProfile").objects.create(
            name=name, description=description, settings=form, division=republic
        )
    source = apps.get_model("sensors", "FeedSource").objects.create(
        code="mqtt", name="MQTT, topics that name their datastream", kind="mqtt", division=republic
    )
    apps.get_model("sensors", "FeedState").objects.create(source=source)
    apps.get_model("sensors", "FeedPoint").objects.create(
        source=source, address="tarmoq/observations/#", template="{rest}"
    )


class Migration(migrations.Migration):
    dependencies = [("sensors", "0002_guards"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name='FeedSource',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('code', models.CharField(max_length=60, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('kind', models.CharField(choices=[('folder', 'drop folder'), ('mqtt', 'MQTT'), ('chirpstack', 'LoRaWAN, ChirpStack v4'), ('ttn', 'LoRaWAN, The Things Stack v3'), ('modbus', 'Modbus TCP'), ('opcua', 'OPC UA')], max_length=12)),
                ('is_active', models.BooleanField(default=True)),
                ('interval_s', models.FloatField(default=60.0)),
                ('settings', models.JSONField(default=dict)),
                ('token_digest', models.CharField(blank=True, max_length=64, null=True, unique=True)),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='feed_sources', to='gis_core.division')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='MqttArrival',
            fields=[
                ('pk', models.CompositePrimaryKey('client_id', 'packet', blank=True, editable=False, primary_key=True, serialize=False)),
                ('client_id', models.CharField(max_length=64)),
                ('packet', models.IntegerField()),
                ('digest', models.CharField(max_length=64)),
                ('arrived_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='FeedProfile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('name', models.CharField(max_length=60, unique=True)),
                ('description', models.TextField(blank=True, db_default='')),
                ('settings', models.JSONField(default=dict)),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='feed_profiles', to='gis_core.division')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='FeedState',
            fields=[
                ('source', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='state', serialize=False, to='sensors.feedsource')),
                ('state', models.CharField(choices=[('stopped', 'stopped'), ('connecting', 'connecting'), ('running', 'running'), ('failing', 'failing')], default='stopped', max_length=10)),
                ('process_id', models.IntegerField(blank=True, null=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('seen_at', models.DateTimeField(blank=True, null=True)),
                ('last_success_at', models.DateTimeField(blank=True, null=True)),
                ('last_error_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.CharField(blank=True, db_default='', max_length=500)),
                ('restarts', models.IntegerField(default=0)),
                ('messages', models.BigIntegerField(default=0)),
                ('inserted', models.BigIntegerField(default=0)),
                ('unchanged', models.BigIntegerField(default=0)),
                ('corrected', models.BigIntegerField(default=0)),
                ('quarantined', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name='feedsource',
            name='profile',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sources', to='sensors.feedprofile'),
        ),
        migrations.CreateModel(
            name='FeedPoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(max_length=255)),
                ('port', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('field', models.CharField(blank=True, db_default='', max_length=120)),
                ('template', models.CharField(blank=True, db_default='', max_length=200)),
                ('scale', models.FloatField(default=1.0)),
                ('shift', models.FloatField(default=0.0)),
                ('settings', models.JSONField(default=dict)),
                ('datastream', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='feed_points', to='sensors.datastream')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='points', to='sensors.feedsource')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='FeedFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('name', models.CharField(max_length=255)),
                ('content_sha256', models.CharField(max_length=64)),
                ('size_bytes', models.BigIntegerField()),
                ('state', models.CharField(choices=[('running', 'being taken in'), ('done', 'taken in'), ('failed', 'failed')], default='running', max_length=8)),
                ('rows', models.BigIntegerField(default=0)),
                ('inserted', models.BigIntegerField(default=0)),
                ('unchanged', models.BigIntegerField(default=0)),
                ('corrected', models.BigIntegerField(default=0)),
                ('missing', models.BigIntegerField(default=0)),
                ('quarantined', models.BigIntegerField(default=0)),
                ('error', models.CharField(blank=True, db_default='', max_length=500)),
                ('form', models.JSONField(default=dict)),
                ('started_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='feed_files', to='gis_core.division')),
                ('profile', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='sensors.feedprofile')),
                ('source', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='files', to='sensors.feedsource')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='QuarantinedRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('line', models.BigIntegerField(blank=True, null=True)),
                ('raw', models.TextField()),
                ('is_base64', models.BooleanField(default=False)),
                ('is_cut', models.BooleanField(default=False)),
                ('code', models.CharField(max_length=40)),
                ('reason', models.CharField(max_length=300)),
                ('context', models.JSONField(default=dict)),
                ('digest', models.CharField(max_length=64)),
                ('occurrences', models.BigIntegerField(default=1)),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('taken', 'taken at a later try'), ('dismissed', 'dismissed')], default='waiting', max_length=10)),
                ('first_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('last_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='quarantined_rows', to='gis_core.division')),
                ('file', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='quarantined_rows', to='sensors.feedfile')),
                ('settled_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('source', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='quarantined_rows', to='sensors.feedsource')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddConstraint(
            model_name='feedprofile',
            constraint=models.CheckConstraint(condition=models.Q(('name__regex', '^[A-Za-z0-9][A-Za-z0-9_.-]*$')), name='feed_profile_name_form'),
        ),
        migrations.AddConstraint(
            model_name='feedstate',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['stopped', 'connecting', 'running', 'failing'])), name='feed_state_known'),
        ),
        migrations.AddConstraint(
            model_name='feedsource',
            constraint=models.CheckConstraint(condition=models.Q(('code__regex', '^[A-Za-z0-9][A-Za-z0-9_.-]*$')), name='feed_source_code_form'),
        ),
        migrations.AddConstraint(
            model_name='feedsource',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['folder', 'mqtt', 'chirpstack', 'ttn', 'modbus', 'opcua'])), name='feed_source_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='feedsource',
            constraint=models.CheckConstraint(condition=models.Q(('interval_s__gte', 0.05), ('interval_s__lte', 2678400)), name='feed_source_interval_plausible'),
        ),
        migrations.AddConstraint(
            model_name='feedpoint',
            constraint=models.UniqueConstraint(fields=('source', 'address', 'port', 'field', 'template'), name='feed_point_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='feedpoint',
            constraint=models.CheckConstraint(condition=models.Q(('address', ''), _negated=True), name='feed_point_has_address'),
        ),
        migrations.AddConstraint(
            model_name='feedpoint',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('datastream__isnull', False), ('template', '')), models.Q(('datastream', None), models.Q(('template', ''), _negated=True)), _connector='OR'), name='feed_point_names_datastream'),
        ),
        migrations.AddConstraint(
            model_name='feedpoint',
            constraint=models.CheckConstraint(condition=models.Q(('port', None), models.Q(('port__gte', 1), ('port__lte', 255)), _connector='OR'), name='feed_point_port_plausible'),
        ),
        migrations.AddConstraint(
            model_name='feedfile',
            constraint=models.UniqueConstraint(fields=('profile', 'content_sha256'), name='feed_file_once'),
        ),
        migrations.AddConstraint(
            model_name='feedfile',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['running', 'done', 'failed'])), name='feed_file_state_known'),
        ),
        migrations.AddConstraint(
            model_name='feedfile',
            constraint=models.CheckConstraint(condition=models.Q(('content_sha256__regex', '^[0-9a-f]{64}$')), name='feed_file_digest_form'),
        ),
        migrations.AddIndex(
            model_name='quarantinedrow',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['division', 'id'], name='quarantined_row_waiting'),
        ),
        migrations.AddIndex(
            model_name='quarantinedrow',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['source'], name='quarantined_row_source'),
        ),
        migrations.AddConstraint(
            model_name='quarantinedrow',
            constraint=models.UniqueConstraint(fields=('file', 'source', 'digest'), name='quarantined_row_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='quarantinedrow',
            constraint=models.CheckConstraint(condition=models.Q(('file__isnull', False), ('source__isnull', False), _connector='OR'), name='quarantined_row_of_file_or_source'),
        ),
        migrations.AddConstraint(
            model_name='quarantinedrow',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'taken', 'dismissed'])), name='quarantined_row_state_known'),
        ),
        migrations.RunPython(add_profiles_and_broker, migrations.RunPython.noop),
    ]
