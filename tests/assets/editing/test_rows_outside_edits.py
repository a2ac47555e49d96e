"""Rows that are written outside of any edit begin when the database says, whatever they say."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from gis_core.models import Division
from tests.world import make_world

LONG_AGO, LATER = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
NODE = (
    "INSERT INTO assets_node "
    "(uid, network_id, division_id, code, kind, lifecycle, geom, valid_from, change_id, version) "
    "SELECT gen_random_uuid(), network_id, division_id, 'X', kind, lifecycle, geom, %s, %s, %s "
    "FROM assets_node WHERE code = 'B' RETURNING valid_from, change_id, version"
)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "change_id", "version"),
    [(LONG_AGO, 0, 1), (LATER, 0, 1), ("infinity", 0, 1), (None, 77, 1), (None, 0, 9), (None, -5, 1)],
)
def test_a_row_says_neither_its_time_nor_an_edit(
    district: Division, said: Any, change_id: int, version: int
) -> None:
    make_world(district)
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        (began,) = cursor.fetchone()
        cursor.execute(NODE, [said or began, change_id, version])
        valid_from, kept, states = cursor.fetchone()
    assert began <= valid_from <= timezone.now()
    # Below zero it is a change outside of edits, whose content it names.
    assert (kept, states) == (min(change_id, 0), 1)
