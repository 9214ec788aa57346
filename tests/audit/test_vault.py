"""The vault keeps words and files; the journal gets commitments."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tui_migrate.audit.vault import Vault
from tui_migrate.errors import EnvironmentProblem


def test_words_come_back_by_their_commitment(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault")
    commitment = vault.keep_words("Akkoord, met dank aan Zoë")
    assert vault.words(commitment) == "Akkoord, met dank aan Zoë"
    assert "Akkoord" not in commitment


def test_the_same_words_twice_have_different_commitments(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault")
    assert vault.keep_words("ja") != vault.keep_words("ja")


def test_many_words_keep_their_order_and_nothing_stays_nothing(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    kept = vault.keep_all(["Jan", "", "Piet", "Jan"])
    assert [vault.words(one) for one in kept] == ["Jan", "", "Piet", "Jan"]
    assert kept[1] == ""
    assert len(set(kept)) == 4
    with vault.keyed(b"k" * 32):  # then the same words are the same file
        assert len(set(vault.keep_all(["Jan", "Jan"]))) == 1


def test_erased_words_read_as_nothing(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault")
    commitment = vault.keep_words("weg")
    (tmp_path / "vault" / "words" / commitment[:2] / f"{commitment}.json").unlink()
    assert vault.words(commitment) == ""


def test_words_that_were_tampered_with_are_refused(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault")
    commitment = vault.keep_words("afgekeurd")
    path = tmp_path / "vault" / "words" / commitment[:2] / f"{commitment}.json"
    path.write_text(path.read_text().replace("afgekeurd", "goedgekeurd"))
    with pytest.raises(EnvironmentProblem):
        vault.words(commitment)


def test_an_evidence_file_is_kept_under_its_hash(tmp_path: Path) -> None:
    evidence = tmp_path / "bewijs.txt"
    evidence.write_bytes(b"terugzetten gelukt\n")
    vault = Vault(tmp_path / "vault")
    sha256 = vault.keep_file(evidence)
    evidence.unlink()
    assert (vault.folder / "files" / sha256).read_bytes() == b"terugzetten gelukt\n"


def test_words_that_are_damaged_are_refused_in_words(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault")
    commitment = vault.keep_words("afgekeurd")
    path = tmp_path / "vault" / "words" / commitment[:2] / f"{commitment}.json"
    for damage in ("", '{"key": "', '["key"]', '{"key": "zz", "text": ""}'):
        path.write_text(damage)
        with pytest.raises(EnvironmentProblem, match="do not match"):
            vault.words(commitment)


def test_an_evidence_file_that_changes_while_it_is_kept_is_kept_under_what_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy is what people can look at later: its name has to be its hash."""
    evidence = tmp_path / "bewijs.txt"
    evidence.write_text("before")

    def copy_of_a_moment(source: Path, copy: Path) -> None:
        copy.write_text("in between")
        source.write_text("after")

    monkeypatch.setattr("tui_migrate.audit.vault.copyfile", copy_of_a_moment)
    vault = Vault(tmp_path / "vault")
    sha256 = vault.keep_file(evidence)
    assert hashlib.sha256(b"in between").hexdigest() == sha256
    assert [path.name for path in (vault.folder / "files").iterdir()] == [sha256]


def test_a_folder_is_no_evidence(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="no file"):
        Vault(tmp_path / "vault").keep_file(tmp_path)


def test_only_the_owner_can_read_the_vault(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault")
    vault.workspace_key()
    assert vault.folder.stat().st_mode & 0o777 == 0o700
    assert (vault.folder / "workspace.key").stat().st_mode & 0o777 == 0o600


def test_a_name_that_could_be_a_persons_is_a_pseudonym_and_opens_again(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault")
    said = vault.keep_name("export Jan de Vries.csv")
    assert vault.keep_name("export Jan de Vries.csv") == said
    assert len(said) == 64
    assert vault.opened(f"2 files: {said}, {'0' * 64}") == (
        f"2 files: export Jan de Vries.csv, {'0' * 64}"
    )


@pytest.mark.parametrize(
    "name", ["2026-03-01", "20260301-1200", "2026-03-05-delta-2-again", "0007", "full_3.1"]
)
def test_the_name_of_a_delivery_that_tells_of_nobody_stays(tmp_path: Path, name: str) -> None:
    assert Vault(tmp_path / "vault").keep_name(name) == name


@pytest.mark.parametrize(
    "name", ["vries", "2026-03-01-jan", "0612345678", "06-1234-5678", "de Vries", "Mei-2026"]
)
def test_any_other_word_is_not_taken_for_harmless(tmp_path: Path, name: str) -> None:
    assert Vault(tmp_path / "vault").keep_name(name) != name


def test_a_name_that_is_no_text_survives(tmp_path: Path) -> None:
    """File names are bytes."""
    vault = Vault(tmp_path / "vault")
    name = b"klanten-\xe9.csv".decode("utf-8", "surrogateescape")
    assert vault.opened(vault.keep_name(name)) == name
