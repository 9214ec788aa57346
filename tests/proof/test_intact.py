"""An intact copy holds on a machine that has nothing else; what anchors say of it."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.proof import forging
from tests.proof.world import ME, REPOSITORY, Proved, imports_of, new_ssh_key, ours, theirs
from tui_migrate.audit import verify as module
from tui_migrate.audit.verify import verify


def test_both_verifiers_call_a_copy_consistent(
    audit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = ours(capsys, audit)
    assert (code, "✓ consistent" in said, "✓ authentic" in said) == (0, True, False), said
    code, said = theirs(audit)
    assert code == 0, said
    entries, seals = forging.journal(audit), forging.seals(audit)
    segments = len(list((audit / "trail").rglob("*.parquet")))
    assert said.splitlines() == [
        f"folder: {len(entries)} entries, {segments} segments, {len(seals)} seals;"
        f" head {entries[-1]['hash']}",
        f"signatures: {len(seals) + 1} checked",
        "consistent",
    ]
    assert verify(audit).signatures == 1


@pytest.mark.parametrize("more", [(), ("--proof", "proof.json", "--expect", "0" * 64)])
def test_the_second_verifier_judges_nothing_where_it_was_given_nothing(
    more: tuple[str, ...],
) -> None:
    line = [sys.executable, "-I", str(REPOSITORY / "docs" / "verify.py"), *more]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "name a FOLDER" in done.stderr


def test_without_openssh_the_second_verifier_says_so(audit: Path) -> None:
    line = [sys.executable, "-I", str(REPOSITORY / "docs" / "verify.py"), str(audit)]
    done = subprocess.run(line, capture_output=True, text=True, check=False, env={"PATH": ""})
    assert done.returncode == 0, done.stderr
    assert "signatures: 0 checked, since there is no ssh-keygen" in done.stdout.splitlines()


def test_the_last_head_makes_all_of_it_authentic(
    audit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = forging.journal(audit)
    assert "authentic, to its last entry" in ours(capsys, audit, "--expect", entries[-1]["hash"])[1]
    assert "authentic" in theirs(audit, "--expect", entries[-1]["hash"])[1]
    part = ours(capsys, audit, "--expect", entries[29]["hash"])[1]
    assert "authentic up to entry 30; what follows is consistent" in part


def test_a_signer_whom_the_verifier_knows_anchors_it_up_to_the_head_he_signed(
    audit: Path, proved: Proved, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = shutil.copyfile(proved.signers, tmp_path / "kept")
    code, said = ours(capsys, audit, "--signers", str(kept))
    assert code == 0
    assert f"authentic up to entry {proved.signed_at};" in said
    (tmp_path / "others").write_text(f"{ME} {new_ssh_key(tmp_path / 'other')}\n")
    code, said = ours(capsys, audit, "--signers", str(tmp_path / "others"))
    assert code == 1
    assert "No sign-off here is signed with a key of" in said


def test_without_openssh_it_says_what_was_not_checked(
    audit: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    code, said = ours(capsys, audit)
    assert code == 0
    assert "One SSH signature was not checked" in said


def test_plain_openssh_checks_a_seal_as_the_page_says(audit: Path, tmp_path: Path) -> None:
    seal = forging.seals(audit)[0]
    (tmp_path / "signers").write_text(f"key {(audit / 'seal.pub').read_text()}")
    (tmp_path / "signature").write_text(
        f"-----BEGIN SSH SIGNATURE-----\n{seal['signature']}\n-----END SSH SIGNATURE-----\n"
    )
    line = ["ssh-keygen", "-Y", "verify", "-f", "signers", "-I", "key", "-n", "tui-migrate@seal"]
    for message, code in ((seal["hash"], 0), ("0" * 64, 255)):
        done = subprocess.run(
            [*line, "-s", "signature"],
            input=message.encode(),
            cwd=tmp_path,
            check=False,
            capture_output=True,
        )
        assert done.returncode == code, done.stderr


def test_the_private_key_is_the_owners_alone(proved: Proved) -> None:
    key = proved.workspace / ".tui-migrate" / "vault" / "seal.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_bytes()) == 32


def test_the_second_verifier_is_short_and_shares_nothing_with_the_program() -> None:
    path = REPOSITORY / "docs" / "verify.py"
    assert len(path.read_text().splitlines()) < 150
    own = imports_of(path)
    assert {"pyarrow", "hashlib"} <= own
    assert not own & {"tui_migrate", "duckdb", "msgspec", "cryptography", "tests"}


def test_the_facts_after_which_a_run_goes_on_are_the_same_in_both() -> None:
    page = (REPOSITORY / "docs" / "verify.py").read_text()
    for fact in module.GOES_ON:
        assert json.dumps(fact.__struct_config__.tag) in page
