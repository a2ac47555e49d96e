"""New nodes that lie on stored pipes without being connected to them: what a drawing shows and the graph does not."""

from typing import Any

from django.db import connection
from django.db.models import Max
from django.utils.translation import gettext_noop as _

from assets.models import Network, Node, Pipe
from gis_core.geodesy import latitude_degrees
from gis_core.sentences import Figure, Sentence

_TOUCHES = """
SELECT node.code, pipe.code, ST_Distance(node.geom::geography, pipe.geom::geography)
  FROM assets_node node
  JOIN assets_pipe pipe
    ON pipe.network_id = node.network_id AND pipe.id <= %(pipe)s AND NOT pipe.is_connector
   AND pipe.lifecycle <> 'removed' AND node.id NOT IN (pipe.start_node_id, pipe.end_node_id)
   AND pipe.geom && ST_Expand(node.geom, %(degrees)s / greatest(cos(radians(ST_Y(node.geom))), 0.01), %(degrees)s)
   AND ST_DWithin(node.geom::geography, pipe.geom::geography, %(tolerance_m)s)
 WHERE node.network_id = %(network)s AND node.id > %(node)s
 ORDER BY node.code, pipe.code
"""


class Touches:
    """Made before an import writes, asked after it: which of the nodes written since lie on pipes from before."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._last_node = Node.objects.filter(network=network).aggregate(last=Max("pk"))["last"]
        self._last_pipe = Pipe.objects.filter(network=network).aggregate(last=Max("pk"))["last"]

    def warnings(self, tolerance_m: float) -> list[dict[str, Any]]:
        """One entry for each new node within the tolerance of a stored pipe that does not end there."""
        if self._last_pipe is None:
            return []
        with connection.cursor() as cursor:
            cursor.execute(
                _TOUCHES,
                {
                    "network": self._network.pk,
                    "node": self._last_node,
                    "pipe": self._last_pipe,
                    "tolerance_m": tolerance_m,
                    "degrees": latitude_degrees(tolerance_m),
                },
            )
            return [
                {
                    "element": f"node {node}",
                    "reason": Sentence(
                        _(
                            "it lies {distance_m} m from the stored pipe {pipe} and is not connected to it; "
                            "split {pipe} there if water flows between them"
                        ),
                        distance_m=Figure(distance_m, ".2f"),
                        pipe=pipe,
                    ),
                }
                for node, pipe, distance_m in cursor.fetchall()
            ]
