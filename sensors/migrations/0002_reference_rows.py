"""What every installation starts with: profiles and a source of feeds, rules of quality, properties of SensorThings."""

from django.db import migrations

from gis_core.database.sql_files import sql_beside

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
    replaces = [("sensors", "0003_feeds"), ("sensors", "0004_quality"), ("sensors", "0005_sensorthings")]
    dependencies = [("sensors", "0001_tables"), ("gis_core", "0002_republic_and_regions")]

    operations = [
        migrations.RunPython(add_profiles_and_broker, migrations.RunPython.noop),
        migrations.RunSQL(sql_beside(__file__), migrations.RunSQL.noop),
    ]
