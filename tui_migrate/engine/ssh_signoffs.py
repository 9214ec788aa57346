"""Sign-offs with a person's own SSH key: the client signs, the engine checks and journals it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import msgspec

from tui_migrate.audit import ssh, sshsig
from tui_migrate.audit.chain import SIGNERS
from tui_migrate.audit.gate_facts import SignedOff, Term
from tui_migrate.audit.journal import now
from tui_migrate.audit.objects import keep_object
from tui_migrate.audit.signoffs import head_problem, statement
from tui_migrate.audit.vault import commitment_of, key_for
from tui_migrate.engine import api
from tui_migrate.engine.core import Core
from tui_migrate.engine.loading import announce
from tui_migrate.engine.run import StepState
from tui_migrate.errors import DataSaysNo, EnvironmentProblem, Waiting
from tui_migrate.i18n import _

AGENT = ssh.AGENT
_SECRET_BYTES = 32


def demanded(gate: StepState, roles: tuple[str, ...]) -> bool:
    """Whether a sign-off at this gate in one of these roles has to be signed with SSH."""
    return bool(set(gate.outline.signature) & set(roles))


def signed(client: api.Client, command: api.Sign, key: str, *, ask: bool) -> api.Sign:
    """The command with a signature of the person at this client. ``key``: ``agent``, a key file, or a
    public key file whose private half is in the agent; ``ask``: ssh-keygen may use the terminal.

    What is signed holds the journal's head as this client knows it. Raises ``EnvironmentProblem``.
    """
    state = client.state
    head = client.entries(max(state.seq, 1))[-1]
    gate = state.steps.get(command.gate)
    if gate is None:
        raise EnvironmentProblem(_("There is no gate {}.").format(command.gate))
    said = msgspec.structs.replace(
        command,
        secret=secrets.token_hex(_SECRET_BYTES),
        head=head.hash,
        head_seq=head.seq,
        evidence=command.evidence or gate.evidence,
    )
    what = statement(state.run, client.identity.user, draft(said, said.evidence))
    return msgspec.structs.replace(said, signature=ssh.sign(what, key, ask=ask))


def draft(command: api.Sign, evidence: str) -> SignedOff:
    """What the journal will say of the decision, as far as the person decides it. Words are committed
    to under keys that the command's secret gives."""
    secret = bytes.fromhex(command.secret)

    def commit(text: str) -> str:
        return commitment_of(key_for(secret, text), text) if text else ""

    return SignedOff(
        gate=command.gate,
        decision=command.decision,
        role="",
        evidence=evidence,
        bound=True,
        comment=commit(command.comment),
        then=command.then if command.decision == "reject" else "",
        terms=[Term(what=commit(t.what), owner=t.owner, due=t.due) for t in command.terms],
        part=command.part,
        break_glass=commit(command.break_glass) if command.decision != "reject" else "",
        signature=command.signature,
        key=sshsig.key_of(command.signature),
        head=command.head,
        head_seq=command.head_seq,
    )


def journalled(core: Core, command: api.Sign, make: Callable[[], SignedOff]) -> SignedOff:
    """The fact that ``make`` gives (it keeps the words in the vault), with the command's signature;
    before any of it is kept, the signature is checked. Raises ``DataSaysNo`` when it does not hold,
    or when there is none and the gate demands one."""
    if not command.signature:
        return _unsigned(core, command, make)
    evidence = core.state.steps[command.gate].evidence
    try:
        said = draft(command, evidence)
    except ValueError as error:
        raise DataSaysNo(_("The sign-off's signature is malformed.")) from error
    _check(core, said)
    with core.vault.keyed(bytes.fromhex(command.secret)):
        fact = make()
    fields: dict[str, Any] = {
        name: getattr(said, name) for name in ("signature", "key", "head", "head_seq")
    }
    fact = msgspec.structs.replace(fact, **fields)
    user = core.identity.user
    if statement(core.state.run, user, fact) != statement(core.state.run, user, said):
        raise DataSaysNo(_("The signature is over another decision than this one."))
    return fact


def _unsigned(core: Core, command: api.Sign, make: Callable[[], SignedOff]) -> SignedOff:
    gate = core.state.steps[command.gate]
    fact = make()
    if demanded(gate, (*core.identity.roles, fact.role)):
        # In a decisions file such a sign-off does not count: the gate goes on waiting.
        kind = Waiting if command.from_file else DataSaysNo
        raise kind(
            _("Gate {} demands a sign-off that is signed with an SSH key.").format(gate.id),
            _("tui-migrate sign {} --ssh-key FILE (or agent)").format(gate.id),
        )
    return fact


def _check(core: Core, said: SignedOff) -> None:
    """Raise ``DataSaysNo`` with the reason when a signature does not hold."""
    user = core.identity.user
    _take_signers(core)
    if SIGNERS not in core.files:
        raise DataSaysNo(
            _("The workspace has no file {}: nobody's SSH key is known.").format(SIGNERS),
            _("Its owner writes one, a line for each person: USER ssh-ed25519 AAAA…"),
        )
    if not ssh.tool():
        raise EnvironmentProblem(
            _("ssh-keygen is not installed where the engine runs."),
            _("Install OpenSSH's client (openssh-client)."),
        )
    wrong = head_problem(core.chain, user, said) or ssh.refusal(
        statement(core.state.run, user, said),
        said.signature,
        user,
        core.workspace.objects / core.files[SIGNERS],
        now(),
    )
    if wrong:
        raise DataSaysNo(
            _("The SSH signature does not hold: {}.").format(wrong.rstrip(".")),
            _("The file {} says with which keys {} may sign.").format(SIGNERS, user),
        )


def _take_signers(core: Core) -> None:
    """Take in the allowed signers as they are now; a change is journalled."""
    path = core.workspace.root / SIGNERS
    files = {name: sha for name, sha in core.files.items() if name != SIGNERS}
    if path.is_file():
        files[SIGNERS] = keep_object(core.workspace.objects, path.read_bytes())
    if files != core.files:
        core.files = files
        announce(core)
