"""Signing and checking with plain OpenSSH (``ssh-keygen -Y``)."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tui_migrate.audit import sshsig
from tui_migrate.errors import DataSaysNo, EnvironmentProblem
from tui_migrate.i18n import _

GATE_SPACE = "tui-migrate@gate"
"""What a sign-off's signature is for: ``ssh-keygen -Y sign -n tui-migrate@gate``."""
AGENT = "agent"
_PATIENCE = 20.0
"""Seconds for a check, which reads three small files."""
_TOUCH = 120.0
"""Seconds for a person to type a passphrase or touch a token."""


def tool(name: str = "ssh-keygen") -> str:
    """Where a program of OpenSSH is; '' when it is not installed."""
    return shutil.which(name) or ""


def refusal(statement: bytes, signature: str, signer: str, signers: Path, at: str) -> str:
    """Why a signature by ``signer`` over ``statement`` does not count, or ''. ``signers``: the file
    that says whose keys may sign; ``at``: the moment (UTC, ISO 8601) at which they had to be valid."""
    if len(signature) > sshsig.LONGEST or not sshsig.key_of(signature):
        return _("it is no SSH signature")
    if not signer or signer.startswith("-"):
        return _("{} cannot sign").format(repr(signer))
    moment = at[:19].replace("-", "").replace("T", "").replace(":", "")
    with tempfile.TemporaryDirectory(prefix="tui-migrate-") as folder:
        file = Path(folder) / "signature"
        file.write_text(sshsig.armored(signature))
        line = [tool(), "-Y", "verify", "-f", str(signers), "-I", signer, "-n", GATE_SPACE]
        done = _run([*line, "-s", str(file), "-O", f"verify-time={moment}"], statement, _PATIENCE)
    return "" if done.returncode == 0 else _last_line(done.stderr)


def sign(statement: bytes, key: str, *, ask: bool) -> str:
    """A signature over ``statement`` with a key file, a public key file whose private half is in the
    agent, or ``agent``: the only key there. ``ask``: ssh-keygen may ask for a passphrase on the
    terminal. Raises ``EnvironmentProblem`` when it cannot be made."""
    if not tool():
        raise EnvironmentProblem(
            _("ssh-keygen is not installed here."), _("Install OpenSSH's client (openssh-client).")
        )
    with tempfile.TemporaryDirectory(prefix="tui-migrate-") as folder:
        file = Path(key).expanduser()
        if key == AGENT:
            file = Path(folder) / "agent.pub"
            file.write_text(_agent_key() + "\n")
        elif not file.is_file():
            raise EnvironmentProblem(_("There is no SSH key {}.").format(file))
        line = [tool(), "-Y", "sign", "-f", str(file), "-n", GATE_SPACE]
        done = _run(line, statement, _TOUCH, ask=ask)
    signature = sshsig.unarmored(done.stdout.decode(errors="replace"))
    if done.returncode or not signature:
        raise EnvironmentProblem(
            _("ssh-keygen did not sign: {}").format(_last_line(done.stderr)),
            _("Load the key into your agent (ssh-add), or sign with tui-migrate sign --ssh-key."),
        )
    return signature


def _agent_key() -> str:
    """The one key of the agent. Raises ``EnvironmentProblem`` when there is none, or several."""
    finder = tool("ssh-add")
    listed = _run([finder, "-L"], b"", _PATIENCE).stdout.decode(errors="replace") if finder else ""
    keys = [line for line in listed.splitlines() if sshsig.fingerprint(line)]
    if not keys:
        raise EnvironmentProblem(
            _("Your SSH agent holds no key."),
            _(
                "Load one (ssh-add), or name a key file. Over SSH the agent comes along with ssh -A."
            ),
        )
    if len(keys) > 1:
        raise EnvironmentProblem(
            _("Your SSH agent holds {} keys.").format(len(keys)),
            _("Name the file with the public key of the one to sign with."),
        )
    return keys[0]


def _run(
    line: list[str], given: bytes, patience: float, *, ask: bool = False
) -> subprocess.CompletedProcess[bytes]:
    """Run a program of OpenSSH. Unless it may ask, it has no terminal to ask on."""
    environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
    if not ask:
        environment["SSH_ASKPASS_REQUIRE"] = "never"
    try:
        return subprocess.run(
            line,
            input=given,
            capture_output=True,
            check=False,
            timeout=patience,
            env=environment,
            start_new_session=not ask,
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise DataSaysNo(_("{} did not answer: {}").format(line[0], error)) from error


def _last_line(said: bytes) -> str:
    lines = said.decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), _("no reason given"))
