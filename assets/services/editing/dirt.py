"""Which ground an edit made dirty."""

from django.db import connection

from assets.models import Edit, Network
from gis_core.sql_loader import load_sql


def mark_dirty_areas(network: Network, edit: Edit) -> None:
    """Mark what the edit touched, before and after, as not validated."""
    with connection.cursor() as cursor:
        cursor.execute(load_sql("assets", "mark_dirty_areas"), {"network": network.pk, "edit": edit.pk})
