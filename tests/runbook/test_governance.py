"""What a runbook states for governance is typed; a mistake has its place."""

from __future__ import annotations

from pathlib import Path

from tests.runbook.conftest import GOOD, SHIPPED, write
from tui_migrate.runbook import load_runbook

GOVERNANCE = """\
governance:
  controller: {name: Acme}
  dpia: {reference: D-1, done_on: 2026-01-19}
  hosting:
    sources:
      crm: {where: Zwolle}
    target: {where: Almere}
"""


def test_it_is_optional_and_each_part_of_it_too(workspace: Path) -> None:
    without = load_runbook(workspace).runbook
    assert without is not None
    assert without.governance is None
    given = load_runbook(write(workspace, GOOD + GOVERNANCE)).runbook
    assert given is not None
    assert given.governance is not None
    assert given.governance.dpia is not None
    assert str(given.governance.dpia.done_on) == "2026-01-19"
    assert given.governance.purpose is None
    assert given.governance.hosting.sources["crm"].where == "Zwolle"


def test_mistakes_in_it_are_said_where_they_are(workspace: Path) -> None:
    lines = GOOD.count("\n")
    text = (
        GOVERNANCE.replace("done_on: 2026-01-19", "done_on: soon")
        .replace("crm: {where", "cmr: {where")
        .replace("target: {where", "target: {there")
    )
    problems = [str(p) for p in load_runbook(write(workspace, GOOD + text)).problems]
    assert f"runbook.yaml:{lines + 3}:35: this is not a date; write it as 2026-03-31" in problems
    assert f"runbook.yaml:{lines + 6}:7: there is no source 'cmr'; did you mean 'crm'?" in problems
    assert any(p.startswith(f"runbook.yaml:{lines + 7}:14: unknown key") for p in problems)


def test_the_shipped_runbook_leaves_nothing_open() -> None:
    runbook = load_runbook(SHIPPED).runbook
    assert runbook is not None
    stated = runbook.governance
    assert stated is not None
    optional = {"joint_controller", "representative"}
    missing = [n for n in type(stated).model_fields if n not in optional and not getattr(stated, n)]
    assert missing == []
    homeless = [
        s for s in runbook.sources if not {s, runbook.system(s)} & set(stated.hosting.sources)
    ]
    assert homeless == []
