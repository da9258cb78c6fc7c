"""The ownership and dependency graph of a catalog, built from plain refs and relations."""

from bylaw.graphs import backend
from bylaw.graphs.queries import Graph, Group, Way, follow
from bylaw.graphs.view import View

__all__ = ["Graph", "Group", "View", "Way", "backend", "follow"]
