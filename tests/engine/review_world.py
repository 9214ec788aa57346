"""A run that waits with doubtful duplicates: pairs and triples, of two brands."""

from __future__ import annotations

from pathlib import Path

from tests.engine.conftest import KEY
from tui_migrate.engine.client import InProcessClient, open_client

RUNBOOK = """\
runbook: doubts
title: {en: Doubts, nl: Twijfels}
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
    brands: [Nova]
  mail:
    files: "deliveries/mail/*/*.csv"
    format: {type: csv, delimiter: ";", encoding: utf-8}
    key: Nr
    mapping: mapping/mail.yaml
    trust: 3
    brands: [Nova, Kompas]
target: {type: csv, path: exports/target}
roles:
  lead: {users: ["*"]}
  nova: {users: [nora], brands: [Nova]}
phases:
  - id: one
    title: One
    steps:
      - {id: read, uses: ingest, title: Read}
      - {id: bring, uses: map, title: Bring}
      - {id: pair, uses: match, title: Pair, with: {cap: 100, review_from: 0.10, auto_from: 0.99}}
      - {id: look, uses: gate, title: Look, with: {approvals: [{role: lead}], evidence: [pair]}}
      - {id: join, uses: merge, title: Join, with: {default: most_trusted}}
"""
FIELDS = """\
  first_name: {from: Voornaam}
  family_name: {from: Naam}
  birth_date: {from: Geboren}
  email: {from: Email}
  street: {from: Straat}
  house_number: {from: Huisnr}
  postcode: {from: Postcode}
  town: {from: Plaats}
"""
HEAD = "Nr;Voornaam;Naam;Geboren;Email;Straat;Huisnr;Postcode;Plaats\n"
FAMILIES = ("Jansen", "Bos", "Peeters", "Willems", "Kok", "Smits", "Maes", "Vos", "Dekker", "Claes")
GIVEN = ("Anna", "Johannes", "Maria", "Pieter", "Elisabeth", "Thomas", "Katrien", "Joris")
SHORT = ("Ans", "Jan", "Ria", "Piet", "Els", "Tom", "Trijn", "Joris")


def rows(families: int) -> tuple[str, str]:
    """The delivered rows of both sources. Of every family one person stands in both by a short form of
    his name, and every other one a third time by an initial; the last one stands in crm twice."""
    crm, mail = [HEAD], [HEAD]
    for n in range(families):
        family = f"{FAMILIES[n % 10]}{'' if n < 10 else chr(96 + n // 10)}"
        given = n % len(GIVEN)
        where = f"Dorpsstraat;{n + 1};{1000 + n} AB;Gent"
        crm.append(f"C{n};{GIVEN[given]};{family};;;{where}\n")
        mail.append(f"M{n};{SHORT[given]};{family};;;{where}\n")
        if n % 2:
            mail.append(f"N{n};{GIVEN[given][0]}.;{family};;;{where}\n")
    where = "Kade;7;2000 CD;Breda"
    crm += [f"W1;Elisabeth;Wouters;;;{where}\n", f"W2;Els;Wouters;;;{where}\n"]
    return "".join(crm), "".join(mail)


def made(root: Path, families: int = 20, runbook: str = RUNBOOK) -> Path:
    """The workspace, in which nothing has run yet."""
    return delivered(root, rows(families), runbook)


def delivered(root: Path, contents: tuple[str, str], runbook: str) -> Path:
    """A workspace with these rows of both sources."""
    for source, content in zip(("crm", "mail"), contents, strict=True):
        folder = root / "deliveries" / source / "2026-03-01"
        folder.mkdir(parents=True)
        (folder / "people.csv").write_text(content)
        (root / "mapping").mkdir(exist_ok=True)
        text = f"source: {source}\nentity: profile\nfields:\n{FIELDS}"
        (root / "mapping" / f"{source}.yaml").write_text(text)
    (root / "runbook.yaml").write_text(runbook)
    return root


def waiting(root: Path) -> InProcessClient:
    """The run, up to where it waits behind the match; the caller closes the client."""
    client = open_client(root, key=KEY)
    stopped = client.run_here()
    assert int(stopped.exit) == 3, stopped.message
    return client
