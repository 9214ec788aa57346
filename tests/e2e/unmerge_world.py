"""A small workspace in which the program merges two records of different people: a father's and his
daughter's, who read each other's mail. The new system tells of changes by the id of the profile."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from tests.e2e.program import KEY, records, run_on, tui
from tui_migrate.model.profile_id import profile_id

PIET, PIA, BERT = (
    profile_id("crm", "1"),
    profile_id("shop", "2"),
    profile_id("crm", "3"),
)
PAIR = ("crm/1", "shop/2")

RUNBOOK = """\
runbook: apart
title: Apart
zone: Europe/Amsterdam
rehearsal: true
brands: [Nova, Kompas]
sources:
  crm:
    files: "deliveries/crm/*/*.csv"
    format: {type: csv, delimiter: ";", encoding: utf-8}
    key: Nr
    mapping: mapping/crm.yaml
    trust: 1
  shop:
    files: "deliveries/shop/*/*.csv"
    format: {type: csv, delimiter: ";", encoding: utf-8}
    key: Nr
    mapping: mapping/shop.yaml
    trust: 3
  orders:
    files: "deliveries/orders/*/*.csv"
    format: {type: csv, delimiter: ";", encoding: utf-8}
    key: Nr
    mapping: mapping/orders.yaml
  said:
    files: "deliveries/said/*/*.csv"
    format: {type: csv, delimiter: ";", encoding: utf-8}
    key: Nr
    mapping: mapping/said.yaml
  new:
    files: "deliveries/new/*/*.csv"
    format: {type: csv, delimiter: ";", encoding: utf-8}
    key: Nr
    mapping: mapping/new.yaml
    deltas: true
target: TARGET
roles:
  lead: {users: ["*"]}
phases:
  - id: all
    title: All
    steps:
      - {id: read, uses: ingest}
      - {id: map, uses: map}
      - {id: match, uses: match}
      - {id: merge, uses: merge, with: {survivorship: {phone: newest}}}
      - {id: keep, uses: backup, with: {what: [deliveries, staging]}}
      - {id: gate, uses: gate, with: {approvals: [{role: lead}]}}
      - {id: bring, uses: import, with: {entities: [profile, order]}}
      - {id: load, uses: consent_sync, with: {mode: load}}
      - {id: sync, uses: consent_sync, with: {mode: deltas}}
      - {id: held, uses: verify, with: {what: [fates, counts, consents, trail]}}
"""
PERSON_FIELDS = """\
  first_name: {from: Voornaam}
  family_name: {from: Naam}
  birth_date: {from: Geboren}
  email: {from: Email}
  phone: {from: Mobiel}
  street: {from: Straat}
  house_number: {from: Nummer}
  postcode: {from: Postcode}
  town: {from: Plaats}
"""
_PERSON = f"entity: profile\nfields:\n{PERSON_FIELDS}"
MAPPINGS = {
    "crm": f"source: crm\n{_PERSON}",
    "shop": f"source: shop\n{_PERSON}",
    "orders": """\
source: orders
entity: order
of: shop
by: Klant
fields:
  brand: {value: Nova}
  order_number: {from: Nr}
  title: {from: Titel}
""",
    "said": """\
source: said
entity: consent
owner: [{of: crm, by: Crm}, {of: shop, by: Shop}]
fields:
  channel: {from: Kanaal}
  brand: {from: Titel}
  state: {from: Stand, codes: {ja: given, nee: withdrawn}}
  event_at: {from: Sinds, type: datetime}
  evidence: {from: Bewijs}
""",
    "new": """\
source: new
owner: [{profile: Klant}, {of: shop, by: Shop}]
change:
  from: Soort
  codes:
    afmelding:
      entity: consent
      fields:
        channel: {value: email}
        brand: {from: Titel}
        state: {value: withdrawn}
        event_at: {from: Moment}
        evidence: {from: Bewijs}
    aanmelding:
      entity: consent
      fields:
        channel: {value: email}
        brand: {from: Titel}
        state: {value: given}
        event_at: {from: Moment}
        evidence: {from: Bewijs}
    adres:
      entity: address
      fields:
        street: {from: Straat}
        valid_from: {from: Moment, type: datetime}
""",
}
_HEAD = "Nr;Voornaam;Naam;Geboren;Email;Mobiel;Straat;Nummer;Postcode;Plaats\n"
CRM = (
    f"{_HEAD}1;Piet;Mol;1970-05-06;mol@voorbeeld.nl;0612345678;Laan;1;1011 AB;Adam\n"
    "3;Bert;Smit;1981-02-03;bert@voorbeeld.nl;0687654321;Plein;2;3011 BC;Rdam\n"
)
SHOP = (
    f"{_HEAD}2;Piet;Mol;1970-05-06;mol@voorbeeld.nl;0611122233;Laan;1;1011 AB;Adam\n"
    "4;Bert;Smit;1981-02-03;bert@voorbeeld.nl;;Plein;2;3011 BC;Rdam\n"
)
ORDERS = "Nr;Klant;Titel\nO1;2;Kaart\nO2;4;Boek\n"
SAID = (
    "Nr;Crm;Shop;Kanaal;Titel;Stand;Sinds;Bewijs\n"
    "T1;1;;email;Nova;ja;2024-01-01T10:00:00;formulier\n"
    "T2;;2;email;Kompas;ja;2024-02-01T10:00:00;kassa\n"
    "T3;;2;email;Nova;nee;2023-01-01T10:00:00;brief\n"
    "T4;3;;email;Nova;ja;2024-01-01T10:00:00;formulier\n"
)
TARGETS = {
    "csv": "{type: csv, path: exports/target}",
    "duckdb": "{type: duckdb, path: exports/target.duckdb}",
}


def make(root: Path, target: str = "csv") -> Path:
    """The workspace, before anything has run."""
    (root / "mapping").mkdir(parents=True)
    (root / "runbook.yaml").write_text(RUNBOOK.replace("TARGET", TARGETS[target]))
    for name, text in MAPPINGS.items():
        (root / "mapping" / f"{name}.yaml").write_text(text)
    for source, rows in (("crm", CRM), ("shop", SHOP), ("orders", ORDERS), ("said", SAID)):
        folder = root / "deliveries" / source / "2026-03-01-full"
        folder.mkdir(parents=True)
        (folder / "rows.csv").write_text(rows)
    (root / "backup.key").write_text(KEY)
    (root / "decisions.yaml").write_text(
        "signoffs:\n  - {gate: gate, role: lead, decision: approve}\n"
    )
    return root


def changed(root: Path, number: int, *rows: str) -> None:
    """A numbered delivery of the new system: Nr;Soort;Klant;Shop;Titel;Moment;Bewijs;Straat."""
    folder = root / "deliveries" / "new" / f"2099-01-{number:02d}-delta-{number}"
    folder.mkdir(parents=True)
    lines = "".join(f"{row}\n" for row in rows)
    (folder / "rows.csv").write_text(f"Nr;Soort;Klant;Shop;Titel;Moment;Bewijs;Straat\n{lines}")
    manifest = {"source": "new", "delivery": folder.name, "kind": "delta", "sequence": number,
                "files": [{"name": "rows.csv", "rows": len(rows)}]}  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))


def decide(root: Path, word: str, pair: Sequence[str] = PAIR) -> str:
    """What the program says to a decision on the pair."""
    return tui("decide", *pair, word, "-w", root).out


def run(root: Path) -> Path:
    """To the end; no engine is left behind."""
    run_on(root)
    return root


def now() -> str:
    """This moment as the new system writes it; a second later nobody can take it for the next."""
    said = datetime.now(UTC)
    while datetime.now(UTC).replace(microsecond=0) <= said:
        time.sleep(0.05)
    return said.strftime("%Y-%m-%dT%H:%M:%SZ")


def target(root: Path) -> dict[str, list[tuple[str, ...]]]:
    """What the target holds, entity by entity, without the technical columns."""
    if (root / "exports" / "target.duckdb").exists():
        return dict(_of_database(root / "exports" / "target.duckdb"))
    return dict(_of_files(root / "exports" / "target"))


_TECHNICAL = ("import_batch", "import_group")


def _of_files(folder: Path) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    manifest = json.loads((folder / "manifest.json").read_text())
    held: dict[str, dict[str, tuple[str, ...]]] = {}
    for batch in sorted(manifest["batches"], key=lambda b: b["number"]):
        rows = held.setdefault(batch["entity"], {})
        for row in records(folder / batch["entity"] / f"{batch['batch']}.csv"):
            kept = tuple(v for k, v in sorted(row.items()) if k not in _TECHNICAL)
            rows[row["record_key"]] = kept
    for entity, rows in sorted(held.items()):
        yield entity, sorted(rows.values())


def _of_database(path: Path) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    with duckdb.connect(str(path), read_only=True) as database:
        views = "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1"
        for (name,) in database.execute(views).fetchall():
            held = database.sql(f'FROM "{name}"').to_arrow_table().to_pylist()
            yield (
                str(name),
                sorted(
                    tuple(str(v) for k, v in sorted(row.items()) if k not in _TECHNICAL)
                    for row in held
                ),
            )
