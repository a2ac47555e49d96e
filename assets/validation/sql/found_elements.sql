-- What the checks found, with the names of its elements.
-- Inputs: temporary table found; maximum: how many elements of a finding are named at most.
-- Output: place (of the row in found), check_code, facts, and the elements {"uid", "code"} in their order: nodes, pipes and
-- what else the explanation names; node_ids and pipe_ids are the finding's own.
WITH numbered AS (SELECT ctid, row_number() OVER (ORDER BY check_code, nodes, pipes, facts ->> 'key') AS place FROM found)
SELECT numbered.place, found.check_code, found.facts, found.nodes, found.pipes,
       (SELECT jsonb_agg(jsonb_build_object('uid', node.uid, 'code', node.code) ORDER BY named.place)
          FROM unnest(found.nodes[1:%(maximum)s]) WITH ORDINALITY named (id, place) JOIN assets_node node USING (id)),
       (SELECT jsonb_agg(jsonb_build_object('uid', pipe.uid, 'code', pipe.code) ORDER BY named.place)
          FROM unnest(found.pipes[1:%(maximum)s]) WITH ORDINALITY named (id, place) JOIN assets_pipe pipe USING (id)),
       (SELECT jsonb_agg(jsonb_build_object('uid', node.uid, 'code', node.code) ORDER BY named.place)
          FROM unnest(found.other_nodes[1:%(maximum)s]) WITH ORDINALITY named (id, place) JOIN assets_node node USING (id)),
       (SELECT jsonb_agg(jsonb_build_object('uid', pipe.uid, 'code', pipe.code) ORDER BY named.place)
          FROM unnest(found.other_pipes[1:%(maximum)s]) WITH ORDINALITY named (id, place) JOIN assets_pipe pipe USING (id)),
       found.ctid::text
  FROM numbered JOIN found ON found.ctid = numbered.ctid
 ORDER BY numbered.place
