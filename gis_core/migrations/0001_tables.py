"""Every table of the organisation, with keys, constraints and indexes. Functions, triggers and views are in sql/install/."""

import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.gis.db.models.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
import uuid
from django.conf import settings
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models

from gis_core.database.operations import CreateTables
from gis_core.database.sql_files import sql_beside


class Migration(migrations.Migration):

    replaces = [('gis_core', '0001_initial'), ('gis_core', '0002_guards')]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        # Exclusion constraints compare plain keys and ranges in one GiST index.
        BtreeGistExtension(),
        CreateTables(
            models=[
                migrations.CreateModel(
                    name='User',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('password', models.CharField(max_length=128, verbose_name='password')),
                        ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                        ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                        ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                        ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                        ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                        ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                        ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                        ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                        ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                        ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                        ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                    ],
                    options={
                        'verbose_name': 'user',
                        'verbose_name_plural': 'users',
                        'abstract': False,
                        'constraints': [models.CheckConstraint(condition=models.Q(('username', ''), _negated=True), name='user_has_a_name')],
                    },
                    managers=[
                        ('objects', django.contrib.auth.models.UserManager()),
                    ],
                ),
                migrations.CreateModel(
                    name='ApiToken',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('name', models.CharField(max_length=100)),
                        ('digest', models.CharField(max_length=64, unique=True)),
                        ('created_at', models.DateTimeField(auto_now_add=True)),
                        ('expires_at', models.DateTimeField(blank=True, null=True)),
                        ('revoked_at', models.DateTimeField(blank=True, null=True)),
                        ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_tokens', to=settings.AUTH_USER_MODEL)),
                    ],
                    options={
                        'verbose_name': 'API token',
                        'verbose_name_plural': 'API tokens',
                        'constraints': [models.CheckConstraint(condition=models.Q(('digest__regex', '^[0-9a-f]{64}$')), name='api_token_digest_form')],
                    },
                ),
                migrations.CreateModel(
                    name='Division',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('code', models.CharField(max_length=40, unique=True)),
                        ('name', models.CharField(max_length=200)),
                        ('level', models.PositiveSmallIntegerField(choices=[(1, 'republic'), (2, 'region'), (3, 'district'), (4, 'mahalla')])),
                        ('parent_path', models.TextField(blank=True, default='', editable=False)),
                        ('parent_level', models.PositiveSmallIntegerField(blank=True, editable=False, null=True)),
                        ('path', models.GeneratedField(db_persist=True, expression=django.db.models.functions.text.Concat(models.F('parent_path'), models.F('code'), models.Value('.')), output_field=models.TextField(), unique=True)),
                        ('boundary', django.contrib.gis.db.models.fields.MultiPolygonField(blank=True, null=True, srid=4326)),
                        ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='gis_core.division')),
                    ],
                    options={
                        'ordering': ['path'],
                        'indexes': [models.Index(fields=['path'], name='division_path_prefix', opclasses=['text_pattern_ops'])],
                        'constraints': [models.CheckConstraint(condition=models.Q(('code__regex', '^[A-Z0-9][A-Z0-9-]*$')), name='division_code_form'), models.CheckConstraint(condition=models.Q(models.Q(('level', 1), ('parent', None), ('parent_level', None), ('parent_path', '')), models.Q(('parent__isnull', False), ('parent_level__isnull', False), ('parent_level__lt', models.F('level')), ('parent_path__gt', '')), _connector='OR'), name='division_root_has_no_parent'), models.CheckConstraint(condition=models.Q(('level__gte', 1), ('level__lte', 4)), name='division_level_known')],
                    },
                ),
                migrations.CreateModel(
                    name='AuditEvent',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('action', models.CharField(max_length=60)),
                        ('object_type', models.CharField(max_length=60)),
                        ('object_id', models.CharField(max_length=100)),
                        ('old_values', models.JSONField(null=True)),
                        ('new_values', models.JSONField(null=True)),
                        ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='audit_events', to=settings.AUTH_USER_MODEL)),
                        ('division', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to='gis_core.division')),
                    ],
                    options={
                        'ordering': ['-id'],
                        'indexes': [models.Index(fields=['object_type', 'object_id'], name='audit_by_object'), models.Index(fields=['division', '-id'], name='audit_by_division')],
                    },
                ),
                migrations.CreateModel(
                    name='Enterprise',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('code', models.CharField(max_length=40, unique=True)),
                        ('name', models.CharField(max_length=200)),
                        ('tax_id', models.CharField(help_text='STIR, nine digits', max_length=9)),
                        ('bank_name', models.CharField(max_length=200)),
                        ('bank_code', models.CharField(help_text='MFO, five digits', max_length=5)),
                        ('bank_account', models.CharField(help_text='Twenty digits', max_length=20)),
                        ('address', models.CharField(blank=True, max_length=300)),
                        ('phone', models.CharField(blank=True, max_length=40)),
                        ('invoice_prefix', models.CharField(max_length=10, unique=True)),
                        ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='enterprises', to='gis_core.division')),
                    ],
                    options={
                        'ordering': ['code'],
                        'constraints': [models.CheckConstraint(condition=models.Q(('code__regex', '^[A-Z0-9][A-Z0-9-]*$')), name='enterprise_code_form'), models.CheckConstraint(condition=models.Q(('tax_id__regex', '^[0-9]{9}$')), name='enterprise_tax_id_form'), models.CheckConstraint(condition=models.Q(('bank_code__regex', '^[0-9]{5}$')), name='enterprise_bank_code_form'), models.CheckConstraint(condition=models.Q(('bank_account__regex', '^[0-9]{20}$')), name='enterprise_bank_account_form')],
                    },
                ),
                migrations.CreateModel(
                    name='Job',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('kind', models.CharField(max_length=60)),
                        ('state', models.CharField(choices=[('queued', 'queued'), ('running', 'running'), ('succeeded', 'succeeded'), ('failed', 'failed')], default='queued', max_length=10)),
                        ('parameters', models.JSONField(default=dict)),
                        ('progress_done', models.PositiveBigIntegerField(default=0)),
                        ('progress_total', models.PositiveBigIntegerField(default=0)),
                        ('message', models.CharField(blank=True, max_length=200)),
                        ('result', models.JSONField(null=True)),
                        ('error', models.TextField(blank=True)),
                        ('attempts', models.PositiveSmallIntegerField(default=0)),
                        ('lease_until', models.DateTimeField(null=True)),
                        ('created_at', models.DateTimeField(auto_now_add=True)),
                        ('started_at', models.DateTimeField(null=True)),
                        ('ended_at', models.DateTimeField(null=True)),
                        ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                        ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='gis_core.division')),
                    ],
                    options={
                        'ordering': ['-id'],
                        'indexes': [models.Index(fields=['state', 'lease_until'], name='job_by_lease')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'succeeded', 'failed'])), name='job_state_known'), models.CheckConstraint(condition=models.Q(('progress_total', 0), ('progress_done__lte', models.F('progress_total')), _connector='OR'), name='job_progress_within_total'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'failed'), _negated=True), models.Q(('error', ''), _negated=True), _connector='OR'), name='job_failed_says_why')],
                    },
                ),
                migrations.CreateModel(
                    name='RoleAssignment',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('role', models.CharField(choices=[('engineer', 'engineer'), ('analyst', 'loss analyst'), ('crew', 'field crew'), ('clerk', 'billing clerk'), ('cashier', 'cashier'), ('manager', 'manager'), ('administrator', 'administrator'), ('auditor', 'auditor')], max_length=20)),
                        ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='role_assignments', to='gis_core.division')),
                        ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='role_assignments', to=settings.AUTH_USER_MODEL)),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('user', 'role', 'division'), name='role_assignment_once'), models.CheckConstraint(condition=models.Q(('role__in', ['engineer', 'analyst', 'crew', 'clerk', 'cashier', 'manager', 'administrator', 'auditor'])), name='role_assignment_role_known')],
                    },
                ),
                migrations.CreateModel(
                    name='Street',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('code', models.CharField(max_length=40)),
                        ('name', models.CharField(max_length=200)),
                        ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='streets', to='gis_core.division')),
                    ],
                    options={
                        'ordering': ['name'],
                        'constraints': [models.UniqueConstraint(fields=('division', 'code'), name='street_code_in_division'), models.UniqueConstraint(fields=('division', 'name'), name='street_name_in_division')],
                    },
                ),
            ],
        ),
        migrations.RunSQL(sql_beside(__file__), migrations.RunSQL.noop),
    ]
