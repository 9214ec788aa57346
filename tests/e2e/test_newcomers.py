"""People who are new in a delivery of changes: they wait, are matched with the frozen model, come in."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from tests.e2e import unmerge_world as world
from tests.e2e.program import export_all, facts, records, tui
from tests.e2e.unmerge_world import changed, run, target
from tui_migrate.model.profile_id import profile_id

HEAD = (
    "Nr;Soort;Klant;Shop;Titel;Moment;Bewijs;Straat;"
    "Voornaam;Naam;Geboren;Email;Mobiel;Nummer;Postcode;Plaats"
)
NEWCOMER = indent(
    f"nieuw:\n  entity: profile\n  newcomer: true\n  fields:\n{indent(world.PERSON_FIELDS, '  ')}",
    " " * 4,
)
NINA, BERT = profile_id("new", "C1"), profile_id("crm", "3")


def _row(nr: str, kind: str, shop: str, *person: str, street: str = "") -> str:
    rest = ";".join((*person, *[""] * (8 - len(person))))
    return f"{nr};{kind};;{shop};Nova;2099-01-01T10:00:00Z;formulier;{street};{rest}"


def _deliver(root: Path, number: int, *rows: str) -> None:
    changed(root, number, *rows)
    for path in root.glob(f"deliveries/new/*-delta-{number}/rows.csv"):
        path.write_text(path.read_text().replace(path.read_text().splitlines()[0], HEAD))


def _table(root: Path, to: Path, name: str) -> list[dict[str, str]]:
    export_all(root, to, [name])
    return list(records(to / f"{name}.csv"))


def _fates(root: Path, to: Path) -> dict[str, tuple[str, str]]:
    """Of the rows of changes, by the id of the change."""
    rows = _table(root, to, "fates")
    return {f["record_id"]: (f["fate"], f["reason"]) for f in rows if f["source"] == "new"}


def _whose(root: Path, to: Path) -> dict[tuple[str, str], str]:
    rows = _table(root, to, "crosswalk")
    return {(r["source"], r["record_id"]): r["profile_id"] for r in rows}


@pytest.mark.soak
def test_newcomers_wait_and_then_come_in_like_everybody(tmp_path: Path) -> None:
    root = world.make(tmp_path / "w")
    mapping = root / "mapping" / "new.yaml"
    mapping.write_text(mapping.read_text() + NEWCOMER)
    run(root)
    nina = ("Nina", "Nieuw", "1991-02-03", "nina@voorbeeld.nl", "0699887766", "5", "5011 BC")
    bert = ("Bert", "Smit", "1981-02-03", "bert@voorbeeld.nl", "", "2", "3011 BC")
    _deliver(
        root,
        1,
        _row("C1", "nieuw", "90", *nina, street="Weg"),
        _row("C2", "nieuw", "91", *bert, street="Plein"),
        _row("C3", "nieuw", "92", "B.", "Smit", "", "", "0687654321"),
        _row("C4", "aanmelding", "90"),
        _row("C5", "adres", "4", street="Kade"),
    )
    run(root)
    fates = _fates(root, tmp_path / "a")
    assert [fates[name] for name in ("C1", "C2", "C3")] == [("held", "newcomer")] * 3
    assert fates["C5"] == ("attached", "delta.change")
    assert len(target(root)["profile"]) == 2
    # A later delivery does not make the reading step stale: it waits, too.
    _deliver(
        root,
        2,
        _row("C6", "nieuw", "90", "Nina", "Nieuw", "", "nina@voorbeeld.nl"),
        _row("C7", "nieuw", "93", "Otto", "Later", "1975-05-06", "otto@voorbeeld.nl"),
    )
    tui("redo", "read", "--reason", "three newcomers", "-w", root)
    run(root)
    whose = _whose(root, tmp_path / "b")
    assert whose["new", "C1"] == NINA
    assert whose["new", "C2"] == whose["crm", "3"] == BERT
    assert not whose.keys() & {("new", "C6"), ("new", "C7")}
    fates = _fates(root, tmp_path / "c")
    assert fates["C1"] == ("loaded", "")
    assert fates["C2"][0] == "merged"
    assert fates["C4"][0] == "attached", "who is named by a number that only a newcomer gave is he"
    assert fates["C6"] == ("attached", "delta.change"), "by now she is known"
    assert fates["C7"] == ("held", "newcomer")
    consents = _table(root, tmp_path / "d", "consents")
    hers = [(c["brand"], c["status"]) for c in consents if c["profile_id"] == NINA]
    assert hers == [("Nova", "opt-in")]
    pairs = _table(root, tmp_path / "e", "pairs")
    doubtful = [p for p in pairs if "C3" in (p["record_a"], p["record_b"])]
    assert {p["band"] for p in doubtful} == {"review"}
    matches = [f["figures"] for f in facts(root, "step.finished") if f["step"] == "match"]
    assert matches[-1]["model"] == "frozen"
    # The second row about Nina comes in the same way, and is she.
    tui("redo", "read", "--reason", "one more", "-w", root)
    run(root)
    whose = _whose(root, tmp_path / "f")
    assert whose["new", "C6"] == whose["new", "C1"] == NINA
    assert ("new", "C7") in whose
    # Staging is lost: the same deliveries are taken in again, and no others.
    before = _table(root, tmp_path / "g", "fates")
    tui("stop", "-w", root)
    (root / ".tui-migrate" / "staging.duckdb").unlink()
    run(root)
    assert _table(root, tmp_path / "h", "fates") == before
    assert "the same" in tui("audit", "replay", "--recompute", "-w", root).out
