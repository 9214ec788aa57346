"""Gate: who is needed, what is vouched for, and the typed confirmation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from datetime import datetime
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget

from tui_migrate.engine.api import Identity
from tui_migrate.engine.data_queries import FindingRules, RuleTotal
from tui_migrate.engine.gate_conditions import open_conditions
from tui_migrate.engine.queries import Said
from tui_migrate.engine.run import SETTLED, RunState, Status, StepState
from tui_migrate.engine.sentences import said, stamp, step_name
from tui_migrate.i18n import _, ngettext
from tui_migrate.tui import deciding, gatesheet
from tui_migrate.tui.act import Act
from tui_migrate.tui.actions import bindings
from tui_migrate.tui.advice import waivable
from tui_migrate.tui.detail import (
    attention,
    look_rows,
    needs_rows,
    references,
)
from tui_migrate.tui.evidence import Since, since_last
from tui_migrate.tui.safe import prose, safe
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.screens.deciding import meet_form, reopen_form
from tui_migrate.tui.screens.sign import reject_form, sign_form
from tui_migrate.tui.screens.waive import waive_form
from tui_migrate.tui.status import GOOD, LOOKS, QUIET, WARN
from tui_migrate.tui.widgets.block import Block, label_frame, line, lines


class GateScreen(BaseScreen):
    """A gate as it stands now; with ``frozen``, as it stood then (replay), to read only."""

    GROUP = "gate"
    CSS_PATH = "gate.tcss"
    AUTO_FOCUS = "#evidence"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("gate"))

    def __init__(self, gate: str, frozen: RunState | None = None) -> None:
        super().__init__()
        self._gate = gate
        self._frozen = frozen
        self._findings: Sequence[RuleTotal] = ()
        self._since: Since | None = None
        self._words: dict[str, str] = {}
        self._history = False
        self._asked = 0

    def body(self) -> Iterable[Widget]:
        with VerticalScroll(id="evidence", can_focus=True):
            yield Block(id="gate")
        yield Block(id="next")

    @property
    def state(self) -> RunState:
        return self._frozen or super().state

    @property
    def gate(self) -> StepState:
        """The gate's own step."""
        return self.step(self._gate)

    @property
    def open(self) -> bool:
        """Whether a decision is asked for now."""
        gate = self.gate
        asked = gate.status is Status.WAITING or gate.supplementary
        return self._frozen is None and not self._aborted and asked

    @property
    def _aborted(self) -> bool:
        """Whether the run can only be looked at."""
        return self.state.ended == "aborted"

    @property
    def my_roles(self) -> list[str]:
        """The needed roles that the person at the keyboard has."""
        roles = self.me.roles
        return [str(a["role"]) for a in self.gate.outline.approvals if a.get("role") in roles]

    @property
    def me(self) -> Identity:
        """Who sits here, with the roles that are lent to him."""
        return deciding.acting(self.state, self.home.live.client.identity, self._now)

    @property
    def _now(self) -> datetime:
        return deciding.moment_of(self.state, self._frozen is not None)

    @property
    def _expired(self) -> bool:
        """Whether nobody may sign until the gate is opened again."""
        return self.open and deciding.is_expired(self.state, self.gate, self._now)

    def _said(self, reference: str) -> str:
        return self._words.get(reference, "")

    def badge(self) -> str:
        return (
            _("REPLAY {at}").format(at=stamp(self.state.at, self.state.zone))
            if self._frozen
            else ""
        )

    def applies(self, act: Act) -> bool:
        if act.id in ("gate.approve", "gate.conditions", "gate.reject"):
            return self.open and bool(self.my_roles) and not self._expired
        if act.id == "gate.glass":
            mine = bool(self.me.roles) and self.gate.outline.break_glass
            return self.open and mine and not self._expired
        if act.id == "gate.reopen":
            role = self.gate.outline.deadline.get("escalate_to")
            return self._expired and role in self.me.roles
        if act.id == "gate.meet":
            return self._frozen is None and bool(open_conditions(self.state))
        if act.id == "gate.history":
            return any(s.voided for s in self.gate.signoffs)
        if act.id == "gate.waive":
            steps = self.state.evidence_of(self.gate)
            return self._frozen is None and not self._aborted and any(waivable(s) for s in steps)
        return True

    # Showing

    def refresh_state(self) -> None:
        gate = self.gate
        if self._frozen is None and self._asked != self.state.seq:
            self._asked = self.state.seq
            self._ask_more(gate)
        pane = self.query_one("#evidence", VerticalScroll)
        title = _("Sign-off · {name}").format(name=prose(step_name(gate.outline)))
        label_frame(pane, title, LOOKS[gate.status].content)
        width = max(30, pane.scrollable_content_region.width or self.app.size.width - 5)
        self.query_one("#gate", Block).put(lines(self._rows(gate, width)))
        self.query_one("#next", Block).put(
            line((_("Next:") + " ", "bold"), (self._advice(gate), "$primary"))
        )

    def _ask_more(self, gate: StepState) -> None:
        steps = tuple(gate.outline.evidence)
        if steps:
            self.ask("findings", FindingRules(steps=steps), self._have_findings)
        client, now = self.home.live.client, copy(self.state)
        self.read(
            "since", lambda: since_last(client.entries(1, now.seq), gate.id, now), self._have_since
        )
        wanted = deciding.references(self.state, gate)
        wanted |= {ref for step in self.state.evidence_of(gate) for ref in references(step)}
        if wanted - set(self._words):
            self.ask("words", Said(references=tuple(sorted(wanted))), self._have_words)

    def _have_findings(self, findings: Sequence[RuleTotal]) -> None:
        self._findings = findings
        self.refresh_state()

    def _have_since(self, since: Since) -> None:
        self._since = since
        self.refresh_state()

    def _have_words(self, words: dict[str, str]) -> None:
        self._words.update(words)
        self.refresh_state()

    def _advice(self, gate: StepState) -> str:
        names = ("approve", "conditions", "reject", "reopen", "back")
        keys = {name: self.home.key(f"gate.{name}") for name in names}
        if self._frozen is not None:
            return _("{back} back: this is how the gate stood then").format(**keys)
        if self._expired:
            role = safe(str(gate.outline.deadline.get("escalate_to", "")))
            if self.gate.outline.deadline.get("escalate_to") in self.me.roles:
                return _("{reopen} open again: the deadline has expired, nobody can sign").format(
                    **keys
                )
            return _("the deadline has expired: {role} opens the gate again").format(role=role)
        if self.open and self.my_roles:
            return _(
                "read the evidence, then {approve} approve · {conditions} with conditions"
                " · {reject} reject"
            ).format(**keys)
        if self.open:
            roles = ", ".join(str(a.get("role", "")) for a in gate.outline.approvals)
            return _("a sign-off by {roles} is needed; you may read").format(roles=safe(roles))
        if self._aborted:
            return _("{back} back: the run was aborted").format(**keys)
        if gate.status in SETTLED:
            return _("{back} back: this gate is {status}").format(
                **keys, status=_(LOOKS[gate.status].word)
            )
        return _("{back} back: the run has not come to this gate yet").format(**keys)

    def _rows(self, gate: StepState, width: int) -> list[Content]:
        """Who, what it is about, what is wrong with it, what changed; then the evidence in full."""
        rows = self._people(gate, width)
        rows += deciding.gate_rows(self.state, gate, self._now, self._said)
        rows += gatesheet.signoff_rows(gate, self.state.zone, self._said, self._history)
        rows += attention(gate.outline, other_too=width >= 90)
        rows += look_rows(self.state.evidence_of(gate), self._words)
        rows += gatesheet.since_rows(self._since, self.state.zone)
        rows += gatesheet.evidence_rows(self.state, gate, width)
        rows += gatesheet.finding_rows(self._findings, self.home.key("gate.findings"))
        return rows

    def _people(self, gate: StepState, width: int) -> list[Content]:
        needs = [] if gate.outline.parts else needs_rows(gate)
        identity = self.me
        roles = ", ".join(identity.roles) or _("no role")
        you = f"{identity.user} ({roles})"
        if identity.lent:
            you += f" – {deciding.deputy_words(identity)}"
        may, style = (_("may sign"), GOOD) if self.my_roles else (_("may read, not sign"), WARN)
        if self._frozen is not None:
            may, style = _("reading only"), QUIET
        mine = line((f"{_('You are'):<10}", "bold"), safe(you), " – ", (may, style))
        rows = [mine]
        if needs:
            asked = Content.assemble((f"{_('Needs'):<10}", "bold"), Content("   ").join(needs))
            beside = asked.cell_length + 6 + mine.cell_length <= width
            rows = [line(asked, " " * 6, mine)] if beside else [asked, mine]
        ran = [s for s in self.state.evidence_of(gate) if identity.user in s.operators]
        if ran and self.my_roles and self.open:
            text = ngettext(
                "You ran {n} of these steps yourself: where four eyes are asked for,"
                " somebody else signs.",
                "You ran {n} of these steps yourself: where four eyes are asked for,"
                " somebody else signs.",
                len(ran),
            )
            rows.append(Content.styled(text.format(n=len(ran)), WARN))
        return [*rows, *gatesheet.subject_rows(self.state, gate, self.open), Content("")]

    # Deciding

    def action_approve(self) -> None:
        """The typed confirmation."""
        if self._may():
            sign_form(self, self.gate, conditions=False)

    def action_conditions(self) -> None:
        """The typed confirmation, with conditions, owner and date."""
        if self._may():
            sign_form(self, self.gate, conditions=True)

    def action_reject(self) -> None:
        """Say no: wait, redo a step, or abort."""
        if self._may():
            reject_form(self, self.gate, self.state.evidence_of(self.gate))

    def action_glass(self) -> None:
        """Sign in spite of the rules, with a reason that stays visible."""
        if not self.gate.outline.break_glass:
            self.home.tell(_("The runbook does not allow that at this gate."), "warning")
        elif self.open and not self._expired:
            sign_form(self, self.gate, conditions=False, glass=True)

    def action_meet(self) -> None:
        """Say how a condition was met."""
        if self._frozen is None:
            meet_form(self, self._said)

    def action_reopen(self) -> None:
        """Open the gate again after its deadline."""
        role = str(self.gate.outline.deadline.get("escalate_to", ""))
        if self._expired and role in self.me.roles:
            reopen_form(self, self.gate)
        elif self._expired:
            self.home.tell(_("This needs one of the roles: {roles}.").format(roles=role), "warning")

    def action_waive(self) -> None:
        """Accept a failing check of the evidence."""
        if self._frozen is None:
            waive_form(self, self.state.evidence_of(self.gate))

    def action_findings(self) -> None:
        """The findings, record by record."""
        from tui_migrate.tui.screens.findings import FindingsScreen

        self.app.push_screen(FindingsScreen())

    def action_history(self) -> None:
        """All sign-offs, also those that no longer count, or only those that do."""
        if not self.gate.signoffs:
            self.home.tell(_("Nobody has signed here yet."))
            return
        self._history = not self._history
        self.query_one("#evidence", VerticalScroll).scroll_home(animate=False)
        self.refresh_state()

    def _may(self) -> bool:
        if not self.open:
            self.home.tell(_("No decision is asked for here now."), "warning")
        elif self._expired:
            self.home.tell(_("The deadline has expired: nobody can sign."), "warning")
        elif not self.my_roles:
            needed = ", ".join(said(str(a.get("role", ""))) for a in self.gate.outline.approvals)
            self.home.tell(
                _("This needs one of the roles: {roles}.").format(roles=needed), "warning"
            )
        else:
            return True
        return False
