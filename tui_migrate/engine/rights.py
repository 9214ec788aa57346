"""What a role may do. The engine asks here before it does anything for a client."""

from __future__ import annotations

from tui_migrate.engine import api
from tui_migrate.errors import DataSaysNo
from tui_migrate.i18n import _
from tui_migrate.runbook.models import Runbook

# '' is allowed to everybody who may attach: the command itself looks at his roles.
_NEEDED: dict[type[api.Command], str] = {
    api.Run: "run",
    api.Stop: "run",
    api.Redo: "run",
    api.Skip: "waive",
    api.Waive: "waive",
    api.Answer: "answer",
    api.Decide: "decide",
    api.DecideCluster: "decide",
    api.DrawLane: "decide",
    api.DecideLane: "decide",
    api.TakeBack: "decide",
    api.Claim: "decide",
    api.ProposeLesson: "run",
    api.JudgeLesson: "sign",
    api.Export: "export",
    api.Deleted: "export",
    api.RotateKey: "run",
    api.Sign: "sign",
    api.Meet: "answer",
    api.Reopen: "",
    api.Delegate: "",
    api.Revoke: "",
    api.Due: "",
    api.Forget: "erase",
    api.Restrict: "erase",
    api.Object: "erase",
    api.Purge: "erase",
}


def may_attach(who: api.Identity, owner: int) -> bool:
    """Whether this user may speak to the engine at all: he has a role, or it is his engine."""
    return bool(who.roles) or who.uid == owner


def rights(runbook: Runbook, who: api.Identity, owner: int) -> frozenset[str]:
    """All that his roles allow him. The owner of the engine may do everything but sign without a
    role: the files are his."""
    allowed = {right for role in who.roles for right in runbook.roles[role].rights}
    if who.uid == owner:
        allowed |= {"run", "waive", "answer", "decide", "export", "erase"}
    return frozenset(allowed)


def refusal(
    runbook: Runbook, command: api.Command, who: api.Identity, owner: int
) -> DataSaysNo | None:
    """Why ``who`` may not give this command, or ``None``."""
    needed = _NEEDED[type(command)]
    if not needed or needed in rights(runbook, who, owner):
        return None
    roles = ", ".join(who.roles) or _("no role")
    return DataSaysNo(
        _("{} ({}) may not do that: it needs the right '{}'.").format(who.user, roles, needed),
        _("The runbook gives rights under roles: with may:."),
    )
