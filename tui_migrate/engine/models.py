"""The model of a match: kept with the audit, and frozen once the target has profiles by it.

So a later delivery is scored as the first was, whatever came in between, also when staging is lost.
Who asks for the match step itself to be done again lets it go: then it is fitted to what is there.
"""

from __future__ import annotations

from tui_migrate.audit import entries as facts
from tui_migrate.audit.objects import keep_object
from tui_migrate.audit.review_facts import ModelFitted
from tui_migrate.engine.core import Core
from tui_migrate.engine.state import RunState, StepState
from tui_migrate.errors import EnvironmentProblem
from tui_migrate.i18n import _


def keep_model(core: Core, step: str, attempt: int, model: str) -> None:
    """Keep and journal the model of an attempt; said once."""
    sha256 = keep_object(core.workspace.objects, model.encode())
    fact = ModelFitted(step=step, attempt=attempt, sha256=sha256)
    begun = core.state.steps[step].started_seq
    if not any(entry.fact == fact for entry in core.journal.entries[begun:]):
        core.record(fact)


def frozen_model(core: Core, step: str) -> str:
    """The model by which the target got its profiles, as it stood when the present attempt of ``step``
    began; '' when there is none."""
    sha256 = _frozen(core, step, core.state.steps[step].started_seq)
    if not sha256:
        return ""
    return kept_model(core, step, sha256)


def kept_model(core: Core, step: str, sha256: str) -> str:
    """A model that was journalled, with what the runbook declared (``declared``, ``model``)."""
    path = core.workspace.objects / sha256
    if not path.is_file():
        raise EnvironmentProblem(
            _("The model {} is gone from the audit.").format(path),
            _("Put it back from a copy, or have it fitted anew: tui-migrate redo {}").format(step),
        )
    return path.read_text()


def corrections(core: Core, step: StepState, *, as_started: bool) -> str:
    """The corrections of the weights that were accepted last, as JSON; ``as_started``: before the
    present attempt of ``step`` began. '' when there are none, or for another kind of step."""
    sha256 = accepted(core.state, step.id, step.started_seq if as_started else core.state.seq)
    if step.outline.uses != "match" or not sha256:
        return ""
    path = core.workspace.objects / sha256
    if not path.is_file():
        raise EnvironmentProblem(
            _("The accepted corrections {} are gone from the audit.").format(path),
            _("Put them back from a copy."),
        )
    return path.read_text()


def accepted(state: RunState, step: str, last: int) -> str:
    """SHA-256 of the corrections that were accepted last, up to entry ``last``; '' for none."""
    known = [p for p in state.proposals.values() if p.step == step and 0 < p.accepted <= last]
    return max(known, key=lambda p: p.accepted).sha256 if known else ""


def is_frozen(core: Core, step: str) -> bool:
    """Whether the target has profiles by a model that counts now."""
    return bool(_frozen(core, step, core.state.seq))


def _frozen(core: Core, step: str, last: int) -> str:
    kinds = {one.id: one.outline.uses for one in core.state.steps.values()}
    fitted = frozen = ""
    for entry in core.journal.entries[:last]:
        match entry.fact:
            case ModelFitted(step=name, sha256=sha256) if name == step:
                fitted = sha256
            case facts.Receipt(step=name) if kinds.get(name) == "import":
                frozen = fitted
            case facts.RedoAsked(step=name) if name == step:
                fitted = frozen = ""
            case _:
                pass
    return frozen
