"""Documents whose checks wait for the end of their transaction."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0018_meter_stock'),
    ]

    operations = [
        migrations.CreateModel(
            name='UncheckedDocument',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_invoice', models.BooleanField(help_text='Of an invoice; else of a ledger transaction')),
                ('document_id', models.BigIntegerField()),
            ],
            options={
                'ordering': ['id'],
            },
        ),
    ]
