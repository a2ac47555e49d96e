"""SQL kept in files of its own (`<app>/sql/*.sql`), read once per process."""

from functools import cache
from pathlib import Path

from django.apps import apps


@cache
def load_sql(app_label: str, name: str) -> str:
    """Return the text of `<app>/sql/<name>.sql`; bind parameters are psycopg's `%(name)s`."""
    path = Path(apps.get_app_config(app_label).path) / "sql" / f"{name}.sql"
    return path.read_text(encoding="utf-8")


def sql_beside(migration_file: str) -> str:
    """Return the text of the .sql file that stands beside a migration under its name; it is kept with the migration."""
    return Path(migration_file).with_suffix(".sql").read_text(encoding="utf-8")
