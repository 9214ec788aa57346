"""Encrypted back-ups: come back whole, or say that they do not."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tui_migrate.errors import EnvironmentProblem
from tui_migrate.staging import archive
from tui_migrate.staging.archive import CHUNK, Member, restore_backup, write_backup

KEY = b"correct horse battery staple"


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    small, large = tmp_path / "small.csv", tmp_path / "large.bin"
    small.write_bytes("Zoë;1\n".encode())
    large.write_bytes(random.Random(7).randbytes(3 * CHUNK + 7))
    path = tmp_path / "one.backup"
    members = [Member("deliveries/crm/small.csv", small), Member("large.bin", large)]
    _sha256, files = write_backup(path, KEY, members, {"record": 7})
    assert files == 2
    return path


def test_it_comes_back_as_it_was(tmp_path: Path, backup: Path) -> None:
    into = tmp_path / "elsewhere"
    into.mkdir()
    assert restore_backup(backup, KEY, into) == {"record": 7}
    assert (into / "deliveries/crm/small.csv").read_bytes() == "Zoë;1\n".encode()
    assert (into / "large.bin").read_bytes() == (tmp_path / "large.bin").read_bytes()


def test_nothing_of_it_can_be_read_without_the_key(backup: Path) -> None:
    assert b"deliveries" not in backup.read_bytes()
    assert "Zoë".encode() not in backup.read_bytes()
    assert backup.stat().st_mode & 0o777 == 0o600


def test_a_wrong_key_is_said_plainly(tmp_path: Path, backup: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="does not open with this key"):
        restore_backup(backup, b"wrong horse", tmp_path / "x")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "x.backup"
    other.write_bytes(b"PK\3\4 something else")
    with pytest.raises(EnvironmentProblem, match="not a back-up"):
        restore_backup(other, KEY, tmp_path / "x")


@pytest.mark.parametrize("where", [0.3, 0.6, 0.999])
def test_a_changed_byte_is_noticed(tmp_path: Path, backup: Path, where: float) -> None:
    content = bytearray(backup.read_bytes())
    content[int(len(content) * where)] ^= 1
    backup.write_bytes(content)
    with pytest.raises(EnvironmentProblem):
        restore_backup(backup, KEY, tmp_path / "x")


@pytest.mark.parametrize("cut", [1, 100, CHUNK])
def test_a_missing_end_is_noticed(tmp_path: Path, backup: Path, cut: int) -> None:
    backup.write_bytes(backup.read_bytes()[:-cut])
    with pytest.raises(EnvironmentProblem):
        restore_backup(backup, KEY, tmp_path / "x")


def test_a_whole_last_chunk_cut_off_is_noticed(tmp_path: Path, backup: Path) -> None:
    content = backup.read_bytes()
    start = content.index(b"\n", content.index(b"\n") + 1) + 1
    places, position = [], start
    while position < len(content):
        places.append(position)
        position += 4 + int.from_bytes(content[position : position + 4], "big")
    assert len(places) > 1
    backup.write_bytes(content[: places[-1]])
    with pytest.raises(EnvironmentProblem):
        restore_backup(backup, KEY, tmp_path / "x")


def test_a_link_is_kept_as_what_it_leads_to(tmp_path: Path) -> None:
    real, link, twin = tmp_path / "real.csv", tmp_path / "link.csv", tmp_path / "twin.csv"
    real.write_bytes(b"Nr\n1\n")
    link.symlink_to(real)
    twin.hardlink_to(real)
    path = tmp_path / "one.backup"
    write_backup(path, KEY, [Member(p.name, p) for p in (real, link, twin)], {})
    into = tmp_path / "elsewhere"
    into.mkdir()
    restore_backup(path, KEY, into)
    for name in ("real.csv", "link.csv", "twin.csv"):
        assert (into / name).read_bytes() == b"Nr\n1\n"
        assert not (into / name).is_symlink()
        assert (into / name).stat().st_nlink == 1


def test_what_is_restored_is_for_this_user_only(tmp_path: Path, backup: Path) -> None:
    into = tmp_path / "elsewhere"
    into.mkdir(mode=0o700)
    restore_backup(backup, KEY, into)
    modes = {p.relative_to(into).as_posix(): p.stat().st_mode & 0o777 for p in into.rglob("*")}
    assert modes == {
        "backup.json": 0o600,
        "deliveries": 0o700,
        "deliveries/crm": 0o700,
        "deliveries/crm/small.csv": 0o600,
        "large.bin": 0o600,
    }


def test_an_older_back_up_packed_with_gzip_is_still_read(
    tmp_path: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = tmp_path / "small.csv"
    with monkeypatch.context() as at:
        at.setattr(archive, "PACKING", "gzip")
        write_backup(backup, KEY, [Member("small.csv", small)], {"record": 7})
    into = tmp_path / "elsewhere"
    into.mkdir()
    assert restore_backup(backup, KEY, into) == {"record": 7}
    assert (into / "small.csv").read_bytes() == "Zoë;1\n".encode()
