"""A full disk, by a quota on one table: a trigger that says what a full file system says (SQLSTATE 53100)."""

from django.db import connection

from tests.databases import as_owner


def limit_size(table: str, size_bytes: int) -> None:
    """Refuse what makes the table larger."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION over_quota() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF pg_relation_size(TG_RELID) > {size_bytes} THEN "
            "RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END IF; RETURN NULL; END $$; "
            f"CREATE TRIGGER quota AFTER INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION over_quota()"
        )


def make_room(table: str) -> None:
    """There is room again."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER quota ON {table}")
