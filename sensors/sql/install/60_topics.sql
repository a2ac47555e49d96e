-- Guard of topic prefixes that Django's constraints cannot say.
-- Invariant: what lies within a prefix of a division is given to that division or to ones below it only, so that a pattern
-- over a division's topics never reaches another's.

CREATE OR REPLACE FUNCTION sensors_keep_topics_nested() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- Two that are given at once would not see each other; prefixes are given rarely.
    LOCK TABLE sensors_topicprefix IN SHARE ROW EXCLUSIVE MODE;
    IF EXISTS (SELECT 1
                 FROM sensors_topicprefix other
                 JOIN gis_core_division theirs ON theirs.id = other.division_id
                 JOIN gis_core_division own ON own.id = NEW.division_id
                WHERE other.id <> NEW.id
                  AND (starts_with(NEW.prefix || '/', other.prefix || '/') AND NOT starts_with(own.path, theirs.path)
                       OR starts_with(other.prefix || '/', NEW.prefix || '/')
                          AND NOT starts_with(theirs.path, own.path))) THEN
        RAISE EXCEPTION 'topic_prefix_nests_as_divisions: % refused', NEW.prefix USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER topic_prefix_nests_as_divisions BEFORE INSERT OR UPDATE ON sensors_topicprefix
    FOR EACH ROW EXECUTE FUNCTION sensors_keep_topics_nested();
