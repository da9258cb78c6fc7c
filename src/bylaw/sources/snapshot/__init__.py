"""A whole catalog in one file, from which the surroundings of a change are read in a moment.

The file is an SQLite database with a checksum behind it. It is written aside and renamed, so that it is there as a
whole or not at all; whoever opens it checks all of it and then reads only what is asked for.
"""

from __future__ import annotations

from bylaw.sources.snapshot.reader import Snapshot, open_snapshot
from bylaw.sources.snapshot.relations import kinds_digest
from bylaw.sources.snapshot.writer import write

__all__ = ["Snapshot", "kinds_digest", "open_snapshot", "write"]
