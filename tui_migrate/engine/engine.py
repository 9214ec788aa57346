"""The engine of one workspace: opens it, answers commands, runs steps in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from tui_migrate.audit.journal import Journal
from tui_migrate.audit.trail import TrailWriter
from tui_migrate.audit.vault import Vault
from tui_migrate.engine import api, memory
from tui_migrate.engine.commands import handle
from tui_migrate.engine.config import require_ok
from tui_migrate.engine.core import Core, acting
from tui_migrate.engine.erasure import carry_on, scrub_at_start, told
from tui_migrate.engine.gate_commands import note_due
from tui_migrate.engine.gate_delegations import with_delegations
from tui_migrate.engine.gate_hooks import Hooks
from tui_migrate.engine.gate_signing import finish_last
from tui_migrate.engine.identity import this_user
from tui_migrate.engine.loading import announce, keep_files, load_workspace, reload
from tui_migrate.engine.looking import flush, note_look, note_person, require_reason
from tui_migrate.engine.purging import finish_begun, purged, refuse_purged
from tui_migrate.engine.recovery import recover
from tui_migrate.engine.review_queries import ClusterStep
from tui_migrate.engine.rights import refusal
from tui_migrate.engine.run import SETTLED
from tui_migrate.engine.runner import Runner, Stopped
from tui_migrate.engine.sealing import ensure_key, refuse_tampering
from tui_migrate.engine.view import EngineView
from tui_migrate.engine.workspace import Workspace, WorkspaceLock
from tui_migrate.errors import DataSaysNo, Exit, Locked, TuiMigrateError
from tui_migrate.i18n import _, neutral
from tui_migrate.staging.store import Store
from tui_migrate.steps.base import Registry
from tui_migrate.steps.registry import default_registry

if TYPE_CHECKING:
    from tui_migrate.engine.answers.cluster_sheet import Material


class Engine:
    """Holds the workspace from ``open`` to ``close``."""

    def __init__(self, core: Core, lock: WorkspaceLock) -> None:
        self.core = core
        self._lock = lock
        self._thread: threading.Thread | None = None
        self._at_work = False
        self.closed = False
        self.view = EngineView(core)
        self._runner = Runner(core)
        self._hooks = Hooks(core)

    @classmethod
    def open(
        cls,
        root: Path,
        *,
        key: bytes | None = None,
        registry: Registry | None = None,
        serving: bool = False,
        say: Callable[[str], None] = lambda _line: None,
    ) -> Engine:
        """Take the lock, read runbook and journal, mend what a crash left.

        Raises ``Locked``, ``EnvironmentProblem``, or ``DataSaysNo`` with all mistakes of the runbook
        or what is wrong with the journal. ``serving``: others may wait for this engine to listen.
        """
        workspace = Workspace(root.resolve())
        workspace.require()
        loaded = load_workspace(workspace.root)
        runbook = require_ok(loaded)
        refuse_purged(workspace)
        workspace.prepare()
        lock = WorkspaceLock(workspace, engine=serving)
        try:
            configure_log(workspace.log)
            workspace.sweep()
            refuse_losses(workspace)
            _refuse_fragments(workspace)
            journal = Journal(workspace.journal)
            vault = Vault(workspace.vault)
            core = Core(
                workspace=workspace,
                runbook=runbook,
                files=keep_files(workspace.objects, loaded),
                journal=journal,
                vault=vault,
                store=Store(workspace.staging),
                trail=TrailWriter(workspace.audit, vault),
                registry=registry or default_registry(),
                owner=this_user().identity(runbook),
                key=key,
                serving=serving,
            )
            _mend(core, say)
            engine = cls(core, lock)
            note_due(core)
            engine._prepare_review()
            return engine
        except BaseException:
            lock.release()
            raise

    def who(self, identity: api.Identity) -> api.Identity:
        """Somebody with the roles that are lent to him now, too."""
        return with_delegations(self.core.state, identity, self.core.now())

    # -- what clients ask ----------------------------------------------------------------------

    def command(self, command: api.AnyCommand, who: api.Identity) -> api.Reply:
        """Have a command done for ``who``, or refused. ``Run`` returns at once; it is refused while
        the runner is at work. Raises ``Anew`` when the engine that starts in its place has to do it."""
        who = self.who(who)
        refused = refusal(self.core.runbook, command, who, self.core.owner.uid)
        if refused is not None:
            self.core.refuse(who, type(command).__name__.lower())
            return api.refused(refused)
        if isinstance(command, api.Stop):
            self.stop()
            return api.Reply(ok=True)
        if isinstance(command, api.Run):
            return self._run_for(command, who)
        with acting(who):
            self._know_clusters(command)
            if not isinstance(command, api.AT_REST):
                return handle(self.core, command)
            return self._at_rest(command)

    def _know_clusters(self, command: api.AnyCommand) -> None:
        """Where two persons answer a share of the clusters, the queue says which ones a decision is
        about. It is made before the engine's lock is taken: whoever makes it may have to wait for it."""
        core = self.core
        share = core.state.draw.share if core.state.draw is not None else 0.0
        if share and isinstance(command, api.Decide | api.DecideCluster):
            from tui_migrate.engine.answers import knowing_clusters

            knowing_clusters(self.view)

    def _at_rest(self, command: api.AnyCommand) -> api.Reply:
        """A command that changes what the runner stands on."""
        with self.core.lock:
            self.core.require_staying()
            if self.running and command.id not in self.core.state.commands:
                return api.Reply(
                    ok=False,
                    message=_("The run is going on: this needs it at rest."),
                    hint=_("tui-migrate stop ends it after its present unit; then do it again."),
                    exit_code=int(Exit.WRONG),
                )
            if isinstance(command, api.Purge) and command.what == "workspace" and self.core.serving:
                return api.Reply(
                    ok=False,
                    message=_("An engine serves this workspace: it ends first."),
                    hint=_("tui-migrate stop, then do it again."),
                    exit_code=int(Exit.WRONG),
                )
            try:
                return handle(self.core, command)
            finally:
                if not purged(self.core.workspace):
                    self._runner.units.renew_cursor()

    def _run_for(self, command: api.Run, who: api.Identity) -> api.Reply:
        with self.core.lock:
            self.core.require_staying()
            if self.running:
                return api.Reply(ok=False, message=_("The run is going on already."), exit_code=2)
            if command.until and command.until not in self.core.state.steps:
                return api.Reply(
                    ok=False, message=_("There is no step {}.").format(command.until), exit_code=2
                )
            try:
                with acting(who):
                    reload(self.core)
            except TuiMigrateError as error:
                return api.refused(error)
            self.start(command.until, who, command.outside_window)
            return api.Reply(ok=True)

    def question(self, query: api.Query, who: api.Identity) -> Any:
        """Answer a question for ``who``, as far as he may see it; from any thread. Who is shown values
        of persons is journalled."""
        from tui_migrate.engine.answers import meant
        from tui_migrate.engine.queries import answer
        from tui_migrate.engine.sight import Sight

        who = self.who(who)
        require_reason(self.core, query)
        reason = query.reason.strip() if isinstance(query, api.Look) else ""
        query = meant(self.view, query)
        with acting(who):
            note_person(self.core, query, reason)
            told = answer(self.view, query)
            seen = self.view.seen
            shown = told if seen.all else Sight(self.view, seen).masked(query, told)
            note_look(self.core, query, shown, reason)
        self._read_ahead(query, shown, who)
        return shown

    def _read_ahead(self, query: api.Query, shown: Any, who: api.Identity) -> None:
        """Who was given a cluster asks for the next one soon. Reading that is no look: nobody sees it."""
        if not isinstance(query, ClusterStep) or not query.sitting:
            return

        def read() -> Material | None:
            from tui_migrate.engine.answers import read_next

            with acting(who):
                return read_next(self.view, query, shown)

        self.core.reviews.ahead.want(who.uid, query.sitting, read)

    # -- running -------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether the runner is at work."""
        return self._at_work

    def start(
        self, until: str = "", who: api.Identity | None = None, outside_window: str = ""
    ) -> None:
        """Carry the run on in the runner's thread, operated by ``who``; ``Idle`` tells the listeners
        when it rests. ``outside_window``: see ``api.Run``."""
        self._at_work = True
        self._thread = threading.Thread(
            target=self._run_and_tell,
            args=(until, who or self.core.owner, outside_window),
            name="runner",
            daemon=True,
        )
        self._thread.start()

    def run(self, until: str = "", outside_window: str = "") -> Stopped:
        """Carry the run on in this thread. A failure that nobody foresaw goes to the log."""
        try:
            with neutral():
                return self._runner.run(until, outside_window)
        except TuiMigrateError as error:
            return Stopped(error.exit_code, str(error))
        except Exception:  # noqa: BLE001 - the last line: a traceback never reaches a user
            structlog.get_logger().exception("the runner failed")
            return Stopped(
                Exit.WRONG,
                _("Something failed that should not; details are in {}.").format(
                    self.core.workspace.log
                ),
            )

    def _run_and_tell(self, until: str, who: api.Identity, outside_window: str) -> None:
        with acting(who):
            stopped = self.run(until, outside_window)
        self._at_work = False  # before anybody hears of it
        self.core.tell(
            api.Idle(exit_code=int(stopped.exit), message=stopped.message, step=stopped.step)
        )
        self._prepare_review()

    def _prepare_review(self) -> None:
        """Where a match waits for reviewers, an engine for several clients makes their queue."""
        core = self.core
        settled = {
            step.outline.uses for step in core.state.steps.values() if step.status in SETTLED
        }
        if core.serving and "match" in settled and "merge" not in settled:
            from tui_migrate.engine.answers import ready_for_reviewers

            core.reviews.prepare(lambda: ready_for_reviewers(self.view))

    def stop(self) -> None:
        """Ask the runner to rest at the next point between units."""
        self.core.cancelled.set()

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the runner rests."""
        if self._thread is not None:
            self._thread.join(timeout)

    def close(self) -> None:
        """Rest, close staging and journal, let the next one in."""
        self.stop()
        self.wait()
        self.core.reviews.rest(over=True)
        if not self.closed and not purged(self.core.workspace):
            flush(self.core, at_once=True)
        self._hooks.close()
        self.closed = True
        self.core.store.close()
        self.core.journal.close()
        self._lock.release()


def refuse_losses(workspace: Workspace) -> None:
    """Raise ``DataSaysNo`` when a part that cannot be made again is gone."""
    trail = workspace.audit / "trail"
    lost = None
    if not workspace.has_run and (workspace.seals.exists() or trail.is_dir()):
        lost = workspace.journal
    elif workspace.has_run and not (workspace.vault / "workspace.key").exists():
        lost = workspace.vault / "workspace.key"
    if lost is not None:
        raise DataSaysNo(
            _("{} is gone, but a run was begun here.").format(lost),
            _("Put it back from a copy. Nothing was changed."),
        )


def _mend(core: Core, say: Callable[[str], None]) -> None:
    """Read the journal and finish, in this order, what the last process began; then no entry is open."""
    core.replay_journal()
    refuse_tampering(core)
    finish_last(core)
    announce(core)
    ensure_key(core, say)
    finish_begun(core)
    with neutral():
        recover(core, say)
    done = carry_on(core)
    if done is not None:
        say(told(core, done))
    scrub_at_start(core, say)
    core.vouch_for_end()


def _refuse_fragments(workspace: Workspace) -> None:
    """Raise ``Locked`` where somebody was erased and memory is not zeroed: by who loaded DuckDB before
    anything was known of it."""
    if memory.tells_of_erasure(workspace.journal) and not memory.is_fit():
        raise Locked(
            _("Somebody was erased in {}, and this program does not zero its memory.").format(
                workspace.root
            ),
            _("Start it again; {}=zero:true in its environment says so beforehand.").format(
                memory.VARIABLE
            ),
        )


class _LogFile(logging.FileHandler):
    """A log that holds its tongue when it cannot write: a full disk is said by who notices it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say nothing: the default prints a traceback to the screen."""


def configure_log(path: Path) -> None:
    """Send the program's own log (tracebacks, warnings) to ``engine.log``, nothing to the screen."""
    handler = _LogFile(path)
    root = logging.getLogger("tui_migrate")
    root.handlers[:] = [handler]
    root.propagate = False
    root.setLevel(logging.INFO)
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=lambda *_args: root,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
