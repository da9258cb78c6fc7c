"""The HTTP edge of the server."""
