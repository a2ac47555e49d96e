-- A flat belongs to a building's meter for whole months, of which each share is.
ALTER TABLE billing_groupmeterflat ADD CONSTRAINT group_meter_flat_in_whole_months
    CHECK (extract(day FROM lower(validity)) = 1 AND (upper_inf(validity) OR extract(day FROM upper(validity)) = 1));
