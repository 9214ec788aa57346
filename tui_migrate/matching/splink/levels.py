"""The levels of each field as conditions over the columns of ``records``.

They say what ``comparing``, ``contacts`` and ``declared`` say, in the order in which a CASE asks: the
first that holds is the level of the pair. What is not known on one side is the level None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tui_migrate.matching.settings import Field
from tui_migrate.matching.splink.dialects import Dialect

Level = tuple[str | None, str]
"""Name of a level (None: nothing is known), and when a pair has it; the last one of a field is ELSE."""
ELSE = "ELSE"


def levels_of(field: Field, dialect: Dialect) -> list[Level]:
    """The levels of a field, the unknown one among them, in the order in which they are asked."""
    if field.compare:
        return list(_DECLARED[field.compare](declared_column(field.name), dialect))
    return list(_BUILT_IN[field.name](field.name, dialect))


def declared_column(name: str) -> str:
    """The column of a declared field; a built-in one may have its name."""
    return f"value_{name}"


def _missing(*columns: str) -> str:
    return " OR ".join(f"{column}_l IS NULL OR {column}_r IS NULL" for column in columns)


def _equal(column: str) -> str:
    return f"{column}_l = {column}_r"


def _shorter(column: str) -> str:
    return f"least(length({column}_l), length({column}_r))"


def _clash(column: str) -> str:
    """Both have several initials and neither continues the other."""
    left, right = f"{column}_l", f"{column}_r"
    return (
        f"coalesce(length({left}) > 1 AND length({right}) > 1"
        f" AND substr({left}, 1, length({right})) <> {right}"
        f" AND substr({right}, 1, length({left})) <> {left}, false)"
    )


#: First and family name have changed places.
_SWAPPED = (
    "(first_name_l = family_name_r AND first_name_r = family_name_l"
    " AND family_name_l <> family_name_r)"
)


def _first_name(_name: str, on: Dialect) -> Iterator[Level]:
    named = "first_name_l IS NOT NULL AND first_name_r IS NOT NULL"
    nameless = "first_name_l IS NULL AND first_name_r IS NULL"
    edits = on.edits("first_name_l", "first_name_r")
    written = "coalesce(length(written_l) > 1 AND written_l = written_r, false)"
    gendered = (
        "(coalesce(array_contains(male_forms_l, first_name_r), false)"
        " OR coalesce(array_contains(male_forms_r, first_name_l), false))"
    )
    begins = (
        f"({on.overlaps('letters_l', 'letters_r')} OR left(initials_l, 1) = left(initials_r, 1))"
    )
    yield None, "(first_name_l IS NULL OR first_name_r IS NULL) AND (" + _missing("initials") + ")"
    yield "exact", f"{_equal('first_name')} AND NOT {_clash('written')}"
    yield (
        "variant",
        f"{_SWAPPED} OR (first_name_l <> first_name_r AND ({on.overlaps('called_l', 'called_r')}"
        " OR (first_word_l = first_word_r AND (first_words_l = 1 OR first_words_r = 1))))",
    )
    yield (
        "typo",
        f"first_name_l <> first_name_r AND NOT {written} AND NOT {gendered} AND ("
        f"({_shorter('first_name')} >= 4 AND {edits} <= 1"
        " AND left(first_name_l, length(first_name_l) - 1)"
        " <> left(first_name_r, length(first_name_r) - 1))"
        f" OR ({_shorter('first_name')} >= 7 AND {edits} = 2))",
    )
    yield (
        "initial",
        f"({named} AND ({_equal('first_name')} OR {written}))"
        f" OR (NOT ({named}) AND {begins} AND NOT ({nameless} AND {_clash('initials')}))",
    )
    yield (
        "similar",
        f"({named} AND ({gendered} OR {on.likeness('first_name')} >= 0.9"
        f" OR ({edits} <= 1 AND {_shorter('first_name')} >= 3))) OR ({nameless} AND {begins})",
    )
    yield "different", ELSE


def _family_name(_name: str, on: Dialect) -> Iterator[Level]:
    edits = on.edits("family_name_l", "family_name_r")
    yield None, _missing("family_name")
    yield "exact", _equal("family_name")
    yield (
        "part",
        f"{_SWAPPED} OR {on.overlaps('family_words_l', 'family_words_r')}"
        f" OR {_equal('family_joined')}",
    )
    yield (
        "typo",
        f"({_shorter('family_name')} >= 4 AND {edits} <= 1)"
        f" OR ({_shorter('family_name')} >= 8 AND {edits} = 2)",
    )
    yield "similar", f"{on.likeness('family_name')} >= 0.9"
    yield "different", ELSE


def _birth_date(_name: str, on: Dialect) -> Iterator[Level]:
    edits = on.edits("birth_date_l", "birth_date_r")
    yield None, _missing("birth_date")
    yield "exact", _equal("birth_date")
    yield "typo", f"birth_swapped_l = birth_date_r OR {edits} <= 1"
    yield (
        "near",
        "left(birth_date_l, 4) = left(birth_date_r, 4)"
        f" OR right(birth_date_l, 4) = right(birth_date_r, 4) OR {edits} = 2",
    )
    yield "different", ELSE


def _address(_name: str, on: Dialect) -> Iterator[Level]:
    place = "(town_l = town_r OR postcode_l = postcode_r)"
    known = (
        "((postcode_l IS NOT NULL AND postcode_r IS NOT NULL)"
        " OR (town_l IS NOT NULL AND town_r IS NOT NULL))"
    )
    one = (
        f"{_equal('house_number')} AND ({_equal('fine_postcode')}"
        f" OR ({on.likeness('street')} >= 0.92 AND {place}))"
    )
    yield (
        None,
        f"{_missing('address')} OR (address_l <> address_r AND NOT {known})",
    )
    yield "exact", f"{one} AND coalesce({_equal('house_addition')}, true)"
    yield "number", one
    yield "postcode", _equal("fine_postcode")
    yield "town", f"{place} OR {_equal('address')}"
    yield "different", ELSE


def _email(_name: str, on: Dialect) -> Iterator[Level]:
    typo = f"{on.edits('x', 'y')} <= 1 AND {on.digits('x')} = {on.digits('y')}"
    yield "own", on.overlaps("own_emails_l", "own_emails_r")
    yield "shared", on.overlaps("emails_l", "emails_r")
    yield "typo", on.some("emails", typo)
    # The same local part at another domain derives from the name: it says nothing new.
    yield None, f"{_missing('emails')} OR {on.overlaps('local_parts_l', 'local_parts_r')}"
    yield "different", ELSE


def _phone(_name: str, on: Dialect) -> Iterator[Level]:
    mistyped = f"{on.edits('x', 'y')} <= 1"
    yield "own", on.overlaps("own_phones_l", "phones_r")
    yield "shared", on.overlaps("phones_l", "phones_r")
    yield "typo", f"{on.some('mobiles', mistyped)} OR {on.some('landlines', mistyped)}"
    # A mobile and a landline are simply two numbers.
    yield None, f"({_missing('mobiles')}) AND ({_missing('landlines')})"
    yield "different", ELSE


def _organisation_name(_name: str, on: Dialect) -> Iterator[Level]:
    # The token sort ratio counts insertions and deletions; this bounds them from above.
    column = "organisation_tokens"
    left, right = f"{column}_l", f"{column}_r"
    changed = f"2 * levenshtein({left}, {right}) - abs(length({left}) - length({right}))"
    both = f"(length({left}) + length({right}))"
    yield None, _missing("organisation_name")
    yield "exact", _equal("organisation_name")
    yield "strong", f"{changed} <= 0.08 * {both}"
    yield "similar", f"{changed} <= 0.2 * {both}"
    yield "different", ELSE


def _same(name: str, _on: Dialect) -> Iterator[Level]:
    yield None, _missing(name)
    yield ("same" if name == "gender" else "exact"), _equal(name)
    yield "different", ELSE


def _identifier(name: str, on: Dialect) -> Iterator[Level]:
    yield None, _missing(name)
    yield "exact", _equal(name)
    yield "typo", f"{on.edits(f'{name}_l', f'{name}_r')} <= 2 AND {_shorter(name)} >= 5"
    yield "different", ELSE


def _code(name: str, on: Dialect) -> Iterator[Level]:
    yield None, _missing(name)
    yield "exact", _equal(name)
    yield "typo", f"{on.edits(f'{name}_l', f'{name}_r')} <= 1"
    yield "different", ELSE


def _text(name: str, on: Dialect) -> Iterator[Level]:
    yield None, _missing(name)
    yield "exact", _equal(name)
    yield "close", f"{on.likeness(name)} >= 0.92 OR {on.edits(f'{name}_l', f'{name}_r')} <= 1"
    yield "similar", f"{on.likeness(name)} >= 0.8"
    yield "different", ELSE


_Make = Callable[[str, Dialect], Iterator[Level]]
_BUILT_IN: dict[str, _Make] = {
    "first_name": _first_name,
    "family_name": _family_name,
    "birth_date": _birth_date,
    "address": _address,
    "email": _email,
    "phone": _phone,
    "organisation_name": _organisation_name,
    "gender": _same,
    "kvk": _same,
    "vat": _same,
}
_DECLARED: dict[str, _Make] = {"identifier": _identifier, "code": _code, "text": _text}
