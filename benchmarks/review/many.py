"""``python -m benchmarks.review.many``: what a step takes in a queue of 100,000 clusters.

So many pairs and triples that look like one person, made, run until they wait behind the match, and
asked of an engine in this process as the review screen asks: by somebody who sees all, through filters
that few or most clusters fit, and by roles of one brand. Prints its part of ``benchmarks/review.md`` and
writes it there.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import workload
from benchmarks.measure import machine_busy
from benchmarks.review import keys
from tui_migrate.engine import api
from tui_migrate.engine.answers import ready_for_reviewers
from tui_migrate.engine.client import open_client
from tui_migrate.engine.engine import Engine
from tui_migrate.engine.review_queries import ClusterFilter, ClusterPage, ClusterQueue, ClusterStep

TITLE = "## A queue of many clusters"
CLUSTERS, STEPS = 100_000, 12
KEY = b"a key for this benchmark only"

HEAD = f"""\
{TITLE}

Made by `python -m benchmarks.review.many`: {{clusters:,}} clusters of {{records:,}} records in three
sources and of three brands, asked of an engine in one process; what is read of a cluster itself was read
ahead. *Opens*: the first question with that filter or of that role; the other steps {STEPS} times each,
in the middle and, in brackets, the slowest. Before that, once for everybody, the queue was made, as an
engine does while the match waits: {{made:.1f}} s. The machine was used to {{busy:.0%}} meanwhile, by
other programs too.

| who asks, and for what | fitting | opens | next | previous | jump | decides, next open | how far |
|---|---:|---:|---:|---:|---:|---:|---:|"""
FOOT = """
Milliseconds. Aim: opened in under {opens:,.0f}, every other step in the middle in under {step:.0f}:
{reached}.
"""
OPENS, STEP = 1000.0, 50.0

RUNBOOK = """\
runbook: many
title: Many
zone: Europe/Amsterdam
rehearsal: true
brands: [Nova, Kompas, Bron]
sources:
{sources}
target: {{type: csv, path: exports/target}}
roles:
  lead: {{users: ["*"]}}
  nova: {{users: [nora], brands: [Nova]}}
  bron: {{users: [bram], brands: [Bron]}}
phases:
  - id: one
    title: One
    steps:
      - {{id: read, uses: ingest, title: Read}}
      - {{id: bring, uses: map, title: Bring}}
      - {{id: pair, uses: match, title: Pair, with: {{cap: 100, review_from: 0.10, auto_from: 0.99}}}}
      - {{id: look, uses: gate, title: Look, with: {{approvals: [{{role: lead}}], evidence: [pair]}}}}
"""
SOURCE = """\
  {name}:
    files: "deliveries/{name}/*/*.csv"
    format: {{type: csv, delimiter: ";", encoding: utf-8}}
    key: Nr
    mapping: [mapping/{name}.yaml, mapping/{name}_said.yaml]
"""
PERSON = """\
source: {name}
entity: profile
fields:
  first_name: {{from: Voornaam}}
  family_name: {{from: Naam}}
  birth_date: {{from: Geboren}}
  email: {{from: Email}}
  street: {{from: Straat}}
  house_number: {{from: Huisnr}}
  postcode: {{from: Postcode}}
  town: {{from: Plaats}}
"""
SAID = """\
source: {name}
entity: consent
fields:
  channel: {{value: email}}
  brand: {{from: Merk}}
  purpose: {{value: marketing}}
  state: {{value: given}}
  event_at: {{from: Akkoord}}
"""
COLUMNS = "Nr;Voornaam;Naam;Geboren;Email;Straat;Huisnr;Postcode;Plaats;Merk;Akkoord\n"
GIVEN = ("Anna", "Johannes", "Maria", "Pieter", "Elisabeth", "Thomas", "Katrien", "Joris")
SHORT = ("Ans", "Jan", "Ria", "Piet", "Els", "Tom", "Trijn", "Joris")
RARE = 1_000
"""One cluster in so many has a record of the third source, and one is of the third brand."""
LEAD = api.Identity(user="lena", uid=0, roles=("lead",))
NOVA = api.Identity(user="nora", uid=4711, roles=("nova",))
BRON = api.Identity(user="bram", uid=4712, roles=("bron",))
CASES: dict[str, tuple[str, dict[str, str]]] = {
    "all brands": ("", {}),
    "all brands, `source:mail`": ("", {"source": "mail"}),
    "all brands, `source:fair`": ("", {"source": "fair"}),
    "all brands, `brand:Kompas`": ("", {"brand": "Kompas"}),
    "all brands, `brand:Bron`": ("", {"brand": "Bron"}),
    "all brands, `band:doubtful`": ("", {"band": "doubtful"}),
    "all brands, `field:name_frequency`": ("", {"field": "name_frequency"}),
    "all brands, `reason:`": ("", {"reason": "not certain enough"}),
    "all brands, `state:open`": ("", {"state": "open"}),
    "all brands, `state:unsure`": ("", {"state": "unsure"}),
    "all brands, `by:` oneself": ("", {"by": "me"}),
    "a role of one brand of half of them": ("nova", {}),
    "the same, `source:fair`": ("nova", {"source": "fair"}),
    "the same, `state:open`": ("nova", {"state": "open"}),
    "a role of a rare brand": ("bron", {}),
}
"""Name of a row → the role that asks, and its filter."""


def _name(number: int) -> str:
    """A family name that hardly any other cluster has."""
    found = ""
    for _syllable in range(4):
        number, at = divmod(number, 90)
        found += "bcdfghjklmnprstvwz"[at % 18] + "aeiou"[at % 5]
    return found.capitalize() + "sen"


def _rows(clusters: int) -> dict[str, list[str]]:
    """Source → its rows. Every cluster stands in two sources by a short form of a name, every third a
    third time by an initial; one in fifty is two persons of one mailbox."""
    rows: dict[str, list[str]] = {"crm": [], "mail": [], "fair": []}
    for n in range(clusters):
        family, given = _name(n * 7919), n % len(GIVEN)
        place = f"{_name(n % 3001)}straat;{n % 200 + 1};{1000 + n % 9000} "
        place += f"{chr(65 + n // 9000 % 26)}{chr(65 + n % 26)}"
        brand = "Bron" if n % RARE == 7 else "Nova" if n % 20 < 10 else "Kompas"
        other = "Kompas" if n % 20 == 0 else brand
        known = f"1970-05-06;p{n}@voorbeeld.nl" if n % 50 == 13 else ";"
        rest = f";{family};{known};{place};{'Gent' if n % 5 else 'Brugge'};"
        short = GIVEN[(given + 2) % len(GIVEN)] if n % 50 == 13 else SHORT[given]
        rows["crm"].append(f"C{n};{GIVEN[given]}{rest}{brand};2021-03-04\n")
        source = "fair" if n % RARE == 25 else "mail"
        rows[source].append(f"M{n};{short}{rest}{other};2021-03-04\n")
        if n % 3 == 1:
            rows["mail"].append(f"N{n};{GIVEN[given][0]}.{rest}{other};2021-03-04\n")
    return rows


def made(root: Path, clusters: int) -> Path:
    """A workspace that waits with so many clusters."""
    rows = _rows(clusters)
    (root / "mapping").mkdir(parents=True)
    for name, lines in rows.items():
        folder = root / "deliveries" / name / "2026-03-01"
        folder.mkdir(parents=True)
        (folder / "people.csv").write_text(COLUMNS + "".join(lines))
        (root / "mapping" / f"{name}.yaml").write_text(PERSON.format(name=name))
        (root / "mapping" / f"{name}_said.yaml").write_text(SAID.format(name=name))
    sources = "".join(SOURCE.format(name=name) for name in rows)
    (root / "runbook.yaml").write_text(RUNBOOK.format(sources=sources))
    client = open_client(root, key=KEY)
    stopped = client.run_here()
    client.close()
    assert int(stopped.exit) == 3, stopped.message
    return root


@dataclass(slots=True)
class Row:
    """Milliseconds of each step of one who asks."""

    fitting: int = 0
    opens: float = 0.0
    steps: dict[str, list[float]] = field(
        default_factory=lambda: {"next": [], "previous": [], "jump": [], "decide": [], "far": []}
    )

    @property
    def slowest(self) -> float:
        """Of the kinds of steps the slowest, in the middle."""
        return max(statistics.median(took or [0.0]) for took in self.steps.values())

    def cells(self) -> Iterator[str]:
        """What stands in the table."""
        yield f"{self.fitting:,}"
        yield f"{self.opens:.0f}"
        for took in self.steps.values():
            yield f"{statistics.median(took):.0f} ({max(took):.0f})" if took else "–"


def asked(engine: Engine, who: api.Identity, only: ClusterFilter, count: int) -> Row:
    """Open, go to and fro, decide, and ask how far it is."""
    row = Row()
    token: dict[str, Any] = {"sitting": "bench", "only": only}

    def timed(work: Callable[[], Any], into: list[float] | None) -> Any:
        engine.core.reviews.ahead.rest()
        began = time.perf_counter()
        found = work()
        took = 1000 * (time.perf_counter() - began)
        if into is None:
            row.opens = took
        else:
            into.append(took)
        return found

    def step(into: list[float] | None, **to: Any) -> ClusterPage:
        query = ClusterStep(**token, **to)
        if into is not None:
            engine.question(query, who)  # staging has been asked for the cluster, as if ahead
        page: ClusterPage = timed(lambda: engine.question(query, who), into)
        return page

    page = step(None, move="open")
    row.fitting = page.window.fitting
    for _number in range(count):
        for move in ("next", "previous"):
            if page.ref is not None:
                page = step(row.steps[move], move=move, start=page.ref.number)
        if page.ref is not None:
            page = step(row.steps["jump"], records=page.ref.records[:1])
        timed(lambda: engine.question(ClusterQueue(limit=0, only=only), who), row.steps["far"])
    for _number in range(count):
        if page.ref is None:
            break
        ref = page.ref
        word = api.DecideCluster(records=ref.records, sitting="bench", decision="unsure")

        def both(word: api.DecideCluster = word, start: int = ref.number) -> ClusterPage:
            assert engine.command(word, who).ok
            query = ClusterStep(**token, move="open", start=start)
            page: ClusterPage = engine.question(query, who)
            return page

        page = timed(both, row.steps["decide"])
    return row


def measured(root: Path, count: int = STEPS) -> tuple[float, int, dict[str, Row]]:
    """Seconds until the queue was made, its clusters, and the rows."""
    client = open_client(root, key=KEY)
    engine = client.engine
    who = {"": client.identity, "nova": NOVA, "bron": BRON}
    try:
        began = time.perf_counter()
        ready_for_reviewers(engine.view)
        window = client.ask(ClusterQueue(limit=0))
        took = time.perf_counter() - began
        rows = {}
        for name, (role, only) in CASES.items():
            me = {"by": client.identity.user} if "by" in only else {}
            rows[name] = asked(engine, who[role], ClusterFilter(**{**only, **me}), count)
            _say(f"  {name}: {' | '.join(rows[name].cells())}")
    finally:
        client.close()
    return took, window.total, rows


def section(clusters: int = CLUSTERS, root: Path | None = None) -> str:
    """Measure, and say it in Markdown."""
    with tempfile.TemporaryDirectory(prefix="many-", dir=workload.cache()) as folder:
        if root is None:
            _say(f"{clusters:,} clusters …")
            root = made(Path(folder) / "workspace", clusters)
        used, there = machine_busy()
        took, total, rows = measured(root)
        used_after, there_after = machine_busy()
    busy = (used_after - used) / (there_after - there)
    records = sum(map(len, _rows(clusters).values()))
    lines = [HEAD.format(clusters=total, records=records, made=took, busy=busy)]
    lines += [f"| {name} | {' | '.join(row.cells())} |" for name, row in rows.items()]
    good = all(row.opens < OPENS and row.slowest < STEP for row in rows.values())
    foot = FOOT.format(opens=OPENS, step=STEP, reached="reached" if good else "not reached")
    return "\n".join([*lines, foot])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="benchmarks.review.many", description=__doc__)
    parser.add_argument("--clusters", type=int, default=CLUSTERS)
    parser.add_argument("--workspace", type=Path, help="one that was made before; it is changed")
    parser.add_argument("--output", type=Path, default=keys.RESULTS)
    given = parser.parse_args(arguments)
    text = section(given.clusters, given.workspace)
    keys.put(text, given.output)
    print(text)
    return 0


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
