-- One vector tile of street names, from zoom 14. Streets have no drawing of their own: a name stands amid those parcels and
-- buildings of the street that meet the tile.
-- Inputs: z, x, y; west, south, east, north: the tile with its margin of 1/64 in degrees; divisions: ids in scope.
-- Output: one row, the tile (Mapbox Vector Tile 2.1, layer "streets"): a point for each street. There is no limit.
WITH ground AS (
    SELECT item.street_id, ST_Centroid(item.geom) AS place
      FROM assets_parcel item
     WHERE item.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
       AND item.division_id = ANY (%(divisions)s) AND item.street_id IS NOT NULL
    UNION ALL
    SELECT item.street_id, ST_Centroid(item.geom)
      FROM assets_building item
     WHERE item.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
       AND item.division_id = ANY (%(divisions)s) AND item.street_id IS NOT NULL
), shown AS (
    SELECT street.id, street.name, count(*) AS places,
           ST_AsMVTGeom(ST_Transform(ST_GeometricMedian(ST_Collect(ground.place)), 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s),
                        4096, 64, true) AS geom
      FROM ground JOIN gis_core_street street ON street.id = ground.street_id
     GROUP BY street.id
     ORDER BY street.id
)
SELECT ST_AsMVT(shown, 'streets', 4096, 'geom', 'id') AS tile FROM shown WHERE geom IS NOT NULL
