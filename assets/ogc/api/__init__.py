"""OGC API - Features over HTTP, below /ogc/."""
