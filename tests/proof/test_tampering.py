"""Whatever is changed in a copied audit folder is found and named by both verifiers; what the owner of
the machine can write anew without a trace is consistent, never authentic, and an anchor finds it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.proof import forging
from tests.proof.forging import Line, first, kind, rechain
from tests.proof.world import Proved, ours, theirs
from tui_migrate.audit.canonical import canonical, sha256_of
from tui_migrate.audit.sealkey import SealKey

Tamper = Callable[[Path, Proved], tuple[str, str]]
"""Does one wrong thing; what our verifier has to say of it, and what the second one."""


def owners_key(proved: Proved) -> SealKey:
    """The key of the seals: who owns the machine has it."""
    return SealKey((proved.workspace / ".tui-migrate" / "vault" / "seal.key").read_bytes())


def _signed(audit: Path, gate: str) -> int:
    """The entry with the sign-off of a gate."""
    return int(first(forging.journal(audit), "gate.signed", gate=gate)["seq"])


def _lines(audit: Path, name: str = "journal.jsonl") -> list[bytes]:
    return (audit / name).read_bytes().splitlines(keepends=True)


def _put(audit: Path, lines: list[bytes], name: str = "journal.jsonl") -> None:
    (audit / name).write_bytes(b"".join(lines))


def _flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def _segment(audit: Path, name: str) -> Path:
    return next((audit / "trail").rglob(f"{name}.parquet"))


# Things that anybody can do who can write to the folder.


def flip_in_journal(audit: Path, _proved: Proved) -> tuple[str, str]:
    lines = _lines(audit)
    lines[9] = lines[9].replace(b'"passed":true', b'"passed":null')
    _put(audit, lines)
    return r"entry 10: .*Trust ends behind entry 9\.", r"journal\.jsonl, line 10:"


def no_text_in_journal(audit: Path, _proved: Proved) -> tuple[str, str]:
    lines = _lines(audit)
    lines[9] = lines[9].replace(b'"name":"', b'"name":"\xf3', 1)
    _put(audit, lines)
    return (
        r"entry 10: this is not an entry.*Trust ends behind entry 9\.",
        r"journal\.jsonl, line 10:",
    )


def delete_line(audit: Path, _proved: Proved) -> tuple[str, str]:
    lines = _lines(audit)
    _put(audit, lines[:11] + lines[12:])
    return r"entry 12: .*Trust ends behind entry 11\.", r"journal\.jsonl, line 12:"


def reorder_lines(audit: Path, _proved: Proved) -> tuple[str, str]:
    lines = _lines(audit)
    lines[6], lines[7] = lines[7], lines[6]
    _put(audit, lines)
    return r"entry 7: it says number 8", r"journal\.jsonl, line 7:"


def repeat_line(audit: Path, _proved: Proved) -> tuple[str, str]:
    lines = _lines(audit)
    _put(audit, [*lines[:20], lines[19], *lines[20:]])
    return r"entry 21: it says number 20", r"journal\.jsonl, line 21:"


def insert_line(audit: Path, _proved: Proved) -> tuple[str, str]:
    """An entry that is right in itself: the next does not follow it."""
    entries = forging.journal(audit)
    extra = json.loads(json.dumps(entries[19]))
    entries.insert(20, extra)
    forging.chain(entries[:21])
    lines = _lines(audit)
    _put(audit, [*lines[:20], canonical(extra) + b"\n", *lines[20:]])
    return r"entry 22: it says number 21", r"journal\.jsonl, line 22:"


def truncate_at_entry(audit: Path, _proved: Proved) -> tuple[str, str]:
    _put(audit, _lines(audit)[:40])
    return r"(?s)Seal 2 .*the end is not vouched for", r"(?s)seal 2: .*the end: "


def truncate_at_seal(audit: Path, _proved: Proved) -> tuple[str, str]:
    """Journal and seals both, right behind the seal of the first gate."""
    entries = forging.journal(audit)
    at = next(n for n, line in enumerate(entries, 1) if kind(line) == "seal.made")
    _put(audit, _lines(audit)[:at])
    _put(audit, _lines(audit, "seals.jsonl")[:1], "seals.jsonl")
    named = {line["fact"]["segment"]["path"] for line in entries[:at] if _has_segment(line)}
    for path in (audit / "trail").rglob("*.parquet"):
        if str(path.relative_to(audit)) not in named:
            path.unlink()
    return r"the end is not vouched for", r"the end: the run is not finished"


def _has_segment(line: Line) -> bool:
    return kind(line) == "unit.committed" and bool(line["fact"]["segment"])


def torn_line(audit: Path, _proved: Proved) -> tuple[str, str]:
    lines = _lines(audit)
    _put(audit, [*lines[:-1], lines[-1][:-20]])
    return r"entry \d+: the last line is torn", r"journal\.jsonl, line \d+:"


def flip_in_segment(audit: Path, _proved: Proved) -> tuple[str, str]:
    path = _segment(audit, "crm.crm")
    _flip(path, path.stat().st_size // 2)
    return r"Entry \d+: segment trail/map-1/crm\.crm\.parquet was changed", r"crm\.crm\.parquet"


def delete_segment(audit: Path, _proved: Proved) -> tuple[str, str]:
    _segment(audit, "crosswalk").unlink()
    return r"segment trail/merge-1/crosswalk\.parquet is missing", r"crosswalk\.parquet is missing"


def replace_segment(audit: Path, _proved: Proved) -> tuple[str, str]:
    """By another one that is a right segment in itself."""
    shutil.copyfile(_segment(audit, "shop.shop"), _segment(audit, "crm.crm"))
    return (
        r"segment trail/map-1/crm\.crm\.parquet was changed",
        r"crm\.crm\.parquet is missing or ch",
    )


def add_segment(audit: Path, _proved: Proved) -> tuple[str, str]:
    path = _segment(audit, "crm.crm")
    shutil.copyfile(path, path.with_name("more.parquet"))
    return r"Segment trail/map-1/more\.parquet is not named", r"trail: segments"


def flip_in_seal(audit: Path, _proved: Proved) -> tuple[str, str]:
    lines = _lines(audit, "seals.jsonl")
    lines[1] = lines[1].replace(b'"reason":"end-gate"', b'"reason":"End-gate"')
    _put(audit, lines, "seals.jsonl")
    return r"Line 2 of seals\.jsonl is damaged", r"seals\.jsonl, line 2:"


def no_text_in_seal(audit: Path, _proved: Proved) -> tuple[str, str]:
    lines = _lines(audit, "seals.jsonl")
    lines[1] = lines[1].replace(b'"reason":"', b'"reason":"\xf3')
    _put(audit, lines, "seals.jsonl")
    return r"Line 2 of seals\.jsonl is damaged", r"seals\.jsonl, line 2:"


def delete_seal(audit: Path, _proved: Proved) -> tuple[str, str]:
    _put(audit, _lines(audit, "seals.jsonl")[:-1], "seals.jsonl")
    return r"Entry \d+: seal 3 is missing", r"seal 3 is missing"


def strip_signature(audit: Path, _proved: Proved) -> tuple[str, str]:
    stripped = forging.seals(audit)
    del stripped[1]["signature"]
    forging.write(audit / "seals.jsonl", stripped)
    return r"Seal 2 has no signature", r"seal 2: it is not signed"


def swap_signatures(audit: Path, _proved: Proved) -> tuple[str, str]:
    swapped = forging.seals(audit)
    one, other = swapped[0]["signature"], swapped[1]["signature"]
    swapped[0]["signature"], swapped[1]["signature"] = other, one
    forging.write(audit / "seals.jsonl", swapped)
    return r"The signature of seal 1 is not of the key", r"seal 1: .*signature does not hold"


def swap_public_key(audit: Path, _proved: Proved) -> tuple[str, str]:
    (audit / "seal.pub").write_text(SealKey(bytes(32)).public + "\n")
    return r"seal\.pub is not the key that entry 2 names", r"seal\.pub: this is not the key"


def flip_in_object(audit: Path, _proved: Proved) -> tuple[str, str]:
    path = sorted((audit / "objects").iterdir())[0]
    _flip(path, 5)
    journal = (audit / "journal.jsonl").read_text().splitlines()
    named = next(number for number, line in enumerate(journal, 1) if path.name in line)
    said = rf"Entry {named}: the object {path.name} .* was changed"
    return said, rf"entry {named}: object {path.name}"


def delete_object(audit: Path, _proved: Proved) -> tuple[str, str]:
    path = sorted((audit / "objects").iterdir())[-1]
    path.unlink()
    return rf"the object {path.name} .* is missing", rf"object {path.name} is missing"


# Things that need the whole journal chained anew, without the key of the seals.


def change_evidence(audit: Path, _proved: Proved) -> tuple[str, str]:
    def change(lines: list[Line]) -> None:
        first(lines, "gate.signed", gate="end-gate")["fact"]["evidence"] = "e" * 64

    rechain(audit, change)
    return r"The signature of seal 2 is not of the key", r"seal 2: .*signature does not hold"


def back_date(audit: Path, _proved: Proved) -> tuple[str, str]:
    def change(lines: list[Line]) -> None:
        for line in lines:
            line["at"] = line["at"].replace("20", "19", 1)

    rechain(audit, change)
    return r"The signature of seal 1 is not of the key", r"seal 1: .*signature does not hold"


def other_key_for_seals(audit: Path, _proved: Proved) -> tuple[str, str]:
    """All seals signed anew with a key of one's own; the journal still names the other."""
    rechain(audit, lambda _lines: None, SealKey(bytes(32)))
    return r"Seal 1 is signed with the key SHA256:\S+; the journal says", r"seal 1: .*another key"


def seal_of_another_run(audit: Path, proved: Proved) -> tuple[str, str]:
    """A seal of another workspace, signed with this one's key."""
    made = forging.seals(audit)
    made[0]["run"] = "f" * 32
    hashed = {k: v for k, v in made[0].items() if k not in ("hash", "signature")}
    made[0]["hash"] = sha256_of(hashed)
    made[0]["signature"] = owners_key(proved).sign("tui-migrate@seal", made[0]["hash"].encode())
    forging.write(audit / "seals.jsonl", made)
    return (
        r"Line 2 of seals|Seal 1 is of another run \(f{32}\)",
        r"seal 1: it is of another journal",
    )


# Things that even the owner of the machine cannot do: he has the key of the seals, not a person's.


def forge_signed_sign_off(audit: Path, proved: Proved) -> tuple[str, str]:
    """A decision that was signed with SSH is turned round, and everything made anew."""

    def change(lines: list[Line]) -> None:
        first(lines, "gate.signed", gate="read-gate")["fact"]["decision"] = "approve"

    rechain(audit, change, owners_key(proved))
    at = _signed(audit, "read-gate")
    ours_says = rf"Entry {at}: the sign-off of \S+ at gate read-gate does not hold"
    return ours_says, rf"entry {at}: .*not hold"


def strip_ssh_signature(audit: Path, proved: Proved) -> tuple[str, str]:
    def change(lines: list[Line]) -> None:
        nothing = {"signature": "", "key": "", "head": "", "head_seq": 0}
        first(lines, "gate.signed", gate="read-gate")["fact"] |= nothing

    rechain(audit, change, owners_key(proved))
    at = _signed(audit, "read-gate")
    return rf"Entry {at}: .* it has no SSH signature", rf"entry {at}: the sign-off lacks the SSH"


def ssh_signature_of_another_statement(audit: Path, proved: Proved) -> tuple[str, str]:
    """The signature of the first gate stands under the second."""

    def change(lines: list[Line]) -> None:
        real = first(lines, "gate.signed", gate="read-gate")["fact"]
        taken = {k: real[k] for k in ("signature", "key", "head", "head_seq")}
        first(lines, "gate.signed", gate="end-gate")["fact"] |= taken

    rechain(audit, change, owners_key(proved))
    at, before = _signed(audit, "end-gate"), "made before the gate asked for it"
    return rf"Entry {at}: .* at gate end-gate .*{before}", rf"entry {at}: .*another moment"


def history_before_a_signature(audit: Path, proved: Proved) -> tuple[str, str]:
    """Something before the signed head is changed: the head is another then."""

    def change(lines: list[Line]) -> None:
        first(lines, "check.done")["fact"]["observed"] = "3"

    rechain(audit, change, owners_key(proved))
    at = _signed(audit, "read-gate")
    return rf"Entry {at}: .* it names a head that this journal does not have", rf"entry {at}: .*mom"


TAMPERING: tuple[Tamper, ...] = (
    flip_in_journal, no_text_in_journal, delete_line, reorder_lines, repeat_line, insert_line,
    truncate_at_entry, truncate_at_seal, torn_line, flip_in_segment, delete_segment,
    replace_segment, add_segment, flip_in_seal, no_text_in_seal, delete_seal, strip_signature,
    swap_signatures, swap_public_key, flip_in_object, delete_object, change_evidence, back_date,
    other_key_for_seals, seal_of_another_run, forge_signed_sign_off, strip_ssh_signature,
    ssh_signature_of_another_statement, history_before_a_signature,
)  # fmt: skip


@pytest.mark.parametrize("tamper", TAMPERING, ids=lambda tamper: tamper.__name__)
def test_both_verifiers_name_it(
    tamper: Tamper, audit: Path, proved: Proved, capsys: pytest.CaptureFixture[str]
) -> None:
    expected, expected_there = tamper(audit, proved)
    code, said = ours(capsys, audit)
    assert code == 1
    assert re.search(expected, said, re.DOTALL | re.IGNORECASE), said
    code, said = theirs(audit)
    assert code == 1
    assert re.search(expected_there, said), said


# What the owner can do without a trace inside the folder: only an anchor shows it.


def rewritten_end(audit: Path, proved: Proved) -> str:
    """An unsigned sign-off given to somebody else, and everything chained and sealed anew."""

    def change(lines: list[Line]) -> None:
        first(lines, "gate.signed", gate="end-gate")["by"] = "somebody-else"

    return rechain(audit, change, owners_key(proved))


def back_dated_end(audit: Path, proved: Proved) -> str:
    def change(lines: list[Line]) -> None:
        for line in lines[proved.signed_at + 3 :]:
            line["at"] = "2026-01-01T00:00:00.000000Z"

    return rechain(audit, change, owners_key(proved))


def other_content(audit: Path, proved: Proved) -> str:
    """An event of the trail is another; segment, digest, root and all behind them are made anew."""
    from tui_migrate.audit import merkle
    from tui_migrate.audit.trail import COLUMNS
    from tui_migrate.files import sha256_file
    from tui_migrate.staging.store import digest

    path = _segment(audit, "load-profile-0001")
    table = pq.read_table(path)
    rules = ["reject", *table["rule"].to_pylist()[1:]]
    pq.write_table(table.set_column(4, "rule", pa.array(rules)), path)
    import duckdb

    with duckdb.connect() as connection:
        relation = f"read_parquet('{path}')"
        root = merkle.root(merkle.record_leaves(connection, relation, COLUMNS))
        content = digest(connection, relation, COLUMNS)

    def change(lines: list[Line]) -> None:
        unit = first(lines, "unit.committed", step="load")
        unit["fact"]["segment"] |= {"sha256": sha256_file(path), "digest": content, "root": root}

    return rechain(audit, change, owners_key(proved))


def new_key_from_the_start(audit: Path, _proved: Proved) -> str:
    """Another key of the seals all along, in the journal too; the signed sign-off is gone with it."""
    key = SealKey(b"k" * 32)

    def change(lines: list[Line]) -> None:
        first(lines, "seal.key")["fact"] |= {"key": key.fingerprint, "public": key.public}
        for line in lines[:1]:
            for step in line["fact"]["steps"]:
                step["signature"] = []
        nothing = {"signature": "", "key": "", "head": "", "head_seq": 0}
        first(lines, "gate.signed", gate="read-gate")["fact"] |= nothing

    (audit / "seal.pub").write_text(key.public + "\n")
    return rechain(audit, change, key)


REWRITTEN = (rewritten_end, back_dated_end, other_content, new_key_from_the_start)


@pytest.mark.parametrize("rewrite", REWRITTEN, ids=lambda rewrite: rewrite.__name__)
def test_what_the_owner_writes_anew_is_consistent_and_an_anchor_finds_it(
    rewrite: Callable[[Path, Proved], str],
    audit: Path,
    proved: Proved,
    capsys: pytest.CaptureFixture[str],
) -> None:
    noted = forging.journal(audit)[-1]["hash"]
    head = rewrite(audit, proved)
    code, said = ours(capsys, audit)
    assert (code, "consistent" in said, "✓ authentic" in said) == (0, True, False), said
    assert theirs(audit)[0] == 0
    code, said = ours(capsys, audit, "--expect", noted)
    assert code == 1
    assert f"does not contain the expected head {noted}" in said
    code, said = theirs(audit, "--expect", noted)
    assert code == 1
    assert f"does not contain {noted}" in said
    assert head != noted


def test_a_run_without_its_signed_sign_off_has_no_anchor_in_the_signers(
    audit: Path, proved: Proved, capsys: pytest.CaptureFixture[str]
) -> None:
    new_key_from_the_start(audit, proved)
    code, said = ours(capsys, audit, "--signers", str(proved.signers))
    assert code == 1
    assert "No sign-off here is signed with a key of" in said


def test_an_old_journal_with_its_old_seals_lacks_a_later_head(
    audit: Path, proved: Proved, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both as they were at the first gate: they agree, but the end is not there, nor the head."""
    noted = forging.journal(audit)[-1]["hash"]
    truncate_at_seal(audit, proved)
    code, said = ours(capsys, audit, "--expect", noted)
    assert code == 1
    assert "not vouched for" in said
    assert f"does not contain the expected head {noted}" in said
    assert f"does not contain {noted}" in theirs(audit, "--expect", noted)[1]
    last = len(_lines(audit))
    assert f"Consistent to its last entry, {last}; trust ends there." in ours(capsys, audit)[1]


@pytest.mark.parametrize("left", [None, b""], ids=["no journal", "an empty one"])
def test_of_nothing_nothing_can_be_trusted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], left: bytes | None
) -> None:
    if left is not None:
        (tmp_path / "journal.jsonl").write_bytes(left)
    assert "Nothing of it can be trusted." in ours(capsys, tmp_path)[1]
