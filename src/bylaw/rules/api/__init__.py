"""Is what an API promises well said, and kept."""
