-- When zones were flooded. A zone goes without waiting for what is remembered of its flooding.
ALTER TABLE assets_zoneflood ADD CONSTRAINT zone_flood_of_zone
    FOREIGN KEY (zone_id) REFERENCES assets_zone (id) ON DELETE CASCADE;
