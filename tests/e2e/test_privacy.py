"""Nothing that names a person stands in the audit folder."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.e2e.conftest import Run
from tests.e2e.program import RUNBOOK, audit_of, tree
from tui_migrate.cli import run_cli

PERSONS = 20
HOSTILE = ("[@click=app.approve]", "\x1b[31mRood", "\x1b]0;titel", "\u202etxet", "=2+5")


def _contacts(workspace: Path) -> Iterator[dict[str, str]]:
    """Contacts of the CRM with a full name, an e-mail address and a phone number."""
    for path in sorted((workspace / "deliveries" / "crm").glob("*/contacts.csv")):
        with path.open(encoding="cp1252", errors="replace", newline="") as stream:
            for row in csv.DictReader(stream, delimiter=";"):
                if all(row[c] for c in ("Voornaam", "Achternaam", "E-mail", "Mobiel")):
                    yield row


def secrets_of(workspace: Path) -> dict[str, str]:
    """What must not be found: text → what it is, of twenty persons spread over the CRM whose
    family name is no word of the runbook (which the audit keeps), and long enough not to stand in a
    signature by chance."""
    ordinary = b"".join(tree(RUNBOOK).values()).decode("utf-8").lower()
    contacts = [
        r
        for r in _contacts(workspace)
        if len(r["Achternaam"]) > 6 and r["Achternaam"].lower() not in ordinary
    ]
    found: dict[str, str] = {}
    for row in contacts[:: len(contacts) // PERSONS][:PERSONS]:
        found[row["Achternaam"]] = "family name"
        found[f"{row['Voornaam']} {row['Achternaam']}"] = "name"
        found[row["E-mail"].strip().lower()] = "e-mail"
        found[row["Mobiel"]] = "phone as written"
        digits = "".join(c for c in row["Mobiel"] if c.isdigit())
        found[digits[-9:]] = "phone"
        found[row["Relatienummer"]] = "number in the CRM"
    assert len(found) > 5 * PERSONS
    return found


def texts_of(folder: Path) -> Iterator[tuple[str, str]]:
    """(file, text) of every file: its name, its bytes, its JSON unescaped, its Parquet as text."""
    for name, content in tree(folder).items():
        yield name, name
        yield name, content.decode("utf-8", "replace")
        yield name, content.decode("cp1252", "replace")
        if name.endswith(".jsonl"):
            for line in content.splitlines():
                yield name, json.dumps(json.loads(line), ensure_ascii=False)
        if name.endswith(".parquet"):
            table = pq.read_table(folder / name)
            for column in table.columns:
                yield name, "\n".join(str(cell) for cell in column.to_pylist())
            yield name, str(table.schema.metadata)


def found_in(folder: Path, wanted: dict[str, str]) -> set[tuple[str, str, str]]:
    """(file, what, text) of everything found, whatever its case."""
    hits = set()
    for name, text in texts_of(folder):
        low = text.lower()
        hits |= {(name, what, one) for one, what in wanted.items() if one.lower() in low}
    return hits


def test_twenty_persons_are_nowhere_in_the_audit(demo: Run) -> None:
    assert found_in(audit_of(demo.workspace), secrets_of(demo.workspace)) == set()


def test_the_same_search_finds_them_in_the_vault(demo: Run) -> None:
    """So the search itself works: the vault holds the readable values."""
    hits = found_in(demo.workspace / ".tui-migrate" / "vault", secrets_of(demo.workspace))
    assert {what for _file, what, _text in hits} >= {"family name", "number in the CRM"}


def test_hostile_names_are_nowhere_in_the_audit(demo: Run) -> None:
    wanted = dict.fromkeys(HOSTILE, "hostile name")
    raw = tree(demo.workspace / "deliveries")
    assert any(b"[@click=app.approve]" in content for content in raw.values())
    assert found_in(audit_of(demo.workspace), wanted) == set()


def test_no_address_of_the_sample_is_in_the_audit(demo: Run) -> None:
    everybody = {row["E-mail"].strip().lower(): "e-mail" for row in _contacts(demo.workspace)}
    assert len(everybody) > 100
    assert found_in(audit_of(demo.workspace), everybody) == set()


@pytest.mark.parametrize("ending", ["html", "md", "jsonl"])
def test_report_and_lineage_name_no_customer(demo: Run, tmp_path: Path, ending: str) -> None:
    """Made beside the vault, so with everything that people typed."""
    what = "lineage" if ending == "jsonl" else "report"
    out = tmp_path / f"out.{ending}"
    audit = str(audit_of(demo.workspace))
    assert run_cli(["audit", what, "--folder", audit, "-o", str(out)]) == 0
    if what == "report":
        assert "Nothing lost, nothing invented." in out.read_text()
    wanted = secrets_of(demo.workspace) | dict.fromkeys(HOSTILE, "hostile name")
    assert found_in(tmp_path, wanted) == set()


@pytest.mark.parametrize("folder", ["audit", "vault", "backups"])
def test_only_the_owner_may_read(demo: Run, folder: str) -> None:
    paths = list((demo.workspace / ".tui-migrate" / folder).rglob("*"))
    assert any(path.is_file() for path in paths)
    assert [path for path in paths if path.stat().st_mode & 0o077] == []
