"""Two who were merged by a person and are not what they were: he is asked again, whatever they score."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.engine.review_world import rows
from tui_migrate.engine.api import DecideCluster, Redo
from tui_migrate.engine.client import open_client
from tui_migrate.engine.review_queries import ClusterQueue, ClusterWindow

PAIR = (("crm", "C0"), ("mail", "M0"))


def test_a_merge_whose_records_changed_stands_in_the_queue_again(
    doubts: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(doubts, tmp_path / "w"))
    client = open_client(root)
    assert client.send(DecideCluster(records=PAIR, groups=((0, 1),))).ok
    client.run_here()
    band = "SELECT band, reason, decision FROM pair WHERE (record_a, record_b) = ('C0', 'M0')"
    assert client.engine.view.cursor().execute(band).fetchall() == [("auto", "decision", "merge")]
    _crm, mail = rows(20)
    lines = mail.splitlines(keepends=True)
    lines[1] = "M0;Bartholomeus;Verweggistan;;;Zeeweg;88;8800 ZZ;Oostende\n"
    folder = root / "deliveries" / "mail" / "2026-04-01"
    folder.mkdir()
    (folder / "people.csv").write_text("".join(lines))
    assert client.send(Redo(step="read", reason="a new delivery")).ok
    client.run_here()
    found = client.engine.view.cursor().execute(band).fetchall()
    assert found == [("review", "changed since", None)]
    window: ClusterWindow = client.ask(ClusterQueue(offset=0, limit=100))
    assert [ref.records for ref in window.rows if PAIR[1] in ref.records] == [PAIR]
    client.close()
