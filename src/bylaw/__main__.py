"""``python -m bylaw``"""

from __future__ import annotations

from bylaw.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
