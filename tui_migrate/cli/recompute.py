"""What ``audit replay --recompute`` prints."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tui_migrate.cli.common import print_json, result, say
from tui_migrate.errors import Exit
from tui_migrate.i18n import _

if TYPE_CHECKING:
    from tui_migrate.engine.recompute import Compared, Recomputed


def recompute_and_tell(root: Path, *, as_json: bool) -> int:
    """Do the steps again; a line for every unit, and the first difference with what it depends on."""
    from tui_migrate.engine import memory
    from tui_migrate.engine.workspace import Workspace

    memory.load(Workspace(root.resolve()).journal)
    from tui_migrate.engine.recompute import DIFFERENT, recompute

    done = recompute(root, say)
    code = int(Exit.NO if done.first else Exit.DONE)
    if as_json:
        print_json(
            {
                "ok": done.first is None,
                "entries": done.entries,
                "first": asdict(done.first) if done.first else None,
                "units": [asdict(unit) for unit in done.units],
            }
        )
        return code
    for unit in done.units:
        result(_line(unit))
    result(_totals(done))
    if done.first is not None:
        first = done.first
        result(
            _("First difference: step {}, attempt {}, unit {}.").format(
                first.step, first.attempt, first.unit
            )
        )
        for why in first.why:
            result(f"  {why}")
        more = done.count(DIFFERENT) - 1
        if more:
            result(_("Units behind it rest on it; {} of them are different too.").format(more))
    return code


def _line(unit: Compared) -> str:
    signs = {"same": "✓", "different": "✗", "erased": "○", "left out": "–"}
    words = {
        "rows": _("other rows"),
        "trail": _("another trail"),
        "values": _("other values in the vault"),
        "unit": _("not planned"),
        "step": _("not done"),
    }
    differs = ", ".join(words[d] for d in unit.differs)
    told = {
        "same": _("the same"),
        "different": differs,
        "erased": _(
            "not comparable: records in it were erased since; the trail of all others is the same"
        ),
        "left out": "; ".join(unit.why),
    }
    name = f"{unit.step} {unit.attempt} · {unit.unit}"
    return f"{signs[unit.verdict]} {name}: {told[unit.verdict]}"


def _totals(done: Recomputed) -> str:
    counts = [
        (_("{} units are the same"), done.count("same")),
        (_("{} are different"), done.count("different")),
        (_("{} hold erased records"), done.count("erased")),
        (_("{} are left out"), done.count("left out")),
    ]
    return ", ".join(text.format(count) for text, count in counts if count)
