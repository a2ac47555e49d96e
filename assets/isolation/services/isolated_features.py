"""What an isolation concerns, drawn: pipes and nodes as GeoJSON features, each with its role."""

from typing import Any

from django.db import connection

from assets.isolation.services.isolating import Isolation
from assets.models import Pipe
from gis_core.database.sql_files import load_sql


def features_of(isolation: Isolation, *, pipe: Pipe, at: float) -> list[dict[str, Any]]:
    """GeoJSON features in degrees: isolated pipes, then valves by their distance from the break, then cut off nodes.

    `role` is pipe, close, held_by, passed or cut_off; a valve that is passed says why it cannot be closed: broken,
    inaccessible, or said (by whoever asked).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("assets.isolation", "isolated_features"),
            {
                "network": isolation.network.pk,
                "pipe": pipe.pk,
                "at": at,
                "pipes": isolation.pipe_ids,
                "close": isolation.close,
                "held_by": isolation.held_by,
                "passed": isolation.passed,
                "cut_off": isolation.cut_off_ids,
            },
        )
        return [
            {
                "type": "Feature",
                "id": str(uid),
                "geometry": geometry,
                "properties": {
                    "role": role,
                    "class": element,
                    "code": code,
                    "kind": kind,
                    "reason": reason,
                    "distance_m": distance,
                },
            }
            for role, element, uid, code, kind, reason, distance, geometry in cursor.fetchall()
        ]
