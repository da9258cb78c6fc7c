"""Can Backstage ingest it, and does it hang together."""
