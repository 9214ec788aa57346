"""What the parts of the engine share: journal, state, store, vault, listeners."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog

from tui_migrate.audit.chain import Chain
from tui_migrate.audit.entries import AccessRefused, AnyFact, Entry, Sealed
from tui_migrate.audit.gate_facts import GatePassed
from tui_migrate.audit.journal import Journal
from tui_migrate.audit.kept import OptOut, read_kept
from tui_migrate.audit.person_facts import ErasureAsked
from tui_migrate.audit.sealkey import SealKey
from tui_migrate.audit.seals import append_seal
from tui_migrate.audit.tombstones import Tombstones, rewritten
from tui_migrate.audit.trail import TrailWriter
from tui_migrate.audit.vault import Vault
from tui_migrate.engine.api import Heard, Identity, Listener
from tui_migrate.engine.looks import Looks
from tui_migrate.engine.opening import readable
from tui_migrate.engine.reviewing import Reviews
from tui_migrate.engine.run import RunState, apply
from tui_migrate.engine.workspace import Workspace
from tui_migrate.files import whole
from tui_migrate.runbook.models import Runbook
from tui_migrate.staging.erasing import destroy, replacing
from tui_migrate.staging.store import Store
from tui_migrate.steps.base import Registry
from tui_migrate.steps.erasing_plan import Plan

REFUSED_AGAIN = 60.0
"""Seconds after which the same refusal is journalled again: nobody fills the journal by asking."""
_acting: ContextVar[Identity | None] = ContextVar("acting", default=None)


class Anew(Exception):
    """The engine ends, and starts anew in zeroed memory: whatever it is asked now, the next one does."""


@contextmanager
def acting(who: Identity) -> Iterator[None]:
    """Within it, in this thread, what the engine records is done by ``who``."""
    token = _acting.set(who)
    try:
        yield
    finally:
        _acting.reset(token)


@dataclass(slots=True)
class Core:
    """The engine's shared parts. ``state`` changes only under ``lock``, together with the journal."""

    workspace: Workspace
    runbook: Runbook
    files: dict[str, str]
    """Relative path of each configuration file → its SHA-256."""
    journal: Journal
    vault: Vault
    store: Store
    trail: TrailWriter
    registry: Registry
    owner: Identity
    """Who started the engine: what it does of itself is done in this name."""
    state: RunState = field(default_factory=RunState)
    lock: threading.RLock = field(default_factory=threading.RLock)
    cancelled: threading.Event = field(default_factory=threading.Event)
    key: bytes | None = None
    serving: bool = False
    """Whether it answers clients over its socket: then it can start anew, and they find it again."""
    anew: bool = False
    """It has to start anew, and does nothing else any more."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    """What time it is, for deadlines, delegations and the change window."""
    looks: Looks = field(default_factory=Looks)
    """Who was shown what, for ``looking``."""
    chain: Chain = field(default_factory=Chain)
    """What seals and signatures are held against."""
    seal_key: SealKey | None = None
    """There is one as soon as the engine is open."""
    reviews: Reviews = field(default_factory=Reviews)
    """The queue of doubtful duplicates, and who has which of them before him."""
    _stones: tuple[tuple[int, int], Tombstones] | None = None
    _listeners: list[Listener] = field(default_factory=list)
    _refusals: dict[tuple[int, str], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reviews.folding = self.lock

    @property
    def identity(self) -> Identity:
        """Who acts now: the client that sent the command, else the owner."""
        return _acting.get() or self.owner

    def record(self, fact: AnyFact, command: str = "") -> Entry:
        """Journal a fact durably, carry the state on, tell the listeners."""
        with self.lock:
            entry = self.journal.append(
                fact, by=self.identity.user, uid=self.identity.uid, command=command
            )
            apply(self.state, entry)
            self.chain.add(entry)
            self.reviews.ahead.heard(fact)
            self.tell(readable(entry, self.vault.opened))
            return entry

    def require_staying(self) -> None:
        """Raise ``Anew`` when the next engine has to do whatever comes. Call it under the lock."""
        if self.anew:
            raise Anew

    def refuse(self, who: Identity, what: str) -> None:
        """Journal that ``who`` asked for what he may not have; at most once a minute for each."""
        with self.lock, acting(who):
            now, key = time.monotonic(), (who.uid, what)
            if now - self._refusals.get(key, -REFUSED_AGAIN) < REFUSED_AGAIN:
                return
            self._refusals[key] = now
            self.record(AccessRefused(what=what))
            self.vouch_for_end()

    def replay_journal(self) -> None:
        """Fold the journal as it stands on disk."""
        for entry in self.journal.entries:
            apply(self.state, entry)
            self.chain.add(entry)

    def tell(self, heard: Heard) -> None:
        """Hand something to every listener; one that fails is let go, the run is not."""
        for listener in list(self._listeners):
            try:
                listener(heard)
            except Exception:  # noqa: BLE001 - a guest's failure must not touch the run
                structlog.get_logger().exception("listener failed")
                self._listeners.remove(listener)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; returns what removes it."""
        with self.lock:
            self._listeners.append(listener)

        def leave() -> None:
            with self.lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return leave

    def seal(self, reason: str) -> None:
        """Fix the journal as it stands in a seal, and say so in the journal."""
        with self.lock:
            assert self.seal_key is not None  # noqa: S101 - the engine is open
            seal = append_seal(
                self.workspace.seals,
                reason,
                self.state.seq,
                self.journal.head,
                (segment for _seq, segment in self.chain.segments),
                self.state.run,
                self.seal_key,
            )
            self.record(Sealed(seal=seal.number, sha256=seal.hash))

    def pass_gate(self, gate: str, evidence: str) -> None:
        """A gate is passed and sealed in one breath: verification wants a seal behind each."""
        with self.lock:
            self.record(GatePassed(gate=gate, evidence=evidence))
            self.seal(gate)

    def vouch_for_end(self) -> None:
        """Once the run has ended, whatever is journalled after it is sealed too."""
        with self.lock:
            last = self.journal.entries[-1].fact
            if isinstance(last, GatePassed):
                self.seal(last.gate)  # killed between the two
            if self.state.ended and not isinstance(self.journal.entries[-1].fact, Sealed):
                self.seal("end")

    def erasing_plan(self) -> Plan | None:
        """The plan of the erasure that was asked for and is not done."""
        path = self.workspace.erasing
        if self.state.erasing is None or not path.is_file():
            return None
        return msgspec.json.decode(path.read_bytes(), type=Plan)

    def tombstones(self) -> Tombstones:
        """Whom erasures made unknown, and which delivered files they rewrote. One who was asked for,
        and of whom staging is not free yet, is still known: it may have to be made again with him."""
        state, plan = self.state, self.erasing_plan()
        still = state.erasing if plan is not None and "staging" not in plan.done else None
        asked = [
            e.fact for e in state.erasures if isinstance(e.fact, ErasureAsked) and e is not still
        ]
        count = (len(asked), len(state.rewritten))
        if self._stones is None or self._stones[0] != count:
            made = Tombstones(
                self.vault.workspace_key(),
                frozenset(name for fact in asked for name in fact.records),
                frozenset(point for fact in asked for point in fact.points),
                frozenset(key for fact in asked for key in fact.loose),
                rewritten(state.rewritten),
            )
            self._stones = (count, made)
        return self._stones[1]

    def kept(self) -> list[OptOut]:
        """Opt-outs that are kept of addresses of which somebody who had them was erased."""
        state, plan = self.state, self.erasing_plan()
        still = state.erasing if plan is not None and "staging" not in plan.done else None
        asked = [
            e.fact for e in state.erasures if isinstance(e.fact, ErasureAsked) and e is not still
        ]
        expected = {name for fact in asked for name in fact.kept} | set(self.kept_later())
        ended = {name for fact in asked for name in fact.ended}
        found = read_kept(self.vault, expected - ended)
        return [opt_out for name, opt_out in found.items() if name not in ended]

    def kept_later(self) -> list[str]:
        """Those (commitments) that were in rows which came again behind an erasure."""
        return sorted(name for fact in self.state.rewritten for name in fact.kept)

    def exchange_store(self, fresh: Path) -> None:
        """A copy of ``fresh`` in place of the present staging database, of which nothing stays."""
        path = self.workspace.staging
        self.store.close()
        destroy(path.with_name(path.name + ".wal"))
        with replacing(path), whole(path) as temporary:
            shutil.copyfile(fresh, temporary)
        self.store = Store(path)
        self.store.refresh_views()

    def reset_store(self) -> None:
        """An empty staging database in place of the present one (which is set aside)."""
        path = self.workspace.staging
        self.store.close()
        for name in (path, path.with_name(path.name + ".wal")):
            if name.exists():
                name.replace(name.with_name(name.name + ".set-aside"))
        self.store = Store(path)
        for name in path.parent.glob("staging.duckdb*.set-aside"):
            name.unlink()
