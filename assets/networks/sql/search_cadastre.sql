-- Parcels and buildings by cadastral number or address.
-- Inputs: number: LIKE pattern of the beginning of a number, null when the text is none; word, other: LIKE patterns of the two
-- longest words that are no numbers, null when there are none; names: those of further such words; numbers: those of words that
-- begin with a figure; words: of all; patterns: LIKE patterns of the division paths that the viewer may see; typed; row_limit.
-- Output: rank (assets/search_providers.py:Rank), class, kind, uid, code, name (the address), longitude, latitude.
-- Invariant: a building or parcel by address has each word in its street's name or in its house. Streets that have all words
-- that are no numbers are sought first; those with the longest only if no street has all. Of one text at most 300 streets are
-- looked at, the shortest names first, and houses until there are enough.
WITH allowed AS (
    SELECT id FROM gis_core_division WHERE path LIKE ANY (%(patterns)s)
), near AS (
    -- Where the viewer's streets can lie: a street belongs to the branch of what stands in it.
    SELECT id FROM gis_core_division
     WHERE path LIKE ANY (%(patterns)s) OR EXISTS (SELECT FROM unnest(%(patterns)s::text[]) own WHERE own LIKE path || '%%')
), whole AS MATERIALIZED (
    SELECT id, name FROM (
        SELECT id, name, division_id FROM gis_core_street
         WHERE ' ' || search_words(name) LIKE %(word)s
           AND (%(other)s::text IS NULL OR ' ' || search_words(name) LIKE %(other)s)
           AND (cardinality(%(names)s::text[]) = 0 OR ' ' || search_words(name) LIKE ALL (%(names)s::text[])) OFFSET 0) candidate
     WHERE division_id IN (SELECT id FROM near) LIMIT 300
), partly AS MATERIALIZED (
    SELECT id, name FROM (
        SELECT id, name, division_id FROM gis_core_street WHERE ' ' || search_words(name) LIKE %(word)s OFFSET 0) candidate
     WHERE %(other)s::text IS NOT NULL AND NOT EXISTS (SELECT FROM whole) AND division_id IN (SELECT id FROM near) LIMIT 300
), spelt AS MATERIALIZED (
    -- A spelling costs more than all else, so each is made once, and none where no word is left to look for.
    SELECT id, name, CASE WHEN cardinality(%(numbers)s::text[]) > 0 THEN ' ' || search_words(name) END AS spelling,
           %(numbers)s::text[] AS words FROM whole
    UNION ALL
    SELECT id, name, ' ' || search_words(name), %(words)s::text[] FROM partly
), street AS MATERIALIZED (
    -- `rest`: the words that the house has to have; `figures`: those of them that are numbers, which stand in it as they are.
    SELECT id, rest.words AS rest,
           ARRAY(SELECT '%%' || btrim(word, '%% ') || '%%' FROM unnest(rest.words) word WHERE btrim(word, '%% ') ~ '^[0-9]+$') AS figures
      FROM spelt
     CROSS JOIN LATERAL (SELECT ARRAY(SELECT word FROM unnest(spelt.words) word WHERE spelling NOT LIKE word) AS words) rest
     ORDER BY cardinality(rest.words), length(name), name, id
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
       FROM street CROSS JOIN LATERAL (
            SELECT id FROM assets_building
             WHERE street_id = street.id AND division_id IN (SELECT id FROM allowed) AND house LIKE ALL (street.figures)
               AND ' ' || search_words(house) LIKE ALL (street.rest)
             ORDER BY length(house), house, id LIMIT %(row_limit)s) building
      LIMIT %(row_limit)s)
    UNION ALL
    (SELECT 'parcel', parcel.id, 3
       FROM street CROSS JOIN LATERAL (
            SELECT id FROM assets_parcel
             WHERE street_id = street.id AND division_id IN (SELECT id FROM allowed) AND house LIKE ALL (street.figures)
               AND ' ' || search_words(house) LIKE ALL (street.rest)
             ORDER BY length(house), house, id LIMIT %(row_limit)s) parcel
      LIMIT %(row_limit)s)
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
