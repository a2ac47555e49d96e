"""What stands in networks of each commodity, service lives of materials, and how often assets are to be verified."""

from django.db import migrations

# By commodity, the kinds of nodes that stand in its networks.
KINDS = {
    "electricity": (
        "bulk_meter busbar distribution_centre feeder_head junction pole service_cabinet source "
        "substation switch transformer"
    ),
    "gas": (
        "bulk_meter distribution_centre junction metering_station pump pumping_station regulator "
        "regulator_station reservoir source substation tank valve"
    ),
    "heat": (
        "boiler_house bulk_meter heat_chamber heat_exchanger heat_substation junction pump "
        "pumping_station regulator reservoir source substation tank valve"
    ),
    "sewerage": (
        "bulk_meter junction lift_station manhole outfall pump pumping_station regulator reservoir "
        "source tank treatment valve"
    ),
    "water": (
        "bulk_meter distribution_centre hydrant junction pump pumping_station regulator reservoir source "
        "substation tank treatment valve"
    ),
}
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
        commodity_kind(commodity=commodity, kind=kind)
        for commodity, kinds in KINDS.items()
        for kind in kinds.split()
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
    replaces = [("assets", "0003_registers")]
    dependencies = [("assets", "0001_tables")]

    operations = [migrations.RunPython(fill_reference_tables, migrations.RunPython.noop)]
