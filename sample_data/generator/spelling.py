"""How one system wrote one person down: forms, habits and mistakes.

A spelling also keeps what can still be compared afterwards (its contact points, birth date and
dwelling as written), because whether two records *can* be matched depends on what was written,
not on what is true.
"""

from dataclasses import dataclass, field
from itertools import cycle
from random import Random

from . import clock
from .names import LOOKALIKES, PREFIX_FORMS
from .people import Person
from .places import Address

_HOSTILE = (
    "[/]",
    "[@click=app.approve]x[/]",
    "\x1b[31mRood\x1b[0m",
    "\x1b]0;titel\x07",
    "Bel\x07",
    "\u202etxet",
    "=2+5",
    "A" * 300,
)
"""Names that break a terminal, a markup parser, a spreadsheet or a column width."""
_HOSTILE_EVERY = 150
"""One name in so many is hostile, in turn, so that a small set has each of them."""


@dataclass(slots=True)
class Spelling:
    """One person as one record has it; empty text is a field left open."""

    initials: str = ""
    first: str = ""
    prefix: str = ""
    last: str = ""
    street: str = ""
    number: str = ""
    addition: str = ""
    postcode: str = ""
    city: str = ""
    belgian: bool = False
    email: str = ""
    mobile: str = ""
    landline: str = ""
    birth: str = ""
    birth_key: str = ""
    address_key: str = ""
    points: list[str] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    """An address that is written wrongly, and that a careful reader sees all the same."""

    @property
    def readable(self) -> list[str]:
        """Every contact point that can be read from the record."""
        return self.points + self.mended

    @property
    def surname(self) -> str:
        return f"{self.prefix} {self.last}".strip()

    @property
    def full(self) -> str:
        return f"{self.first or self.initials} {self.surname}".strip()

    @property
    def has_name(self) -> bool:
        return bool(self.last and (self.first or self.initials))


@dataclass(frozen=True, slots=True)
class Habits:
    """What a system asks for: the share of its records in which each part is filled."""

    birth: float = 0.0
    email: float = 1.0
    mobile: float = 0.0
    landline: float = 0.0
    first: float = 0.9
    initials: float = 0.0


def typo(rng: Random, word: str) -> str:
    """Swap, drop or double one letter, never the first."""
    if len(word) < 4:
        return word
    at = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(3)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + word[at + 1 :] if kind == 1 else word[:at] + word[at] + word[at:]


def mojibake(text: str) -> str:
    """UTF-8 read as Latin-1: José becomes JosÃ©."""
    return text.encode().decode("latin-1") if not text.isascii() else text


class Scribe:
    """Writes persons down; all chance comes from one generator of random numbers."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self._hostile = cycle(_HOSTILE)
        self._since = 0

    def write(self, person: Person, habits: Habits, old: bool | None = None) -> Spelling:
        """One record of a person; `old` asks for the address and mailbox of before."""
        rng = self.rng
        if old is None:
            old = rng.random() < 0.3
        said = Spelling(belgian=person.belgian)
        self._name(said, person, habits)
        self._address(said, person.old_home if old and person.old_home else person.home)
        if rng.random() < habits.email:
            self._email(
                said, person, person.old_email if old and person.old_email else person.email
            )
        if rng.random() < habits.mobile:
            said.mobile = self.phone(said, person.mobile, person.tidy)
        if person.landline and rng.random() < habits.landline:
            said.landline = self.phone(said, person.landline, person.tidy)
        if rng.random() < habits.birth:
            self._birth(said, person)
        return said

    def _name(self, said: Spelling, person: Person, habits: Habits) -> None:
        rng = self.rng
        formal, short = person.given
        said.prefix, said.last = person.prefix, person.family
        if person.married and (roll := rng.random()) < 0.5:
            said.prefix = ""
            said.last = person.married if roll < 0.22 else f"{person.married}-{said.last}"
        if rng.random() < habits.first:
            said.first = rng.choice(short) if short and rng.random() < 0.5 else formal
            if rng.random() < 0.02:
                said.first = typo(rng, said.first)
        if rng.random() < habits.initials or not said.first:
            said.initials = self._initials(formal)
        if (roll := rng.random()) < 0.025:
            said.last = typo(rng, said.last)
        elif roll < 0.06:
            said.last = LOOKALIKES.get(said.last, said.last)
        if said.prefix and rng.random() < 0.15:
            said.prefix = rng.choice(PREFIX_FORMS.get(said.prefix, ("",)))
        self._name_dirt(said)

    def _name_dirt(self, said: Spelling) -> None:
        rng = self.rng
        roll = rng.random()
        if roll < 0.15 and not (said.first + said.last).isascii():
            said.first, said.last = mojibake(said.first), mojibake(said.last)
        elif roll < 0.012:
            said.first = f"{said.first} "
        elif roll < 0.027:
            said.last = f" {said.last}  "
        elif roll < 0.034:
            said.last = said.last.upper()
        elif roll < 0.041:
            said.first = said.first.lower()
        self._since += 1
        if self._since >= _HOSTILE_EVERY and said.first:
            self._since = 0
            said.first = next(self._hostile)

    def _initials(self, formal: str) -> str:
        second = self.rng.choice("ACEHJLMPW") if self.rng.random() < 0.4 else ""
        letters = formal[0] + second
        return self.rng.choice((".".join(letters) + ".",) * 4 + (letters, " ".join(letters)))

    def _address(self, said: Spelling, home: Address) -> None:
        rng = self.rng
        said.street, said.number, said.addition = home.street, str(home.number), home.addition
        said.postcode, said.city = home.postcode, home.city
        said.address_key = f"{home.postcode}|{home.number}"
        if not home.belgian and rng.random() < 0.6:
            said.postcode = f"{home.postcode[:4]} {home.postcode[4:]}"
        roll = rng.random()
        if roll < 0.08:
            said.street = said.street.replace("straat", "str.")
        elif roll < 0.1:
            said.street = typo(rng, said.street)
        elif roll < 0.15:
            said.city = said.city.upper()
        elif roll < 0.158:
            said.postcode = rng.choice(("0000 AA", "123", said.postcode[:4] + " 1A", "99999", "-"))
            said.address_key = ""
        elif roll < 0.18:
            said.number, said.addition = f"{said.number}{said.addition}", ""
        if said.addition and rng.random() < 0.2:
            said.addition = said.addition.lower()

    def _email(self, said: Spelling, person: Person, address: str) -> None:
        rng = self.rng
        said.email = address
        if not person.tidy and rng.random() < 0.25:
            local, _, domain = address.partition("@")
            broken = rng.choice(("gmial.com", f"{domain},", f"{domain}@{domain}", "hotmial.com"))
            said.email = f"{local}@{broken}"
            if broken.endswith("mial.com"):
                said.points.append(said.email.lower())
            else:
                said.mended.append(address)
            return
        said.points.append(address)
        if rng.random() < 0.06:
            said.email = rng.choice((address.upper(), address.capitalize(), f" {address} "))

    def phone(self, said: Spelling, number: str, tidy: bool) -> str:
        """A spelling of an E.164 number, rarely one that a spreadsheet destroyed."""
        rng = self.rng
        national = "0" + number[3:]
        if not tidy and (roll := rng.random()) < 0.3:
            if roll < 0.1:
                digits = number[1:]
                return f"{digits[0]},{digits[1:3]}E+{len(digits) - 1}"
            said.points.append(number)
            return national[1:] if roll < 0.2 else f'="{national}"'
        said.points.append(number)
        cut = 2 if national.startswith("06") else 4 if national.startswith("04") else 3
        return rng.choice(
            (
                national,
                f"{national[:cut]}-{national[cut:]}",
                f"{national[:cut]} {national[cut:]}",
                number,
                f"00{number[1:]}",
                f"{number[:3]} {number[3:4]} {number[4:]}",
            )
        )

    def _birth(self, said: Spelling, person: Person) -> None:
        roll = self.rng.random()
        said.birth = clock.dutch(person.birth)
        if roll < 0.006:
            said.birth = f"31-02{said.birth[5:]}"
        elif roll < 0.012:
            said.birth = "01-01-1900"
        elif roll < 0.022 and said.birth[:2] < "13":
            said.birth = f"{said.birth[3:5]}-{said.birth[:2]}{said.birth[5:]}"
            said.birth_key = said.birth
        else:
            said.birth_key = said.birth
