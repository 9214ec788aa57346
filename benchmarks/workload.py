"""Deliveries of any number of persons, and a workspace that is ready to run on them."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
RUNBOOK = CHECKOUT / "runbooks" / "media-migration"


def cache() -> Path:
    """Where generated deliveries are kept between two benchmarks; never in the checkout."""
    folder = Path(tempfile.gettempdir()) / f"tui-migrate-bench-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _generator() -> str:
    """A digest of the generator's own files: another generator makes other deliveries."""
    files = sorted((CHECKOUT / "sample_data" / "generator").glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]


def deliveries(persons: int, seed: int) -> Path:
    """The folder ``deliveries`` of so many persons; generated once, by one rename."""
    made = cache() / f"{persons}-{seed}-{_generator()}"
    if not made.is_dir():
        building = made.with_name(f"{made.name}.building-{os.getpid()}")
        size_and_seed = ["--persons", str(persons), "--seed", str(seed)]
        subprocess.run(
            [sys.executable, "-m", "sample_data.generator", *size_and_seed, str(building)],
            cwd=CHECKOUT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        building.rename(made)
    return made / "deliveries"


def workspace(target: Path, handed_over: Path) -> Path:
    """A new workspace as ``tui-migrate demo`` makes it, with these deliveries."""
    shutil.copytree(RUNBOOK, target)
    target.chmod(0o700)
    shutil.copytree(handed_over, target / "deliveries")
    key = target / "backup.key"
    key.touch(0o600)
    key.write_text(secrets.token_hex(32) + "\n")
    return target


def rows(handed_over: Path) -> int:
    """Rows of all files, as the manifests say."""
    manifests = [json.loads(p.read_text()) for p in handed_over.glob("*/*/manifest.json")]
    return sum(int(f["rows"]) for m in manifests for f in m["files"])


def size(folder: Path) -> int:
    """Bytes of all files under ``folder``."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def environment() -> dict[str, str]:
    """That of this process, but modules may be kept compiled, as they are after any first start:
    a machine that forbids it (``PYTHONDONTWRITEBYTECODE``) would time the compiler."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def program() -> list[str]:
    """How the program of this checkout is started."""
    return [str(Path(sys.executable).with_name("tui-migrate"))]
