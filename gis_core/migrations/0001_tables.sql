-- What Django's models cannot say of the tables of gis_core.

-- The parent's path and level are held by a composite key; a parent that is renamed or moved carries its subtree.
ALTER TABLE gis_core_division
    ADD CONSTRAINT division_path_and_level UNIQUE (id, path, level);
ALTER TABLE gis_core_division
    ADD CONSTRAINT division_parent_path FOREIGN KEY (parent_id, parent_path, parent_level)
    REFERENCES gis_core_division (id, path, level) ON UPDATE CASCADE ON DELETE NO ACTION;

-- Which functions, triggers and views are installed. A database that lacks this table was made by release 0.1.0.
CREATE TABLE gis_core_installedcode (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    hash text NOT NULL, objects jsonb NOT NULL, installed_at timestamptz NOT NULL DEFAULT now()
);
