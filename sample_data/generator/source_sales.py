"""Subscriptions, web shop and events: systems that take names down a little differently."""

import json

from . import clock
from .desk import BRANDS, Desk, line
from .people import Person
from .spelling import Habits, Spelling

SUBSCRIPTIONS = "subscriptions/subscriptions.csv"
ORDERS = "shop/orders.jsonl"
HEADER = (
    "AboNr;Relatienummer;Merk;Combi merk;Product;Soort;Begindatum;Einddatum;Status;Reden einde;"
    "Betaalritme;Prijs;Campagne;IBAN;Voorletters;Voornaam;Tussenvoegsel;Achternaam;Straat;"
    "Huisnummer;Toevoeging;Postcode;Plaats;Land;E-mail;Telefoon;Betaler relatienummer;"
    "Betaler naam;Betaler adres;Betaler postcode;Betaler plaats;Betaler land;Betaler e-mail;"
    "Betaler telefoon"
)
ATTENDANCE_HEADER = (
    "Inschrijfnr", "Naam", "Voornaam", "Achternaam", "E-mail", "Postcode", "Evenement", "Datum",
    "Aanwezig", "Merk",
)  # fmt: skip
HOLDER = Habits(email=0.6, mobile=0.4, first=0.5, initials=0.7)
PAYER = Habits(email=0.6, mobile=0.3, first=0.6)
BUYER = Habits(email=0.97, mobile=0.55, first=0.97)
GUEST = Habits(email=0.9, first=0.9)
_KINDS = ("regulier",) * 6 + ("proef", "proef", "cadeau", "combi", "prijs")
_RHYTHMS = {"maand": "12,50", "kwartaal": "34,95", "halfjaar": "67,50", "jaar": "129,00"}
_REASONS = ("opgezegd", "opgezegd", "wanbetaling", "verhuisd", "overleden", "")
_GOODS = (
    ("KAL-01", "Kalender", 12.5), ("BOEK-07", "Natuurgids", 24.95), ("PUZ-02", "Puzzelboek", 9.99),
    ("TAS-03", "Katoenen tas", 7.5), ("LEES-11", "Leesbril", 15.0), ("WIJN-04", "Wijnpakket", 49.0),
)  # fmt: skip
_EVENTS = ("Lezersdag", "Wandeling", "Boekpresentatie", "Proeverij", "Debatavond")


def write_subscriptions(desk: Desk) -> None:
    """Some six in ten persons hold one or two; gifts bring a payer of their own."""
    for person in desk.village.persons:
        if desk.chance(0.6):
            for slot in range(2 if desk.chance(0.2) else 1):
                _subscription(desk, person, slot)
    desk.repeat_some(SUBSCRIPTIONS, 0.002)


def _subscription(desk: Desk, person: Person, slot: int) -> None:
    rng = desk.rng
    number = f"A{person.index * 4 + slot:08d}"
    kind = rng.choice(_KINDS)
    said, link = Spelling(), ""
    if person.relations and desk.chance(0.55):
        link = rng.choice(person.relations)
        desk.truth.link(("subscriptions", number), ("crm", link))
    if not link or desk.chance(0.25):
        said = desk.scribe.write(person, HOLDER)
    desk.record(("subscriptions", number), person.pid, said)
    land = ("BE" if said.belgian else "NL") if said.street else ""
    fields = [number, link, *_terms(desk, person, kind), person.iban if desk.chance(0.7) else ""]
    fields += [said.initials, said.first, said.prefix, said.last, said.street, said.number]
    fields += [said.addition, said.postcode, said.city, land, said.email, said.mobile]
    fields += _payer(desk, person, number) if kind == "cadeau" else [""] * 8
    desk.rows[SUBSCRIPTIONS].append(line(";", fields))


def _terms(desk: Desk, person: Person, kind: str) -> list[str]:
    rng = desk.rng
    brand = desk.brands(person)[-1]
    combi = BRANDS[(BRANDS.index(brand) + 1) % 3] if kind == "combi" else ""
    start = clock.draw_day(rng, 15)
    status, end, reason = "actief", "", ""
    if desk.chance(0.4) or kind in ("proef", "prijs"):
        last = start + rng.randint(30, 1500) * clock.DAY
        end = clock.dutch(last)
        if last < clock.CUT:
            status = "beëindigd"
            reason = "einde proef" if kind == "proef" else rng.choice(_REASONS)
    elif desk.chance(0.03):
        status, start = "toekomstig", clock.CUT + rng.randint(5, 60) * clock.DAY
    elif desk.chance(0.03):
        status = "gepauzeerd"
    rhythm = rng.choice(tuple(_RHYTHMS))
    price = _RHYTHMS[rhythm]
    if kind in ("cadeau", "prijs", "proef"):
        rhythm, price = "eenmalig", "0,00" if kind == "prijs" else "15,00"
    filled = 0.95 if kind in ("proef", "prijs", "cadeau") else 0.3
    product = f"{brand} {'Weekend' if start // clock.DAY % 3 else 'Compleet'}"
    return [brand, combi, product, kind, clock.dutch(start), end, status, reason, rhythm, price,
            desk.campaign(brand, filled)]  # fmt: skip


def _payer(desk: Desk, receiver: Person, number: str) -> list[str]:
    """Who gives: somebody else, often with a crm number of his own."""
    giver = desk.rng.choice(desk.village.persons)
    if giver is receiver:
        giver = desk.village.persons[giver is desk.village.persons[0]]
    said = desk.scribe.write(giver, PAYER)
    key = ("subscriptions", f"{number}/payer")
    desk.record(key, giver.pid, said)
    link = ""
    if giver.relations and desk.chance(0.5):
        link = giver.relations[0]
        desk.truth.link(key, ("crm", link))
    address = f"{said.street} {said.number} {said.addition}".strip()
    land = "BE" if said.belgian else "NL"
    return [link, said.full, address, said.postcode, said.city, land, said.email, said.mobile]


def write_shop(desk: Desk) -> None:
    """Four in ten buy something: with an account that knows them, or as a guest each time."""
    for person in desk.village.persons:
        if not desk.chance(0.4):
            continue
        account = f"K{person.index:08d}" if desk.chance(0.55) else None
        known = desk.scribe.write(person, BUYER)
        for slot in range(desk.rng.choice((1, 1, 2, 3))):
            said = known if account else desk.scribe.write(person, BUYER)
            _order(desk, person, account, slot, said)
    if desk.village.persons:
        desk.hide(ORDERS, '{"order_id": "S99999999", "placed_at": "2025-11-03T10:0')


def _order(desk: Desk, person: Person, account: str | None, slot: int, said: Spelling) -> None:
    rng = desk.rng
    number = f"S{person.index * 4 + slot:08d}"
    desk.record(("shop", account or number), person.pid, said)
    brand = rng.choice(desk.brands(person))
    lines = [
        {"sku": sku, "title": title, "qty": rng.choice((1, 1, 1, 2)), "price": price}
        for sku, title, price in rng.sample(_GOODS, rng.choice((1, 1, 2)))
    ]
    cents = sum(round(float(x["price"]) * 100) * int(x["qty"]) for x in lines)
    order = {
        "order_id": number,
        "placed_at": clock.iso(clock.draw_time(rng, 6)),
        "brand": brand,
        "campaign": desk.campaign(brand, 0.3) or None,
        "customer": {
            "id": account,
            "name": said.full,
            "email": said.email or None,
            "phone": said.mobile or None,
            "address": {
                "street": said.street,
                "number": said.number,
                "addition": said.addition or None,
                "postcode": said.postcode,
                "city": said.city,
                "country": "BE" if said.belgian else "NL",
            },
        },
        "lines": lines,
        "total": cents / 100,
    }
    desk.rows[ORDERS].append(json.dumps(order, ensure_ascii=False))


def write_events(desk: Desk) -> None:
    """One in eight came, or meant to come, to an event."""
    for person in desk.village.persons:
        if not desk.chance(0.12):
            continue
        number = f"E{person.index:07d}"
        said = desk.scribe.write(person, GUEST)
        if desk.chance(0.4):
            said.postcode = said.address_key = ""
        desk.truth.record(("events", number), person.pid, said.readable, said.has_name)
        names = (said.full, "", "") if desk.chance(0.5) else (
            "", said.first or said.initials, said.surname)  # fmt: skip
        brand = desk.rng.choice(desk.brands(person))
        desk.attendance.append(
            (number, *names, said.email, said.postcode, f"{brand} {desk.rng.choice(_EVENTS)}",
             clock.draw_day(desk.rng, 4), "ja" if desk.chance(0.8) else "nee", brand)
        )  # fmt: skip
