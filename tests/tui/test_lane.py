"""The safe lane by keyboard: look, draw, judge, type the number."""

from __future__ import annotations

import msgspec
import pytest
from textual.pilot import Pilot

from tests.tui.conftest import Make
from tests.tui.data import PAIR, PEOPLE, fill, put
from tests.tui.test_review import sheet
from tests.tui.test_screens import tell, text
from tests.tui.test_walk import advice, press, settle, type_in
from tests.tui.world import World, journal_head
from tui_migrate.audit import entries as facts
from tui_migrate.engine import api, lane_queries
from tui_migrate.staging.store import begin_attempt
from tui_migrate.tui.app import MigrateApp
from tui_migrate.tui.screens import lane_pool
from tui_migrate.tui.screens.lane import LaneScreen
from tui_migrate.tui.screens.lane_pool import LanePoolScreen
from tui_migrate.tui.screens.run import RunScreen
from tui_migrate.tui.widgets.block import Block
from tui_migrate.tui.widgets.rows import Rows

CLUSTER = (
    "source VARCHAR, record_id VARCHAR, cluster_id VARCHAR, size INTEGER, status VARCHAR,"
    " rule VARCHAR"
)
GROUPS = ((0, 1, 2), (3, 4))


def waiting(make: Make) -> World:
    """A merge that waits for two clusters: of three records tied by an e-mail, of two tied by a link."""
    head = journal_head()
    opened = head[0]
    assert isinstance(opened, facts.RunOpened)
    steps = [
        msgspec.structs.replace(one, safe_lane="sample" if one.uses == "match" else "")
        for one in opened.steps
    ]
    world = fill(make(head=[msgspec.structs.replace(opened, steps=steps), *head[1:]]))
    for step in ("questions", "ingest", "quality", "quality-gate"):
        world.write(facts.StepSkipped(step=step, reason=""))
    world._finish("match")
    world.write(facts.StepWaiting(step="merge", evidence="4f1c", subject=2))
    world.cursor().execute("DELETE FROM store.pair")
    weights = [{"field": "email", "level": "own", "weight": 18.4}]
    put(world, "pair", PAIR, [
        (*PEOPLE[a][:2], *PEOPLE[b][:2], 20.0, 0.9999, "auto", reason, ["email"], weights, None, None)
        for a, b, reason in ((0, 1, "guard passed"), (1, 2, "guard passed"), (3, 4, "link"))
    ])  # fmt: skip
    put(world, "cluster", CLUSTER, [
        (*PEOPLE[n][:2], f"c{at}", len(group), "merged", "guard" if at == 0 else "link")
        for at, group in enumerate(GROUPS) for n in group
    ])  # fmt: skip
    begin_attempt(world.cursor(), 2, "match", 1, 2)
    world.cursor().execute("UPDATE store.pair SET step = 'match'")
    return world


def rows(app: MigrateApp) -> list[tuple[str, ...]]:
    """The rows of the preview: what, clusters, records, pairs."""
    shown = app.screen.query_one("#rows", Rows).rows
    return [tuple(c if isinstance(c, str) else c[0] for c in row.cells) for row in shown[1:]]


async def until(app: MigrateApp, pilot: Pilot[int], selector: str, words: str) -> None:
    """Wait until these words stand there."""
    for _try in range(50):
        if app.screen.query(selector) and words in text(app, selector):
            return
        await settle(pilot)
    assert words in text(app, selector)


def test_a_sample_is_drawn_and_judged_cluster_by_cluster(make: Make) -> None:
    world = waiting(make)

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        assert "2 clusters are to be confirmed" in advice(app)
        await press(pilot, "enter")
        assert isinstance(app.screen, LaneScreen)
        assert "2 clusters merge without a person" in text(app, "#head")
        assert rows(app) == [
            ("e-mail", "1", "3", "2"),
            ("a link: one system names the other's record", "1", "2", "1"),
        ]
        await press(pilot, "tab", "tab")
        assert [row[:2] for row in rows(app)] == [("2", "1"), ("3", "1")]
        assert "s draw a sample and judge it" in text(app, "#next")
        assert "confirm" not in text(app, "#keys"), "not before the sample"
        await until(app, pilot, "#stands", "none was drawn and judged: nobody knows")
        await press(pilot, "i")
        told = "".join(block.plain for block in app.screen.query(Block))
        assert "how precise 0.99 is, nobody knows" in told
        assert "nobody has decided from 0.99 on" in told
        await press(pilot, "escape")
        await press(pilot, "s", "enter")
        await until(app, pilot, "#head", "Sample 1 of 2")
        assert isinstance(app.screen, LanePoolScreen)
        assert "0 right · 0 wrong (0 allowed) · 2 left" in text(app, "#head")
        assert "It merges by itself" in sheet(app)
        await press(pilot, "m")
        assert "1 right" in text(app, "#head")
        await press(pilot, "z")
        assert "0 right · 0 wrong (0 allowed) · 2 left" in text(app, "#head")
        await press(pilot, "m")
        await until(app, pilot, "#head", "1 right")
        await press(pilot, "m")
        await until(app, pilot, "#stands", "ACCEPTED; 2 right, 0 wrong")
        assert isinstance(app.screen, LaneScreen), "it is settled: back"
        assert "that was all of them: 100 % are right" in text(app, "#stands")
        await until(app, pilot, "#stands", "1 of 1 drawn from 0.99 on, links apart: 2.5 % to 100 %")
        assert "0 clusters" in text(app, "#head"), "people have the word on all of it now"

    tell(world, story)
    lot = world.state.lane.lot("match")
    assert lot is not None
    assert {d.lot for d in world.sent if isinstance(d, api.DecideCluster)} == {lot.seq}


def test_a_rejected_sample_leaves_the_review_only(make: Make) -> None:
    world = waiting(make)

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "a", "s", "enter")
        await until(app, pilot, "#head", "Sample 1 of 2")
        await press(pilot, "n")
        await until(app, pilot, "#stands", "REJECTED; 0 right, 1 wrong")
        assert isinstance(app.screen, LaneScreen)
        assert "x all to review" in text(app, "#next")
        await press(pilot, "c")
        assert isinstance(app.screen, LaneScreen), "c does nothing"
        await press(pilot, "x")
        await type_in(pilot, "7")
        assert "not the number of clusters" in text(app, "#wrong")
        await pilot.press("backspace")
        await type_in(pilot, "1")
        assert "anna lets nothing merge without a person" in text(app, "#stands")
        assert "0 clusters" in text(app, "#head")
        await press(pilot, "z")
        assert "not confirmed" in text(app, "#stands")

    tell(world, story, size=(80, 24))
    (decided,) = [c for c in world.sent if isinstance(c, api.DecideLane)]
    assert (decided.typed, decided.decision) == (1, "review")


def test_the_clusters_of_a_row_are_looked_at_and_left(make: Make) -> None:
    world = waiting(make)

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "p", "a")
        assert isinstance(app.screen, LaneScreen), "from the review too"
        await press(pilot, "enter")
        assert isinstance(app.screen, LanePoolScreen)
        assert "Safe lane, e-mail: 1 of 1 · 3 records" in text(app, "#head")
        assert "Hendrik-Jan" in sheet(app)
        await press(pilot, "f1")
        shown = text(app, "#help")
        assert "Same person: merge" in shown
        for absent in ("Only clusters of some kind", "What merges without", "Decided and left"):
            assert absent not in shown, "no key of it does anything here"
        assert "To the next pane" not in shown, "the key is another's here"
        await press(pilot, "escape", "i", "slash", "a")
        assert isinstance(app.screen, LanePoolScreen)
        await press(pilot, "escape", "escape", "escape")
        assert isinstance(app.screen, RunScreen)

    tell(world, story)
    assert not [c for c in world.sent if isinstance(c, api.DecideCluster)]


def test_what_is_decided_on_a_page_of_a_row_hides_nothing_of_the_next(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_queries, "EXAMPLES", 1)
    monkeypatch.setattr(lane_pool, "EXAMPLES", 1)
    world = waiting(make)
    world.cursor().execute("UPDATE store.cluster SET rule = 'guard'")
    world.cursor().execute("UPDATE store.pair SET reason = 'guard passed'")

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "a", "enter")
        await until(app, pilot, "#head", "1 of 2")
        first = sheet(app)
        await press(pilot, "n", "right")
        await until(app, pilot, "#head", "2 of 2")
        assert sheet(app) != first
        assert "○ undecided" in text(app, "#said"), "the other one, not behind it"
        await press(pilot, "n", "right")
        assert isinstance(app.screen, LaneScreen), "these were all of them"

    tell(world, story)


def test_before_the_match_nothing_is_said_to_merge(make: Make) -> None:
    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "a")
        assert isinstance(app.screen, LaneScreen)
        assert "not compared yet" in text(app, "#stands")
        assert "clusters" not in text(app, "#head")

    tell(fill(make()), story)


def test_who_reads_dutch_has_the_safe_lane_in_dutch(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", "nl")

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "a")
        assert "2 groepen worden zonder mens samengevoegd" in text(app, "#head")
        assert "Nu: s trek een steekproef en beoordeel die" in text(app, "#next")
        assert "s steekproef trekken" in text(app, "#keys")
        await until(app, pilot, "#stands", "niets getrokken en beoordeeld, dus onbekend")
        await press(pilot, "x")
        shown = "".join(block.plain for block in app.screen.query(Block))
        assert "Typ ter bevestiging het aantal groepen" in shown
        await press(pilot, "escape", "enter")
        assert "Zonder mens, e-mail: 1 van 1 · 3 records" in text(app, "#head")
        assert "← → de andere · n niet dezelfde" in text(app, "#next")
        await press(pilot, "escape", "s", "enter")
        await until(app, pilot, "#head", "Steekproef 1 van 2")
        assert "m goed  n fout" in text(app, "#keys")
        assert "0 goed · 0 fout (0 toegestaan) · nog 2" in text(app, "#head")

    tell(waiting(make), story)
