-- Where the things of all datastreams are, with an index by distance for neighbours_learn.sql. No inputs.
-- Output: placed_stream, a temporary table of the session.
SET client_min_messages = warning;
DROP TABLE IF EXISTS placed_stream;
RESET client_min_messages;
CREATE TEMPORARY TABLE placed_stream AS
SELECT stream.id, stream.observed_property, stream.unit_factor, place.network_id, node.geom::geography AS place,
       stream.thing_id
  FROM sensors_datastream stream
  JOIN sensors_thing thing ON thing.id = stream.thing_id AND thing.deleted_at IS NULL
  JOIN assets_attachment place ON place.id = thing.attachment_id
  JOIN assets_node node ON node.id = place.node_id
 WHERE stream.deleted_at IS NULL;
CREATE INDEX ON placed_stream USING gist (place);
CREATE INDEX ON placed_stream (id);
ANALYZE placed_stream;
