-- A service point hangs on a network of its own branch of the divisions: the network's division has the point's, or lies in it
-- (a district's network serves its mahallas, and a mahalla's own network points of the district). Things and leaks are held
-- to the network's very division by their keys; a meter stands where its point does.
-- Asked when a point is written, not when a network is given to another division: its points stay their customers'.
-- The joins are made in this order, from the points that are asked about: where the planner believes the tables empty, it
-- once began with all attachments and looked through thousands of points for each.
CREATE OR REPLACE FUNCTION point_out_of_branch(points bigint[]) RETURNS varchar LANGUAGE sql STABLE
SET enable_seqscan = off SET jit = off SET join_collapse_limit = 1 SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT point.code
      FROM unnest(points) AS asked (id)
      JOIN billing_servicepoint point ON point.id = asked.id
      JOIN assets_attachment attachment ON attachment.id = point.attachment_id
      JOIN gis_core_division place ON place.id = point.division_id
      JOIN gis_core_division of_network ON of_network.id = attachment.division_id
     WHERE NOT (starts_with(place.path, of_network.path) OR starts_with(of_network.path, place.path)) LIMIT 1;
$$;
CREATE OR REPLACE FUNCTION check_point_in_branch() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE stranger text;
BEGIN
    -- What was written at first is all asked about; of what is changed, what came to another division or place.
    IF TG_OP = 'INSERT' THEN
        SELECT point_out_of_branch(array_agg(id)) INTO stranger FROM written;
    ELSE
        SELECT point_out_of_branch(array_agg(id)) INTO stranger FROM written JOIN former USING (id)
         WHERE (former.division_id, former.attachment_id) <> (written.division_id, written.attachment_id);
    END IF;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION '%: % hangs on a network of another division', TG_NAME, stranger
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER service_point_in_branch AFTER INSERT ON billing_servicepoint
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION check_point_in_branch();
CREATE OR REPLACE TRIGGER service_point_stays_in_branch AFTER UPDATE ON billing_servicepoint
    REFERENCING NEW TABLE AS written OLD TABLE AS former FOR EACH STATEMENT EXECUTE FUNCTION check_point_in_branch();
