"""Which ground an edit made dirty."""

from django.db import connection

from assets.models import Edit, Network


def mark_dirty_areas(network: Network, edit: Edit) -> None:
    """Mark what the edit touched, before and after, as not validated."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT mark_dirty_areas(%s, %s)", [network.pk, edit.pk])


def mark_network_dirty(network: Network) -> None:
    """Mark all the ground of a network as not validated: after an import, which may be all of it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO assets_dirtyarea (network_id, geom, made_at) "
            "SELECT %s, ST_Expand(ST_SetSRID(ST_Extent(geom)::geometry, 4326), 0.00002), now() "
            "FROM assets_node WHERE network_id = %s HAVING count(*) > 0",
            [network.pk, network.pk],
        )
