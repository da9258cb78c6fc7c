"""Write src/bylaw/catalog/schemas/backstage.json from Backstage's own packages.

The schemas are Backstage's (Apache-2.0, see NOTICE); descriptions and examples are left out, nothing else
is changed. Needs npm and node::

    python scripts/backstage_schemas.py
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

PACKAGES = ("@backstage/catalog-model@1.10.1", "@backstage/plugin-scaffolder-common@2.3.0")
TARGET = Path(__file__).parents[1] / "src/bylaw/catalog/schemas/backstage.json"
COLLECT = """
const fs = require('fs'), path = require('path'), found = {};
const walk = d => fs.readdirSync(d, {withFileTypes: true}).flatMap(
  e => e.isDirectory() ? walk(path.join(d, e.name)) : [path.join(d, e.name)]);
for (const file of walk('.').filter(f => f.endsWith('.schema.json.cjs.js'))) {
  const schema = require(path.resolve(file)).default;
  found[schema.$id] = schema;
}
console.log(JSON.stringify(found));
"""
PROSE = {"description", "examples", "title"}


def strip(schema: object, inside_properties: bool = False) -> object:
    """The schema without prose; a property that happens to be called "title" stays."""
    if isinstance(schema, list):
        return [strip(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: strip(value, inside_properties=key in {"properties", "definitions"} and not inside_properties)
        for key, value in schema.items()
        if inside_properties or key not in PROSE
    }


def main() -> None:
    """Fetch, collect, strip, write."""
    with tempfile.TemporaryDirectory() as folder:
        for number, package in enumerate(PACKAGES):
            packed = subprocess.run(
                ["npm", "pack", "--silent", package], cwd=folder, check=True, capture_output=True, text=True
            ).stdout.split()[-1]
            part = Path(folder, str(number))
            part.mkdir()
            subprocess.run(["tar", "-xzf", Path(folder, packed), "-C", part], check=True)
        found = subprocess.run(["node", "-e", COLLECT], cwd=folder, check=True, capture_output=True, text=True).stdout
    schemas = {name: strip(schema) for name, schema in sorted(json.loads(found).items())}
    TARGET.write_text(json.dumps({"packages": PACKAGES, "schemas": schemas}, indent=1) + "\n")


if __name__ == "__main__":
    main()
