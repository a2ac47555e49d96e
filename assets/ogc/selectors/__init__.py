"""Features as OGC API - Features gives them: collections, filters and pages."""
