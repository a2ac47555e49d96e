"""Making and restoring the dumps of former releases.

`python -m tests.upgrades.dumps v0_3_0` writes that of the present code, once, when a release is made.
"""

import gzip
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

DIRECTORY = Path(__file__).parent
PG_DUMP = "/usr/lib/postgresql/15/bin/pg_dump"


def restore(connection: Any, name: str) -> None:
    """Run the dump `name` in the empty database that a psycopg connection leads to."""
    text = gzip.decompress((DIRECTORY / f"{name}.sql.gz").read_bytes()).decode()
    connection.execute(text)
    connection.commit()


def plain_text(dump: str) -> str:
    """A dump without what psql alone understands, comments, and the words of the version that made it."""
    noise = re.compile(
        r"--$|-- (Name:|Data for|PostgreSQL|Dumped)|\\(un)?restrict|CREATE SCHEMA public|COMMENT ON SCHEMA"
    )
    kept = [line for line in dump.splitlines() if not noise.match(line)]
    return "\n".join(kept) + "\n"


def write(name: str, parameters: dict[str, Any]) -> Path:
    """Dump a database of ours into the directory."""
    command = [PG_DUMP, "--no-owner", "--no-privileges", "--inserts", "--rows-per-insert=500", "-n", "public"]
    for option, key in (("-h", "host"), ("-p", "port"), ("-U", "user"), ("-d", "dbname")):
        if parameters.get(key):
            command += [option, str(parameters[key])]
    environment = {**os.environ, "PGPASSWORD": str(parameters.get("password") or "")}
    dump = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    path = DIRECTORY / f"{name}.sql.gz"
    path.write_bytes(gzip.compress(plain_text(dump).encode(), mtime=0))
    return path


def main(name: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gis_core.settings.test")
    import django

    django.setup()
    from django.db import connection

    from gis_core.database.template import connected_to
    from tests.databases import drop_database, make_migrated_database

    make_migrated_database("tarmoq_dump")
    try:
        with connected_to("tarmoq_dump"):
            print(write(name, connection.get_connection_params()))
    finally:
        drop_database("tarmoq_dump")


if __name__ == "__main__":
    main(sys.argv[1])
