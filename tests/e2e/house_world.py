"""A household with one mailbox and one telephone, of which one person said no for all.

``Zqx`` stands in whatever is hers alone, and nowhere else (see ``erasure_world.traces``).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.erasure_world import KEY

RUNBOOK = """\
runbook: house
title: House
zone: Europe/Amsterdam
rehearsal: true
brands: [Nova, Kompas]
sources:
  people:
    files: "deliveries/people/*/people.csv"
    format: {type: csv, delimiter: ",", encoding: utf-8}
    key: nr
    mapping: [mapping/people.yaml, mapping/yes.yaml, mapping/no.yaml]
  silent:
    files: "deliveries/silent/*/silent.csv"
    format: {type: csv, delimiter: ",", encoding: utf-8}
    key: id
    mapping: mapping/silent.yaml
  changes:
    files: "deliveries/changes/*/changes.csv"
    format: {type: csv, delimiter: ",", encoding: utf-8}
    key: id
    mapping: mapping/changes.yaml
    deltas: true
target: {type: TARGET, path: exports/target}
roles:
  lead: {users: ["*"]}
phases:
  - id: all
    title: All
    steps:
      - {id: read, uses: ingest}
      - {id: map, uses: map}
      - {id: match, uses: match}
      - {id: merge, uses: merge}
      - {id: keep, uses: backup, with: {what: [deliveries, staging]}}
      - {id: bring, uses: import, with: {entities: [profile]}}
      - {id: consents, uses: consent_sync, with: {mode: load}}
      - {id: deltas, uses: consent_sync, with: {mode: deltas}}
      - {id: verify, uses: verify, with: {what: [fates, consents, trail]}}
      - {id: out, uses: export, with: {what: [consents], to: exports/t}}
      - {id: lines, uses: export, with: {what: [consents], to: exports/j, format: jsonl}}
      - {id: rows, uses: export, with: {what: [consents], to: exports/p, format: parquet}}
"""
MAPPINGS = {
    "people": """\
source: people
entity: profile
fields:
  kind: {value: person}
  full_name: {from: name}
  email: {from: email}
  phone: {from: phone}
""",
    "yes": """\
source: people
entity: consent
when: {yes: []}
fields:
  channel: {value: email}
  brand: {value: Nova}
  purpose: {value: marketing}
  state: {value: given}
  event_at: {from: yes, type: datetime}
  evidence: {from: form}
  contact_point: {from: email, type: email}
""",
    "no": """\
source: people
entity: consent
when: {no: []}
fields:
  channel: {value: email}
  brand: {from: brand, codes: {Nova: Nova, all: "*"}}
  purpose: {value: marketing}
  state: {value: withdrawn}
  event_at: {from: no, type: datetime}
  evidence: {from: form}
  contact_point: {from: email, type: email}
""",
    "silent": """\
source: silent
entity: suppression
of: people
by: who
fields:
  channel: {from: channel, type: code}
  brand: {value: "*"}
  reason: {from: reason}
  contact_point: {from: address}
  evidence: {from: note}
""",
    "changes": """\
source: changes
owner:
  - {of: people, by: nr}
change:
  from: kind
  codes:
    opt-out:
      entity: consent
      fields:
        channel: {value: email}
        brand: {from: brand}
        purpose: {value: marketing}
        state: {value: withdrawn}
        event_at: {from: at}
        evidence: {from: via}
        contact_point: {from: email, type: email}
    opt-in:
      entity: consent
      fields:
        channel: {value: email}
        brand: {from: brand}
        purpose: {value: marketing}
        state: {value: given}
        event_at: {from: at}
        evidence: {from: via}
        contact_point: {from: email, type: email}
""",
}
HOUSE = "house@example.org"
HEAD = ["nr", "name", "email", "phone", "yes", "no", "brand", "form"]
PEOPLE = [
    ["ZQXR1", "Zqxanna Zqxberg", HOUSE, "020 1234567", "2024-01-01T10:00:00", "2025-05-01T10:00:00",
     "Nova", "Zqxletter"],
    ["B2", "Bert Smit", HOUSE, "020 1234567", "2024-02-01T10:00:00", "", "", "web"],
    ["C3", "Cees Vos", HOUSE, "", "2024-03-01T10:00:00", "", "", "web"],
    ["D4", "Dora Mol", "dora@example.org", "", "2024-03-01T10:00:00", "", "", "web"],
]  # fmt: skip
SILENT = [
    ["ZQXS1", "020-1234567", "phone", "complaint", "ZQXR1", "Zqxanna called"],
    ["S2", "0201234567", "phone", "manual", "", ""],
]
ANNA, BERT, CEES, DORA = "people/ZQXR1", "people/B2", "people/C3", "people/D4"


def make(root: Path, target: str = "csv") -> Path:
    """The workspace before anything has run."""
    (root / "mapping").mkdir(parents=True)
    (root / "runbook.yaml").write_text(RUNBOOK.replace("TARGET", target))
    for name, text in MAPPINGS.items():
        (root / "mapping" / f"{name}.yaml").write_text(text)
    (root / "backup.key").write_text(KEY)
    (root / "decisions.yaml").write_text("{}\n")
    people(root, "2026-03-01-full", PEOPLE)
    head = ["id", "address", "channel", "reason", "who", "note"]
    _table(root, "silent/2026-03-01-full/silent.csv", head, SILENT)
    delta(root, 1, [
        ["c1", "opt-in", "B2", HOUSE, "Kompas", "2026-03-01T10:00:00", "web"],
        ["c2", "opt-out", "ZQXR1", HOUSE, "Kompas", "2026-03-02T10:00:00", "Zqxclick"],
    ])  # fmt: skip
    return root


def people(root: Path, delivery: str, rows: Sequence[Sequence[str]]) -> Path:
    """A full delivery of people."""
    return _table(root, f"people/{delivery}/people.csv", HEAD, rows)


def delta(root: Path, number: int, rows: Sequence[Sequence[str]]) -> Path:
    """A delivery of changes: id, kind, nr, email, brand, at, via."""
    name = f"2026-03-{number + 1:02d}-delta-{number}"
    head = ["id", "kind", "nr", "email", "brand", "at", "via"]
    path = _table(root, f"changes/{name}/changes.csv", head, rows)
    manifest = {"source": "changes", "delivery": name, "kind": "delta", "sequence": number,
                "files": [{"name": "changes.csv", "rows": len(rows)}]}  # fmt: skip
    (path.parent / "manifest.json").write_text(json.dumps(manifest))
    return path


def _table(root: Path, at: str, head: list[str], rows: Sequence[Sequence[str]]) -> Path:
    path = root / "deliveries" / at
    path.parent.mkdir(parents=True)
    with path.open("w", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([head, *rows])
    return path
