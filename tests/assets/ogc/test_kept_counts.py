"""Numbers that the database keeps are those that a count would find, whatever changed the rows."""

import pytest
from django.db import connection

from assets.models import Node
from assets.ogc.selectors.collections import COLLECTIONS
from tests.assets.ogc.conftest import Reader
from tests.databases import as_owner
from tests.frontend_map.sample import SampleNetwork

_FOUND = """
    SELECT 'node', '', division_id, count(*) FROM assets_node GROUP BY division_id
    UNION ALL
    SELECT 'pipe', CASE WHEN is_connector THEN 'connector' ELSE 'pipe' END, division_id, count(*)
      FROM assets_pipe GROUP BY 2, division_id
    UNION ALL
    SELECT 'parcel', '', division_id, count(*) FROM assets_parcel GROUP BY division_id
    UNION ALL
    SELECT 'building', '', division_id, count(*) FROM assets_building GROUP BY division_id
"""
_KEPT = """
    SELECT part, facet, division_id, sum(number)::bigint FROM assets_featurecount
     GROUP BY part, facet, division_id HAVING sum(number) <> 0
"""
CHANGES = {
    "nothing": "SELECT 1",
    "a node made": "INSERT INTO assets_node (uid, network_id, division_id, kind, code, geom, lifecycle, version) "
    "SELECT gen_random_uuid(), network_id, division_id, 'junction', 'more-' || id, geom, lifecycle, 1 "
    "FROM assets_node",
    "pipes deleted": "DELETE FROM assets_pipe WHERE id % 2 = 0",
    "what is not counted": "UPDATE assets_node SET elevation_m = 1",
    "put together": "DELETE FROM assets_pipe WHERE id % 5 = 0; SELECT merge_feature_counts()",
    "another division": "UPDATE assets_network SET division_id = (SELECT min(id) FROM gis_core_division)",
    "emptied": "TRUNCATE assets_building CASCADE",
}


def _rows(statement: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return sorted(cursor.fetchall())


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_kept_numbers_are_those_of_a_count(reader: Reader, network: SampleNetwork, change: str) -> None:
    with as_owner(), connection.cursor() as cursor:
        # What is checked at the commit is checked before a table can be emptied.
        cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; {change}")
    assert _rows(_KEPT) == _rows(_FOUND)


@pytest.mark.parametrize("collection", ["nodes", "pipes", "connectors", "parcels", "buildings"])
def test_numbers_are_of_what_the_viewer_may_see(
    reader: Reader, network: SampleNetwork, collection: str
) -> None:
    document = reader.json(f"/collections/{collection}/items", {"limit": 1})
    assert document["numberMatched"] == len(reader.ids(collection))
    assert COLLECTIONS[collection].required_joins == ()


def test_a_whole_collection_is_not_counted_anew(reader: Reader, network: SampleNetwork) -> None:
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        document = reader.json("/collections/nodes/items", {"limit": 1})
    assert 1 < document["numberMatched"] <= Node.objects.count()
    assert not [
        each for each in captured.captured_queries if "SELECT count(*) FROM assets_node" in each["sql"]
    ]
