"""An access request answered: one file with everything about one person and nobody else."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.docs.pages import DOCS
from tests.engine.person_world import MAIL, made, run
from tui_migrate.audit.entries import Exported
from tui_migrate.audit.proofs import check
from tui_migrate.cli import run_cli
from tui_migrate.engine.api import Export, Identity
from tui_migrate.engine.client import open_client
from tui_migrate.engine.core import acting

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which Anna's evidence is hostile."""
    mail = MAIL.replace("web form", HOSTILE).replace("fair", '=HYPERLINK("http://x")')
    root = made(tmp_path_factory.mktemp("bundle") / "w", mail)
    run(root).close()
    return root


@pytest.fixture(scope="module")
def bundle(root: Path) -> Path:
    path = root.parent / "anna.zip"
    line = ["audit", "show", "crm/1", "-w", str(root), "--export", str(path), "--lang", "nl"]
    assert run_cli([*line, "--to", "Anna herself"]) == 0
    return path


def _read(bundle: Path) -> dict[str, str]:
    with zipfile.ZipFile(bundle) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def test_it_is_private_and_journalled_with_its_purge_date(root: Path, bundle: Path) -> None:
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    client = open_client(root)
    (fact,) = [
        e.fact for e in client.entries() if isinstance(e.fact, Exported) and e.fact.what == "person"
    ]
    names = client.engine.view.pseudonyms([("mail", "8")])
    assert fact.subject in names  # her founding record
    assert len(fact.purge_on) == 10
    assert client.words(fact.recipient) == "Anna herself"
    import hashlib

    assert fact.sha256 == hashlib.sha256(bundle.read_bytes()).hexdigest()
    client.close()
    assert run_cli(["audit", "verify", "-w", str(root)]) == 0


def test_it_holds_values_with_sources_consents_events_and_receipts(bundle: Path) -> None:
    files = _read(bundle)
    facts = json.loads(files["person.json"])
    value = next(v for v in facts["values"] if v["field"] == "family_name")
    assert (value["value"], value["source"]) == ("Janssen", "mail")
    assert {(c["brand"], c["status"]) for c in facts["consents"]} == {
        ("Nova", "opt-in"),
        ("Kompas", "opt-in"),
    }
    events = {e["event"] for e in facts["trail"]}
    assert {"read", "cleaned", "merged", "survived", "stated", "consent", "imported"} <= events
    assert len(facts["belongings"]["consent"]) == 2
    assert any("samengevoegd met" in h["sentence"] for h in facts["history"])
    assert not re.search(r"\bBos\b", "".join(files.values()))


def test_the_proofs_hold_for_both_verifiers(bundle: Path, tmp_path: Path) -> None:
    files = {n: c for n, c in _read(bundle).items() if n.startswith("proofs/")}
    assert len(files) == 3
    for content in files.values():
        proof = json.loads(content)
        assert proof["unproved"] == 0
        assert check(proof) == []
    path = tmp_path / "proof.json"
    path.write_text(next(iter(files.values())))
    verifier = [sys.executable, str(DOCS / "verify.py"), "--proof", str(path)]
    assert subprocess.run(verifier, check=False, capture_output=True).returncode == 0
    proof["segments"][0]["rows"][0][1] = "merged"
    path.write_text(json.dumps(proof))
    assert subprocess.run(verifier, check=False, capture_output=True).returncode == 1
    assert check(proof) != []
    assert "verify.py --proof proofs/record-1.json" in _read(bundle)["README.txt"]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


def test_hostile_values_are_harmless(bundle: Path) -> None:
    files = _read(bundle)
    page = files["person.html"]
    reader = _Tags()
    reader.feed(page)
    assert "script" not in reader.tags
    assert all(link.startswith("#") for link in reader.links)
    assert "alert(1)" in page  # shown, not run
    assert '<html lang="nl">' in page
    rows = list(csv.reader(io.StringIO(files["csv/consent.csv"])))
    cells = [cell for row in rows for cell in row if "HYPERLINK" in cell]
    assert cells == ['\'=HYPERLINK("http://x")']


def test_who_sees_one_brand_only_takes_nobody_out(root: Path, tmp_path: Path) -> None:
    client = open_client(root)
    core = client.engine.core
    lead = core.runbook.roles["lead"].model_copy(update={"brands": ("Nova",)})
    core.runbook = core.runbook.model_copy(update={"roles": {"lead": lead}})
    other = Identity(user="b", uid=os.getuid() + 1, roles=("lead",))
    path = tmp_path / "a.zip"
    from tui_migrate.engine.commands import handle

    with acting(other):
        reply = handle(core, Export(what="person", subject="crm/1", path=str(path)))
    assert not reply.ok
    assert not path.exists()
    client.close()


def test_what_cannot_be_made_is_refused(root: Path, tmp_path: Path) -> None:
    line = ["audit", "show", "-w", str(root), "--export"]
    assert run_cli([*line, str(tmp_path / "a.zip"), "nobody"]) == 1
    assert run_cli([*line, str(tmp_path / "a.pdf"), "crm/1"]) == 2
    assert not list(tmp_path.iterdir())
