"""The journal: what is acknowledged stays, what is changed is noticed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_migrate.audit.canonical import canonical, sha256_of
from tui_migrate.audit.entries import CheckDone, StepFinished, StepStopped
from tui_migrate.audit.journal import GENESIS, Journal, JournalBroken, read_entries
from tui_migrate.audit.person_facts import ErasureAsked


def _journal(folder: Path, entries: int = 5) -> Path:
    path = folder / "journal.jsonl"
    journal = Journal(path)
    for number in range(entries):
        journal.append(StepStopped(step=f"stap-{number}", attempt=1), by="anna", uid=1000)
    journal.close()
    return path


def test_entries_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, clock=lambda: "2026-03-01T10:00:00.000000Z")
    fact = StepFinished(
        step="map", attempt=2, outcome="done", figures={"rijen": 12, "é": "x"}, digest="9:4"
    )
    written = journal.append(fact, by="anna", uid=1000, command="c1")
    journal.close()
    assert list(read_entries(path)) == [written]
    assert (written.seq, written.prev, written.fact) == (1, GENESIS, fact)


def test_each_line_is_canonical_json_with_the_hash_of_the_rest(tmp_path: Path) -> None:
    lines = _journal(tmp_path).read_bytes().splitlines()
    assert len(lines) > 1
    prev = GENESIS
    for line in lines:
        content = json.loads(line)
        claimed = content.pop("hash")
        assert content["prev"] == prev
        assert sha256_of(content) == claimed
        prev = claimed


def test_an_erasure_of_an_earlier_version_reads_as_one_without_keys_in_other_letters(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.append(ErasureAsked(profile="p", records=["r"], points=[], reason=""), by="a", uid=1)
    journal.close()
    content = json.loads(path.read_bytes())
    del content["hash"], content["fact"]["loose"]
    path.write_bytes(canonical({**content, "hash": sha256_of(content)}) + b"\n")
    (entry,) = read_entries(path)
    assert isinstance(entry.fact, ErasureAsked)
    assert (entry.fact.records, entry.fact.loose) == (["r"], [])


@pytest.mark.parametrize("line", [0, 2, 4])
@pytest.mark.parametrize("changed", [b"stop-", b"st\xe1p-"], ids=["text", "no text"])
def test_a_changed_byte_is_noticed_at_its_line(tmp_path: Path, line: int, changed: bytes) -> None:
    path = _journal(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(b"stap-", changed)
    path.write_bytes(b"".join(lines))
    with pytest.raises(JournalBroken) as broken:
        list(read_entries(path))
    assert broken.value.seq == line + 1


@pytest.mark.parametrize(
    ("order", "seq"),
    [((0, 2, 3, 4), 2), ((0, 2, 1, 3, 4), 2), ((0, 1, 1, 2, 3, 4), 3), ((1, 2, 3, 4), 1)],
    ids=["removed", "swapped", "repeated", "first-removed"],
)
def test_lines_out_of_place_are_noticed(tmp_path: Path, order: tuple[int, ...], seq: int) -> None:
    path = _journal(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[i] for i in order))
    with pytest.raises(JournalBroken) as broken:
        list(read_entries(path))
    assert broken.value.seq == seq


def test_a_torn_last_line_is_set_aside_and_the_chain_goes_on(tmp_path: Path) -> None:
    path = _journal(tmp_path, 3)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"seq":4,"at":"2026')
    journal = Journal(path)
    assert journal.torn_bytes == 19
    assert len(journal.entries) == 3
    journal.append(StepStopped(step="next", attempt=1), by="anna", uid=1000)
    journal.close()
    assert [e.seq for e in read_entries(path)] == [1, 2, 3, 4]
    aside = list(tmp_path.glob("journal.jsonl.torn-*"))
    assert [p.read_bytes() for p in aside] == [b'{"seq":4,"at":"2026']


def test_any_other_bad_line_is_refused(tmp_path: Path) -> None:
    path = _journal(tmp_path, 3)
    path.write_bytes(path.read_bytes() + b"{}\n")
    with pytest.raises(JournalBroken) as broken:
        Journal(path)
    assert broken.value.seq == 4


def test_what_the_disk_refuses_is_not_in_the_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _journal(tmp_path, 2)
    journal = Journal(path)
    before = path.read_bytes()

    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            journal.append(StepStopped(step="x", attempt=1), by="anna", uid=1000)
    assert path.read_bytes() == before
    assert journal.append(StepStopped(step="y", attempt=1), by="anna", uid=1000).seq == 3
    journal.close()
    assert len(list(read_entries(path))) == 3


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(_values)
def test_canonical_json_reads_back_and_has_one_spelling(value: object) -> None:
    spelled = canonical(value)
    assert json.loads(spelled) == value
    assert canonical(json.loads(spelled)) == spelled


@settings(max_examples=30, deadline=None)
@given(names=st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_any_text_survives_the_journal(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    journal = Journal(path)
    facts = [
        CheckDone(step="s", attempt=1, name=n, passed=True, severity="warn", observed=n, expected=n)
        for n in names
    ]
    for fact in facts:
        journal.append(fact, by="anna", uid=1000)
    journal.close()
    assert [entry.fact for entry in read_entries(path)] == facts
