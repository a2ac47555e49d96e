-- One vector tile of pipes with the valve-bounded segment each is in. Read as stored: nothing is computed anew here.
-- Inputs and output as tile_pipes.sql, layer "segments". segment_id is absent for a pipe out of service; is_current says
-- whether the segments are those of the network as it is now.
WITH shown AS MATERIALIZED (
    SELECT pipe.id, pipe.uid::text AS uid, pipe.code, topology.segment_id, segment.member_count,
           state.topology_is_current AS is_current, pipe.is_connector,
           ST_AsMVTGeom(ST_Transform(pipe.geom, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4096, 64, true) AS geom
      FROM assets_pipe pipe
      JOIN assets_networkstate state ON state.network_id = pipe.network_id
      LEFT JOIN assets_pipetopology topology ON topology.pipe_id = pipe.id
      LEFT JOIN assets_segment segment ON segment.id = topology.segment_id
     WHERE pipe.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
       AND pipe.lifecycle <> 'removed'
       AND pipe.network_id = ANY (%(networks)s)
     ORDER BY pipe.id
)
SELECT ST_AsMVT(shown, 'segments', 4096, 'geom', 'id') AS tile FROM shown WHERE geom IS NOT NULL
