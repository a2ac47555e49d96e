"""OGC API - Features, mirrored on the abstract test suites of its parts and of CQL2."""
