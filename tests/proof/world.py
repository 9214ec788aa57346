"""A small real run: two sources, matched and merged, two gates of which one demands SSH; and the two
verifiers."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from tests.engine.conftest import KEY
from tests.engine.test_run import go_on
from tui_migrate.audit.chain import SIGNERS
from tui_migrate.cli import run_cli
from tui_migrate.engine import api
from tui_migrate.engine.client import InProcessClient, open_client
from tui_migrate.engine.identity import this_user
from tui_migrate.engine.ssh_signoffs import signed

REPOSITORY = Path(__file__).resolve().parents[2]
ME = this_user().name

RUNBOOK = f"""\
runbook: proved
title: Proved
zone: Europe/Amsterdam
brands: [Nova]
sources:
  crm:
    files: "deliveries/crm/*/*.csv"
    format: {{type: csv, delimiter: ";", encoding: utf-8}}
    key: Nr
    mapping: mapping/crm.yaml
  shop:
    files: "deliveries/shop/*/*.csv"
    format: {{type: csv, delimiter: ";", encoding: utf-8}}
    key: Id
    links: {{Nr: crm}}
    mapping: mapping/shop.yaml
target: {{type: csv, path: exports/target}}
roles:
  lead: {{users: [{ME}]}}
phases:
  - id: one
    title: One
    steps:
      - {{id: read, uses: ingest}}
      - {{id: map, uses: map}}
      - id: read-gate
        uses: gate
        with: {{approvals: [{{role: lead}}], signature: ssh, evidence: [read, map]}}
      - {{id: match, uses: match}}
      - {{id: merge, uses: merge}}
      - {{id: keep, uses: backup, with: {{what: [staging]}}}}
      - {{id: load, uses: import, with: {{entities: [profile]}}}}
      - {{id: end-gate, uses: gate, with: {{approvals: [{{role: lead}}], evidence: [merge]}}}}
"""
CRM = """\
source: crm
entity: profile
fields:
  family_name: {from: Naam}
  email: {from: Mail}
skip: {Nr: its key}
"""
SHOP = """\
source: shop
entity: profile
fields:
  family_name: {from: Naam}
  email: {from: Mail}
skip: {Id: its key, Nr: the link}
"""
PEOPLE = "Nr;Naam;Mail\n" + "".join(f"{n};Naam{n};n{n}@example.nl\n" for n in range(1, 8))
BUYERS = "Id;Naam;Mail;Nr\n" + "".join(f"S{n};Naam{n};n{n}@example.nl;{n}\n" for n in range(1, 5))


@dataclass(frozen=True, slots=True)
class Proved:
    """A finished run, the key of its signer, and the heads that somebody noted."""

    workspace: Path
    ssh_key: Path
    signed_at: int
    """The entry that the SSH signature speaks for."""

    @property
    def audit(self) -> Path:
        """Its audit folder."""
        return self.workspace / ".tui-migrate" / "audit"

    @property
    def signers(self) -> Path:
        """The allowed signers, as they lie in the workspace."""
        return self.workspace / SIGNERS


def new_ssh_key(path: Path) -> str:
    """A key pair without a passphrase; the public line."""
    line = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)]
    subprocess.run(line, check=True)
    return path.with_suffix(".pub").read_text().strip()


def make_workspace(root: Path, key: Path) -> Path:
    """The workspace; whoever runs the test may sign with ``key``."""
    for source, content in (("crm", PEOPLE), ("shop", BUYERS)):
        delivery = root / "deliveries" / source / "2026-03-01"
        delivery.mkdir(parents=True)
        (delivery / "all.csv").write_text(content)
    (root / "mapping").mkdir()
    (root / "mapping" / "crm.yaml").write_text(CRM)
    (root / "mapping" / "shop.yaml").write_text(SHOP)
    (root / "runbook.yaml").write_text(RUNBOOK)
    (root / SIGNERS).write_text(f"{ME} {new_ssh_key(key)}\n")
    return root


def to_the_first_gate(root: Path) -> InProcessClient:
    """An engine whose run waits for the signed sign-off."""
    client = open_client(root, key=KEY)
    idle = go_on(client)
    assert (idle.exit_code, idle.step) == (3, "read-gate"), idle
    return client


def approval(client: InProcessClient, gate: str, comment: str = "") -> api.Sign:
    """An approval that is bound to what the gate shows."""
    subject = client.state.steps[gate].subject
    return api.Sign(gate=gate, decision="approve", typed=subject, comment=comment)


def make_run(root: Path) -> Proved:
    """Walk it to its end."""
    key = root.with_name("signer")
    client = to_the_first_gate(make_workspace(root, key))
    term = api.Term(what="watch the phones", owner=ME, due="2999-12-31")
    said = msgspec.structs.replace(
        approval(client, "read-gate", "as discussed"), decision="conditions", terms=(term,)
    )
    command = signed(client, said, str(key), ask=False)
    reply = client.send(command)
    assert reply.ok, reply.message
    assert go_on(client).step == "end-gate"
    reply = client.send(approval(client, "end-gate"))
    assert reply.ok, reply.message
    assert go_on(client).exit_code == 0
    client.close()
    return Proved(root, key, command.head_seq)


def ours(capsys: pytest.CaptureFixture[str], folder: Path, *more: str) -> tuple[int, str]:
    """What ``audit verify`` says."""
    code = run_cli(["audit", "verify", str(folder), *more])
    return code, capsys.readouterr().out


def theirs(folder: Path | None, *more: str) -> tuple[int, str]:
    """What the second verifier says, run as an auditor would: elsewhere, with nothing of ours."""
    where = [] if folder is None else [str(folder)]
    done = subprocess.run(
        [sys.executable, "-I", str(REPOSITORY / "docs" / "verify.py"), *where, *more],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": os.environ["PATH"]},
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def imports_of(path: Path) -> set[str]:
    """The packages that a module imports."""
    assert importlib.util.spec_from_file_location("checked", path) is not None
    found = re.findall(r"(?m)^(?:from|import) ([\w., ]+)", path.read_text())
    return {name.strip().split(".")[0].split(" ")[0] for line in found for name in line.split(",")}
