-- History of the registers' rows that edits of the network carry along: splits copy them, merges move them, undo brings
-- them back (see history.sql).
SELECT track_history(tracked) FROM unnest(ARRAY[
    'assets_documentlink', 'assets_inspection', 'assets_verification', 'assets_linedetail', 'assets_transformerdetail',
    'assets_switchdetail'
]) tracked
 WHERE NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = tracked || '_history');
