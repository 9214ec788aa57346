"""What a client may say to the engine, and what it hears back: frozen, typed, JSON-ready.

Every command carries an id made by the client. A repeated command is answered, not done again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from tui_migrate.audit.entries import Entry
from tui_migrate.errors import TuiMigrateError

if TYPE_CHECKING:
    from tui_migrate.engine.run import RunState
    from tui_migrate.runbook.models import Runbook


def new_id() -> str:
    """An id for a command."""
    return uuid.uuid4().hex


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="command"):
    """Base of all commands."""

    id: str = msgspec.field(default_factory=new_id)


class Run(Command, frozen=True, kw_only=True, tag="run"):
    """Go on with the run until it waits, fails or ends; ``until``: also stop after that step.
    ``outside_window``: why imports may start though the change window is closed."""

    until: str = ""
    outside_window: str = ""


class Stop(Command, frozen=True, kw_only=True, tag="stop"):
    """Stop at the next point between units; ``Run`` goes on from there."""


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A condition of an approval: what, who sees to it (a user or a role), the day it is due."""

    what: str
    owner: str
    due: str


class Sign(Command, frozen=True, kw_only=True, tag="sign"):
    """A decision at a gate.

    ``decision``: approve | conditions | reject. ``typed``: the number of records concerned, as the
    person typed it (``None`` from a decisions file). ``evidence``: the hash that the person saw.
    ``then`` after a reject: ``redo:<step>`` | ``rollback:<gate or start>`` | ``abort`` | ''.
    ``signature``: with SSH, over what ``ssh_signoffs`` says, naming entry ``head_seq`` with its hash
    ``head``; ``secret``: 32 bytes in hexadecimal, for the commitments to what was typed.
    ``part``: the brand or wave that it is about, at a gate that is divided; '' is all of it.
    ``break_glass``: why the rules of the gate are broken; '' keeps them.
    """

    gate: str
    decision: str
    comment: str = ""
    evidence: str = ""
    typed: int | None = None
    terms: tuple[Term, ...] = ()
    then: str = ""
    part: str = ""
    break_glass: str = ""
    from_file: bool = False
    signature: str = ""
    head: str = ""
    head_seq: int = 0
    secret: str = ""


class Meet(Command, frozen=True, kw_only=True, tag="meet"):
    """Say that a condition of an approval (``gate-1``) is fulfilled, and how."""

    condition: str
    comment: str


class Reopen(Command, frozen=True, kw_only=True, tag="reopen"):
    """Let an expired step be decided again. ``until``: its new last day; '' counts its hours anew."""

    step: str
    reason: str
    until: str = ""


class Delegate(Command, frozen=True, kw_only=True, tag="delegate"):
    """Let ``to`` act in a role of one's own, up to and including the day ``until``."""

    role: str
    to: str
    until: str
    reason: str


class Revoke(Command, frozen=True, kw_only=True, tag="revoke"):
    """End a delegation now. ``giver``: whose it is; '' is one's own."""

    role: str
    to: str
    giver: str = ""
    reason: str = ""


class Due(Command, frozen=True, kw_only=True, tag="due"):
    """Look at the clock: what has fallen due is journalled, once."""


class Waive(Command, frozen=True, kw_only=True, tag="waive"):
    """Accept a failing check, with a reason. Refused for unskippable steps."""

    step: str
    check: str
    reason: str


class Skip(Command, frozen=True, kw_only=True, tag="skip"):
    """Leave a step out, with a reason. Refused for unskippable steps."""

    step: str
    reason: str


class Answer(Command, frozen=True, kw_only=True, tag="answer"):
    """Answer a checklist item. ``file``: path of an evidence file to keep in the vault.
    ``not_applicable``: then ``answer`` is the reason."""

    step: str
    item: str
    answer: str
    file: str = ""
    not_applicable: bool = False


class Decide(Command, frozen=True, kw_only=True, tag="decide"):
    """Settle a pair of source records. ``decision``: merge | different | unsure | undo."""

    source_a: str
    record_a: str
    source_b: str
    record_b: str
    decision: str


class DecideCluster(Command, frozen=True, kw_only=True, tag="decide-cluster"):
    """Settle records that may be one person. ``records``: source and record id of each. ``decision``:
    settled | unsure | flagged. ``groups``: who is one person, by place in ``records``; whoever stands
    in none is somebody for himself. ``lead``: the record that founds the profile, -1 as the rules say.
    ``values``: field → the records whose values the profile takes. ``sitting``: as in ``Claim``.
    ``lot``: the entry that drew the sample of the safe lane which this cluster is of."""

    records: tuple[tuple[str, str], ...]
    decision: str = "settled"
    groups: tuple[tuple[int, ...], ...] = ()
    lead: int = -1
    values: dict[str, tuple[int, ...]] = msgspec.field(default_factory=dict)
    note: str = ""
    sitting: str = ""
    lot: int = 0


class DrawLane(Command, frozen=True, kw_only=True, tag="draw-lane"):
    """Draw a sample of what would merge without a person, to be looked at by eye."""


class DecideLane(Command, frozen=True, kw_only=True, tag="decide-lane"):
    """Decide about all clusters that would merge without a person. ``typed``: their number, as the person
    typed it; ``sha256``: of the list that he saw. ``decision``: merge | review (none without one)."""

    typed: int
    sha256: str = ""
    decision: str = "merge"


class TakeBack(Command, frozen=True, kw_only=True, tag="take-back"):
    """Take a decision on duplicates, or about the safe lane, back: ``entry`` holds it. Of an entry by
    which one was taken back: let that decision count again."""

    entry: int


class ProposeLesson(Command, frozen=True, kw_only=True, tag="propose-lesson"):
    """Propose that the match model is corrected by what decisions teach. ``sha256``: of the lesson that
    was looked at (see ``lesson_queries.Lesson``)."""

    sha256: str


class JudgeLesson(Command, frozen=True, kw_only=True, tag="judge-lesson"):
    """Accept or reject a proposed correction, as somebody who signs the gate behind the match.
    ``decision``: accept | reject. ``sha256``: of what was looked at. A rejection needs a ``comment``."""

    sha256: str
    decision: str
    comment: str = ""


class Claim(Command, frozen=True, kw_only=True, tag="claim"):
    """Have records to oneself while one looks at them; what this ``sitting`` had before is let go.
    Without records only that. Not journalled; it ends by itself."""

    records: tuple[tuple[str, str], ...] = ()
    sitting: str = ""


class Redo(Command, frozen=True, kw_only=True, tag="redo"):
    """Do a step and all that follow again, as a new attempt."""

    step: str
    reason: str = ""


class Export(Command, frozen=True, kw_only=True, tag="export"):
    """Write one of the export tables, the ``report`` or the ``lineage`` to a file; the ending says the
    format. ``recipient`` and ``basis``: for whom, and on which ground. ``language``: of a report.
    ``person`` is all about one ``subject`` (see ``queries.Person``) in a ZIP file; ``splink`` a folder
    with a model and the normalised records. ``model``: a file with it, else that of the match here."""

    what: str
    path: str
    recipient: str = ""
    basis: str = ""
    language: str = ""
    subject: str = ""
    model: str = ""


class Deleted(Command, frozen=True, kw_only=True, tag="deleted"):
    """A file that was taken out is gone. ``sha256``: of an export (or the first characters of it)."""

    sha256: str
    note: str = ""
    proof: str = ""


class RotateKey(Command, frozen=True, kw_only=True, tag="rotate-key"):
    """Make a new key for the seals; the present one signs for it."""


class Forget(Command, frozen=True, kw_only=True, tag="forget"):
    """Erase a person. ``profile``: profile id or source/record. ``typed``: what the person who asks
    typed to confirm: one of the record numbers, or the profile id."""

    profile: str
    reason: str
    typed: str = ""


class Restrict(Command, frozen=True, kw_only=True, tag="restrict"):
    """Restrict the processing of a person's data, or end that (``lift``). ``profile``: profile id or
    source/record."""

    profile: str
    reason: str
    lift: bool = False


class Object(Command, frozen=True, kw_only=True, tag="object"):
    """A person objects to direct marketing. ``profile``: profile id or source/record."""

    profile: str
    reason: str


class Purge(Command, frozen=True, kw_only=True, tag="purge"):
    """Destroy what is over its time. ``what``: exports (and back-ups) | workspace. ``now``: the
    workspace before its time, with a reason. ``dry_run``: only say what would go."""

    what: str = "exports"
    dry_run: bool = False
    now: bool = False
    reason: str = ""


AnyCommand = (
    Run
    | Stop
    | Sign
    | Meet
    | Reopen
    | Delegate
    | Revoke
    | Due
    | Waive
    | Skip
    | Answer
    | Decide
    | DecideCluster
    | DrawLane
    | DecideLane
    | TakeBack
    | Claim
    | ProposeLesson
    | JudgeLesson
    | Redo
    | Export
    | Deleted
    | RotateKey
    | Forget
    | Restrict
    | Object
    | Purge
)

AT_REST = (Forget, Purge)
"""Commands that have the workspace to themselves: refused while the runner is at work."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a command: whether it was done, why not, what to do instead."""

    ok: bool
    message: str = ""
    hint: str = ""
    exit_code: int = 0
    seq: int = 0
    """The journal entry that it caused, if any."""
    facts: dict[str, Any] = {}
    """What ``message`` says, for programs, of commands whose message says more than a sentence."""


def refused(error: TuiMigrateError) -> Reply:
    """The reply that says why not, and what to do instead."""
    return Reply(ok=False, message=error.message, hint=error.hint, exit_code=int(error.exit_code))


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the running step is; not journalled, only the latest counts.

    ``rate``: rows per second over the last seconds. ``remaining``: seconds, or ``None`` if unknown.
    """

    step: str
    unit: str = ""
    done: int = 0
    total: int = 0
    rows: int = 0
    rate: int = 0
    remaining: int | None = None


class Idle(msgspec.Struct, frozen=True, kw_only=True):
    """The runner stopped: the run waits, failed, was stopped, or ended. ``exit_code`` as of ``run``."""

    exit_code: int
    message: str = ""
    step: str = ""


Heard = Entry | Progress | Idle
Listener = Callable[[Heard], None]


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who sits at the client, as the operating system says, and his roles: those that the runbook
    gives, and ``lent`` ones, each with the user whose it is."""

    user: str
    uid: int
    roles: tuple[str, ...]
    lent: tuple[tuple[str, str], ...] = ()


class Query(msgspec.Struct, frozen=True, kw_only=True, tag_field="query"):
    """Base of all questions that read without changing anything (see ``engine.queries``)."""


class Look(Query, frozen=True, kw_only=True):
    """Base of the questions whose answers show values of persons. ``reason``: why they are wanted; it is
    journalled with who looked (see ``engine.looking``)."""

    reason: str = ""


class Client(Protocol):
    """How TUI and CLI reach an engine, in this process or behind a socket."""

    @property
    def identity(self) -> Identity: ...
    @property
    def state(self) -> RunState:
        """The run as this client has heard of it; whatever a reply speaks of is in it."""
        ...

    @property
    def workspace(self) -> Path:
        """The workspace folder."""
        ...

    @property
    def runbook(self) -> Runbook:
        """The runbook as typed; only for who may read the files of the workspace."""
        ...

    @property
    def running(self) -> bool:
        """Whether the runner is at work."""
        ...

    def entries(self, start: int = 1, stop: int | None = None) -> Sequence[Entry]:
        """Journal entries with ``start <= seq``, and ``seq <= stop`` if given."""
        ...

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` for every entry, progress or idle from now on, from any thread; returns
        the function that ends it."""
        ...

    def send(self, command: AnyCommand) -> Reply:
        """Have a command done (or refused); returns when it is journalled. ``Run`` returns at once."""
        ...

    def ask(self, query: Query) -> Any:
        """Answer a question; from any thread."""
        ...

    def words(self, reference: str) -> str:
        """What a person typed, for a commitment in the journal; '' when the vault is not there."""
        ...

    def close(self) -> None:
        """Leave; the engine stops between units if nobody else is there."""
        ...
