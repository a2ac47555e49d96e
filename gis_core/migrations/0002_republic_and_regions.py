"""The republic and its fourteen regions, by ISO 3166-2:UZ: reference data every installation starts from."""

from django.db import migrations

REGIONS = {
    "UZ-AN": "Andijon viloyati",
    "UZ-BU": "Buxoro viloyati",
    "UZ-FA": "Farg‘ona viloyati",
    "UZ-JI": "Jizzax viloyati",
    "UZ-NG": "Namangan viloyati",
    "UZ-NW": "Navoiy viloyati",
    "UZ-QA": "Qashqadaryo viloyati",
    "UZ-QR": "Qoraqalpog‘iston Respublikasi",
    "UZ-SA": "Samarqand viloyati",
    "UZ-SI": "Sirdaryo viloyati",
    "UZ-SU": "Surxondaryo viloyati",
    "UZ-TK": "Toshkent shahri",
    "UZ-TO": "Toshkent viloyati",
    "UZ-XO": "Xorazm viloyati",
}


def add_republic_and_regions(apps, schema_editor):
    Division = apps.get_model("gis_core", "Division")
    republic = Division.objects.create(code="UZ", name="O‘zbekiston Respublikasi", level=1)
    for code, name in REGIONS.items():
        Division.objects.create(
            code=code, name=name, level=2, parent=republic, parent_path="UZ.", parent_level=1
        )


class Migration(migrations.Migration):
    replaces = [("gis_core", "0003_republic_and_regions")]
    dependencies = [("gis_core", "0001_tables")]

    operations = [migrations.RunPython(add_republic_and_regions, migrations.RunPython.noop)]
