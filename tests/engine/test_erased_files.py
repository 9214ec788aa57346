"""Tables that were taken out, without an erased person: whose a row is."""

from __future__ import annotations

from pathlib import Path

from tui_migrate.engine.erased_files import erase
from tui_migrate.steps.erasing_plan import FileLines, Plan


def _plan() -> Plan:
    """Who has the record R1, in line 3 as the file is now."""
    lines = FileLines(
        source="crm", delivery="d", file="f.csv", path="", sha256="", lines=[3], cells={}
    )
    return Plan(
        command="", profile_id="p1", founder="", records=[("crm", "R1")], pseudonyms=[], points=[],
        stones=[], words=[], files=[lines],
    )  # fmt: skip


def test_a_row_from_before_the_file_was_read_again_stays_the_others(tmp_path: Path) -> None:
    path = tmp_path / "fates.csv"
    head = "source,delivery,file,line,record_id,fate,reason\n"
    rows = {
        "his, before": "crm,d,f.csv,2,R1,loaded,\n",
        "another's, whose line is his now": "crm,d,f.csv,3,R2,loaded,\n",
        "a line without a record": "crm,d,f.csv,3,,rejected,too_many_cells\n",
        "another's": "crm,d,f.csv,4,R3,loaded,\n",
    }
    path.write_text(head + "".join(rows.values()))
    assert erase(path, _plan(), lambda _old, _new: None) == (2, True)
    kept = ("another's, whose line is his now", "another's")
    assert path.read_text() == head + "".join(rows[name] for name in kept)
