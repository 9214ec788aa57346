"""What a purge of the workspace destroys, and what it says of the rest."""

from __future__ import annotations

import json
from pathlib import Path

from tests.engine.conftest import KEY, RUNBOOK, make_workspace
from tui_migrate.engine import api
from tui_migrate.engine.client import open_client


def test_deliveries_go_wherever_the_runbook_says_that_they_lie(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "small", RUNBOOK.replace('"deliveries/', '"handed over/'))
    (root / "deliveries").rename(root / "handed over")
    delivered = sorted(p for p in (root / "handed over").rglob("*.csv"))
    (root / "Anna Zqx.txt").write_text("she called")
    client = open_client(root, key=KEY)
    purge = api.Purge(what="workspace", now=True, reason="done", dry_run=True)
    told = client.send(purge).message
    assert all(str(path.relative_to(root)) in told for path in delivered)
    reply = client.send(api.Purge(what="workspace", now=True, reason="done"))
    assert reply.ok
    assert delivered
    assert not any(path.exists() for path in delivered)
    assert "Anna Zqx.txt" in reply.message, "nobody told the program what it is"
    certificate = json.loads((root / "certificate.json").read_bytes())
    assert certificate["left"] == 1
    assert b"Anna Zqx" not in (root / "certificate.json").read_bytes()
    assert "stay: 1." in (root / "certificate.md").read_text()
