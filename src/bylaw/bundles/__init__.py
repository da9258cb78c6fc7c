"""OPA's side of the law: bundles that ordinary OPA servers load, and the decisions that they report."""

from __future__ import annotations

from bylaw.bundles.build import Bundle, build, names
from bylaw.bundles.sign import Signer, signer_of

__all__ = ["Bundle", "Signer", "build", "names", "signer_of"]
