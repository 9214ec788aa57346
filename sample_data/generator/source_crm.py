"""The CRM: contacts in Dutch, cp1252, with the dirt of twenty years; and its consents."""

from . import clock
from .desk import BAD_BYTE, Desk, line
from .people import Org, Person, relation_number
from .spelling import Habits, Spelling

CONTACTS = "crm/contacts.csv"
CONSENTS = "crm_consents/consents.csv"
HEADER = (
    "Relatienummer;Soort;Aanhef;Voorletters;Voornaam;Tussenvoegsel;Achternaam;Bedrijfsnaam;"
    "KvK-nummer;Ondernemingsnummer;Contactpersoon van;Geboortedatum;Straat;Huisnummer;Toevoeging;"
    "Postcode;Plaats;Land;E-mail;Mobiel;Telefoon;IBAN;Categorie;Lid sinds;Laatst gewijzigd;Notitie"
)
CONSENT_HEADER = "ToestemmingId;Relatienummer;Merk;Kanaal;Toestemming;Datum;Bron;Campagne;Bevestigd"
HABITS = Habits(birth=0.8, email=0.75, mobile=0.6, landline=0.5, first=0.72, initials=0.6)
_LANDS = {False: ("Nederland", "Nederland", "NL", ""), True: ("België", "Belgie", "BE", "België")}
_CATEGORIES = ("Abonnee", "Oud-abonnee", "Prospect", "Relatie")
_NOTES = (
    "",
    "",
    "",
    "",
    "",
    "belt liever 's avonds",
    "adres nagevraagd",
    "verhuist in mei; belt zelf",
)
_CHANNELS = {"e-mail": "email", "post": "post", "telefoon": "phone", "sms": "sms"}
_BASES = ("website", "papieren bon", "klantenservice", "beurs", "telefonische verkoop")


def write_crm(desk: Desk) -> None:
    """Contacts of persons and organisations, some of them twice, then their consents."""
    for org in desk.village.orgs:
        _organisation(desk, org)
    for person in desk.village.persons:
        if desk.chance(0.8):
            _contact(desk, person, 0)
            if desk.chance(0.09):
                _contact(desk, person, 1)
    _broken(desk)
    desk.repeat_some(CONTACTS, 0.004)


def _contact(desk: Desk, person: Person, slot: int) -> str:
    number = relation_number(person.index, slot)
    said = desk.scribe.write(person, HABITS)
    if person.org and desk.chance(0.3):
        said.email, said.points = person.org.email, [p for p in said.points if "@" not in p]
        said.points.append(person.org.email)
        said.mended = []
    fields = _fields(desk, number, person, said)
    desk.rows[CONTACTS].append(line(";", fields))
    if desk.chance(0.004):
        other = list(fields)
        other[12], other[13], other[24] = "Nieuwe Weg", "1", "27-02-2026"
        desk.rows[CONTACTS].append(line(";", other))
    person.relations.append(number)
    desk.record(("crm", number), person.pid, said)
    if desk.chance(0.7):
        _consents(desk, person, number)
    return number


def _fields(desk: Desk, number: str, person: Person, said: Spelling) -> list[str]:
    rng = desk.rng
    greeting = ("Mevr.", "Mevrouw", "") if person.woman else ("Dhr.", "De heer", "")
    since = clock.draw_day(rng, 20)
    org = person.org
    return [
        number, "P", rng.choice(greeting), said.initials, said.first, said.prefix, said.last,
        org.name if org and desk.chance(0.5) else "", "", "", org.relation if org else "",
        said.birth, said.street, said.number, said.addition, said.postcode, said.city,
        rng.choice(_LANDS[said.belgian]), said.email, said.mobile, said.landline,
        person.iban if desk.chance(0.5) else "", rng.choice(_CATEGORIES), clock.dutch(since),
        clock.dutch(clock.draw_day(rng, 3)), rng.choice(_NOTES),
    ]  # fmt: skip


def _organisation(desk: Desk, org: Org) -> None:
    home = org.address
    kvk, enterprise = ("", org.number) if home.belgian else (org.number, "")
    land = desk.rng.choice(_LANDS[home.belgian])
    dates = [clock.dutch(clock.draw_day(desk.rng, back)) for back in (15, 3)]
    fields = [org.relation, "O", "", "", "", "", "", org.name, kvk, enterprise, "", "", home.street]
    fields += [str(home.number), home.addition, home.postcode, home.city, land, org.email, ""]
    fields += [org.phone, "", "Adverteerder", *dates, ""]
    desk.rows[CONTACTS].append(line(";", fields))
    desk.truth.record(("crm", org.relation), org.pid, [org.email, org.phone], False)


def _consents(desk: Desk, person: Person, number: str) -> None:
    rng = desk.rng
    for brand in desk.brands(person):
        for kanaal, share in (("e-mail", 0.6), ("post", 0.55), ("telefoon", 0.4), ("sms", 0.12)):
            if not desk.chance(share):
                continue
            roll = rng.random()
            state = "opt-in" if roll < 0.62 else "opt-out" if roll < 0.9 else "unknown"
            at = clock.draw_day(rng) if desk.chance(0.9) else None
            _consent(desk, number, brand, kanaal, state, at)
            if at is not None and desk.chance(0.012):
                _consent(desk, number, brand, kanaal, "opt-out", at)
            if at is not None and desk.chance(0.06):
                later = at + rng.randint(20, 400) * clock.DAY
                if later < clock.CUT:
                    _consent(desk, number, brand, kanaal, "opt-in", later)
    if desk.chance(0.045):
        when = clock.draw_day(rng, 5) if desk.chance(0.8) else None
        _consent(desk, number, "*", rng.choice(("e-mail", "post", "telefoon")), "opt-out", when)


def _consent(desk: Desk, number: str, brand: str, kanaal: str, state: str, at: int | None) -> None:
    rng = desk.rng
    words = {"opt-in": ("ja", "J", "opt-in"), "opt-out": ("nee", "N", "opt-out")}
    said = rng.choice(words.get(state, ("onbekend", "")))
    base = rng.choice(_BASES) if desk.chance(0.88) else ""
    campaign = desk.campaign(brand) if brand != "*" else ""
    confirmed = state == "opt-in" and kanaal == "e-mail" and desk.chance(0.4)
    day = clock.dutch(at) if at is not None else "31-02-2023" if desk.chance(0.12) else ""
    merk = rng.choice(("alle", "")) if brand == "*" else brand
    rows = desk.rows[CONSENTS]
    ident = f"T{number[1:]}{len(rows) % 10_000:04d}"
    rows.append(
        line(";", [ident, number, merk, kanaal, said, day, base, campaign, "ja" * confirmed])
    )
    desk.truth.consent(
        ("crm", number), _CHANNELS[kanaal], brand, state, at, base, campaign, confirmed,
        "crm_consents",
    )  # fmt: skip


def _broken(desk: Desk) -> None:
    """Rows that no reader should trust; extra records, so that nothing else hangs on them."""
    kinds = ("many", "few", "quote", "nul", "byte", "break")
    count = min(len(kinds), len(desk.village.persons))
    for kind, person in zip(kinds, desk.rng.sample(desk.village.persons, count), strict=False):
        number = relation_number(person.index, 2)
        said = desk.scribe.write(person, HABITS)
        fields = _fields(desk, number, person, said)
        fields[25] = ""
        row = line(";", fields)
        if kind == "many":
            row += "belde op 3 mei; boos; terugbellen"
        elif kind == "few":
            row = line(";", fields[:14])
        elif kind == "quote":
            fields[12] = "X"
            row = line(";", fields).replace(";X;", ';"De "Groene" Hoek";', 1)
        elif kind == "nul":
            fields[6] += "\0"
            row = line(";", fields)
        elif kind == "byte":
            fields[6] += BAD_BYTE
            row = line(";", fields)
        else:
            fields[25] = "eerste regel\r\ntweede regel"
            row = line(";", fields)
        desk.hide(CONTACTS, row)
        desk.truth.record(
            ("crm", number), person.pid, said.readable, said.has_name, said.birth_key,
            said.address_key, readable=kind == "break",
        )  # fmt: skip
