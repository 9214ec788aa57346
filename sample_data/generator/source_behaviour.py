"""Interests, preferences, suppressions, and the changes of the transition period."""

from . import clock
from .desk import Desk, line
from .people import Person

INTERESTS = "interests/interests.csv"
PREFERENCES = "preferences/preferences.csv"
SUPPRESSIONS = "suppressions/suppressions.csv"
INTEREST_HEADER = "InteresseId;Relatienummer;E-mail;Categorie;Merk;Datum"
PREFERENCE_HEADER = "VoorkeurId;Relatienummer;E-mail;Merk;Verzendmoment;Kanaal;Vorm;Gewijzigd"
SUPPRESSION_HEADER = "suppression_id,contact_point,relatienummer,channel,reason,date,note"
CHANGE_HEADER = (
    "change_id,change_type,subscriber_id,email,relatienummer,brand,channel,changed_at,source,"
    "campaign,confirmed,new_first_name,new_last_name,new_street,new_number,new_addition,"
    "new_postcode,new_city,new_country"
)
DELTAS = 6
_CATEGORIES = ("nieuws", "sport", "eten", "reizen", "cultuur", "tuin", "wonen", "geld")
_MOMENTS = ("ochtend", "middag", "avond", "weekend")
_CHANNELS = (("e-mail", "html"), ("e-mail", "tekst"), ("post", "papier"), ("sms", "tekst"))


def write_behaviour(desk: Desk) -> None:
    """What people like and when they want to hear of it, by number or by address."""
    for person in desk.village.persons:
        if desk.chance(0.35):
            owner = _owner(desk, person)
            for nth, category in enumerate(desk.rng.sample(_CATEGORIES, desk.rng.randint(1, 3))):
                brand, day = desk.brands(person)[0], clock.dutch(clock.draw_day(desk.rng, 4))
                desk.rows[INTERESTS].append(
                    f"I{person.index:07d}{nth};{owner};{category};{brand};{day}"
                )
        if desk.chance(0.2):
            channel, form = desk.rng.choice(_CHANNELS)
            desk.rows[PREFERENCES].append(
                f"V{person.index:07d};{_owner(desk, person)};{desk.brands(person)[0]};"
                f"{desk.rng.choice(_MOMENTS)};{channel};{form};"
                f"{clock.dutch(clock.draw_day(desk.rng, 4))}"
            )


def _owner(desk: Desk, person: Person) -> str:
    if person.relations and desk.chance(0.6):
        return f"{person.relations[0]};"
    return f";{person.email}"


def write_suppressions(desk: Desk) -> None:
    """The lists of who must not be reached: complete, whatever other files repeat."""
    for address, at in desk.hard_bounced.items():
        _suppress(desk, address, "email", "hard_bounce", at, "550 user unknown")
        desk.truth.suppress(address, "email", "hard_bounce", at, "email")
    for address, at in desk.complained.items():
        _suppress(desk, address, "email", "complaint", at, "feedback loop")
        desk.truth.suppress(address, "email", "complaint", at, "clicks")
    for person in desk.village.persons:
        roll, rng = desk.rng.random(), desk.rng
        day = clock.draw_day(rng, 4) if desk.chance(0.85) else None
        if roll < 0.012 and person.relations:
            _suppress(desk, ("crm", person.relations[0]), "all", "deceased", day, "")
        elif roll < 0.024 and person.relations:
            channel = rng.choice(("email", "post", "phone"))
            _suppress(desk, ("crm", person.relations[0]), channel, "manual", day, "op verzoek")
        elif roll < 0.045 and person.tidy:
            _suppress(desk, person.mobile, "phone", "register", day, "")


def _suppress(
    desk: Desk, key: tuple[str, str] | str, channel: str, reason: str, at: int | None, note: str
) -> None:
    rows = desk.rows[SUPPRESSIONS]
    point, relation = (key, "") if isinstance(key, str) else ("", key[1])
    day = "" if at is None else clock.day_of(at)
    number = f"X{desk.village.first + len(rows):08d}"
    rows.append(line(",", [number, point, relation, channel, reason, day, note]))
    midnight = None if at is None else at // clock.DAY * clock.DAY
    desk.truth.suppress(key, channel, reason, midnight, "suppressions")


def write_changes(desk: Desk) -> None:
    """Six nights of changes; about one subscriber in ten does something."""
    for person in desk.village.persons:
        if person.subscriber_ids and desk.chance(0.14):
            _change(desk, person)


def _change(desk: Desk, person: Person) -> None:
    rng = desk.rng
    delta = rng.randint(1, DELTAS)
    at = clock.date(2026, 3, delta) + 25_200 + rng.randrange(57_600)
    subscriber, brand, address = rng.choice(person.subscriber_ids)
    kind = rng.choice(("opt-out",) * 6 + ("opt-in",) * 3 + ("address", "profile"))
    who, key, channel = [subscriber, "", ""], ("email", subscriber), "email"
    owner: tuple[str, str] | str = key
    if person.relations and desk.chance(0.35):
        who, owner = ["", "", person.relations[0]], ("crm", person.relations[0])
        channel = rng.choice(("email", "post", "phone"))
    elif kind == "opt-out" and person.tidy and address and desk.chance(0.25):
        who, owner = ["", address, ""], address
    source, campaign, confirmed, merk = "", "", False, brand
    if kind == "opt-in":
        source = rng.choice(("website", "voorkeurencentrum", "")) if desk.chance(0.9) else ""
        campaign, confirmed = desk.campaign(brand), desk.chance(0.5)
    elif kind == "opt-out":
        source = "afmeldlink"
        if desk.chance(0.2):
            brand, merk = "*", rng.choice(("alle", ""))
    else:
        merk = channel = ""
    when = clock.iso(at) if desk.chance(0.85) else clock.utc(at)
    fields = [f"C{person.index:08d}", kind, *who, merk, channel, when, source, campaign]
    fields += ["yes" if confirmed else "no", *_news(desk, person, kind)]
    desk.rows[f"email_changes/{delta}"].append(line(",", fields))
    if channel:
        desk.truth.consent(
            owner, channel, brand, kind, at, source, campaign, confirmed, "email_changes"
        )


def _news(desk: Desk, person: Person, kind: str) -> list[str]:
    home = person.home
    if kind == "address":
        return ["", "", home.street, str(home.number), home.addition, home.postcode, home.city,
                "BE" if home.belgian else "NL"]  # fmt: skip
    if kind == "profile":
        name = f"{person.prefix} {person.family}".strip()
        return [person.given[0], name, "", "", "", "", "", ""]
    return [""] * 8
