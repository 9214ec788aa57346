"""The whole demo in a real terminal, by keyboard alone, from what stands on the screen."""

from __future__ import annotations

import json
import re
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.program import audit_of, facts, finish, start, tui
from tests.e2e.terminal import PATIENCE, Terminal
from tui_migrate.engine.workspace import Workspace, is_held

TYPED = {"text": "As it is written in our register.", "number": "120", "date": "01-09-2026"}
KINDS = {"yes or no", "choice", *TYPED}


TURNS = 150
"""More turns than the demo has steps, gates and checklists together, several times over."""


@dataclass(slots=True)
class Person:
    """Somebody who does what the screen says, and remembers what was asked."""

    terminal: Terminal
    evidence: Path
    kinds: set[str] = field(default_factory=set)
    passed: list[str] = field(default_factory=list)
    files: int = 0
    not_applicable: int = 0

    def start(self) -> None:
        """Wait for the first screen and begin."""
        self.terminal.until("Next: ⏎ start the run")
        self.terminal.press("enter")
        self.terminal.until(lambda: "start the run" not in self.terminal.next)

    def walk(self, until: str) -> None:
        """Follow the line “Next:” until it says ``until``; a walk that goes in circles fails."""
        for _turn in range(TURNS):
            said = self.terminal.next
            if re.search(until, said):
                return
            if said.startswith("⏎ answer"):
                self.checklist()
            elif said.startswith("⏎ open gate"):
                self.gate()
            else:
                if said.startswith("⏎"):
                    self.terminal.press("enter")
                assert said.startswith(("⏎", "space")), self.terminal.text
                self.terminal.until_other(lambda: self.terminal.next, said)
        raise AssertionError(f"no end after {TURNS} turns:\n{self.terminal.text}")

    # Questions

    def checklist(self) -> None:
        """Open the questions, answer all, and go on with the run."""
        t = self.terminal
        t.press("enter")
        t.until(lambda: "to go" in t.next)
        while "to go" in t.next:
            left = t.next
            self.question()
            t.until_other(lambda: t.next, left)
            t.until(lambda: "esc cancel" not in t.text)
        assert t.next.startswith("c continue"), t.text
        t.press("c")
        t.until(lambda: t.next.startswith(("space", "⏎ open", "⏎ answer", "⏎ go on")))

    def question(self) -> None:
        """Answer the question under the cursor, in its own kind."""
        t = self.terminal
        if " apps " in t.plain.lower() and not self.not_applicable:
            self.not_applicable += 1
            t.press("x")
            t.type("Why does it not apply?", "There are none.")
            return
        t.press("enter")
        t.until("esc cancel")
        found = re.search(r"─ Answer: (.+?) ─", t.text)
        assert found, t.text
        kind = found[1]
        self.kinds.add(kind)
        if kind in TYPED:
            t.type(f"│ {kind} ", TYPED[kind])
        else:
            t.press("enter")
        if "Evidence file" in t.text:
            self.files += 1
            t.type("Evidence file", str(self.evidence))

    # Sign-offs

    def gate(self) -> None:
        """Open the gate, look, sign by typing the number that is shown, and leave."""
        t = self.terminal
        t.press("enter")
        t.until(lambda: t.next.startswith("read the evidence"))
        t.until("Evidence")
        name = re.search(r"─ Sign-off · (.+?) ─", t.text)
        assert name, t.text
        t.press("a")
        t.until("To sign, type the number")
        number = re.search(r"Records concerned: ([\d ]*\d)", t.text)
        assert number, t.text
        t.type("To sign, type the number", number[1])
        t.type("Comment", "Seen, and good.")
        t.until(lambda: t.next.startswith("esc back"))
        t.press("esc")
        t.until(lambda: not t.next.startswith("esc back"))
        self.passed.append(name[1])


def status(workspace: Path) -> dict[str, object]:
    """``status --json``."""
    found: dict[str, object] = json.loads(tui("status", "-w", workspace, "--json").out)
    return found


def evidence_of(folder: Path) -> Path:
    """A file that proves something."""
    path = folder / "restore-test.txt"
    path.write_text("restored on a machine of its own, and counted")
    return path


def at_run(t: Terminal) -> bool:
    """Whether the keys of Run stand there."""
    return "f findings" in t.text and "/ person" in t.text


def look_around(t: Terminal) -> None:
    """Open every screen from Run, and come back."""
    for key, there in (
        ("f", r"(?m)^ Findings "),
        ("m", r"\d+ columns"),
        ("p", r"Cluster \d"),
        ("r", r"REPLAY ·"),
        ("F1", r"All keys of this screen"),
        ("/", r"name, e-mail"),
    ):
        t.press(key)
        t.until(there)
        t.until(lambda: not at_run(t))
        t.press("esc")
        t.until(lambda: at_run(t))


def side_by_side(t: Terminal) -> str:
    """The first two records that stand beside each other, or ''."""
    found = re.search(r"1 (?:★ )?(\S+ \S+) +2 (?:★ )?(\S+ \S+) .*(?:weight|least…most)", t.text)
    return f"{found[1]} {found[2]}" if found else ""


def review(t: Terminal) -> None:
    """Settle some clusters: the same, not the same, unsure, and the last one taken back."""
    t.press("p")
    t.until(r"Cluster 1 of")
    t.until(lambda: side_by_side(t))
    for key, said in (("m", r"decided 1 \(1 merged, 0 not\)"), ("n", r"\(1 merged, 1 not\)")):
        before = side_by_side(t)
        t.press(key)
        t.until(said)
        t.until_other(lambda: side_by_side(t), before)
    place = re.search(r"Cluster (\d+) of", t.text)
    assert place
    t.press("u")
    t.until(lambda: f"Cluster {place[1]} of" not in t.text)
    t.press("z")
    t.until(rf"Cluster {place[1]} of")
    t.until(r"undecided .* was taken back")
    t.press("esc")
    t.until(lambda: t.next.startswith("space"))


def look_up(t: Terminal, name: str) -> None:
    """Find a person, and read who it is."""
    t.press("/")
    t.until("name, e-mail, telephone or id")
    t.child.send(name)
    t.until(rf"(?m)^[^\n]*{name}")
    t.press("enter")
    t.until(r"persons? fit")
    t.press("enter")
    t.until("Values")
    t.until("Trail")
    t.until(r"Records +\w")
    t.press("esc")
    t.until(r"persons? fit")
    t.press("esc")
    t.until(lambda: at_run(t))


def step_back_and_forth(t: Terminal) -> None:
    """Replay: a gate back, an entry back, an entry on, and out."""
    t.press("r")
    t.until(r"REPLAY · .* entry [\d ]+ of")

    def entry() -> int:
        found = re.search(r"entry ([\d ]+) of", t.text)
        return int(found[1].replace(" ", "")) if found else 0

    last = entry()
    t.press("[")
    t.until(lambda: 0 < entry() < last)
    gate = entry()
    t.press("left")
    t.until(lambda: entry() == gate - 1)
    t.press("right")
    t.until(lambda: entry() == gate)
    t.press("end")
    t.until(lambda: entry() == last)
    t.press("esc")
    t.until(lambda: at_run(t))


@pytest.mark.long(seconds=100)
def test_the_demo_by_keyboard_from_its_start_to_its_signed_end(tmp_path: Path) -> None:
    workspace = tmp_path / "demo"
    with Terminal("demo", workspace) as t:
        person = Person(t, evidence_of(tmp_path))
        person.start()
        person.walk("Doubtful duplicates")
        review(t)
        person.walk("Doubtful duplicates")
        look_around(t)
        person.walk("the run is complete")
        look_up(t, "Vries")
        step_back_and_forth(t)
        t.press("q")
        assert t.ended() == 0
    assert person.kinds >= KINDS
    assert (person.files, person.not_applicable) == (2, 1)
    signed = [fact["gate"] for fact in facts(workspace, "gate.signed")]
    assert len(person.passed) == len(signed) == len(set(signed)) == 9
    kinds = [fact["decision"] for fact in facts(workspace, "cluster.decided")]
    assert kinds == ["settled", "settled", "unsure"]
    assert len(list(facts(workspace, "decision.back"))) == 1
    assert status(workspace)["ended"] == "done"
    tui("audit", "verify", "-w", workspace)


@pytest.mark.soak
def test_on_a_small_terminal_up_to_the_first_gate(tmp_path: Path) -> None:
    with Terminal("demo", tmp_path / "demo", columns=80, rows=24) as t:
        person = Person(t, evidence_of(tmp_path))
        person.start()
        person.walk("open gate")
        look_around(t)
        person.gate()
        assert t.next.startswith("⏎ go on with")
        t.press("q")
        assert t.ended() == 0


def assert_sound_so_far(workspace: Path) -> None:
    """Nothing is wrong with the audit but that the run has not ended: all entries are trusted. The
    engine carries the run on to where somebody is needed, and then ends by itself."""
    until = time.monotonic() + PATIENCE
    while is_held(Workspace(workspace)):
        assert time.monotonic() < until, "the engine does not end"
        time.sleep(0.1)
    said = finish(start("audit", "verify", "-w", workspace)).said
    entries = len((audit_of(workspace) / "journal.jsonl").read_bytes().splitlines())
    assert re.findall(r"^✗ .*", said, re.MULTILINE) == [
        "✗ The end is not vouched for: the run is not finished, or its end was cut off.",
        f"✗ Consistent to its last entry, {entries}; trust ends there.",
    ]


def up_to_the_reading(t: Terminal, evidence: Path) -> None:
    """Walk until the deliveries are being read."""
    person = Person(t, evidence)
    person.start()
    person.walk("answer 8 questions")
    person.checklist()
    t.until(lambda: t.next.startswith("space") and "▶ Read all deliveries" in t.text)


@pytest.mark.soak
def test_a_lost_terminal_in_mid_run_and_on_again(tmp_path: Path) -> None:
    workspace = tmp_path / "demo"
    with Terminal("demo", workspace) as t:
        up_to_the_reading(t, evidence_of(tmp_path))
        t.child.kill(signal.SIGHUP)
        assert t.ended() == 130
    units = [(f["step"], f["unit"]) for f in facts(workspace, "unit.committed")]
    with Terminal("demo", workspace) as t:
        t.until("Next: ⏎")
        assert "start the run" not in t.next
        t.press("enter")
        t.until("Next: ⏎ open gate “Mapping")
        t.press("q")
        assert t.ended() == 0
    after = [(f["step"], f["unit"]) for f in facts(workspace, "unit.committed")]
    assert after[: len(units)] == units, "nothing is done twice, nothing is lost"
    assert len(after) == len(set(after))
    assert_sound_so_far(workspace)


@pytest.mark.long(seconds=19)
@pytest.mark.parametrize("key", ["q", pytest.param("ctrl+c", marks=pytest.mark.soak)])
def test_leaving_while_a_step_runs_asks_first_and_the_engine_goes_on(
    tmp_path: Path, key: str
) -> None:
    workspace = tmp_path / "demo"
    with Terminal("demo", workspace) as t:
        up_to_the_reading(t, evidence_of(tmp_path))
        t.press(key)
        t.until("⏎ leave .* esc cancel")
        t.press("esc")
        t.until(lambda: "esc cancel" not in t.text)
        t.press(key)
        t.until("⏎ leave .* esc cancel")
        t.press("enter")
        assert t.ended() == 0
    stands = status(workspace)
    assert stands["ended"] == ""
    assert_sound_so_far(workspace)
