"""Who exists: households, namesakes, shared mailboxes and organisations.

A chunk is a pure function of (seed, number of its first person), whatever process makes it,
so the same call gives the same bytes on one core or on two.
"""

from dataclasses import dataclass, field
from random import Random

from . import clock
from .names import BELGIAN, DUTCH, MEN, WOMEN, GivenName, slug
from .places import Address, draw_address

_NL_DOMAINS = ("gmail.com", "hotmail.com", "outlook.com", "ziggo.nl", "kpnmail.nl", "live.nl")
_BE_DOMAINS = ("gmail.com", "hotmail.com", "outlook.be", "telenet.be", "skynet.be", "proximus.be")
_OWN_DOMAINS = ("postvak.example", "thuismail.example", "delta-post.example")
_NL_AREAS = ("020", "010", "030", "070", "040", "050", "013", "024", "026", "038", "043", "045")
_BE_AREAS = ("02", "03", "09")
_BE_MOBILE = [f"04{d}" for d in (*range(70, 80), *range(84, 90), *range(91, 100))]
_TRADES = ("Bouw", "Advies", "Makelaardij", "Techniek", "Boekhandel", "Zorg", "Transport", "Media")
_FORMS = {False: ("B.V.", "BV", "VOF", "Stichting"), True: ("BV", "NV", "BVBA", "vzw")}
RELATION_SPACE = 9_999_991


@dataclass(slots=True, eq=False)
class Org:
    """An organisation: one crm record, one info@ mailbox."""

    pid: str
    name: str
    address: Address
    email: str
    phone: str
    number: str
    relation: str


@dataclass(slots=True, eq=False)
class Person:
    """What is true of one person; the systems know parts of it, in their own spelling."""

    index: int
    pid: str
    woman: bool
    belgian: bool
    given: GivenName
    prefix: str
    family: str
    married: str
    birth: int
    home: Address
    old_home: Address | None
    email: str
    old_email: str
    shared_mailbox: bool
    mobile: str
    landline: str
    iban: str
    tidy: bool
    """Contact points are never misspelt, so facts by contact point are unambiguous."""
    household: int
    org: Org | None = None
    relations: list[str] = field(default_factory=list)
    subscriber_ids: list[tuple[str, str, str]] = field(default_factory=list)
    """(subscriber_id, brand, address) of every list row."""


def relation_number(index: int, slot: int) -> str:
    """A Relatienummer: unique per (person, slot 0..3), in no visible order."""
    return f"R{((index * 4 + slot) * 7_368_787 + 1_234_567) % RELATION_SPACE:07d}"


def _mobile(index: int, belgian: bool) -> str:
    if belgian:
        number = (index * 7_654_321 + 55_555) % (25 * 10**6)
        return f"+32{_BE_MOBILE[number // 10**6][1:]}{number % 10**6:06d}"
    number = (index * 17_654_321 + 5_555) % (6 * 10**7)
    return f"+316{'123458'[number // 10**7]}{number % 10**7:07d}"


def _landline(index: int, belgian: bool) -> str:
    """Seven digits behind the area code, of which Belgium gives out those from 2 and 3."""
    country, areas, room = ("+32", _BE_AREAS, 2) if belgian else ("+31", _NL_AREAS, 6)
    number = (index * 1_234_577 + 777) % (len(areas) * room * 10**6)
    area, rest = divmod(number, room * 10**6)
    return f"{country}{areas[area][1:]}{rest + 2_000_000}"


def iban(country: str, bank: str) -> str:
    """A number with the check digits that ISO 13616 asks for."""
    digits = "".join(str(int(c, 36)) for c in bank + country + "00")
    return f"{country}{98 - int(digits) % 97:02d}{bank}"


def _iban_of(index: int, belgian: bool) -> str:
    account = (index * 3_333_337 + 11) % 10**10
    if belgian:
        head = f"001{account % 10**7:07d}"
        return iban("BE", f"{head}{int(head) % 97 or 97:02d}")
    return iban("NL", f"NOMD{account:010d}")


def _email(rng: Random, given: GivenName, family: str, index: int, belgian: bool) -> str:
    short = given[1][0] if given[1] and rng.random() < 0.5 else given[0]
    first, last = slug(short), slug(family)
    local = rng.choice(
        (f"{first}.{last}", f"{first[:1]}.{last}", f"{first}{last}", f"{last}.{first}")
    )
    return f"{local}{index}@{_domain(rng, belgian)}"


def _domain(rng: Random, belgian: bool) -> str:
    if rng.random() < 0.1:
        return rng.choice(_OWN_DOMAINS)
    return rng.choice(_BE_DOMAINS if belgian else _NL_DOMAINS)


class Village:
    """Makes the persons and organisations of one chunk."""

    def __init__(self, rng: Random, first: int, count: int) -> None:
        self.rng = rng
        self.first = first
        self.persons: list[Person] = []
        while len(self.persons) < count:
            self._household(count - len(self.persons))
        self._namesakes()
        self.orgs = [self._organisation(i) for i in range(max(1, count // 25))]
        for org in self.orgs:
            for _ in range(rng.choice((1, 1, 2))):
                rng.choice(self.persons).org = org

    def _household(self, room: int) -> None:
        rng = self.rng
        belgian = rng.random() < 0.25
        kind = rng.random()
        size = min(1 if kind < 0.4 else 2 if kind < 0.75 else rng.choice((3, 4)), room)
        home = draw_address(rng, belgian)
        old = draw_address(rng, belgian) if rng.random() < 0.14 else None
        number = self.first + len(self.persons)
        head = self._person(rng.random() < 0.5, belgian, home, old, number)
        if size > 2:
            head.birth = clock.date(rng.randint(1940, 1980), rng.randint(1, 12), rng.randint(1, 28))
        if size > 1:
            partner = self._partner(head, home, old)
            if rng.random() < 0.16:
                self._share_mailbox(head, partner)
        for _ in range(size - 2):
            self._child(head, home)

    def _person(
        self, woman: bool, belgian: bool, home: Address, old: Address | None, household: int
    ) -> Person:
        rng = self.rng
        index = self.first + len(self.persons)
        given = (WOMEN if woman else MEN).draw(rng)
        prefix, family = (BELGIAN if belgian else DUTCH).draw(rng)
        email = _email(rng, given, family, index, belgian)
        old_email = ""
        if rng.random() < 0.2:
            start = slug(given[0])[:1] + slug(family)
            old_email = f"{start}_{index * 7 % 99_991}{index % 7}@{_domain(rng, belgian)}"
        person = Person(
            index, f"P{index:07d}", woman, belgian, given, prefix, family, "",
            clock.date(rng.randint(1936, 2002), rng.randint(1, 12), rng.randint(1, 28)),
            home, old, email, old_email, False, _mobile(index, belgian),
            _landline(household, belgian) if household % 5 < 3 else "",
            _iban_of(index, belgian), rng.random() < 0.9, household,
        )  # fmt: skip
        self.persons.append(person)
        return person

    def _partner(self, head: Person, home: Address, old: Address | None) -> Person:
        woman = not head.woman if self.rng.random() < 0.95 else head.woman
        partner = self._person(woman, head.belgian, home, old, head.household)
        partner.birth = head.birth + self.rng.randint(-2500, 2500) * clock.DAY
        wife, husband = (head, partner) if head.woman else (partner, head)
        if wife.woman and not wife.belgian and self.rng.random() < 0.7:
            wife.married = " ".join(filter(None, (husband.prefix, husband.family)))
        return partner

    def _child(self, head: Person, home: Address) -> None:
        """A child; one in four bears its parent's given name, as in real families."""
        child = self._person(self.rng.random() < 0.5, head.belgian, home, None, head.household)
        child.prefix, child.family = head.prefix, head.family
        child.birth = head.birth + self.rng.randint(22 * 365, 36 * 365) * clock.DAY
        child.birth = min(child.birth, clock.date(2008, 6, 1) + child.index % 900 * clock.DAY)
        if self.rng.random() < 0.25:
            child.woman, child.given = head.woman, head.given
        child.email = _email(self.rng, child.given, child.family, child.index, child.belgian)
        child.old_email = ""

    def _share_mailbox(self, one: Person, other: Person) -> None:
        address = f"fam.{slug(one.family)}{one.index}@{_domain(self.rng, one.belgian)}"
        for person in (one, other):
            person.email, person.shared_mailbox = address, True
            person.tidy = one.tidy and other.tidy

    def _namesakes(self) -> None:
        """One in a hundred shares the full name of a stranger."""
        for _ in range(len(self.persons) // 100):
            one, other = self.rng.sample(self.persons, 2)
            if one.household != other.household and one.belgian == other.belgian:
                other.woman, other.given = one.woman, one.given
                other.prefix, other.family = one.prefix, one.family
                if not other.shared_mailbox:
                    args = (other.given, other.family, other.index, other.belgian)
                    other.email, other.old_email = _email(self.rng, *args), ""

    def _organisation(self, place: int) -> Org:
        rng = self.rng
        belgian = rng.random() < 0.25
        index = self.first + place
        prefix, family = (BELGIAN if belgian else DUTCH).draw(rng)
        trade = rng.choice(_TRADES)
        name = " ".join(
            filter(None, (prefix.capitalize(), family, trade, rng.choice(_FORMS[belgian])))
        )
        base = 201_000_000 // 100 + index
        number = f"0{base:07d}{97 - base % 97:02d}" if belgian else f"{30_000_000 + index}"
        if belgian:
            number = f"{number[:4]}.{number[4:7]}.{number[7:]}"
        return Org(
            f"O{index:07d}", name, draw_address(rng, belgian),
            f"info@{slug(family)}-{slug(trade)}{index}.example",
            _landline(3_000_000 + index, belgian), number, relation_number(index, 3),
        )  # fmt: skip
