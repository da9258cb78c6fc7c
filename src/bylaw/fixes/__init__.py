"""Fixes: changes that findings or a person ask for, made in the text of files and judged before they are written.

What is to be changed (``ask``) -> the texts of files (``texts``) -> those that make nothing worse (``settle``).
"""

from __future__ import annotations

from bylaw.fixes.fix import Edit, Fix, Fixes, Judged, Refusal
from bylaw.fixes.run import run, written

__all__ = ["Edit", "Fix", "Fixes", "Judged", "Refusal", "run", "written"]
