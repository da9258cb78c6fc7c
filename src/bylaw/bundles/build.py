"""What an OPA server loads: the policies, and the catalog as they see it.

The bytes are the same for the same policies and the same catalog, on any day: what the day is, a bundle asks the
clock of whoever loads it. So OPA fetches a bundle again only when something in it is another one.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import orjson

from bylaw.engine import data
from bylaw.errors import UsageError
from bylaw.graphs import Graph
from bylaw.model import did_you_mean
from bylaw.sources.snapshot.clean import without_secrets
from bylaw.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bylaw.bundles.sign import Signer
    from bylaw.catalog import Catalog
    from bylaw.rules import Policies, Rule

_DOMAIN = "domain-"
_PACKED = 6  # of 9: how hard gzip tries
_MODE = 0o644
_ANY_DAY = date(2000, 1, 1)  # nothing that depends on the day is kept
_CLOCK = """\
# What data.bylaw.today and data.bylaw.now_ns are under bylaw, by the clock of this server.
package bylaw

import rego.v1

today := sprintf("%04d-%02d-%02d", time.date(time.now_ns()))

now_ns := time.parse_rfc3339_ns(sprintf("%sT00:00:00Z", [today]))
"""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as it is fetched."""

    name: str
    content: bytes
    """A tar archive, packed by gzip."""
    revision: str
    """The digests of what is in it, ``catalog=sha256:…,policies=sha256:…``; OPA's decision log names it."""
    etag: str
    """With the quotes: another one where the content is another, or is signed by another key."""
    left_out: tuple[str, ...] = ()
    """The rules that OPA cannot be asked here: those in Python, about changes, or that look further than a part."""


def names(catalog: Catalog) -> dict[str, str]:
    """The names of the bundles there are, and what each is.

    ``all`` is policies and catalog in one. ``policies`` and ``catalog`` are its halves, for servers that fetch them
    apart. ``domain-shop`` is, of both, what judges the entities of one domain; one of another namespace than default
    is ``domain-<namespace>.<name>``.
    """
    domains = {_domain(key): key for key in sorted(catalog.entities) if key.startswith("domain:")}
    return {"all": "", "policies": "", "catalog": "", **domains}


def build(name: str, catalog: Catalog, graph: Graph, policies: Policies, signer: Signer | None = None) -> Bundle:
    """The bundle of that name.

    Raises:
        UsageError: there is none of that name.
    """
    known = names(catalog)
    if name not in known:
        some = ", ".join([*list(known)[:3], "domain-<name>"])
        raise UsageError(f"there is no bundle {name!r:.60}{did_you_mean(name, known)}; there are {some}")
    clean, redacted = without_secrets(catalog)
    drawn = Graph.build(clean.entities, clean.edges()) if redacted else graph
    rules = [rule for rule in policies.rules if rule.package and rule.subject == "entity"]
    if known[name]:
        rules = [rule for rule in rules if rule.reads != "graph"]
        said = _of_domain(known[name], clean, drawn, policies)
    else:
        said = data.values(clean, drawn, policies, _ANY_DAY)
    files: dict[str, bytes] = {}
    if name != "catalog":
        files = dict(_modules(policies, rules))
        said["bylaw"] = _law(said["bylaw"], rules)
    else:
        del said["bylaw"]
    if name == "policies":
        del said["catalog"]
    files["data.json"] = _json(said)
    digests = {"catalog": catalog.digest(), "policies": policies.digest}
    whole = {"catalog": "catalog", "policies": "bylaw"}
    revision = ",".join(f"{part}={digest}" for part, digest in digests.items() if whole[part] in said)
    there = {rule.id for rule in rules}
    left_out = tuple(rule.id for rule in policies.rules if rule.id not in there) if "bylaw" in said else ()
    about = {"name": name, "version": VERSION, "rules_left_out": left_out}
    manifest = {"revision": revision, "roots": sorted(said), "rego_version": 1, "metadata": {"bylaw": about}}
    files[".manifest"] = _json(manifest)
    total = hashlib.sha256(signer.id.encode() if signer else b"")
    for path, content in sorted(files.items()):
        total.update(f"\0{path}\0{hashlib.sha256(content).hexdigest()}".encode())
    if signer:
        files[".signatures.json"] = _json({"signatures": [signer.sign(files)]})
    packed = gzip.compress(_archive(files), _PACKED, mtime=0)
    return Bundle(name, packed, revision, f'"{total.hexdigest()}"', left_out)


def _law(said: Mapping[str, Any], rules: Sequence[Rule]) -> dict[str, Any]:
    """``data.bylaw`` of a bundle: what rules are set to, and what is known of each rule."""
    wanted = {rule.id for rule in rules}
    return {
        "kinds": said["kinds"],
        "parameters": {key: value for key, value in said["parameters"].items() if key in wanted},
        "rules": {
            rule.id: {
                "package": rule.package,
                "title": rule.title,
                "severity": rule.severity,
                "reads": rule.reads,
                "applies_to": rule.applies_to,
                "remediation": rule.remediation,
            }
            for rule in rules
        },
    }


def _modules(policies: Policies, rules: Sequence[Rule]) -> Iterable[tuple[str, bytes]]:
    """The files of the rules and of the libraries, each in the folder of its package."""
    wanted = {rule.package for rule in rules}
    yield "bylaw/clock.rego", _CLOCK.encode()
    taken: set[str] = set()
    for each in sorted(policies.modules, key=lambda module: (module.package, module.path)):
        if each.is_library or each.package in wanted:
            path = f"{each.package.replace('.', '/')}/{PurePosixPath(each.path).name}"
            while path in taken:  # two libraries of one package in files of one name
                path = path.replace(".rego", "_.rego")
            taken.add(path)
            yield path, each.text.encode()


def _of_domain(key: str, catalog: Catalog, graph: Graph, policies: Policies) -> dict[str, Any]:
    """``data`` for the entities of a domain: as much as rules may look at that look no further than neighbours."""
    inside, waiting = {key}, [key]
    while waiting:
        for part in graph.relations(waiting.pop()).get("hasPart", ()):
            if part in catalog.entities and part not in inside:
                inside.add(part)
                waiting.append(part)
    merged: dict[str, Any] = {}
    for each in sorted(inside):
        said = orjson.loads(data.around(catalog.entities[each], "relations", catalog, graph, policies, _ANY_DAY))
        for part, value in said["catalog"].items():
            if isinstance(value, dict):
                merged.setdefault(part, {}).update(value)
            else:
                merged[part] = value
    return {"catalog": merged, "bylaw": said["bylaw"]}


def _domain(key: str) -> str:
    namespace, _, name = key.removeprefix("domain:").partition("/")
    return f"{_DOMAIN}{name}" if namespace == "default" else f"{_DOMAIN}{namespace}.{name}"


def _archive(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), _MODE
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
