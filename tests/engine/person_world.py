"""A small run with one person in two systems: read, mapped, matched, merged, imported, permitted."""

from __future__ import annotations

from pathlib import Path

from tests.engine.conftest import KEY
from tui_migrate.engine.client import InProcessClient, open_client

RUNBOOK = """\
runbook: persons
title: {en: Persons, nl: Personen}
zone: Europe/Amsterdam
rehearsal: true
brands: [Nova, Kompas]
sources:
  crm:
    files: "deliveries/crm/*/*.csv"
    format: {type: csv, delimiter: ";", encoding: utf-8}
    key: Nr
    mapping: mapping/crm.yaml
    trust: 90
  mail:
    files: "deliveries/mail/*/*.csv"
    format: {type: csv, delimiter: ";", encoding: utf-8}
    key: Nr
    mapping: [mapping/mail.yaml, mapping/said.yaml]
target: {type: csv, path: exports/target}
roles:
  lead: {users: ["*"]}
consent: {policy: newest, purpose: marketing}
phases:
  - id: one
    title: One
    steps:
      - {id: read, uses: ingest, title: Read}
      - {id: bring, uses: map, title: Bring}
      - {id: pair, uses: match, title: Pair, with: {cap: 100, review_from: 0.10, auto_from: 0.99}}
      - {id: join, uses: merge, title: Join, with: {default: most_trusted}}
      - {id: keep, uses: backup, title: Keep, unskippable: true, with: {what: [deliveries, staging]}}
      - {id: write, uses: import, title: Write, with: {entities: [profile]}}
      - {id: permit, uses: consent_sync, title: Permit, with: {mode: load}, unskippable: true}
      - {id: out, uses: export, title: Out, with: {what: [crosswalk, fates], to: exports, format: csv}}
"""

FIELDS = """\
  first_name: {from: Voornaam}
  family_name: {from: Naam}
  birth_date: {from: Geboren}
  email: {from: Email}
"""
SAID = """\
source: mail
entity: consent
fields:
  channel: {value: email}
  brand: {from: Titel}
  purpose: {value: marketing}
  state: {value: given}
  event_at: {from: Akkoord}
  evidence: {from: Bewijs}
  contact_point: {from: Email, type: email}
"""
CRM = (
    "Nr;Voornaam;Naam;Geboren;Email\n"
    "1;Anna;  jansen;1970-05-06;anna@voorbeeld.nl\n"
    "2;Piet;Bos;1980-01-02;p@bos.nl\n"
)
MAIL = (
    "Nr;Voornaam;Naam;Geboren;Email;Titel;Akkoord;Bewijs\n"
    "8;Anna;Janssen;1970-05-06;anna@voorbeeld.nl;Nova;2021-03-04;web form\n"
    "9;Anna;Jansen;1970-05-06;anna@voorbeeld.nl;Kompas;2020-02-01;fair\n"
)


def made(root: Path, mail: str = MAIL, runbook: str = RUNBOOK) -> Path:
    """The workspace, in which nothing has run yet."""
    for source, rows in (("crm", CRM), ("mail", mail)):
        folder = root / "deliveries" / source / "2026-03-01"
        folder.mkdir(parents=True)
        (folder / "people.csv").write_text(rows)
    (root / "mapping").mkdir()
    for source in ("crm", "mail"):
        text = f"source: {source}\nentity: profile\nfields:\n{FIELDS}"
        (root / "mapping" / f"{source}.yaml").write_text(text)
    (root / "mapping" / "said.yaml").write_text(SAID)
    (root / "runbook.yaml").write_text(runbook)
    return root


def run(root: Path) -> InProcessClient:
    """The run, to its end; the caller closes the client."""
    client = open_client(root, key=KEY)
    stopped = client.run_here()
    assert int(stopped.exit) == 0, stopped.message
    return client
