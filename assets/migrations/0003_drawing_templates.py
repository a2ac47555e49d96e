"""What new elements are drawn as, with the usual ones of each commodity in the republic."""

import django.db.models.deletion
import uuid
from django.db import migrations, models

# commodity: (kind, name, diameter (m), material, other attributes). Pipes first, as they are drawn most.
TEMPLATES = {
    "water": [
        ("pipe", "PE 32 service", 0.032, "PE", {}),
        ("pipe", "PE 63 service", 0.063, "PE", {}),
        ("pipe", "PE 110 distribution", 0.110, "PE", {}),
        ("pipe", "PE 160 distribution", 0.160, "PE", {}),
        ("pipe", "PE 225 main", 0.225, "PE", {}),
        ("pipe", "PE 315 main", 0.315, "PE", {}),
        ("pipe", "Steel 100 distribution", 0.100, "steel", {}),
        ("pipe", "Steel 200 main", 0.200, "steel", {}),
        ("pipe", "Steel 500 main", 0.500, "steel", {}),
        ("pipe", "Ductile iron 200 main", 0.200, "ductile iron", {}),
        ("valve", "Isolation valve 100", 0.100, "", {"valve_type": "isolation"}),
        ("valve", "Isolation valve 200", 0.200, "", {"valve_type": "isolation"}),
        ("hydrant", "Hydrant 100", 0.100, "", {}),
        ("bulk_meter", "Bulk meter 100", 0.100, "", {}),
        ("junction", "Junction", None, "", {}),
    ],
    "sewerage": [
        ("pipe", "PVC 160 gravity", 0.160, "PVC", {"flow_regime": "gravity"}),
        ("pipe", "PVC 200 gravity", 0.200, "PVC", {"flow_regime": "gravity"}),
        ("pipe", "Concrete 500 collector", 0.500, "concrete", {"flow_regime": "gravity"}),
        ("pipe", "PE 160 pressure", 0.160, "PE", {"flow_regime": "pressure"}),
        ("manhole", "Manhole", None, "", {}),
    ],
    "gas": [
        ("pipe", "PE 63 low pressure", 0.063, "PE", {"pressure_class": "low"}),
        ("pipe", "PE 110 medium pressure", 0.110, "PE", {"pressure_class": "medium"}),
        ("pipe", "Steel 219 high pressure, class 2", 0.219, "steel", {"pressure_class": "high_2"}),
        ("pipe", "Steel 325 high pressure, class 1", 0.325, "steel", {"pressure_class": "high_1"}),
        ("valve", "Isolation valve 100", 0.100, "", {"valve_type": "isolation"}),
        ("junction", "Junction", None, "", {}),
    ],
    "electricity": [
        ("pipe", "SIP-2 3x70, 0.4 kV overhead", None, "", {"voltage_kv": 0.4, "conductor": "SIP-2 3x70", "placing": "overhead"}),
        ("pipe", "AS-50, 10 kV overhead", None, "", {"voltage_kv": 10.0, "conductor": "AS-50", "placing": "overhead"}),
        ("pipe", "ASB 3x120, 10 kV cable", None, "", {"voltage_kv": 10.0, "conductor": "ASB 3x120", "placing": "underground"}),
        ("pole", "Pole", None, "", {}),
        ("service_cabinet", "Service cabinet", None, "", {}),
    ],
    "heat": [
        ("pipe", "Steel 108 supply", 0.108, "steel", {"circuit": "supply"}),
        ("pipe", "Steel 108 return", 0.108, "steel", {"circuit": "return"}),
        ("pipe", "Steel 219 supply", 0.219, "steel", {"circuit": "supply"}),
        ("pipe", "Steel 219 return", 0.219, "steel", {"circuit": "return"}),
        ("valve", "Isolation valve 100", 0.100, "", {"valve_type": "isolation"}),
        ("heat_chamber", "Heat chamber", None, "", {}),
    ],
}


def add_templates(apps, schema_editor):
    """The usual templates, for the whole tree of divisions."""
    republic = apps.get_model("gis_core", "Division").objects.filter(level=1).order_by("id").first()
    if republic is None:
        return
    template = apps.get_model("assets", "DrawingTemplate")
    template.objects.bulk_create(
        template(
            division=republic,
            commodity=commodity,
            place=place,
            kind=kind,
            name=name,
            diameter_m=diameter_m,
            material=material,
            **others,
        )
        for commodity, listed in TEMPLATES.items()
        for place, (kind, name, diameter_m, material, others) in enumerate(listed, 1)
    )


class Migration(migrations.Migration):

    dependencies = [
        ('assets', '0002_reference_rows'),
        ('gis_core', '0003_cancelled_jobs'),
    ]

    operations = [
        migrations.CreateModel(
            name='DrawingTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('commodity', models.CharField(choices=[('water', 'water'), ('sewerage', 'sewerage'), ('gas', 'gas'), ('electricity', 'electricity'), ('heat', 'heat')], max_length=12)),
                ('kind', models.CharField(choices=[('pipe', 'pipe'), ('junction', 'junction'), ('tank', 'tank'), ('reservoir', 'reservoir'), ('source', 'source'), ('treatment', 'treatment plant'), ('pumping_station', 'pumping station'), ('substation', 'substation'), ('distribution_centre', 'distribution centre'), ('pump', 'pump'), ('valve', 'valve'), ('regulator', 'regulator'), ('hydrant', 'hydrant'), ('bulk_meter', 'bulk meter'), ('manhole', 'manhole'), ('outfall', 'outfall'), ('lift_station', 'lift station'), ('regulator_station', 'regulator station'), ('metering_station', 'metering station'), ('busbar', 'busbar'), ('feeder_head', 'feeder head'), ('transformer', 'transformer'), ('switch', 'switch'), ('pole', 'pole'), ('service_cabinet', 'service cabinet'), ('boiler_house', 'boiler house'), ('heat_exchanger', 'heat exchanger'), ('heat_substation', 'heat substation'), ('heat_chamber', 'heat chamber')], default='pipe', max_length=20)),
                ('node_kind', models.GeneratedField(db_persist=True, expression=models.Case(models.When(kind='pipe', then=models.Value(None)), default=models.F('kind'), output_field=models.CharField(max_length=20)), output_field=models.CharField(max_length=20, null=True))),
                ('name', models.CharField(max_length=100)),
                ('place', models.PositiveSmallIntegerField(default=0, help_text='Its place in the list')),
                ('diameter_m', models.FloatField(blank=True, null=True)),
                ('material', models.CharField(blank=True, max_length=40)),
                ('valve_type', models.CharField(blank=True, max_length=10)),
                ('voltage_kv', models.FloatField(blank=True, null=True)),
                ('conductor', models.CharField(blank=True, max_length=40)),
                ('placing', models.CharField(blank=True, choices=[('overhead', 'overhead'), ('underground', 'underground')], max_length=11)),
                ('pressure_class', models.CharField(blank=True, choices=[('low', 'low pressure'), ('medium', 'medium pressure'), ('high_2', 'high pressure, class 2'), ('high_1', 'high pressure, class 1')], max_length=8)),
                ('circuit', models.CharField(blank=True, choices=[('supply', 'supply'), ('return', 'return')], max_length=6)),
                ('flow_regime', models.CharField(blank=True, choices=[('gravity', 'gravity'), ('pressure', 'pressure')], max_length=8)),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='drawing_templates', to='gis_core.division')),
            ],
            options={
                'ordering': ['commodity', 'place', 'name'],
                'constraints': [models.UniqueConstraint(fields=('division', 'commodity', 'kind', 'name'), name='drawing_template_once'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='drawing_template_has_a_name'), models.CheckConstraint(condition=models.Q(('commodity__in', ['water', 'sewerage', 'gas', 'electricity', 'heat'])), name='drawing_template_commodity_known'), models.CheckConstraint(condition=models.Q(('diameter_m', None), models.Q(('diameter_m__gt', 0), ('diameter_m__lt', 100.0)), _connector='OR'), name='drawing_template_diameter_positive'), models.CheckConstraint(condition=models.Q(('voltage_kv', None), models.Q(('voltage_kv__gte', 0.05), ('voltage_kv__lte', 1150)), _connector='OR'), name='drawing_template_voltage_plausible'), models.CheckConstraint(condition=models.Q(('circuit__in', ['', 'supply', 'return']), ('flow_regime__in', ['', 'gravity', 'pressure']), ('placing__in', ['', 'overhead', 'underground']), ('pressure_class__in', ['', 'low', 'medium', 'high_2', 'high_1']), ('valve_type__in', ['', 'PRV', 'PSV', 'PBV', 'FCV', 'TCV', 'GPV', 'PCV', 'isolation', 'check'])), name='drawing_template_words_known')],
            },
        ),
        migrations.RunSQL(
            "ALTER TABLE assets_drawingtemplate ADD CONSTRAINT drawing_template_kind_of_its_commodity "
            "FOREIGN KEY (commodity, node_kind) REFERENCES assets_commoditykind (commodity, kind)",
            "ALTER TABLE assets_drawingtemplate DROP CONSTRAINT drawing_template_kind_of_its_commodity",
        ),
        migrations.RunPython(add_templates, migrations.RunPython.noop),
    ]
