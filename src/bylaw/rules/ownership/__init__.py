"""Is somebody responsible, and is it somebody who can be."""
