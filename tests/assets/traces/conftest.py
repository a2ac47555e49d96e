import pytest
from django.db import connection


@pytest.fixture(autouse=True)
def _without_tiles(db):
    with connection.cursor() as c:
        c.execute("SELECT tgname, tgrelid::regclass::text FROM pg_trigger JOIN pg_proc p ON p.oid=tgfoid WHERE proname LIKE '%tile%'")
        for n, t in c.fetchall():
            c.execute(f"DROP TRIGGER {n} ON {t}")
