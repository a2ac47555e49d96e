-- Parcels and buildings by cadastral number or address.
-- Inputs: number: LIKE pattern of the beginning of a number, null when the text is none; word: LIKE pattern of the longest word
-- that is no number, null when there is none; words: LIKE patterns of all; patterns: LIKE patterns of the division paths
-- that the viewer may see; typed; row_limit.
-- Output: rank (assets/search_providers.py:Rank), class, kind, uid, code, name (the address), longitude, latitude.
WITH allowed AS (
    SELECT id FROM gis_core_division WHERE path LIKE ANY (%(patterns)s)
), street AS (
    SELECT id, name FROM gis_core_street WHERE ' ' || search_words(name) LIKE %(word)s
), found AS (
    (SELECT 'parcel' AS class, id, CASE WHEN cadastral_number = %(typed)s THEN 0 ELSE 2 END AS rank
       FROM assets_parcel
      WHERE cadastral_number LIKE %(number)s AND division_id IN (SELECT id FROM allowed)
      ORDER BY cadastral_number LIMIT %(row_limit)s)
    UNION ALL
    (SELECT 'building', id, CASE WHEN cadastral_number = %(typed)s THEN 0 ELSE 2 END
       FROM assets_building
      WHERE cadastral_number LIKE %(number)s AND division_id IN (SELECT id FROM allowed)
      ORDER BY cadastral_number LIMIT %(row_limit)s)
    UNION ALL
    (SELECT 'building', building.id, 3
       FROM street JOIN assets_building building ON building.street_id = street.id
      WHERE ' ' || search_words(street.name || ' ' || building.house) LIKE ALL (%(words)s)
        AND building.division_id IN (SELECT id FROM allowed)
      ORDER BY building.house, building.id LIMIT %(row_limit)s)
    UNION ALL
    (SELECT 'parcel', parcel.id, 3
       FROM street JOIN assets_parcel parcel ON parcel.street_id = street.id
      WHERE ' ' || search_words(street.name || ' ' || parcel.house) LIKE ALL (%(words)s)
        AND parcel.division_id IN (SELECT id FROM allowed)
      ORDER BY parcel.house, parcel.id LIMIT %(row_limit)s)
)
SELECT found.rank, found.class, coalesce(building.purpose, parcel.land_use) AS kind,
       coalesce(building.uid, parcel.uid) AS uid,
       coalesce(building.cadastral_number, parcel.cadastral_number) AS code,
       concat_ws(', ', place.name, nullif(coalesce(building.house, parcel.house), '')) AS name,
       ST_X(ST_PointOnSurface(coalesce(building.geom, parcel.geom))) AS longitude,
       ST_Y(ST_PointOnSurface(coalesce(building.geom, parcel.geom))) AS latitude
  FROM found
  LEFT JOIN assets_parcel parcel ON found.class = 'parcel' AND parcel.id = found.id
  LEFT JOIN assets_building building ON found.class = 'building' AND building.id = found.id
  LEFT JOIN gis_core_street place ON place.id = coalesce(building.street_id, parcel.street_id)
 ORDER BY found.rank, code
 LIMIT %(row_limit)s
