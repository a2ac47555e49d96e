"""Registers around the network: cadastre, survey points, documents, leaks, inspections, verifications, commodities."""

import uuid

import django.contrib.gis.db.models.fields
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import assets.models.cadastre
from assets.models.commodities import kinds_by_commodity
from gis_core.database.sql_files import load_sql

# (code, name, words of pipes for it, years). Round values within the ranges of published service lives of water mains
# (AWWA, Buried No Longer, 2012); a utility puts its own depreciation norms in their place.
MATERIAL_LIVES = [
    ("cast_iron", "Grey cast iron", ["cast iron", "grey cast iron", "ci", "чугун", "cho‘yan", "choyan"], 100),
    ("ductile_iron", "Ductile iron", ["ductile iron", "di", "вчшг"], 90),
    ("steel", "Steel", ["steel", "st", "сталь", "po‘lat", "polat"], 50),
    ("asbestos_cement", "Asbestos cement", ["asbestos cement", "ac", "асбестоцемент", "asbest-sement"], 70),
    ("concrete", "Concrete", ["concrete", "reinforced concrete", "rc", "бетон", "железобетон", "beton"], 90),
    ("pvc", "PVC", ["pvc", "upvc", "пвх"], 60),
    ("pe", "Polyethylene", ["pe", "pe80", "pe100", "hdpe", "polyethylene", "пэ", "пнд", "polietilen"], 75),
    ("grp", "Glass-reinforced plastic", ["grp", "fibreglass", "стеклопластик"], 60),
    ("copper", "Copper", ["copper", "cu", "медь", "mis"], 60),
    ("vitrified_clay", "Vitrified clay", ["vitrified clay", "clay", "vc", "керамика"], 90),
]
# (commodity, kinds, months). What is operated is seen more often than what lies in the ground.
INTERVALS = [
    ("water", ["hydrant", "pump", "pumping_station"], 6),
    ("water", ["valve", "regulator", "bulk_meter", "tank", "reservoir", "source", "treatment"], 12),
    ("water", ["substation", "distribution_centre"], 12),
    ("water", ["junction", "pipe"], 60),
    ("sewerage", ["pump", "pumping_station", "lift_station", "outfall"], 6),
    ("sewerage", ["manhole", "valve", "treatment", "tank"], 24),
    ("sewerage", ["junction", "pipe"], 60),
    ("gas", ["regulator", "regulator_station", "metering_station", "valve"], 6),
    ("gas", ["source", "substation", "distribution_centre", "bulk_meter"], 12),
    ("gas", ["junction", "pipe"], 12),
    ("electricity", ["substation", "transformer", "switch", "feeder_head", "busbar"], 12),
    ("electricity", ["pole", "service_cabinet", "distribution_centre", "bulk_meter"], 36),
    ("electricity", ["junction", "pipe"], 36),
    ("heat", ["boiler_house", "heat_substation", "heat_exchanger", "pump", "pumping_station"], 6),
    ("heat", ["valve", "heat_chamber", "regulator", "bulk_meter"], 12),
    ("heat", ["junction", "pipe"], 36),
]


def fill_reference_tables(apps, schema_editor):
    commodity_kind = apps.get_model("assets", "CommodityKind")
    commodity_kind.objects.bulk_create(
        commodity_kind(commodity=commodity, kind=kind) for commodity, kind in kinds_by_commodity()
    )
    material_life = apps.get_model("assets", "MaterialLife")
    material_life.objects.bulk_create(
        material_life(code=code, name=name, names=names, life_years=years)
        for code, name, names, years in MATERIAL_LIVES
    )
    policy = apps.get_model("assets", "VerificationPolicy")
    policy.objects.bulk_create(
        policy(commodity=commodity, kind=kind, interval_months=months)
        for commodity, kinds, months in INTERVALS
        for kind in kinds
    )


class Migration(migrations.Migration):

    dependencies = [
        ('assets', '0002_guards'),
        ('gis_core', '0003_republic_and_regions'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Building',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('cadastral_number', models.CharField(max_length=60, unique=True)),
                ('geom', django.contrib.gis.db.models.fields.MultiPolygonField(spatial_index=False, srid=4326)),
                ('area_m2', models.GeneratedField(db_persist=True, expression=assets.models.cadastre._GeodesicArea(models.F('geom')), output_field=models.FloatField())),
                ('purpose', models.CharField(choices=[('dwelling', 'dwelling house'), ('apartments', 'block of flats'), ('commercial', 'commercial'), ('industrial', 'industrial'), ('school', 'school or kindergarten'), ('hospital', 'hospital or clinic'), ('public', 'public'), ('utility', 'utilities'), ('other', 'other')], default='other', max_length=12)),
                ('storeys', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('year_built', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('house', models.CharField(blank=True, max_length=20)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='CommodityKind',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('commodity', models.CharField(choices=[('water', 'water'), ('sewerage', 'sewerage'), ('gas', 'gas'), ('electricity', 'electricity'), ('heat', 'heat')], max_length=12)),
                ('kind', models.CharField(choices=[('junction', 'junction'), ('tank', 'tank'), ('reservoir', 'reservoir'), ('source', 'source'), ('treatment', 'treatment plant'), ('pumping_station', 'pumping station'), ('substation', 'substation'), ('distribution_centre', 'distribution centre'), ('pump', 'pump'), ('valve', 'valve'), ('regulator', 'regulator'), ('hydrant', 'hydrant'), ('bulk_meter', 'bulk meter'), ('manhole', 'manhole'), ('outfall', 'outfall'), ('lift_station', 'lift station'), ('regulator_station', 'regulator station'), ('metering_station', 'metering station'), ('busbar', 'busbar'), ('feeder_head', 'feeder head'), ('transformer', 'transformer'), ('switch', 'switch'), ('pole', 'pole'), ('service_cabinet', 'service cabinet'), ('boiler_house', 'boiler house'), ('heat_exchanger', 'heat exchanger'), ('heat_substation', 'heat substation'), ('heat_chamber', 'heat chamber')], max_length=20)),
            ],
            options={
                'ordering': ['commodity', 'kind'],
            },
        ),
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('title', models.CharField(max_length=200)),
                ('kind', models.CharField(choices=[('survey', 'survey report'), ('as_built', 'as-built drawing'), ('design', 'design drawing'), ('cadastre', 'cadastral extract'), ('permit', 'permit'), ('passport', 'passport of equipment'), ('act', 'acceptance certificate'), ('photo', 'photo'), ('other', 'other')], max_length=10)),
                ('reference_number', models.CharField(blank=True, max_length=60)),
                ('issued_on', models.DateField(blank=True, null=True)),
                ('issued_by', models.CharField(blank=True, max_length=200)),
                ('stored_name', models.CharField(blank=True, editable=False, max_length=100)),
                ('file_name', models.CharField(blank=True, editable=False, max_length=200)),
                ('content_type', models.CharField(blank=True, editable=False, max_length=60)),
                ('size_bytes', models.PositiveBigIntegerField(blank=True, editable=False, null=True)),
                ('sha256', models.CharField(blank=True, editable=False, max_length=64)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='DocumentLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ('valid_from', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('change_id', models.BigIntegerField(db_default=0, default=0, editable=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Inspection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ('valid_from', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('change_id', models.BigIntegerField(db_default=0, default=0, editable=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('recorded_at', models.DateTimeField(auto_now_add=True)),
                ('inspected_on', models.DateField()),
                ('inspector', models.CharField(max_length=200)),
                ('method', models.CharField(choices=[('visual', 'visual'), ('cctv', 'camera in the pipe'), ('acoustic', 'acoustic'), ('excavation', 'excavation'), ('thickness', 'wall thickness measured'), ('operation', 'operated'), ('other', 'other')], max_length=10)),
                ('grade', models.PositiveSmallIntegerField(choices=[(1, 'very good'), (2, 'good'), (3, 'fair'), (4, 'poor'), (5, 'failed or failing')])),
                ('findings', models.TextField(blank=True)),
                ('next_due_on', models.DateField(blank=True, null=True)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='LeakRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('number', models.CharField(max_length=40)),
                ('source', models.CharField(choices=[('subscriber', "subscriber's call"), ('patrol', 'patrol'), ('acoustic', 'acoustic survey'), ('balance', 'suspicion from the balance'), ('pressure', 'pressure drop'), ('other', 'other')], max_length=10)),
                ('kind', models.CharField(choices=[('main_burst', 'burst of a main'), ('main_leak', 'leak of a main'), ('service', 'service line'), ('joint', 'joint'), ('valve', 'valve'), ('hydrant', 'hydrant'), ('meter', 'meter'), ('tank', 'tank'), ('unknown', 'not known yet')], default='unknown', max_length=10)),
                ('cause', models.CharField(choices=[('unknown', 'not known'), ('corrosion', 'corrosion'), ('age', 'age'), ('third_party', 'damage by others'), ('ground', 'ground movement'), ('frost', 'frost'), ('pressure', 'pressure surge'), ('workmanship', 'faulty work')], default='unknown', max_length=12)),
                ('estimated_loss_m3h', models.FloatField(blank=True, null=True)),
                ('state', models.CharField(choices=[('reported', 'reported'), ('located', 'located'), ('being_repaired', 'being repaired'), ('repaired', 'repaired'), ('rejected', 'rejected')], default='reported', max_length=14)),
                ('reported_at', models.DateTimeField()),
                ('reported_by', models.CharField(blank=True, max_length=200)),
                ('located_at', models.DateTimeField(blank=True, null=True)),
                ('repair_started_at', models.DateTimeField(blank=True, null=True)),
                ('repaired_at', models.DateTimeField(blank=True, null=True)),
                ('rejected_at', models.DateTimeField(blank=True, null=True)),
                ('note', models.TextField(blank=True)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='LineDetail',
            fields=[
                ('version', models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ('valid_from', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('change_id', models.BigIntegerField(db_default=0, default=0, editable=False)),
                ('pipe', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='line', serialize=False, to='assets.pipe')),
                ('voltage_kv', models.FloatField(blank=True, null=True)),
                ('conductor', models.CharField(blank=True, max_length=40)),
                ('phases', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('placing', models.CharField(blank=True, choices=[('overhead', 'overhead'), ('underground', 'underground')], max_length=11)),
                ('pressure_class', models.CharField(blank=True, choices=[('low', 'low pressure'), ('medium', 'medium pressure'), ('high_2', 'high pressure, class 2'), ('high_1', 'high pressure, class 1')], max_length=8)),
                ('circuit', models.CharField(blank=True, choices=[('supply', 'supply'), ('return', 'return')], max_length=6)),
                ('flow_regime', models.CharField(blank=True, choices=[('gravity', 'gravity'), ('pressure', 'pressure')], max_length=8)),
            ],
        ),
        migrations.CreateModel(
            name='MaterialLife',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=40, unique=True)),
                ('name', models.CharField(max_length=100)),
                ('names', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None)),
                ('life_years', models.PositiveSmallIntegerField()),
            ],
            options={
                'verbose_name_plural': 'material lives',
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='Parcel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('cadastral_number', models.CharField(max_length=60, unique=True)),
                ('geom', django.contrib.gis.db.models.fields.MultiPolygonField(spatial_index=False, srid=4326)),
                ('area_m2', models.GeneratedField(db_persist=True, expression=assets.models.cadastre._GeodesicArea(models.F('geom')), output_field=models.FloatField())),
                ('land_use', models.CharField(choices=[('residential', 'residential'), ('commercial', 'commercial'), ('industrial', 'industrial'), ('public', 'public'), ('agricultural', 'agricultural'), ('transport', 'roads and transport'), ('utility', 'utilities'), ('green', 'green space'), ('other', 'other')], default='other', max_length=12)),
                ('house', models.CharField(blank=True, max_length=20)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='SurveyPoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('code', models.CharField(max_length=60)),
                ('geom', django.contrib.gis.db.models.fields.PointField(spatial_index=False, srid=4326)),
                ('elevation_m', models.FloatField(blank=True, null=True)),
                ('accuracy_class', models.CharField(choices=[('A', 'A: control survey, to 0.03 m'), ('B', 'B: to 0.10 m'), ('C', 'C: to 0.40 m'), ('D', 'D: to 1.50 m'), ('E', 'E: worse or unknown')], max_length=1)),
                ('horizontal_accuracy_m', models.FloatField(blank=True, null=True)),
                ('vertical_accuracy_m', models.FloatField(blank=True, null=True)),
                ('surveyed_on', models.DateField()),
                ('surveyor', models.CharField(max_length=200)),
                ('method', models.CharField(choices=[('gnss_static', 'GNSS, static'), ('gnss_rtk', 'GNSS, RTK'), ('gnss_handheld', 'GNSS, hand-held'), ('total_station', 'total station'), ('levelling', 'levelling'), ('locator', 'pipe locator'), ('digitised', 'digitised from a drawing'), ('estimated', 'estimated')], max_length=14)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='SwitchDetail',
            fields=[
                ('version', models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ('valid_from', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('change_id', models.BigIntegerField(db_default=0, default=0, editable=False)),
                ('node', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='switch', serialize=False, to='assets.node')),
                ('node_kind', models.CharField(default='switch', max_length=20)),
                ('switch_type', models.CharField(choices=[('breaker', 'circuit breaker'), ('load_break', 'load-break switch'), ('disconnector', 'disconnector'), ('recloser', 'recloser'), ('fuse', 'fuse')], default='load_break', max_length=12)),
                ('status', models.CharField(choices=[('closed', 'closed'), ('open', 'open')], default='closed', max_length=6)),
                ('rated_current_a', models.FloatField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='TransformerDetail',
            fields=[
                ('version', models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ('valid_from', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('change_id', models.BigIntegerField(db_default=0, default=0, editable=False)),
                ('node', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='transformer', serialize=False, to='assets.node')),
                ('node_kind', models.CharField(default='transformer', max_length=20)),
                ('rated_kva', models.FloatField()),
                ('primary_kv', models.FloatField()),
                ('secondary_kv', models.FloatField()),
                ('no_load_loss_kw', models.FloatField(blank=True, null=True)),
                ('load_loss_kw', models.FloatField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Verification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                ('valid_from', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('change_id', models.BigIntegerField(db_default=0, default=0, editable=False)),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('recorded_at', models.DateTimeField(auto_now_add=True)),
                ('verified_on', models.DateField()),
                ('method', models.CharField(choices=[('visual', 'visual'), ('locator', 'pipe locator'), ('gnss', 'GNSS'), ('excavation', 'excavation'), ('operation', 'operated'), ('photo', 'photo')], max_length=10)),
                ('position_confirmed', models.BooleanField(default=False)),
                ('remark', models.TextField(blank=True)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='VerificationPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('commodity', models.CharField(choices=[('water', 'water'), ('sewerage', 'sewerage'), ('gas', 'gas'), ('electricity', 'electricity'), ('heat', 'heat')], max_length=12)),
                ('kind', models.CharField(choices=[('junction', 'junction'), ('tank', 'tank'), ('reservoir', 'reservoir'), ('source', 'source'), ('treatment', 'treatment plant'), ('pumping_station', 'pumping station'), ('substation', 'substation'), ('distribution_centre', 'distribution centre'), ('pump', 'pump'), ('valve', 'valve'), ('regulator', 'regulator'), ('hydrant', 'hydrant'), ('bulk_meter', 'bulk meter'), ('manhole', 'manhole'), ('outfall', 'outfall'), ('lift_station', 'lift station'), ('regulator_station', 'regulator station'), ('metering_station', 'metering station'), ('busbar', 'busbar'), ('feeder_head', 'feeder head'), ('transformer', 'transformer'), ('switch', 'switch'), ('pole', 'pole'), ('service_cabinet', 'service cabinet'), ('boiler_house', 'boiler house'), ('heat_exchanger', 'heat exchanger'), ('heat_substation', 'heat substation'), ('heat_chamber', 'heat chamber'), ('pipe', 'pipe')], max_length=20)),
                ('interval_months', models.PositiveSmallIntegerField()),
            ],
            options={
                'verbose_name_plural': 'verification policies',
                'ordering': ['commodity', 'kind', 'id'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='facilitydetail',
            name='facility_kind',
        ),
        migrations.RemoveConstraint(
            model_name='node',
            name='node_kind_known',
        ),
        # A generated column's expression cannot be altered: it is made anew, and with it what rests on it.
        migrations.RemoveConstraint(model_name='node', name='node_code_in_class'),
        migrations.RemoveField(model_name='node', name='code_class'),
        migrations.AddField(
            model_name='node',
            name='code_class',
            field=models.GeneratedField(db_persist=True, expression=models.Case(models.When(kind__in=['pump', 'valve', 'regulator', 'hydrant', 'bulk_meter', 'switch'], then=models.Value('device')), default=models.Value('node'), output_field=models.CharField(max_length=6)), output_field=models.CharField(max_length=6)),
        ),
        migrations.AddConstraint(
            model_name='node',
            constraint=models.UniqueConstraint(fields=('network', 'code_class', 'code'), name='node_code_in_class'),
        ),
        migrations.AlterField(
            model_name='node',
            name='kind',
            field=models.CharField(choices=[('junction', 'junction'), ('tank', 'tank'), ('reservoir', 'reservoir'), ('source', 'source'), ('treatment', 'treatment plant'), ('pumping_station', 'pumping station'), ('substation', 'substation'), ('distribution_centre', 'distribution centre'), ('pump', 'pump'), ('valve', 'valve'), ('regulator', 'regulator'), ('hydrant', 'hydrant'), ('bulk_meter', 'bulk meter'), ('manhole', 'manhole'), ('outfall', 'outfall'), ('lift_station', 'lift station'), ('regulator_station', 'regulator station'), ('metering_station', 'metering station'), ('busbar', 'busbar'), ('feeder_head', 'feeder head'), ('transformer', 'transformer'), ('switch', 'switch'), ('pole', 'pole'), ('service_cabinet', 'service cabinet'), ('boiler_house', 'boiler house'), ('heat_exchanger', 'heat exchanger'), ('heat_substation', 'heat substation'), ('heat_chamber', 'heat chamber')], max_length=20),
        ),
        migrations.AddConstraint(
            model_name='facilitydetail',
            constraint=models.CheckConstraint(condition=models.Q(('node_kind__in', ['substation', 'distribution_centre', 'treatment', 'pumping_station', 'lift_station', 'regulator_station', 'metering_station', 'boiler_house', 'heat_substation'])), name='facility_kind'),
        ),
        migrations.AddConstraint(
            model_name='node',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['junction', 'tank', 'reservoir', 'source', 'treatment', 'pumping_station', 'substation', 'distribution_centre', 'pump', 'valve', 'regulator', 'hydrant', 'bulk_meter', 'manhole', 'outfall', 'lift_station', 'regulator_station', 'metering_station', 'busbar', 'feeder_head', 'transformer', 'switch', 'pole', 'service_cabinet', 'boiler_house', 'heat_exchanger', 'heat_substation', 'heat_chamber'])), name='node_kind_known'),
        ),
        migrations.AddField(
            model_name='building',
            name='division',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='buildings', to='gis_core.division'),
        ),
        migrations.AddField(
            model_name='building',
            name='street',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='buildings', to='gis_core.street'),
        ),
        migrations.AddConstraint(
            model_name='commoditykind',
            constraint=models.UniqueConstraint(fields=('commodity', 'kind'), name='commodity_kind_once'),
        ),
        migrations.AddConstraint(
            model_name='commoditykind',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['junction', 'tank', 'reservoir', 'source', 'treatment', 'pumping_station', 'substation', 'distribution_centre', 'pump', 'valve', 'regulator', 'hydrant', 'bulk_meter', 'manhole', 'outfall', 'lift_station', 'regulator_station', 'metering_station', 'busbar', 'feeder_head', 'transformer', 'switch', 'pole', 'service_cabinet', 'boiler_house', 'heat_exchanger', 'heat_substation', 'heat_chamber'])), name='commodity_kind_is_a_kind'),
        ),
        migrations.AddConstraint(
            model_name='commoditykind',
            constraint=models.CheckConstraint(condition=models.Q(('commodity__in', ['water', 'sewerage', 'gas', 'electricity', 'heat'])), name='commodity_kind_of_a_commodity'),
        ),
        migrations.AddField(
            model_name='document',
            name='created_by',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='documents', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='document',
            name='division',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='gis_core.division'),
        ),
        migrations.AddField(
            model_name='building',
            name='source_document',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='buildings', to='assets.document'),
        ),
        migrations.AddField(
            model_name='documentlink',
            name='building',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='document_links', to='assets.building'),
        ),
        migrations.AddField(
            model_name='documentlink',
            name='division',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='document_links', to='gis_core.division'),
        ),
        migrations.AddField(
            model_name='documentlink',
            name='document',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='links', to='assets.document'),
        ),
        migrations.AddField(
            model_name='documentlink',
            name='network',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='document_links', to='assets.network'),
        ),
        migrations.AddField(
            model_name='documentlink',
            name='node',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='document_links', to='assets.node'),
        ),
        migrations.AddField(
            model_name='documentlink',
            name='pipe',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='document_links', to='assets.pipe'),
        ),
        migrations.AddField(
            model_name='inspection',
            name='copied_from',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='copies', to='assets.inspection'),
        ),
        migrations.AddField(
            model_name='inspection',
            name='division',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='gis_core.division'),
        ),
        migrations.AddField(
            model_name='inspection',
            name='network',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='assets.network'),
        ),
        migrations.AddField(
            model_name='inspection',
            name='node',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='assets.node'),
        ),
        migrations.AddField(
            model_name='inspection',
            name='pipe',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='assets.pipe'),
        ),
        migrations.AddField(
            model_name='inspection',
            name='recorded_by',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='leakrecord',
            name='attachment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='leaks', to='assets.attachment'),
        ),
        migrations.AddField(
            model_name='leakrecord',
            name='division',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='leaks', to='gis_core.division'),
        ),
        migrations.AddField(
            model_name='leakrecord',
            name='network',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='leaks', to='assets.network'),
        ),
        migrations.AddField(
            model_name='leakrecord',
            name='recorded_by',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='linedetail',
            constraint=models.CheckConstraint(condition=models.Q(('voltage_kv', None), models.Q(('voltage_kv__gte', 0.05), ('voltage_kv__lte', 1150)), _connector='OR'), name='line_voltage_plausible'),
        ),
        migrations.AddConstraint(
            model_name='linedetail',
            constraint=models.CheckConstraint(condition=models.Q(('phases', None), models.Q(('phases__gte', 1), ('phases__lte', 3)), _connector='OR'), name='line_phases_plausible'),
        ),
        migrations.AddConstraint(
            model_name='linedetail',
            constraint=models.CheckConstraint(condition=models.Q(('placing__in', ['', 'overhead', 'underground'])), name='line_placing_known'),
        ),
        migrations.AddConstraint(
            model_name='linedetail',
            constraint=models.CheckConstraint(condition=models.Q(('pressure_class__in', ['', 'low', 'medium', 'high_2', 'high_1'])), name='line_pressure_class_known'),
        ),
        migrations.AddConstraint(
            model_name='linedetail',
            constraint=models.CheckConstraint(condition=models.Q(('circuit__in', ['', 'supply', 'return'])), name='line_circuit_known'),
        ),
        migrations.AddConstraint(
            model_name='linedetail',
            constraint=models.CheckConstraint(condition=models.Q(('flow_regime__in', ['', 'gravity', 'pressure'])), name='line_flow_regime_known'),
        ),
        migrations.AddConstraint(
            model_name='materiallife',
            constraint=models.CheckConstraint(condition=models.Q(('life_years__gte', 1), ('life_years__lte', 500)), name='material_life_plausible'),
        ),
        migrations.AddConstraint(
            model_name='materiallife',
            constraint=models.CheckConstraint(condition=models.Q(('code__regex', '^[a-z0-9_]+$')), name='material_life_code_form'),
        ),
        migrations.AddConstraint(
            model_name='materiallife',
            constraint=models.CheckConstraint(condition=models.Q(('names__len__gt', 0)), name='material_life_has_names'),
        ),
        migrations.AddField(
            model_name='parcel',
            name='division',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='parcels', to='gis_core.division'),
        ),
        migrations.AddField(
            model_name='parcel',
            name='source_document',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='parcels', to='assets.document'),
        ),
        migrations.AddField(
            model_name='parcel',
            name='street',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='parcels', to='gis_core.street'),
        ),
        migrations.AddField(
            model_name='documentlink',
            name='parcel',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='document_links', to='assets.parcel'),
        ),
        migrations.AddField(
            model_name='building',
            name='parcel',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='buildings', to='assets.parcel'),
        ),
        migrations.AddField(
            model_name='surveypoint',
            name='division',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='survey_points', to='gis_core.division'),
        ),
        migrations.AddField(
            model_name='surveypoint',
            name='node',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='survey_points', to='assets.node'),
        ),
        migrations.AddField(
            model_name='surveypoint',
            name='source_document',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='survey_points', to='assets.document'),
        ),
        migrations.AddField(
            model_name='documentlink',
            name='survey_point',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='document_links', to='assets.surveypoint'),
        ),
        migrations.AddConstraint(
            model_name='switchdetail',
            constraint=models.CheckConstraint(condition=models.Q(('node_kind__in', ['switch', 'feeder_head'])), name='switch_kind'),
        ),
        migrations.AddConstraint(
            model_name='switchdetail',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['closed', 'open'])), name='switch_status_known'),
        ),
        migrations.AddConstraint(
            model_name='switchdetail',
            constraint=models.CheckConstraint(condition=models.Q(('switch_type__in', ['breaker', 'load_break', 'disconnector', 'recloser', 'fuse'])), name='switch_type_known'),
        ),
        migrations.AddConstraint(
            model_name='switchdetail',
            constraint=models.CheckConstraint(condition=models.Q(('rated_current_a', None), models.Q(('rated_current_a__gt', 0), ('rated_current_a__lt', 1000000)), _connector='OR'), name='switch_current_plausible'),
        ),
        migrations.AddConstraint(
            model_name='transformerdetail',
            constraint=models.CheckConstraint(condition=models.Q(('node_kind', 'transformer')), name='transformer_kind'),
        ),
        migrations.AddConstraint(
            model_name='transformerdetail',
            constraint=models.CheckConstraint(condition=models.Q(('primary_kv__gt', 0), ('primary_kv__lte', 1150), ('rated_kva__gt', 0), ('rated_kva__lt', 10000000), ('secondary_kv__gt', 0), ('secondary_kv__lte', 1150)), name='transformer_ratings_positive'),
        ),
        migrations.AddConstraint(
            model_name='transformerdetail',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('no_load_loss_kw', None), models.Q(('no_load_loss_kw__gte', 0), ('no_load_loss_kw__lt', 1000000)), _connector='OR'), models.Q(('load_loss_kw', None), models.Q(('load_loss_kw__gte', 0), ('load_loss_kw__lt', 1000000)), _connector='OR')), name='transformer_losses_plausible'),
        ),
        migrations.AddField(
            model_name='verification',
            name='copied_from',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='copies', to='assets.verification'),
        ),
        migrations.AddField(
            model_name='verification',
            name='division',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='gis_core.division'),
        ),
        migrations.AddField(
            model_name='verification',
            name='network',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='assets.network'),
        ),
        migrations.AddField(
            model_name='verification',
            name='node',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='assets.node'),
        ),
        migrations.AddField(
            model_name='verification',
            name='pipe',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='assets.pipe'),
        ),
        migrations.AddField(
            model_name='verification',
            name='recorded_by',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='verification',
            name='verified_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='verifications', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='verificationpolicy',
            name='division',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='verification_policies', to='gis_core.division'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(('title', ''), _negated=True), name='document_has_a_title'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['survey', 'as_built', 'design', 'cadastre', 'permit', 'passport', 'act', 'photo', 'other'])), name='document_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('content_type', ''), ('file_name', ''), ('sha256', ''), ('size_bytes', None), ('stored_name', '')), models.Q(models.Q(('stored_name', ''), _negated=True), models.Q(('file_name', ''), _negated=True), models.Q(('content_type', ''), _negated=True), ('sha256__regex', '^[0-9a-f]{64}$'), ('size_bytes__gt', 0)), _connector='OR'), name='document_file_is_whole'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.UniqueConstraint(condition=models.Q(('stored_name', ''), _negated=True), fields=('stored_name',), name='document_file_stored_once'),
        ),
        migrations.AddIndex(
            model_name='inspection',
            index=models.Index(fields=['node', '-inspected_on', '-id'], name='inspection_of_node'),
        ),
        migrations.AddIndex(
            model_name='inspection',
            index=models.Index(fields=['pipe', '-inspected_on', '-id'], name='inspection_of_pipe'),
        ),
        migrations.AddConstraint(
            model_name='inspection',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('node__isnull', False), ('pipe', None)), models.Q(('node', None), ('pipe__isnull', False)), _connector='OR'), name='inspection_of_one_asset'),
        ),
        migrations.AddConstraint(
            model_name='inspection',
            constraint=models.CheckConstraint(condition=models.Q(('grade__gte', 1), ('grade__lte', 5)), name='inspection_grade_known'),
        ),
        migrations.AddConstraint(
            model_name='inspection',
            constraint=models.CheckConstraint(condition=models.Q(('method__in', ['visual', 'cctv', 'acoustic', 'excavation', 'thickness', 'operation', 'other'])), name='inspection_method_known'),
        ),
        migrations.AddConstraint(
            model_name='inspection',
            constraint=models.CheckConstraint(condition=models.Q(('next_due_on', None), ('next_due_on__gt', models.F('inspected_on')), _connector='OR'), name='inspection_next_is_later'),
        ),
        migrations.AddConstraint(
            model_name='leakrecord',
            constraint=models.UniqueConstraint(fields=('network', 'number'), name='leak_number_in_network'),
        ),
        migrations.AddConstraint(
            model_name='leakrecord',
            constraint=models.CheckConstraint(condition=models.Q(('number', ''), _negated=True), name='leak_number_not_empty'),
        ),
        migrations.AddConstraint(
            model_name='leakrecord',
            constraint=models.CheckConstraint(condition=models.Q(('source__in', ['subscriber', 'patrol', 'acoustic', 'balance', 'pressure', 'other'])), name='leak_source_known'),
        ),
        migrations.AddConstraint(
            model_name='leakrecord',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['main_burst', 'main_leak', 'service', 'joint', 'valve', 'hydrant', 'meter', 'tank', 'unknown'])), name='leak_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='leakrecord',
            constraint=models.CheckConstraint(condition=models.Q(('cause__in', ['unknown', 'corrosion', 'age', 'third_party', 'ground', 'frost', 'pressure', 'workmanship'])), name='leak_cause_known'),
        ),
        migrations.AddConstraint(
            model_name='leakrecord',
            constraint=models.CheckConstraint(condition=models.Q(('estimated_loss_m3h', None), models.Q(('estimated_loss_m3h__gte', 0), ('estimated_loss_m3h__lt', 100000)), _connector='OR'), name='leak_loss_plausible'),
        ),
        migrations.AddConstraint(
            model_name='leakrecord',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('located_at', None), ('rejected_at', None), ('repair_started_at', None), ('repaired_at', None), ('state', 'reported')), models.Q(('located_at__isnull', False), ('rejected_at', None), ('repair_started_at', None), ('repaired_at', None), ('state', 'located')), models.Q(('located_at__isnull', False), ('rejected_at', None), ('repair_started_at__isnull', False), ('repaired_at', None), ('state', 'being_repaired')), models.Q(('located_at__isnull', False), ('rejected_at', None), ('repair_started_at__isnull', False), ('repaired_at__isnull', False), ('state', 'repaired')), models.Q(('rejected_at__isnull', False), ('repair_started_at', None), ('repaired_at', None), ('state', 'rejected')), _connector='OR'), name='leak_times_fit_state'),
        ),
        migrations.AddConstraint(
            model_name='leakrecord',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('located_at', None), ('located_at__gte', models.F('reported_at')), _connector='OR'), models.Q(('repair_started_at', None), ('repair_started_at__gte', models.F('located_at')), _connector='OR'), models.Q(('repaired_at', None), ('repaired_at__gte', models.F('repair_started_at')), _connector='OR'), models.Q(('rejected_at', None), ('rejected_at__gte', models.F('reported_at')), _connector='OR')), name='leak_times_in_order'),
        ),
        migrations.AddIndex(
            model_name='parcel',
            index=django.contrib.postgres.indexes.GistIndex(fields=['geom'], name='parcel_geom'),
        ),
        migrations.AddConstraint(
            model_name='parcel',
            constraint=models.CheckConstraint(condition=models.Q(('cadastral_number__regex', '^[0-9]+(:[0-9]+)+(/[0-9]+)*$')), name='parcel_cadastral_number_form'),
        ),
        migrations.AddConstraint(
            model_name='parcel',
            constraint=models.CheckConstraint(condition=models.Q(('land_use__in', ['residential', 'commercial', 'industrial', 'public', 'agricultural', 'transport', 'utility', 'green', 'other'])), name='parcel_land_use_known'),
        ),
        migrations.AddIndex(
            model_name='building',
            index=django.contrib.postgres.indexes.GistIndex(fields=['geom'], name='building_geom'),
        ),
        migrations.AddConstraint(
            model_name='building',
            constraint=models.CheckConstraint(condition=models.Q(('cadastral_number__regex', '^[0-9]+(:[0-9]+)+(/[0-9]+)*$')), name='building_cadastral_number_form'),
        ),
        migrations.AddConstraint(
            model_name='building',
            constraint=models.CheckConstraint(condition=models.Q(('purpose__in', ['dwelling', 'apartments', 'commercial', 'industrial', 'school', 'hospital', 'public', 'utility', 'other'])), name='building_purpose_known'),
        ),
        migrations.AddConstraint(
            model_name='building',
            constraint=models.CheckConstraint(condition=models.Q(('storeys', None), models.Q(('storeys__gte', 1), ('storeys__lte', 200)), _connector='OR'), name='building_storeys_plausible'),
        ),
        migrations.AddConstraint(
            model_name='building',
            constraint=models.CheckConstraint(condition=models.Q(('year_built', None), models.Q(('year_built__gte', 1000), ('year_built__lte', 2200)), _connector='OR'), name='building_year_plausible'),
        ),
        migrations.AddIndex(
            model_name='surveypoint',
            index=django.contrib.postgres.indexes.GistIndex(fields=['geom'], name='survey_point_geom'),
        ),
        migrations.AddConstraint(
            model_name='surveypoint',
            constraint=models.UniqueConstraint(fields=('division', 'code'), name='survey_point_code_in_division'),
        ),
        migrations.AddConstraint(
            model_name='surveypoint',
            constraint=models.CheckConstraint(condition=models.Q(('code', ''), _negated=True), name='survey_point_code_not_empty'),
        ),
        migrations.AddConstraint(
            model_name='surveypoint',
            constraint=models.CheckConstraint(condition=models.Q(('method__in', ['gnss_static', 'gnss_rtk', 'gnss_handheld', 'total_station', 'levelling', 'locator', 'digitised', 'estimated'])), name='survey_point_method_known'),
        ),
        migrations.AddConstraint(
            model_name='documentlink',
            constraint=models.UniqueConstraint(fields=('document', 'node', 'pipe', 'parcel', 'building', 'survey_point'), name='document_linked_once', nulls_distinct=False),
        ),
        migrations.AddIndex(
            model_name='verification',
            index=models.Index(fields=['node', '-verified_on', '-id'], name='verification_of_node'),
        ),
        migrations.AddIndex(
            model_name='verification',
            index=models.Index(fields=['pipe', '-verified_on', '-id'], name='verification_of_pipe'),
        ),
        migrations.AddConstraint(
            model_name='verification',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('node__isnull', False), ('pipe', None)), models.Q(('node', None), ('pipe__isnull', False)), _connector='OR'), name='verification_of_one_asset'),
        ),
        migrations.AddConstraint(
            model_name='verification',
            constraint=models.CheckConstraint(condition=models.Q(('method__in', ['visual', 'locator', 'gnss', 'excavation', 'operation', 'photo'])), name='verification_method_known'),
        ),
        migrations.AddConstraint(
            model_name='verificationpolicy',
            constraint=models.UniqueConstraint(fields=('division', 'commodity', 'kind'), name='verification_policy_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='verificationpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('interval_months__gte', 1), ('interval_months__lte', 600)), name='verification_policy_interval_plausible'),
        ),
        migrations.AddConstraint(
            model_name='verificationpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['junction', 'tank', 'reservoir', 'source', 'treatment', 'pumping_station', 'substation', 'distribution_centre', 'pump', 'valve', 'regulator', 'hydrant', 'bulk_meter', 'manhole', 'outfall', 'lift_station', 'regulator_station', 'metering_station', 'busbar', 'feeder_head', 'transformer', 'switch', 'pole', 'service_cabinet', 'boiler_house', 'heat_exchanger', 'heat_substation', 'heat_chamber', 'pipe'])), name='verification_policy_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='verificationpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('commodity__in', ['water', 'sewerage', 'gas', 'electricity', 'heat'])), name='verification_policy_commodity_known'),
        ),
        migrations.CreateModel(
            name='PipeCondition',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('uid', models.UUIDField()),
                ('code', models.CharField(max_length=80)),
                ('lifecycle', models.CharField(max_length=20)),
                ('material', models.CharField(max_length=40)),
                ('material_code', models.CharField(max_length=40, null=True)),
                ('diameter_m', models.FloatField(null=True)),
                ('length_m', models.FloatField()),
                ('year_installed', models.PositiveSmallIntegerField(null=True)),
                ('age_years', models.IntegerField(null=True)),
                ('expected_life_years', models.PositiveSmallIntegerField(null=True)),
                ('used_life_percent', models.FloatField(null=True)),
                ('breaks', models.IntegerField()),
                ('breaks_per_km_year', models.FloatField()),
                ('inspected_on', models.DateField(null=True)),
                ('inspected_grade', models.PositiveSmallIntegerField(null=True)),
                ('age_grade', models.PositiveSmallIntegerField(null=True)),
                ('break_grade', models.PositiveSmallIntegerField(null=True)),
                ('grade', models.PositiveSmallIntegerField(null=True)),
                ('grade_method', models.CharField(choices=[('inspection', 'inspection'), ('age', 'age'), ('breaks', 'breaks'), ('unknown', 'unknown')], max_length=10)),
            ],
            options={
                'db_table': 'assets_pipecondition',
                'ordering': ['id'],
                'managed': False,
            },
        ),
        migrations.RunSQL(load_sql("assets", "registers"), migrations.RunSQL.noop),
        migrations.RunPython(fill_reference_tables, migrations.RunPython.noop),
    ]
