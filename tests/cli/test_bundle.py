"""`bylaw bundle`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.command import run

if TYPE_CHECKING:
    from pathlib import Path

CATALOG = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: orders}
spec: {type: service, lifecycle: production, owner: team}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "catalog-info.yaml").write_text(CATALOG)
    return tmp_path


def test_it_writes_the_same_file_each_time_and_says_what_is_in_it(folder: Path) -> None:
    done = run("bundle", ".", "-o", "one.tar.gz", cwd=folder)
    again = run("bundle", ".", "--output", "two.tar.gz", cwd=folder, environment={"PYTHONHASHSEED": "7"})
    assert (done.code, again.code) == (0, 0)
    one = (folder / "one.tar.gz").read_bytes()
    assert one == (folder / "two.tar.gz").read_bytes()
    assert done.out.startswith(f"wrote the bundle all to one.tar.gz: {len(one):,} bytes, catalog=sha256:")
    assert "rules are not in it, such as api/definition-breaking: OPA cannot be asked those here\n" in done.err


def test_it_is_signed_where_the_settings_name_a_key(folder: Path) -> None:
    (folder / "bylaw.yaml").write_text("version: 1\nserver: {bundle_key_env: BUNDLE_KEY}\n")
    done = run("bundle", ".", "-o", "one.tar.gz", cwd=folder)
    assert (done.code, done.out) == (2, "")
    assert "server.bundle_key_env: BUNDLE_KEY is not set" in done.err
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    done = run("bundle", ".", "-o", "one.tar.gz", cwd=folder, environment={"BUNDLE_KEY": pem})
    assert done.code == 0
    assert " bytes, signed, catalog=" in done.out


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ([".", "-o", "no/where.tar.gz"], "bylaw: no/where.tar.gz: cannot be written (No such file or directory)\n"),
        ([".", "-o", "x", "--name", "catalogue"], "bylaw: there is no bundle 'catalogue' (did you mean catalog?); "),
        (["empty", "-o", "x"], "bylaw: "),
        (["."], "the following arguments are required: --output/-o"),
    ],
)
def test_wrong_usage_writes_nothing(folder: Path, arguments: list[str], fault: str) -> None:
    (folder / "empty").mkdir()
    done = run("bundle", *arguments, cwd=folder)
    assert (done.code, done.out) == (2, "")
    assert fault in done.err
    assert not (folder / "x").exists()
