-- What a tile depends on, its name in the cache, and its content when it is there: all that a warm tile needs.
-- Inputs: viewer: a user's id; session: a session's key, or null; token: a token's digest, or null; roles: those that may view networks; network: a code, or null for
-- all; layer; of_divisions: whether the layer's rows are of divisions and of no network; address: what else names the tile;
-- known: names the asker has already (nothing is fetched for those).
-- Output: one row, none for a user who is not active: whether the viewer may view any network, the user's password hash and
-- the session's data (null: no such session, or it is over), by which the caller holds the session to be the user's; whether
-- the token is the user's and valid; the
-- networks in scope (ids); the divisions in scope (ids, for layers of divisions); how many notes were read; the version; the
-- name of the tile; the content (null: not there, or known).
-- Invariant: the version changes with every committed change of the layer's rows in scope, and with the scope.
SELECT may_view, password, session_data, holds_token, networks, divisions, notes, version, key, content
  FROM look_up_tile(%(viewer)s, %(session)s, %(token)s, %(roles)s, %(network)s, %(layer)s, %(of_divisions)s, %(address)s, %(known)s)
