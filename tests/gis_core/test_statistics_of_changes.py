"""Deferred checks are planned for the rows that a transaction wrote, not for those there when last counted."""

from typing import Any

import pytest
from django.db import connection

from gis_core.database.constraints import check_constraints_now
from gis_core.models import Street
from tests.databases import as_owner


def known_rows(table: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [table])
        return float(cursor.fetchone()[0])


@pytest.mark.parametrize(("count", "is_counted"), [(400, False), (1_500, True)])
def test_many_new_rows_are_counted_before_they_are_checked(
    district: Any, count: int, is_counted: bool
) -> None:
    with as_owner(), connection.cursor() as cursor:
        # As autovacuum leaves a table that it found empty.
        cursor.execute("ANALYZE gis_core_street")
    before = known_rows("gis_core_street")
    assert before < count
    Street.objects.bulk_create(
        Street(code=f"C{number}", name=f"C{number} ko‘chasi", division=district) for number in range(count)
    )
    check_constraints_now()
    assert (known_rows("gis_core_street") > before) is is_counted
