-- A proposal is shown to its regulator's division.
ALTER TABLE sensors_limitproposal ADD CONSTRAINT limit_proposal_division
    FOREIGN KEY (regulator_id, division_id) REFERENCES sensors_regulator (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;

-- Pressures of water: 16 bar behind valves and regulators, 25 bar behind pumps. Others are an operator's to set.
INSERT INTO sensors_setpointceiling (node_kind, unit, greatest)
SELECT kind.name, ceiling.unit, ceiling.greatest
  FROM (VALUES ('valve'), ('regulator'), ('regulator_station')) kind (name),
       (VALUES ('m', 160.0), ('bar', 16.0), ('kPa', 1600.0), ('%', 100.0)) ceiling (unit, greatest)
UNION ALL
SELECT kind.name, ceiling.unit, ceiling.greatest
  FROM (VALUES ('pump'), ('pumping_station'), ('lift_station')) kind (name),
       (VALUES ('m', 250.0), ('bar', 25.0), ('kPa', 2500.0), ('%', 100.0), ('Hz', 60.0)) ceiling (unit, greatest);
