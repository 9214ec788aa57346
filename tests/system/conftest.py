"""A machine with several users: a real sshd on loopback, a program that each of them may run.

``make test-system`` runs these; they need root, Debian's openssh-server and a Python of the system.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.program import REPOSITORY

SSHD = Path("/usr/sbin/sshd")
PYTHON = Path("/usr/bin/python3")
USERS = ("tm-anna", "tm-bram", "tm-carl")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder are of the kind that ``make test`` leaves out."""
    for item in items:
        if "tests/system/" in item.nodeid or item.nodeid.startswith("tests/system"):
            item.add_marker(pytest.mark.system)


def missing() -> str:
    """What this machine lacks for these tests; '' when nothing."""
    if os.geteuid() != 0:
        return "root"
    if not SSHD.exists():
        return "openssh-server"
    version = "{}.{}".format(*sys.version_info[:2])
    found = subprocess.run(
        [PYTHON, "-c", "import sys; print('{}.{}'.format(*sys.version_info[:2]))"],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if found.stdout.strip() == version else f"a {PYTHON} of version {version}"


@dataclass(frozen=True, slots=True)
class Machine:
    """Users, their keys, and where the program lies."""

    folder: Path
    port: int

    @property
    def program(self) -> Path:
        """A Python of which everybody may run the program."""
        return self.folder / "venv" / "bin" / "python"

    def ssh(self, user: str, *command: str, tty: bool = False) -> list[str]:
        """The command line that runs ``command`` on this machine as ``user``."""
        return [
            "ssh", "-F", "none", "-p", str(self.port), "-i", str(self.folder / "keys" / user),
            *(["-tt"] if tty else ["-T"]),
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", f"{user}@127.0.0.1",
            *command,
        ]  # fmt: skip

    def run(self, user: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as ``user`` to its end."""
        return subprocess.run(
            self.ssh(user, *command), capture_output=True, text=True, timeout=120, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def tui(self, user: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``tui-migrate ARGUMENTS`` as ``user``."""
        return self.run(user, str(self.program), "-m", "tui_migrate", *arguments)


def processes_of(user: str) -> dict[int, str]:
    """Running processes of a user: id → command line."""
    uid, found = pwd.getpwnam(user).pw_uid, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == uid:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if line:
                    found[int(folder.name)] = line
    return found


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """Two colleagues and a stranger on a machine with sshd; all of it gone afterwards."""
    if lacking := missing():
        pytest.skip(f"left out: needs {lacking}")
    folder = Path(tempfile.mkdtemp(prefix="tm-system-", dir="/var/tmp"))
    folder.chmod(0o755)
    made: list[str] = []
    sshd: subprocess.Popen[bytes] | None = None
    try:
        _install(folder)
        (folder / "keys").mkdir()
        for user in USERS:
            with contextlib.suppress(KeyError):
                pwd.getpwnam(user)
                pytest.fail(f"there is a user {user} on this machine already")
            subprocess.run(["useradd", "-m", "-p", "*", "-s", "/bin/bash", user], check=True)
            made.append(user)
            key = folder / "keys" / user
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        port, sshd = _sshd(folder)
        yield Machine(folder, port)
    finally:
        if sshd is not None:
            sshd.terminate()
            sshd.wait(10)
        for user in made:
            until = time.monotonic() + 20
            while (running := processes_of(user)) and time.monotonic() < until:
                for pid in running:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                time.sleep(0.1)
            subprocess.run(["userdel", "-rf", user], capture_output=True, check=True)
        if not os.environ.get("KEEP_MACHINE"):
            shutil.rmtree(folder, ignore_errors=True)


def _install(folder: Path) -> None:
    """The program in a place where everybody may run it: an environment of the system's Python."""
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    version = "python{}.{}".format(*sys.version_info[:2])
    there = folder / "venv" / "lib" / version / "site-packages"
    here = Path(sysconfig.get_paths()["purelib"])
    subprocess.run(["cp", "-aT", "--reflink=auto", here, there], check=True)
    for own in there.glob("*tui_migrate*"):  # in whatever way it is installed here
        shutil.rmtree(own) if own.is_dir() else own.unlink()
    for part in ("tui_migrate", "runbooks", "sample_data"):
        target = there / part
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(REPOSITORY / part, target, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["chmod", "-R", "a+rX", folder / "venv"], check=True)


def _sshd(folder: Path) -> tuple[int, subprocess.Popen[bytes]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    Path("/run/sshd").mkdir(exist_ok=True)
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "host_key"], check=True
    )
    config = folder / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host_key\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/keys/%u.pub\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nPermitRootLogin no\nAcceptEnv LANG\nSetEnv LANG=C.UTF-8\n"
        "ClientAliveInterval 1\nClientAliveCountMax 3\n"
    )
    process = subprocess.Popen(
        [SSHD, "-D", "-e", "-f", config], stderr=(folder / "sshd.log").open("wb")
    )
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                return port, process
        time.sleep(0.05)
    raise AssertionError((folder / "sshd.log").read_text())
