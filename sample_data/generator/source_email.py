"""The e-mail platform: one row per address and list, its events, and what it suppresses."""

from . import clock
from .desk import BAD_BYTE, Desk, line
from .people import Org, Person
from .spelling import Habits, Spelling

SUBSCRIBERS = "email/subscribers.csv"
CLICKS = "clicks/clicks.csv"
HEADER = (
    "subscriber_id,email,first_name,last_name,list,crm_id,status,opt_in_time,confirm_time,"
    "unsubscribe_time,source,campaign,bounce_status,bounce_time"
)
CLICK_HEADER = "event_id,subscriber_id,event,detail,time,campaign,url,brand"
_FORMS = ("website", "popup", "shop checkout", "event", "co-registration", "import 2019")
_PAGES = ("artikel", "actie", "puzzel", "recept", "sport", "login")


def write_email(desk: Desk) -> None:
    """Rows of persons and of info@ mailboxes, then some broken and repeated ones."""
    for person in desk.village.persons:
        if desk.chance(0.68):
            named = desk.chance(0.62)
            for slot, brand in enumerate(desk.brands(person)):
                _row(desk, person, brand, slot, named)
    for place, org in enumerate(desk.village.orgs):
        if desk.chance(0.4):
            _org_row(desk, org, desk.village.first + place)
    desk.repeat_some(SUBSCRIBERS, 0.003, but=_broken(desk))


def subscriber_id(index: int, slot: int) -> str:
    return str(100_000 + index * 8 + slot)


def _row(desk: Desk, person: Person, brand: str, slot: int, named: bool) -> None:
    number = subscriber_id(person.index, slot)
    habits = Habits(first=0.9 if named else 0.0)
    said = desk.scribe.write(person, habits, old=desk.chance(0.35))
    said.address_key = ""
    if not named:
        said.first = said.initials = said.last = said.prefix = ""
    link = ""
    if person.relations and desk.chance(0.35):
        link = desk.rng.choice(person.relations)
        desk.truth.link(("email", number), ("crm", link))
    elif desk.chance(0.005):
        link = f"R99{person.index % 99_999:05d}" if not person.relations else ""
    point = next((p for p in said.points if "@" in p), "")
    desk.record(("email", number), person.pid, said)
    person.subscriber_ids.append((number, brand, point))
    bounce = _bounce(desk, point if person.tidy else "")
    fields = [number, said.email, said.first or said.initials, said.surname, brand, link]
    fields += [*_history(desk, number, brand), *bounce]
    desk.rows[SUBSCRIBERS].append(line(",", fields))
    _clicks(desk, number, brand, point if person.tidy else "")


def _history(desk: Desk, number: str, brand: str, calm: bool = False) -> list[str]:
    """Status, times and evidence of one row, and the consent events that they mean.

    `calm`: nobody says no.
    """
    rng = desk.rng
    start = clock.draw_time(rng) if desk.chance(0.96) else None
    source = rng.choice(_FORMS) if desk.chance(0.93) else ""
    campaign = desk.campaign(brand)
    confirm = start is not None and desk.chance(0.55)
    status, stop, roll = "subscribed", None, rng.random()
    if roll < 0.16:
        status = "unsubscribed"
        if desk.chance(0.85):
            stop = clock.draw_time(rng) if start is None else _between(desk, start)
    elif roll < 0.2 and start is not None:
        status, stop = "resubscribed", start - rng.randint(30, 900) * clock.DAY
    if calm:
        status, stop = "subscribed", None
    key = ("email", number)
    desk.truth.consent(key, "email", brand, "opt-in", start, source, campaign, confirm, "email")
    if status != "subscribed":
        desk.truth.consent(key, "email", brand, "opt-out", stop, origin="email")
    confirmed = _iso(desk, start + rng.randint(60, 3_500)) if start and confirm else ""
    return [status, _iso(desk, start), confirmed, _iso(desk, stop), source, campaign]


def _between(desk: Desk, start: int) -> int:
    """A waking hour of a day between an opt-in and the cut-over."""
    days = max(1, (clock.CUT - start) // clock.DAY - 1)
    day = (start // clock.DAY + desk.rng.randint(1, days)) * clock.DAY
    return min(day, clock.CUT - clock.DAY) + 25_200 + desk.rng.randrange(57_600)


def _iso(desk: Desk, local: int | None) -> str:
    """Local time; a few rows came through an API that writes the offset."""
    if local is None:
        return ""
    if not desk.chance(0.04):
        return clock.iso(local)
    if desk.chance(0.5):
        return clock.utc(local)
    return f"{clock.iso(local)}+0{clock.offset(local) // 3600}:00"


def _bounce(desk: Desk, address: str) -> list[str]:
    if address in desk.hard_bounced:
        return ["hard", clock.iso(desk.hard_bounced[address])]
    roll = desk.rng.random()
    if address and roll < 0.02:
        desk.hard_bounced[address] = clock.draw_time(desk.rng, 2)
        return ["hard", clock.iso(desk.hard_bounced[address])]
    if roll < 0.05:
        return ["soft", clock.iso(clock.draw_time(desk.rng, 1))]
    return ["", ""]


def _clicks(desk: Desk, number: str, brand: str, address: str) -> None:
    rng = desk.rng
    for nth in range(rng.choice((0, 0, 0, 1, 2, 3, 5))):
        event, detail, url = "open", "", ""
        if desk.chance(0.35):
            event, url = "click", f"https://{brand.lower()}.example/{rng.choice(_PAGES)}"
        at = clock.draw_time(rng, 2)
        if address in desk.hard_bounced:
            event, detail, url, at = "bounce", "hard", "", desk.hard_bounced[address]
        elif address and address not in desk.complained and desk.chance(0.003):
            event, url = "complaint", ""
            desk.complained[address] = at
        desk.rows[CLICKS].append(
            f"{number}-{nth},{number},{event},{detail},{clock.iso(at)},"
            f"{desk.campaign(brand, 0.9)},{url},{brand}"
        )


def _org_row(desk: Desk, org: Org, index: int) -> None:
    number, brand = subscriber_id(index, 7), desk.rng.choice(tuple("NVK"))
    brand = {"N": "Nova", "V": "Veldpost", "K": "Kompas"}[brand]
    desk.truth.record(("email", number), org.pid, [org.email], False)
    fields = [number, org.email, "", "", brand, "", *_history(desk, number, brand), "", ""]
    desk.rows[SUBSCRIBERS].append(line(",", fields))


def _broken(desk: Desk) -> set[str]:
    """A NUL, an undecodable byte and a row too long, each on a row of its own, and a torn row that
    comes again whole. None of them is an opt-out, as who reads closely can prove; of a torn row that
    came once more behind the whole one nobody could. Gives the torn row."""
    torn: set[str] = set()
    count = min(4, len(desk.village.persons))
    chosen = desk.rng.sample(desk.village.persons, count)
    for kind, person in zip(("nul", "byte", "many", "few"), chosen, strict=False):
        number = subscriber_id(person.index, 6)
        said: Spelling = desk.scribe.write(person, Habits(), old=False)
        if kind != "few":
            key = ("email", number)
            desk.truth.record(key, person.pid, said.points, said.has_name, readable=False)
        fields = [number, said.email, said.first, said.surname, "Nova", ""]
        if kind == "few":
            torn |= _tear(desk)
            continue
        fields[3] += {"nul": "\0", "byte": BAD_BYTE}.get(kind, "")
        fields += [*_history(desk, number, "Nova", calm=True), "", ""]
        desk.hide(SUBSCRIBERS, line(",", fields) + ",,extra" * (kind == "many"))
    return torn


def _tear(desk: Desk) -> set[str]:
    """Put the beginning of a row before it, as where a writer broke off and began again."""
    rows = desk.rows[SUBSCRIBERS]
    place = desk.rng.randint(min(1, len(rows)), len(rows))
    for near in (*range(place, len(rows)), *reversed(range(place))):
        cells = rows[near].split(",")
        if len(cells) == HEADER.count(",") + 1 and not {"\0", BAD_BYTE, '"'} & set(rows[near]):
            torn = ",".join(cells[:2]) + ","
            rows.insert(near, torn)
            return {torn}
    return set()
