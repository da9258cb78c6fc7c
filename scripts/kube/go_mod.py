"""The go.mod with which k8s.io/kubernetes can be built from published modules alone.

``python3 go_mod.py DOWNLOADED VERSION``: DOWNLOADED is what `go mod download -json k8s.io/kubernetes@VERSION` printed.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

# a staging module is required at v0.0.0, to the end of the line: k8s.io/utils has a pseudo-version that begins alike
_REQUIRED = re.compile(r"^\s*(k8s\.io/[a-z-]+) v0\.0\.0\s*(?://.*)?$", re.MULTILINE)
_REPLACED = re.compile(r"^\s*(k8s\.io/[a-z-]+) => \./staging", re.MULTILINE)


def go_mod(theirs: str, version: str) -> str:
    """Ours, from theirs: the staging modules of ``v1.X.Y`` are published as ``v0.X.Y``."""
    staging = sorted({*_REQUIRED.findall(theirs), *_REPLACED.findall(theirs)})
    go = re.search(r"^go (\S+)", theirs, re.MULTILINE)
    debug = re.search(r"^godebug default=(\S+)", theirs, re.MULTILINE)
    assert staging and go, f"the go.mod of k8s.io/kubernetes {version} is not of the form that is known"
    lines = ["module kubebuild", "", f"go {go[1]}", ""]
    lines += [f"godebug default={debug[1]}", ""] if debug else []
    lines += [f"require k8s.io/kubernetes {version}", "", "replace ("]
    lines += [f"\t{module} => {module} v0.{version.removeprefix('v1.')}" for module in staging]
    return "\n".join([*lines, ")", ""])


if __name__ == "__main__":
    downloaded, version = sys.argv[1:]
    sys.stdout.write(go_mod(Path(json.loads(Path(downloaded).read_text())["GoMod"]).read_text(), version))
