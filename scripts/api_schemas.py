"""Write src/bylaw/rules/api/formats/schemas/*.json from the packages that publish them.

The schemas are those of the OpenAPI and AsyncAPI initiatives (see NOTICE); descriptions and examples are left out,
nothing else is changed. Needs npm::

    python scripts/api_schemas.py
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

OPENAPI = "@seriousme/openapi-schema-validator@2.11.0"
ASYNCAPI = "@asyncapi/specs@6.11.1"
TARGET = Path(__file__).parents[1] / "src/bylaw/rules/api/formats/schemas"
PROSE = {"$comment", "description", "example", "examples", "title"}
NAMED = {"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"}


def main() -> None:
    """Fetch, collect, strip, write."""
    with tempfile.TemporaryDirectory() as folder:
        openapi = fetch(OPENAPI, Path(folder, "openapi"))
        asyncapi = fetch(ASYNCAPI, Path(folder, "asyncapi"))
        write("openapi", OPENAPI, {each.parent.name[1:]: json.loads(each.read_text()) for each in openapi.glob("v*/*")})
        parts: dict[str, object] = {}
        for each in sorted(asyncapi.glob("[2-9].*.0.json")):
            schema = json.loads(each.read_text())
            for name, part in {**schema.pop("definitions"), schema["$id"]: schema}.items():
                if parts.setdefault(name, part) != part:  # the versions share what they have in common
                    raise SystemExit(f"{each.name}: {name} is not what it is in the version before")
        write("asyncapi", ASYNCAPI, parts)


def fetch(package: str, folder: Path) -> Path:
    """The folder of schemas of a package."""
    folder.mkdir()
    packed = subprocess.run(
        ["npm", "pack", "--silent", package], cwd=folder, check=True, capture_output=True, text=True
    )
    subprocess.run(["tar", "-xzf", packed.stdout.split()[-1]], cwd=folder, check=True)
    return folder / "package" / "schemas"


def strip(schema: object, *, names: bool = False) -> object:
    """The schema without prose; ``names`` are those of properties, and one may be called "title"."""
    if isinstance(schema, list):
        return [strip(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: each for key, each in schema.items() if names or key not in PROSE}
    return {key: strip(each, names=key in NAMED and not names) for key, each in kept.items()}


def write(name: str, package: str, schemas: dict[str, object]) -> None:
    """One file, a line for each schema."""
    lines = [f"  {json.dumps(key)}: {json.dumps(strip(schema))}" for key, schema in sorted(schemas.items())]
    text = f'{{\n "package": {json.dumps(package)},\n "schemas": {{\n' + ",\n".join(lines) + "\n }\n}\n"
    (TARGET / f"{name}.json").write_text(text)


if __name__ == "__main__":
    main()
