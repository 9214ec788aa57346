"""Which journals ask for zeroed memory."""

from __future__ import annotations

from pathlib import Path

from tui_migrate.engine.memory import tells_of_erasure


def test_a_journal_tells_of_an_erasure_from_the_asking_on(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    assert not tells_of_erasure(journal), "nothing was begun"
    journal.write_bytes(b'{"fact":{"kind":"run.opened"}}\n{"fact":{"kind":"erasure.refused"}}\n')
    assert not tells_of_erasure(journal)
    with journal.open("ab") as stream:
        stream.write(b'{"fact":{"kind":"erasure.asked"}}\n')
    assert tells_of_erasure(journal)


def test_where_a_journal_cannot_be_read_somebody_may_have_been_erased(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    journal.mkdir()
    assert tells_of_erasure(journal)
