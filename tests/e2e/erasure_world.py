"""A small workspace with every format, in which one person's every cell can be told from all others.

``Zqx`` stands in each of her texts, and nowhere else; her numbers are searched for by their digits.
"""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

KEY = "a key for tests only\n"
HERS = re.compile(
    rb"zqx[a-z0-9]|z\0q\0x\0|\0z\0q\0x|612345987|4\x005\x009\x00 \x008\x007|a1b2345987|0417164300",
    re.IGNORECASE,
)
"""Her tokens, in one byte a letter and in two; digits of her telephone, her order and her account.
Four letters, because three stand in packed or random bytes by chance."""
_LONG = re.compile(rb"zqx[a-z]{4}|612345987", re.IGNORECASE)
"""What is looked for in the bytes of a Parquet file, whose rows and statistics are read as well: the
digests in all segments of a run are so many random bytes that four letters stand there by chance."""
_SIGNED = re.compile(rb'"signature":"[^"]*"')

RUNBOOK = """\
runbook: forgetting
title: Forgetting
zone: Europe/Amsterdam
rehearsal: true
brands: [Nova]
sources:
  crm:
    files: "deliveries/crm/*/people.csv"
    format: {type: csv, delimiter: ";", encoding: cp1252}
    key: Nr
    mapping: mapping/crm.yaml
    trust: 1
  gifts:
    files: "deliveries/gifts/*/gifts.csv"
    format: {type: csv, delimiter: ";", encoding: utf-16}
    key: AboNr
    links: {Nr: crm}
    mapping: [mapping/gifts.yaml, mapping/holders.yaml, mapping/payers.yaml]
    trust: 2
  shop:
    files: "deliveries/shop/*/orders.jsonl"
    format: {type: jsonl}
    key: order_id
    mapping: [mapping/customers.yaml, mapping/orders.yaml]
    trust: 3
  events:
    files: "deliveries/events/*/visits.xlsx"
    format: {type: xlsx, sheet: Visits}
    key: Nr
    mapping: [mapping/visitors.yaml, mapping/visits.yaml]
    trust: 5
  mail:
    files: "deliveries/mail/*/list.parquet"
    format: {type: parquet}
    key: id
    links: {crm_id: crm}
    mapping: [mapping/mail.yaml, mapping/optins.yaml]
    trust: 4
  clicks:
    files: "deliveries/clicks/*/clicks.csv"
    format: {type: csv, delimiter: ",", encoding: utf-8}
    key: click
    mapping: mapping/clicks.yaml
  silent:
    files: "deliveries/silent/*/silent.csv"
    format: {type: csv, delimiter: ",", encoding: utf-8}
    key: nr
    mapping: mapping/silent.yaml
  changes:
    files: "deliveries/changes/*/changes.csv"
    format: {type: csv, delimiter: ",", encoding: utf-8}
    key: change_id
    mapping: mapping/changes.yaml
    deltas: true
target: TARGET
roles:
  lead: {users: ["*"]}
RETENTION
phases:
  - id: all
    title: All
    steps:
      - {id: keep, uses: backup, with: {what: [deliveries, staging, audit, vault]}}
      - {id: read, uses: ingest}
      - {id: map, uses: map}
      - id: questions
        uses: checklist
        with:
          items:
            - {id: tried, question: Tried?, type: text, evidence: true}
            - {id: sheet, question: The sheet?, type: file}
      - {id: gate, uses: gate, with: {approvals: [{role: lead}], evidence: [map]}}
      - {id: match, uses: match}
      - {id: merge, uses: merge}
      - {id: bring, uses: import, with: {entities: [profile, order, subscription, interaction, attendance]}}
      - {id: consents, uses: consent_sync, with: {mode: load}}
      - {id: deltas, uses: consent_sync, with: {mode: deltas}}
      - {id: fates, uses: verify, with: {what: [fates, consents, sample, trail], size: 4}}
      - {id: keep2, uses: backup, with: {what: [deliveries, staging, audit, vault]}}
      - {id: out, uses: export, with: {what: [crosswalk, profiles, consents, findings, pairs, fates, receipts, decisions], to: exports}}
      - {id: out2, uses: export, with: {what: [profiles, fates], to: exports/p, format: parquet}}
      - {id: out3, uses: export, with: {what: [profiles, consents, findings], to: exports/j, format: jsonl}}
"""  # noqa: E501

MAPPINGS = {
    "crm": """\
source: crm
entity: profile
fields:
  kind: {value: person}
  first_name: {from: Voornaam}
  family_name: {from: Achternaam}
  street: {from: Straat}
  house_number: {from: Nummer}
  postcode: {from: Postcode}
  town: {from: Plaats}
  email: {from: E-mail}
  phone: {from: Mobiel}
  note: {from: Notitie}
skip: {IBAN: no payment data}
""",
    "gifts": """\
source: gifts
entity: subscription
fields:
  brand: {value: Nova}
  product: {from: Product}
  kind: {from: Soort, codes: {cadeau: gift, gewoon: regular}}
""",
    "holders": """\
source: gifts
entity: profile
fields:
  kind: {value: person}
  full_name: {from: Naam}
  email: {from: E-mail}
""",
    "payers": """\
source: gifts
entity: profile
key: {from: AboNr, suffix: /payer}
when: {Soort: [cadeau]}
links: {Betaler nr: crm}
fields:
  kind: {value: person}
  full_name: {from: Betaler}
  email: {from: Betaler e-mail}
""",
    "customers": """\
source: shop
entity: profile
key: [customer.id]
fields:
  kind: {value: person}
  full_name: {from: customer.name}
  email: {from: customer.email}
  phone: {from: customer.phone}
""",
    "orders": """\
source: shop
entity: order
each: lines[]
of: shop
by: [customer.id]
fields:
  brand: {value: Nova}
  order_number: {from: order_id}
  position: {from: "lines[]"}
  title: {from: "lines[].title"}
  placed_at: {from: placed_at}
""",
    "visitors": """\
source: events
entity: profile
fields:
  kind: {value: person}
  full_name: {from: Naam}
  email: {from: E-mail}
skip: {Wens: free text, Som: a sum}
""",
    "visits": """\
source: events
entity: attendance
fields:
  brand: {value: Nova}
  event: {from: Evenement}
""",
    "mail": """\
source: mail
entity: profile
fields:
  kind: {value: person}
  full_name: {from: name}
  email: {from: email}
""",
    "optins": """\
source: mail
entity: consent
fields:
  channel: {value: email}
  brand: {value: Nova}
  state: {from: status, codes: {in: given, out: withdrawn}}
  event_at: {from: since, type: datetime}
  evidence: {from: form}
  contact_point: {from: email, type: email}
""",
    "clicks": """\
source: clicks
entity: interaction
of: mail
by: id
fields:
  brand: {value: Nova}
  kind: {from: kind}
  link: {from: link}
""",
    "silent": """\
source: silent
entity: suppression
fields:
  channel: {value: email}
  brand: {value: "*"}
  reason: {from: reason}
  contact_point: {from: address}
""",
    "changes": """\
source: changes
owner:
  - {of: crm, by: nr}
change:
  from: kind
  codes:
    opt-out:
      entity: consent
      fields:
        channel: {value: email}
        brand: {value: Nova}
        state: {value: withdrawn}
        event_at: {from: at}
        evidence: {from: via}
        contact_point: {from: email, type: email}
    address:
      entity: address
      fields:
        street: {from: street}
        house_number: {from: number}
        town: {from: town}
""",
}

CRM_HEAD = ["Nr", "Voornaam", "Achternaam", "Straat", "Nummer", "Postcode", "Plaats", "E-mail",
            "Mobiel", "Notitie", "IBAN"]  # fmt: skip
CRM_ROWS = [
    ["ZQXR100", "Zqxanna", "Zqxberg", "Zqxlaan", "7", "1011 AB", "Zqxdam", "zqxanna@example.org",
     "06 12345987", "Likes \"Zqxpuzzles\";\nand Zqxtea,\nevery day", "NL91ABNA0417164300"],
    ["R200", "Bert", "Smit", "Kerkstraat", "1", "3011 BC", "Breda", "bert@example.org",
     "0687654321", "Asked; twice\nby phone", ""],
    ["R300", "Cees", "Vos", "Dorpsweg", "22", "9711 CD", "Gent", "cees@example.org", "", "", ""],
    ["R400", "Dora", "Jansen", "Plein", "3", "5611 DE", "Breda", "dora@example.org", "0611111111",
     "", ""],
]  # fmt: skip


def make(
    root: Path, *, target: str = "{type: csv, path: exports/target}", retention: str = ""
) -> Path:
    """The workspace, with evidence and decisions, before anything has run."""
    (root / "mapping").mkdir(parents=True)
    runbook = RUNBOOK.replace("TARGET", target).replace("RETENTION\n", retention)
    (root / "runbook.yaml").write_text(runbook)
    for name, text in MAPPINGS.items():
        (root / "mapping" / f"{name}.yaml").write_text(text)
    (root / "backup.key").write_text(KEY)
    deliver(root, "2026-03-01-full", CRM_ROWS)
    _others(root)
    _delta(root, 1, [["c1", "address", "ZQXR100", "", "2026-03-02T10:00:00", "",
                      "Zqxstraat", "9", "Zqxstad"],
                     ["c2", "opt-out", "R200", "bert@example.org", "2026-03-02T11:00:00", "form",
                      "", "", ""]])  # fmt: skip
    _decisions(root)
    return root


def deliver(root: Path, name: str, rows: list[list[str]]) -> Path:
    """A full delivery of the CRM, with quoted line ends and one line that cannot be read."""
    folder = root / "deliveries" / "crm" / name
    folder.mkdir(parents=True)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(CRM_HEAD)
    writer.writerows(rows)
    broken = "ZQXR100;Zqxanna;too;many;cells;in;a;row;of;zqxanna@example.org;or;so\r\n"
    if any("ZQXR100" in row for row in rows):
        out.write(broken)
    (folder / "people.csv").write_bytes(out.getvalue().encode("cp1252"))
    count = len(rows) + ("ZQXR100" in out.getvalue())
    promise = {"source": "crm", "delivery": name, "kind": "full",
               "files": [{"name": "people.csv", "rows": count}]}  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(promise))
    return folder / "people.csv"


def _folder(root: Path, source: str) -> Path:
    folder = root / "deliveries" / source / "2026-03-01-full"
    folder.mkdir(parents=True)
    return folder


def _others(root: Path) -> None:
    gifts = (
        "AboNr;Nr;Product;Soort;Naam;E-mail;Betaler nr;Betaler;Betaler e-mail\n"
        "A1;ZQXR100;Zqxkrant;gewoon;Zqxanna Zqxberg;zqxanna@example.org;;;\n"
        "A2;R300;Dagblad;cadeau;Cees Vos;cees@example.org;ZQXR100;Zqxanna Zqxberg;zqxgift@example.org\n"
        "A3;R200;Dagblad;cadeau;Bert Smit;bert@example.org;R400;Dora Jansen;dora@example.org\n"
    )
    (_folder(root, "gifts") / "gifts.csv").write_bytes(gifts.encode("utf-16"))
    orders = [
        _order("A1B2345987", "ZQXK1", "Zqxanna Zqxberg", "zqxanna@example.org", "+31612345987"),
        _order("O2", "K2", "Dora Jansen", "dora@example.org", "+31611111111"),
        _order("O3", "K3", "Eva Mol", "eva@example.org", ""),
    ]
    (_folder(root, "shop") / "orders.jsonl").write_text(
        "".join(f"{json.dumps(o)}\n" for o in orders)
    )
    _workbook(_folder(root, "events") / "visits.xlsx")
    mail = pa.table(
        {
            "id": ["ZQXM1", "M2", "M3", "M4"],
            "crm_id": ["ZQXR100", "R200", "", "R400"],
            "name": ["Zqxanna Zqxberg", "Bert Smit", "Eva Mol", "Dora Jansen"],
            "email": ["zqxanna@example.org", "bert@example.org", "eva@example.org", "dora@example.org"],
            "status": ["in", "in", "in", "out"],
            "since": ["2025-01-02T10:00:00"] * 4,
            "form": ["zqxform", "form", "form", "form"],
        },
        schema=pa.schema([pa.field(n, pa.string(), nullable=n != "id") for n in
                          ("id", "crm_id", "name", "email", "status", "since", "form")]),
    )  # fmt: skip
    pq.write_table(mail, _folder(root, "mail") / "list.parquet", compression="zstd")
    clicks = "click,id,kind,link\nzqxc1,ZQXM1,click,https://example.org/zqx\nc2,M2,open,\nc3,M2,click,u\n"
    (_folder(root, "clicks") / "clicks.csv").write_text(clicks)
    silent = (
        "nr,address,reason\ns1,zqxanna@example.org,complaint\ns2,cees@example.org,hard_bounce\n"
    )
    (_folder(root, "silent") / "silent.csv").write_text(silent)


def _order(number: str, customer: str, name: str, email: str, phone: str) -> dict[str, object]:
    mark = "Zqx" if customer == "ZQXK1" else ""
    return {
        "order_id": number,
        "placed_at": "2026-01-05T10:00:00",
        "customer": {"id": customer, "name": name, "email": email, "phone": phone},
        "lines": [{"title": f"{mark}book"}, {"title": f"{mark}map"}],
    }


def _workbook(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Visits")
        rows = [
            ["Nr", "Naam", "E-mail", "Evenement", "Wens", "Som"],
            ["ZQXE1", "Zqxanna Zqxberg", "zqxanna@example.org", "Fair", "Zqxwine"],
            ["E2", "Dora Jansen", "dora@example.org", "Fair", "Tea"],
            ["E3", "Fee Kok", "fee@example.org", "Fair", "Tea"],
        ]
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        sheet.write_comment("E2", "Zqxremark")
        sheet.write_formula("F3", "=1+1", None, 2)
        bold = book.add_format({"bold": True})
        sheet.write_rich_string("E4", "Tea ", bold, "please")
        book.add_worksheet("Notes").write(0, 0, "for Fee")


def delta_again(root: Path) -> None:
    """A second delta, in which she comes again and Dora opts out."""
    _delta(root, 2, [["c3", "opt-out", "ZQXR100", "zqxanna@example.org", "2026-03-03T10:00:00",
                      "zqxform", "", "", ""],
                     ["c4", "opt-out", "R400", "dora@example.org", "2026-03-03T11:00:00", "form",
                      "", "", ""]])  # fmt: skip


def _delta(root: Path, number: int, rows: list[list[str]]) -> None:
    folder = root / "deliveries" / "changes" / f"2026-03-{number + 1:02d}-delta-{number}"
    folder.mkdir(parents=True)
    head = "change_id,kind,nr,email,at,via,street,number,town\n"
    content = head + "".join(",".join(row) + "\n" for row in rows)
    (folder / "changes.csv").write_text(content)
    manifest = {"source": "changes", "delivery": folder.name, "kind": "delta", "sequence": number,
                "files": [{"name": "changes.csv", "rows": len(rows)}]}  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _decisions(root: Path) -> None:
    evidence = root / "evidence"
    evidence.mkdir()
    (evidence / "tried.txt").write_text(
        "Tried with five customers.\nOne was Zqxanna Zqxberg, zqxanna@example.org.\nAll came.\n"
    )
    with xlsxwriter.Workbook(evidence / "sheet.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["who", "came"])
        sheet.write_row(1, 0, ["zqxanna@example.org", "yes"])
        sheet.write_row(2, 0, ["dora@example.org", "yes"])
    _packed(evidence)
    (root / "deliveries" / "crm" / "2026-03-01-full" / "note.txt").write_text("Zqxanna twice\nso\n")
    (root / "decisions.yaml").write_text(
        "signoffs:\n"
        '  - {gate: gate, role: lead, decision: approve, comment: "Called zqxanna@example.org."}\n'
        "answers:\n"
        '  - {step: questions, item: tried, answer: "As Zqxberg asked.", file: evidence/tried.txt}\n'
        "  - {step: questions, item: sheet, file: evidence/sheet.xlsx}\n"
    )


def _packed(evidence: Path) -> None:
    """Papers that say something else too: what is not hers has to stay."""
    with zipfile.ZipFile(evidence / "forms.zip", "w") as archive:
        archive.writestr("forms.csv", "mail\nzqxanna@example.org\ndora@example.org\n")
        archive.writestr("zqxberg.txt", "Signed.\n")
    (evidence / "calls.txt").write_bytes("06-123 459 87 called\nNobody else.\n".encode("utf-16"))
    (evidence / "about zqxanna@example.org.txt").write_text("A letter.\n")
    said = base64.encodebytes(b"I, zqxanna@example.org, want it.\n").decode()
    head = "From: a@example.org\nContent-Transfer-Encoding: base64\n\n"
    (evidence / "wish.eml").write_text(f"{head}{said}")


# Looking for her.


def traces(workspace: Path) -> list[str]:
    """Every place under a workspace in which something of hers stands, back-ups left out: raw bytes,
    the parts of archives, the rows of Parquet files, the rows and the raw bytes of databases."""
    found = []
    for path in sorted(workspace.rglob("*")):
        if not path.is_file() or path.suffix == ".backup":
            continue
        name = str(path.relative_to(workspace))
        if HERS.search(name.encode()):
            found.append(f"{name}: its name")
        found += [
            f"{name}: {what}" for what, content in contents(path) if _sought(what, path, content)
        ]
    return found


def _sought(what: str, path: Path, content: bytes) -> bool:
    packed = what == "bytes" and path.suffix == ".parquet"
    return bool((_LONG if packed else HERS).search(content))


def contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """What a file holds: its bytes, and unpacked what is packed in it."""
    raw = path.read_bytes()
    yield "bytes", _SIGNED.sub(b"", raw) if path.name == "seals.jsonl" else raw
    if raw[:2] == b"\x1f\x8b":
        yield "unpacked", gzip.decompress(raw)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield name, archive.read(name)
    if path.suffix == ".eml":
        yield "letter", base64.b64decode(raw.partition(b"\n\n")[2])
    if raw[:4] == b"PAR1":
        yield "rows", repr(pq.read_table(path).to_pylist()).encode()
        yield "statistics", repr(pq.read_metadata(path).to_dict()).encode()
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as database:
            for schema, table in database.execute(
                "SELECT schema_name, table_name FROM duckdb_tables()"
            ).fetchall():
                rows = database.execute(f'FROM "{schema}"."{table}"').fetchall()
                yield f"{schema}.{table}", repr(rows).encode()
