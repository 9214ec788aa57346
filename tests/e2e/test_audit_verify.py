"""``audit verify`` vouches for a run, also for a copy elsewhere, and names what is wrong."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Run
from tests.e2e.program import audit_of, tui


@pytest.fixture
def audit(demo: Run, tmp_path: Path) -> Path:
    """The audit folder of the demo alone, copied elsewhere."""
    folder = tmp_path / "elsewhere" / "audit"
    shutil.copytree(audit_of(demo.workspace), folder)
    return folder


@pytest.mark.long(seconds=35)
def test_the_run_is_vouched_for(demo: Run) -> None:
    said = tui("audit", "verify", "-w", demo.workspace).out
    entries, segments, seals = re.search(  # type: ignore[union-attr]
        r"(\d+) entries, (\d+) segments .* (\d+) seals", said
    ).groups()
    assert int(entries) == len(_journal(audit_of(demo.workspace)))
    assert int(segments) == len(_segments(audit_of(demo.workspace)))
    assert int(seals) == len(_seals(audit_of(demo.workspace)))


def test_a_copied_audit_folder_is_enough(audit: Path) -> None:
    assert "consistent" in tui("audit", "verify", audit, cwd=audit.parent).out


def test_a_head_known_from_outside_makes_it_authentic(audit: Path) -> None:
    head = json.loads(_journal(audit)[-1])["hash"]
    assert "authentic" in tui("audit", "verify", audit, "--expect", head).out
    other = "0" * 64
    assert other in tui("audit", "verify", audit, "--expect", other, code=1).out


def test_the_state_is_the_same_at_the_last_entry_of_the_replay(demo: Run) -> None:
    now = json.loads(tui("status", "-w", demo.workspace, "--json").out)
    last = json.loads(tui("audit", "replay", "-w", demo.workspace, "--json").out)
    assert last == now
    early = json.loads(tui("audit", "replay", "-w", demo.workspace, "--to", "5", "--json").out)
    assert early["entries"] == 5
    assert early["ended"] == ""


def _journal(audit: Path) -> list[bytes]:
    return (audit / "journal.jsonl").read_bytes().splitlines(keepends=True)


def _seals(audit: Path) -> list[bytes]:
    return (audit / "seals.jsonl").read_bytes().splitlines(keepends=True)


def _segments(audit: Path) -> list[Path]:
    return sorted((audit / "trail").rglob("*.parquet"))


def _write(path: Path, lines: list[bytes]) -> None:
    path.write_bytes(b"".join(lines))


def _flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def _name(audit: Path, segment: Path) -> str:
    return re.escape(str(segment.relative_to(audit)))


# Each of these does one wrong thing to an audit folder and returns what verify has to say of it.


def journal_byte(audit: Path) -> str:
    """A digit in the figures of entry 200 becomes another."""
    lines = _journal(audit)
    line = lines[199]
    place = re.search(rb"\d", line)
    assert place
    digit = b"7" if place[0] != b"7" else b"8"
    lines[199] = line[: place.start()] + digit + line[place.end() :]
    _write(audit / "journal.jsonl", lines)
    return r"entry 200\b"


def journal_line_removed(audit: Path) -> str:
    lines = _journal(audit)
    _write(audit / "journal.jsonl", lines[:99] + lines[100:])
    return r"entry 100\b"


def journal_lines_swapped(audit: Path) -> str:
    lines = _journal(audit)
    lines[99], lines[100] = lines[100], lines[99]
    _write(audit / "journal.jsonl", lines)
    return r"entry 100\b"


def journal_line_repeated(audit: Path) -> str:
    lines = _journal(audit)
    _write(audit / "journal.jsonl", [*lines[:100], lines[99], *lines[100:]])
    return r"entry 101\b"


def journal_entry_forged(audit: Path) -> str:
    """Entry 100 is changed and its own hash made right again: the next one does not follow it."""
    from tui_migrate.audit.canonical import canonical, sha256_of

    lines = _journal(audit)
    entry = json.loads(lines[99])
    entry["by"] = "somebody-else"
    del entry["hash"]
    lines[99] = canonical({**entry, "hash": sha256_of(entry)}) + b"\n"
    _write(audit / "journal.jsonl", lines)
    return r"entry 101\b"


def journal_last_line_torn(audit: Path) -> str:
    journal = audit / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-5])
    return rf"entry {len(_journal(audit))}\b.*torn"


def journal_end_cut(audit: Path) -> str:
    """The seals stay: the last one names an entry that is gone."""
    lines = _journal(audit)
    _write(audit / "journal.jsonl", lines[:-20])
    return rf"Seal {len(_seals(audit))}\b"


def journal_end_and_seals_cut(audit: Path) -> str:
    """Cut right behind the seal of an earlier gate, in both files: all that is left agrees."""
    seal = json.loads(_seals(audit)[3])
    lines = _journal(audit)
    _write(audit / "journal.jsonl", lines[: seal["seq"] + 1])
    _write(audit / "seals.jsonl", _seals(audit)[:4])
    named = {
        (fact["segment"] or {}).get("path")
        for fact in (json.loads(line)["fact"] for line in _journal(audit))
        if fact["kind"] == "unit.committed"
    }
    for segment in _segments(audit):
        if str(segment.relative_to(audit)) not in named:
            segment.unlink()
    return "The end is not vouched for"


def journal_last_entry_cut(audit: Path) -> str:
    """Only the last entry, the one that names the last seal, is gone."""
    _write(audit / "journal.jsonl", _journal(audit)[:-1])
    return "The end is not vouched for"


def journal_gone(audit: Path) -> str:
    (audit / "journal.jsonl").unlink()
    return "no journal.jsonl"


def seals_byte(audit: Path) -> str:
    lines = _seals(audit)
    lines[2] = lines[2].replace(b'"segments":', b'"Segments":')
    _write(audit / "seals.jsonl", lines)
    return r"Line 3 of seals\.jsonl"


def seal_removed(audit: Path) -> str:
    lines = _seals(audit)
    _write(audit / "seals.jsonl", lines[:2] + lines[3:])
    return r"Line 3 of seals\.jsonl"


def last_seal_removed(audit: Path) -> str:
    lines = _seals(audit)
    _write(audit / "seals.jsonl", lines[:-1])
    return rf"seal {len(lines)} is missing"


def seals_gone(audit: Path) -> str:
    (audit / "seals.jsonl").unlink()
    return "seal 1 is missing"


def object_byte(audit: Path) -> str:
    path = sorted((audit / "objects").iterdir())[0]
    _flip(path, 10)
    return rf"object {path.name} .* was changed"


def object_removed(audit: Path) -> str:
    path = sorted((audit / "objects").iterdir())[-1]
    path.unlink()
    return rf"object {path.name} .* is missing"


def segment_byte(audit: Path) -> str:
    segment = _segments(audit)[5]
    _flip(segment, segment.stat().st_size // 2)
    return rf"Entry \d+: segment {_name(audit, segment)} was changed"


def segment_removed(audit: Path) -> str:
    segment = _segments(audit)[7]
    segment.unlink()
    return rf"Entry \d+: segment {_name(audit, segment)} is missing"


def segments_swapped(audit: Path) -> str:
    one, other, *_rest = _segments(audit)
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    return (
        rf"(?s)segment {_name(audit, one)} was changed.*segment {_name(audit, other)} was changed"
    )


def segment_repeated(audit: Path) -> str:
    segment = _segments(audit)[3]
    again = segment.with_name("once-more.parquet")
    shutil.copyfile(segment, again)
    return rf"Segment {_name(audit, again)} is not named by the journal"


WRONGS = (
    journal_byte, journal_line_removed, journal_lines_swapped, journal_line_repeated,
    journal_entry_forged, journal_last_line_torn, journal_end_cut, journal_end_and_seals_cut,
    journal_last_entry_cut, journal_gone, seals_byte, seal_removed, last_seal_removed, seals_gone,
    object_byte, object_removed, segment_byte, segment_removed, segments_swapped, segment_repeated,
)  # fmt: skip


@pytest.mark.parametrize("wrong", WRONGS, ids=lambda wrong: wrong.__name__)
def test_it_names_what_is_wrong(audit: Path, wrong: Callable[[Path], str]) -> None:
    expected = wrong(audit)
    said = tui("audit", "verify", audit, code=1).out
    assert re.search(expected, said), said
