"""Does a descriptor give away, or lead to, what it should not."""
