"""The sample data are what their README says, and their truth follows from their facts."""

import csv
import hashlib
import io
import json
from collections import defaultdict
from pathlib import Path

import fastexcel
import pytest

from sample_data.generator.run import generate
from sample_data.generator.score import main, score

MEDIA = Path(__file__).parents[2] / "sample_data" / "media"
TRUNCATED = "2026-03-04-delta-3"
HOSTILE = ("[/]", "[@click=app.approve]x[/]", "\x1b[31m", "\x07", "=2+5", "A" * 300)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample")
    generate(out, 1500, 7)
    return out


def digests(root: Path) -> dict[str, str]:
    return {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(root.rglob("*"))
        if p.is_file()
    }


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def text(root: Path, source: str) -> str:
    path = next((root / "deliveries" / source / "2026-03-01-full").glob("*.[cj]s*[vl]"))
    return path.read_bytes().decode("cp1252" if source.startswith("crm") else "utf-8", "replace")


def cells(root: Path) -> list[dict[str, object]]:
    path = root / "deliveries" / "events" / "2026-03-01-full" / "attendance.xlsx"
    sheet = fastexcel.read_excel(path).load_sheet("Aanwezigen")
    rows: list[dict[str, object]] = sheet.to_arrow().to_pylist()
    return rows


def data_rows(path: Path) -> int:
    if path.suffix == ".xlsx":
        return int(fastexcel.read_excel(path).load_sheet("Aanwezigen").height)
    content = path.read_bytes().decode("latin-1")
    if path.suffix == ".jsonl":
        return content.count("\n")
    separator = ";" if content.partition("\n")[0].count(";") > 3 else ","
    return sum(1 for _ in csv.reader(io.StringIO(content, newline=""), delimiter=separator)) - 1


def test_the_committed_set_is_what_the_generator_writes(small: Path) -> None:
    """Byte for byte; of the workbook only the cells, for zip libraries compress differently."""
    fresh, committed = (
        {name: digest for name, digest in digests(root).items() if "/events/" not in name}
        for root in (small, MEDIA)
    )
    assert fresh == committed
    assert cells(small) == cells(MEDIA)


def test_two_processes_write_the_same_bytes_as_one(tmp_path: Path) -> None:
    generate(tmp_path / "one", 5_400, 3, processes=1)
    generate(tmp_path / "two", 5_400, 3, processes=2)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_another_seed_makes_other_people(small: Path, tmp_path: Path) -> None:
    generate(tmp_path, 50, 8)
    generate(tmp_path / "again", 50, 9)
    assert text(tmp_path, "crm") != text(tmp_path / "again", "crm")


def test_every_manifest_is_right_except_that_of_the_truncated_delta(small: Path) -> None:
    manifests = sorted((small / "deliveries").glob("*/*/manifest.json"))
    assert len(manifests) == 18
    for path in manifests:
        manifest = json.loads(path.read_text())
        assert manifest["delivery"] == path.parent.name
        assert manifest["source"] == path.parent.parent.name
        for file in manifest["files"]:
            data = path.parent / file["name"]
            right = hashlib.sha256(data.read_bytes()).hexdigest() == file["sha256"]
            same_rows = data_rows(data) == file["rows"]
            assert (right, same_rows) == ((path.parent.name != TRUNCATED,) * 2), path


def test_the_deltas_hold_a_repeat_a_gap_and_a_complete_second_attempt(small: Path) -> None:
    root = small / "deliveries" / "email_changes"
    sequences = [
        json.loads((folder / "manifest.json").read_text())["sequence"]
        for folder in sorted(root.iterdir())
    ]
    assert sequences == [1, 2, 3, 2, 5, 4, 3, 6]
    content = {f.name: (f / "changes.csv").read_bytes() for f in root.iterdir()}
    assert content["2026-03-03-delta-2"] == content["2026-03-05-delta-2-again"]
    assert content["2026-03-08-delta-3-complete"].startswith(content[TRUNCATED])
    assert not content[TRUNCATED].endswith(b"\n")


def test_the_traps_are_there(small: Path) -> None:
    crm, mail = text(small, "crm"), text(small, "email")
    everything = (
        crm + mail + text(small, "shop").replace("\\u001b", "\x1b").replace("\\u0007", "\x07")
    )
    everything += text(small, "subscriptions")
    for trap in (*HOSTILE, "Ã", "gmial.com", "E+10", '=""06', "31-02-", "01-01-1900", "\0"):
        assert trap in everything, trap
    assert "\ufffd" in crm
    assert "\ufffd" in mail
    assert ';"De "Groene" Hoek";' in crm
    rows = list(csv.reader(io.StringIO(crm, newline=""), delimiter=";"))
    assert {len(row) for row in rows} == {14, 26, 28}
    assert any("\n" in cell for row in rows for cell in row)
    keys = defaultdict(list)
    for row in rows:
        keys[row[0]].append(row)
    repeats = [group for group in keys.values() if len(group) > 1]
    assert any(group[0] == group[1] for group in repeats)
    assert any(group[0] != group[1] for group in repeats)
    with pytest.raises(json.JSONDecodeError):
        [json.loads(line) for line in text(small, "shop").splitlines()]


def test_the_small_set_stays_small(small: Path) -> None:
    assert sum(p.stat().st_size for p in small.rglob("*") if p.is_file()) < 4_000_000


def test_people_occur_in_several_systems_and_share_mailboxes(small: Path) -> None:
    sources = defaultdict(set)
    for row in table(small / "truth" / "persons.csv"):
        sources[row["person_id"]].add(row["source"])
    assert sum(len(found) >= 3 for found in sources.values()) > 300
    owner = {(r["source"], r["record_id"]): r["person_id"]
             for r in table(small / "truth" / "persons.csv")}  # fmt: skip
    carriers = defaultdict(set)
    for row in table(small / "truth" / "contact_points.csv"):
        carriers[row["contact_point"]].add(owner[row["source"], row["record_id"]])
    assert sum("@" in p and len(who) > 1 for p, who in carriers.items()) > 30


def test_every_rule_of_both_policies_occurs(small: Path) -> None:
    rules = {r["rule"] for r in table(small / "truth" / "consents_restrictive.csv")}
    plain = {"newest_optin", "newest_optout", "tie_optout", "undated_optout", "no_evidence"}
    assert plain | {"unconfirmed_optin"} <= rules
    assert {"suppression:" + r for r in ("hard_bounce", "complaint", "manual", "deceased",
                                         "register")} <= rules  # fmt: skip


def timeline(truth: Path) -> dict[tuple[str, str, str], list[tuple[str, int, bool]]]:
    """Per person, brand and channel: (time or "~" for an undated opt-out, is opt-out, confirmed)."""
    people = {(r["source"], r["record_id"]): r for r in table(truth / "persons.csv")}
    carriers: dict[str, set[str]] = defaultdict(set)
    mailboxes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in table(truth / "contact_points.csv"):
        key, point = (row["source"], row["record_id"]), row["contact_point"]
        carriers[point].add(people[key]["person_id"])
        mailboxes[key] += [point] if "@" in point else []
    found: dict[tuple[str, str, str], list[tuple[str, int, bool]]] = defaultdict(list)
    spread, beside = [], []
    for e in table(truth / "consent_events.csv"):
        record = people.get((e["source"], e["record_id"]))
        if record and record["readable"] == "0":
            continue
        for person in [record["person_id"]] if record else carriers[e["contact_point"]]:
            out = e["state"] == "opt-out"
            valid = out or (e["state"] == "opt-in" and e["event_at_utc"] and e["evidence_source"])
            entry = (e["event_at_utc"] or "~", int(out), e["confirmed"] == "1")
            if out and e["origin"] == "email":
                others = {p for m in mailboxes[e["source"], e["record_id"]] for p in carriers[m]}
                key = (e["brand"], e["channel"])
                beside += [((other, *key), entry) for other in others - {person}]
            if e["brand"] == "*":
                spread.append((person, e["channel"], entry))
            else:
                found[person, e["brand"], e["channel"]] += [entry] if valid else []
    for place, entry in beside:
        if place in found:
            found[place].append(entry)
    for person, channel, entry in spread:
        for brand in ("Nova", "Veldpost", "Kompas"):
            if (person, brand, channel) in found:
                found[person, brand, channel].append(entry)
    return found


def test_truth_follows_from_the_facts_by_a_second_way_of_counting(small: Path) -> None:
    """Sort each timeline; its last entry decides, opt-outs behind opt-ins of the same instant."""
    truth = small / "truth"
    found = timeline(truth)
    for policy in ("newest", "restrictive"):
        states = {
            (r["person_id"], r["brand"], r["channel"]): r
            for r in table(truth / f"consents_{policy}.csv")
        }
        assert states.keys() == found.keys()
        for key, row in states.items():
            if row["rule"].startswith("suppression:"):
                assert row["status"] == "opt-out"
                continue
            line = sorted(found[key])
            last = max((i for i, entry in enumerate(line) if entry[1]), default=-1)
            later = line[last + 1 :]
            if policy == "restrictive" and last >= 0 and not any(c for *_, c in later):
                later = []
            decisive = later[-1] if later else line[last] if last >= 0 else ("~", 1, False)
            assert row["status"] == ("opt-out" if decisive[1] else "opt-in"), (key, line)
            assert row["evidence_at"] == decisive[0].replace("~", ""), (key, line)


def export(truth: Path, out: Path, policy: str) -> None:
    """What a migration without a single mistake would export."""
    out.mkdir()
    lines = [f"{r['source']},{r['record_id']},{r['person_id']}"
             for r in table(truth / "persons.csv") if r["readable"] == "1"]  # fmt: skip
    (out / "crosswalk.csv").write_text("\n".join(["source,record_id,profile_id", *lines]) + "\n")
    (out / "pairs.csv").write_text(
        "source_a,record_a,source_b,record_b,weight,probability,band,decision,decided_by\n"
    )
    states = (truth / f"consents_{policy}.csv").read_text()
    (out / "consents.csv").write_text(states.replace("person_id", "profile_id", 1))


@pytest.mark.parametrize("policy", ["newest", "restrictive"])
def test_a_migration_without_mistakes_scores_in_full(
    small: Path, tmp_path: Path, policy: str
) -> None:
    export(small / "truth", tmp_path / "x", policy)
    figures = score(small / "truth", tmp_path / "x", policy)
    assert figures["missed"] == []
    assert figures["precision"] == figures["auto_recall"] == 1.0
    assert figures["consents_exact"] == figures["consents"] > 2_000
    assert figures["pure_exact"] == figures["pure_rows"] == figures["consents"]


def test_a_lost_opt_out_and_an_invented_opt_in_fail(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export(small / "truth", tmp_path / "x", "newest")
    path = tmp_path / "x" / "consents.csv"
    lines = path.read_text().splitlines()
    for rule in ("newest_optout", "no_evidence"):
        at = next(i for i, line in enumerate(lines) if line.endswith(rule))
        lines[at] = lines[at].replace("opt-out", "opt-in").replace(rule, "newest_optin")
    path.write_text("\n".join(lines) + "\n")
    assert main([str(small / "truth"), str(tmp_path / "x"), "--json"]) == 1
    figures = json.loads(capsys.readouterr().out)
    assert figures["lost_optouts"] == 1
    assert figures["invented_optins"] >= 1
    assert figures["consents_exact"] == figures["consents"] - 2


def test_merging_strangers_costs_precision_but_not_when_a_person_did_it(
    small: Path, tmp_path: Path
) -> None:
    truth, out = small / "truth", tmp_path / "x"
    export(truth, out, "newest")
    rows = [r for r in table(truth / "persons.csv") if r["readable"] == "1"]
    one = rows[0]
    other = next(r for r in rows if r["person_id"] != one["person_id"])
    path = out / "crosswalk.csv"
    path.write_text(path.read_text().replace(f",{other['person_id']}\n", f",{one['person_id']}\n"))
    before = score(truth, out, "newest")
    assert before["precision"] < 1
    pairs = out / "pairs.csv"
    pair = f"{one['source']},{one['record_id']},{other['source']},{other['record_id']}"
    pairs.write_text(pairs.read_text() + f"{pair},1.0,0.5,review,merge,anna\n")
    assert score(truth, out, "newest")["precision"] == 1


def test_missing_exports_are_an_error_of_use(small: Path, tmp_path: Path) -> None:
    assert main([str(small / "truth"), str(tmp_path)]) == 2
