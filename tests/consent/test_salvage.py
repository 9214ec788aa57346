"""An unreadable line of people and their consents blocks, unless it is proven to say no to nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.consent.staged import Staged
from tui_migrate.staging.readers import FileFormat, Job, read_file

HEADER = "nr,mail,name,list,status,opt_in,opt_out,source"
PROFILE = "source: email\nentity: profile\nfields:\n  family_name: {from: name}\n"
YES = """
source: email
entity: consent
fields:
  channel: {value: email}
  brand: {from: list}
  state: {value: given}
  event_at: {from: opt_in}
  evidence: {from: source}
"""
NO = """
source: email
entity: consent
when: {status: [off]}
fields:
  channel: {value: email}
  brand: {from: list}
  state: {value: withdrawn}
  event_at: {from: opt_out}
"""
ON = "E1,a@huis.nl,Jansen,Nova,on,2024-01-01,,web"
OFF = "E2,b@huis.nl,Peeters,Nova,off,2024-01-01,2024-02-01,web"


def _observed(tmp_path: Path, lines: list[bytes]) -> tuple[str, list[tuple[object, ...]]]:
    """What the check on such lines counts, and (line, rule) of its findings."""
    staged = Staged(tmp_path)
    staged.twice = False  # the tests of load see to that
    for name, text in (("email", PROFILE), ("yes", YES), ("no", NO)):
        (tmp_path / f"mapping/{name}.yaml").write_text(text)
    book = tmp_path / "runbook.yaml"
    book.write_text(
        book.read_text().replace(
            "mapping: mapping/email.yaml",
            "mapping: [mapping/email.yaml, mapping/yes.yaml, mapping/no.yaml],"
            ' format: {type: csv, delimiter: ",", encoding: utf-8}',
        )
    )
    path = tmp_path / "deliveries/email/full/e.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\n".join([HEADER.encode(), *lines, b""]))
    store = staged.store
    store.connection.execute("DELETE FROM store.reject")
    form = FileFormat("csv", ",", "utf-8")
    job = Job("email", "full", "e.csv", path, form, ("nr",), "ingest", 1, "u")
    cursor = store.cursor()
    cursor.execute("BEGIN")
    read_file(store, cursor, job)
    cursor.execute("COMMIT")
    outcome = staged.run("load")
    name = "every line with people and their consents can be read"
    check = next(check for check in outcome.checks if check.name == name)
    assert check.severity == "block"
    assert check.waivable
    found = staged.rows(
        "SELECT line, rule, severity FROM finding"
        " WHERE rule IN ('consent.unreadable', 'consent.harmless') ORDER BY line"
    )
    return check.observed, found


HARMLESS = {
    "a NUL in a name": [ON.replace("Jansen", "Jan\0sen").encode()],
    "a byte that is no text in a name": [ON.encode().replace(b"Jansen", b"J\xe4nsen")],
    "cells too many, none of which can be an opt-out": [f"{ON},,extra".encode()],
    "a torn line, and the same row whole after it": [b"E2,b@hu", OFF.encode()],
    "a header in the middle": [ON.encode(), HEADER.encode()],
}
NOT_PROVEN = {
    "an opt-out with a NUL in the name": [OFF.replace("Peeters", "Pee\0ters").encode()],
    "an opt-out with cells too many": [f"{OFF},extra".encode()],
    "a comma in a name that moves the opt-out": [OFF.replace("Peeters", "Pee,ters").encode()],
    "a NUL in the cell that tells": [ON.replace(",on,", ",o\0n,").encode()],
    "a torn line": [b"E2,b@hu"],
    "a torn line after the whole row": [ON.encode(), b"E1,a@hu"],
    "a torn line with another address than the whole row": [b"E2,other@huis.nl,P", OFF.encode()],
    "a torn line whose key stands for several rows": [
        b"E2,b@hu", OFF.encode(), OFF.replace("Nova", "Kompas").encode(),
    ],
    "a torn line without anything": [b"E2"],
}  # fmt: skip


@pytest.mark.parametrize("lines", HARMLESS.values(), ids=HARMLESS)
def test_a_line_that_takes_nothing_away_is_noted(tmp_path: Path, lines: list[bytes]) -> None:
    observed, found = _observed(tmp_path, lines)
    assert observed == "0"
    assert [row[1:] for row in found] == [("consent.harmless", "note")]


@pytest.mark.parametrize("lines", NOT_PROVEN.values(), ids=NOT_PROVEN)
def test_a_line_that_may_be_an_opt_out_blocks(tmp_path: Path, lines: list[bytes]) -> None:
    observed, found = _observed(tmp_path, lines)
    assert observed == "1"
    assert [row[1:] for row in found] == [("consent.unreadable", "block")]
