"""What the pool and a zygote say to one another, beside the questions that go to its workers."""

from __future__ import annotations

import struct

COMMAND = struct.Struct(">cI")
"""What to do, and with which worker: of one length, so that a stream keeps commands apart by itself."""
FORK, KILL = b"f", b"k"
LENGTH = struct.Struct(">I")
"""How long the JSON behind it is: of the recipe, and of all that a zygote says."""
FAULT = "bylaw-fault"
"""The header in which the server, and nobody else, learns why a question came to no answer. The worker ends then."""
