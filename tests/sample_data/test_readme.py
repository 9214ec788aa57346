"""What README.md says about the deliveries is enough to find every consent fact of the truth.

The deliveries are read here with nothing but the README at hand, so whoever writes mappings from
it can reach the truth too.
"""

import csv
import io
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers

MEDIA = Path(__file__).parents[2] / "sample_data" / "media"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
CHANNELS = {"e-mail": "email", "post": "post", "telefoon": "phone", "sms": "sms"}
STATES = {
    **dict.fromkeys(("ja", "J", "opt-in"), "opt-in"),
    **dict.fromkeys(("nee", "N", "opt-out"), "opt-out"),
    **dict.fromkeys(("onbekend", ""), "unknown"),
}
COLUMNS = (
    "source", "record_id", "contact_point", "channel", "brand", "state", "event_at_utc",
    "evidence_source", "campaign", "confirmed", "origin",
)  # fmt: skip
Fact = tuple[str, ...]


def read(path: Path, encoding: str, separator: str) -> list[dict[str, str]]:
    """The well-formed rows of a file, each key once."""
    content = path.read_bytes().decode(encoding, "replace")
    rows = list(csv.reader(io.StringIO(content, newline=""), delimiter=separator))
    header = rows[0]
    whole = {row[0]: dict(zip(header, row, strict=False)) for row in rows[1:]
             if len(row) >= len(header)}  # fmt: skip
    return list(whole.values())


def instant(text: str, form: str = "") -> str:
    """UTC text of a local or zoned time; nothing for no date or an impossible one."""
    try:
        moment = datetime.strptime(text, form) if form else datetime.fromisoformat(text)
    except ValueError:
        return ""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=AMSTERDAM)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def brand(text: str) -> str:
    return "*" if text in ("", "alle") else text


def consents_of_crm() -> list[Fact]:
    path = MEDIA / "deliveries/crm_consents/2026-03-01-full/consents.csv"
    return [
        ("crm", r["Relatienummer"], "", CHANNELS[r["Kanaal"]], brand(r["Merk"]),
         STATES[r["Toestemming"]], instant(r["Datum"], "%d-%m-%Y"), r["Bron"], r["Campagne"],
         "1" if r["Bevestigd"] == "ja" else "0", "crm_consents")
        for r in read(path, "cp1252", ";")
    ]  # fmt: skip


def consents_of_email() -> list[Fact]:
    found: list[Fact] = []
    for r in read(MEDIA / "deliveries/email/2026-03-01-full/subscribers.csv", "utf-8-sig", ","):
        key = ("email", r["subscriber_id"], "", "email", r["list"])
        confirmed = "1" if r["confirm_time"] else "0"
        evidence = (r["source"], r["campaign"], confirmed, "email")
        found.append((*key, "opt-in", instant(r["opt_in_time"]), *evidence))
        if r["status"] in ("unsubscribed", "resubscribed"):
            found.append((*key, "opt-out", instant(r["unsubscribe_time"]), "", "", "0", "email"))
    return found


def consents_of_changes() -> list[Fact]:
    found: list[Fact] = []
    for folder in sorted((MEDIA / "deliveries/email_changes").iterdir()):
        if folder.name in ("2026-03-04-delta-3", "2026-03-05-delta-2-again"):
            continue
        for r in read(folder / "changes.csv", "utf-8", ","):
            if not r["change_type"].startswith("opt-"):
                continue
            named = (
                ("email", r["subscriber_id"], "") if r["subscriber_id"]
                else ("crm", r["relatienummer"], "") if r["relatienummer"]
                else ("", "", r["email"])
            )  # fmt: skip
            confirmed = "1" if r["confirmed"] == "yes" else "0"
            found.append(
                (*named, r["channel"], brand(r["brand"]), r["change_type"],
                 instant(r["changed_at"]), r["source"], r["campaign"], confirmed, "email_changes")
            )  # fmt: skip
    return found


def truth(name: str) -> list[dict[str, str]]:
    with (MEDIA / "truth" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_consent_fact_can_be_read_from_the_deliveries() -> None:
    expected = Counter(tuple(row[c] for c in COLUMNS) for row in truth("consent_events.csv"))
    found = Counter(consents_of_crm() + consents_of_email() + consents_of_changes())
    assert found == expected


def test_every_suppression_can_be_read_from_the_deliveries() -> None:
    expected = Counter(
        (r["contact_point"], r["record_id"], r["channel"], r["reason"], r["event_at_utc"])
        for r in truth("optouts.csv")
        if r["origin"] == "suppressions"
    )
    path = MEDIA / "deliveries/suppressions/2026-03-01-full/suppressions.csv"
    assert expected == Counter(
        (r["contact_point"], r["relatienummer"], r["channel"], r["reason"], instant(r["date"]))
        for r in read(path, "utf-8", ",")
    )


def test_opt_outs_of_the_truth_are_those_of_its_events() -> None:
    told = Counter(
        (r["source"], r["record_id"], r["contact_point"], r["channel"], r["brand"])
        for r in truth("consent_events.csv")
        if r["state"] == "opt-out"
    )
    assert told == Counter(
        (r["source"], r["record_id"], r["contact_point"], r["channel"], r["brand"])
        for r in truth("optouts.csv")
        if r["kind"] == "opt-out"
    )


def test_phone_numbers_are_of_a_shape_that_exists() -> None:
    points = {r["contact_point"] for r in truth("contact_points.csv")}
    numbers = [p for p in points if p.startswith("+")]
    assert len(numbers) > 500
    assert [n for n in numbers if not phonenumbers.is_valid_number(phonenumbers.parse(n))] == []


def test_links_join_records_of_one_person() -> None:
    owner = {(r["source"], r["record_id"]): r["person_id"] for r in truth("persons.csv")}
    links = truth("links.csv")
    assert links
    for link in links:
        one = owner[link["source_a"], link["record_a"]]
        assert one == owner[link["source_b"], link["record_b"]]
