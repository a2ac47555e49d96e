"""SQL kept in files of its own (`<package>/sql/*.sql`), read once per process."""

from functools import cache
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


@cache
def load_sql(package: str, name: str) -> str:
    """Return the text of `<package>/sql/<name>.sql`; bind parameters are psycopg's `%(name)s`.

    `package` is a capability by its dotted name ("assets.tiles"), or an app ("billing").
    """
    path = _ROOT.joinpath(*package.split("."), "sql", f"{name}.sql")
    return path.read_text(encoding="utf-8")


def sql_beside(migration_file: str) -> str:
    """Return the text of the .sql file that stands beside a migration under its name; it is kept with the migration."""
    return Path(migration_file).with_suffix(".sql").read_text(encoding="utf-8")
