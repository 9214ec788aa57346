"""Records with every kind of error, the match of them and the folder that is taken out for Splink."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.matching.data import Outcome, Row, organisation, person, run
from tui_migrate.matching import FrozenModel, MatchSettings
from tui_migrate.matching.from_runbook import settings_of
from tui_migrate.matching.splink import write_folder
from tui_migrate.runbook.kinds import MatchWith

FIRST = {
    "Johannes": "Jan", "Maria": "Ria", "Elisabeth": "Els", "Pieter": "Piet", "Katharina": "Trijn",
    "Willem": "Wim", "Margaretha": "Greet", "Martin": "Martine", "Theodorus": "Theo",
}  # fmt: skip
FAMILY = (
    "Jansen",
    "Bos",
    "Peeters",
    "Willems",
    "Smits",
    "Maes",
    "Dekker",
    "Groenewegen",
    "Quispel",
)
TOWNS = ("Gent", "Genk", "Utrecht", "Breda", "Bredevoort")
STREETS = ("Dorpsstraat", "Kerkstraat", "Molenweg", "Stationsstraat", "Lange Nieuwstraat")
FIRMS = (
    "Bakkerij De Groot", "Drukkerij Van Dam", "Uitgeverij Noord", "Installatiebedrijf Verhagen en Zonen",
    "Administratiekantoor Peeters",
)  # fmt: skip
DECLARED: dict[str, Any] = {
    "address": "ignored", "postcode": "code", "street": "text", "town": "text", "country": "identifier",
}  # fmt: skip


def mistyped(dice: random.Random, text: str) -> str:
    """The text with one character left out, doubled, exchanged or swapped with the next."""
    at = dice.randrange(max(1, len(text) - 1))
    one, rest = text[at : at + 1], text[at + 1 :]
    return text[:at] + dice.choice(("", one * 2, "e", rest[:1] + one)) + rest[dice.randrange(2) :]


def messy(persons: int, seed: int) -> list[Row]:
    """Records of persons in households, and of organisations, in three systems."""
    dice = random.Random(seed)
    rows: list[Row] = []
    for home in range(persons // 2):
        family, street = dice.choice(FAMILY), dice.choice(STREETS)
        belgian = dice.random() < 0.3
        place = {
            "street": street, "house_number": str(dice.randint(1, 60)),
            "postcode": str(dice.randint(1000, 1020)) if belgian else f"{dice.randint(1000, 1020)} AB",
            "town": dice.choice(TOWNS), "country": f"BSN{10000 + home}",
        }  # fmt: skip
        for member in range(2):
            first = dice.choice(tuple(FIRST))
            born = f"{dice.randint(1940, 1999)}{dice.randint(1, 12):02}{dice.randint(1, 28):02}"
            box = f"fam{home}" if dice.random() < 0.3 else f"{first.lower()}.{family.lower()}{home}"
            mobile, landline = f"06{dice.randint(10**7, 10**8 - 1)}", f"0301{home:06}"
            for number in range(3):
                row = person(f"P{home}-{member}-{number}", ("crm", "shop", "mail")[number])
                row |= {
                    "first_name": first, "family_name": family, "birth_date": born, **place,
                    "emails": [f"{box}@mail.example"], "phones": [mobile, landline],
                    "gender": dice.choice(("m", "v", None)),
                }  # fmt: skip
                _spoil(dice, row, FIRST[first], number)
                rows.append(row)
    for number in range(persons // 6):
        name = dice.choice(FIRMS)
        for system in ("crm", "shop"):
            row = organisation(f"O{number}-{system}", system, organisation_name=name, town="Gent")
            row |= {
                "kvk": f"{10**7 + number}",
                "emails": [f"info{number}@firm{number % 9}.example"],
            }
            row |= {"vat": f"BE0{10**8 + number}", "postcode": "9000", "street": "Kade"}
            row |= {
                "house_number": str(number),
                "phones": [f"09{10**6 + number}"],
                "country": "X12345",
            }
            if dice.random() < 0.5:
                row["organisation_name"] = dice.choice(
                    (f"{name} Gent", f"{name} bv", mistyped(dice, name))
                )
            if dice.random() < 0.2:
                row |= {"kvk": f"{10**7 + dice.randrange(90)}", "vat": None, "phones": []}
            rows.append(row)
    return rows


def _spoil(dice: random.Random, row: Row, called: str, number: int) -> None:
    """Errors of one record, one or two as a rule."""
    first, family = row["first_name"], row["family_name"]
    box, _at, domain = row["emails"][0].partition("@")
    errors: tuple[Row, ...] = (
        {"first_name": called},
        {"first_name": None, "initials": f"{first[0]}."},
        {"first_name": None, "initials": f"{first[0]}.{dice.choice('AB')}."},
        {"initials": f"{first[0]}.{dice.choice('AB')}."},
        {"first_name": mistyped(dice, first)},
        {"first_name": mistyped(dice, mistyped(dice, first))},
        {"first_name": f"{first} Anna"},
        {"first_name": family, "family_name": first},
        {"family_name": mistyped(dice, family)},
        {"family_name": mistyped(dice, mistyped(dice, family))},
        {"family_name": f"{family}-{dice.choice(FAMILY)}"},
        {"birth_date": row["birth_date"][:4] + row["birth_date"][6:] + row["birth_date"][4:6]},
        {"birth_date": str(int(row["birth_date"]) + 10_000 * dice.randint(1, 20))},
        {"birth_date": None, "gender": "m"},
        {"house_addition": "a"},
        {"town": dice.choice(TOWNS)},
        {"emails": [mistyped(dice, box) + "@" + domain]},
        {"emails": [f"{box}@other.example"]},
        {"emails": [], "phones": []},
        {"phones": [mistyped(dice, row["phones"][0])]},
        {"phones": [row["phones"][1]], "house_addition": "b"},
        {"house_number": None, "street": mistyped(dice, row["street"])},
        {"postcode": None, "street": None, "house_number": None, "country": None},
        {"postcode": None, "town": None, "house_number": None},
        {"country": mistyped(dice, row["country"]), "postcode": mistyped(dice, row["postcode"])},
        {"town": "Zwolle", "postcode": "8011 AA", "house_number": "7", "street": "Grote Markt"},
    )
    for error in dice.sample(errors, 1 if number == 0 else 2):
        row |= error


@dataclass(frozen=True)
class World:
    """A match and its folder."""

    found: Outcome
    folder: Path

    @property
    def model(self) -> FrozenModel:
        """The model of the match."""
        return self.found.report.model


def settings(**declared: Any) -> MatchSettings:
    """Settings of a runbook that keep all pairs that are compared."""
    return replace(settings_of(MatchWith.model_validate(declared)), keep_from=1e-15, sample=20_000)


def world(folder: Path, rows: list[Row], **declared: Any) -> World:
    """Match the rows, and take out the folder."""
    found = run(rows, settings=settings(**declared), birth="VARCHAR")
    write_folder(found.cur, "record", found.report.model, folder, "0" * 64)
    return World(found, folder)
