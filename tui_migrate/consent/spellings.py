"""Odd spellings of an address or number: how an opt-out finds its person all the same.

The key of a contact point (see ``points``) is what its semantic type makes of it. A person who says no
writes it in other ways still: ``mailto:``, ``%40``, ``(at)``, with or without accents, the domain in
punycode, ``googlemail`` for ``gmail``, a tag after a plus sign, a number without its country. Each
value gets its *loose forms* here; who carries a point with such a form is meant too.

For silencing only: two people may be alike in a loose form. A permission never travels by one.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

import pyarrow as pa

from tui_migrate.staging.addresses import folded_sql
from tui_migrate.staging.store import Cursor

_TIDY = r"[a-z0-9_.+-]+@[a-z0-9.-]+\.[a-z]{2,}"
_AT = re.compile(r"\s*[\[({<]\s*(?:at|@|apenstaartje)\s*[\])}>]\s*|\s+at\s+|\s*@\s*")
_MAIL = re.compile(r"[^\s<>()\[\],;:\"'|]+@[^\s<>()\[\],;:\"'|@]+")
_CODES = ("31", "32")
_NATIONAL = {8: ("32",), 9: _CODES}
"""Digits of a national number without its zero → the countries that have such numbers."""


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf") and not character.isspace()


def mail_forms(value: str) -> list[str]:
    """The addresses that a text may mean, in small letters, their domains not in punycode."""
    text = unicodedata.normalize("NFKC", unquote(value))
    text = "".join(character for character in text if not _is_hidden(character))
    found = []
    for address in _MAIL.findall(_AT.sub("@", text.lower())):
        local, _at, domain = address.rpartition("@")
        found.append(f"{local.strip('.')}@{_readable(domain.strip('.'))}")
    return found


def _readable(domain: str) -> str:
    if "xn--" not in domain:
        return domain
    try:
        return domain.encode("ascii").decode("idna")
    except UnicodeError:
        return domain


def phone_forms(value: str) -> list[str]:
    """The numbers (E.164) that a text may mean; without a country both Dutch and Belgian."""
    text = re.sub(r"\(\s*0\s*\)", "", unicodedata.normalize("NFKC", value))
    digits = re.sub(r"[^0-9]+", "", text)
    number = digits.lstrip("0")
    code, rest = number[:2], number[2:].lstrip("0")
    abroad = [f"+{code}{rest}"] if code in _CODES and len(rest) in _NATIONAL else []
    if "+" in text or digits.startswith("00"):
        return abroad or ([f"+{number}"] if number else [])
    return [*abroad, *(f"+{country}{number}" for country in _NATIONAL.get(len(number), ()))]


# One row is a value that silences and one of its loose forms; of tidy addresses there is one. form:
# what an odd spelling may mean, before it is loosened.
_TOLD = f"""
CREATE OR REPLACE TEMP TABLE tmp_value_loose AS
SELECT DISTINCT v.value, o.form, {folded_sql("coalesce(o.form, k.key, v.value)")} AS loose
FROM (SELECT DISTINCT value FROM ({{values}}) WHERE trim(value) <> '') v
LEFT JOIN tmp_point_key k USING (value) LEFT JOIN odd_spellings o USING (value)
"""

# One row is a contact point that some profile carries, and a loose form in which a no speaks of it.
_CARRIED = f"""
CREATE OR REPLACE TEMP TABLE tmp_loose_point AS
SELECT DISTINCT p.point, p.loose FROM (
  SELECT point, {folded_sql("point")} AS loose
  FROM (SELECT DISTINCT point FROM tmp_profile_point WHERE kind <> 'post')
  UNION SELECT k.key, {folded_sql("o.form")}
  FROM odd_carried o JOIN tmp_point_key k USING (value)) p
WHERE p.loose IN (SELECT loose FROM tmp_value_loose)
"""

TABLES = ("tmp_value_loose", "tmp_loose_point")
"""The temporary tables that ``loosen`` leaves."""


def loosen(cursor: Cursor, values: str, contact_point: str) -> None:
    """Fill ``tmp_value_loose`` (value, form, loose) and ``tmp_loose_point`` (point, loose).

    ``values``: a SELECT of a column value, what silences as it is written; ``contact_point``: rows
    with a column value, whose numbers are written without their person's country.
    """
    _register(cursor, "odd_spellings", values)
    coded = "SELECT point FROM tmp_profile_point WHERE contains(point, 'xn--')"
    _register(cursor, "odd_carried", f"SELECT value FROM {contact_point} UNION {coded}")
    try:
        cursor.execute(_TOLD.format(values=values))
        cursor.execute(_CARRIED)
    finally:
        cursor.unregister("odd_spellings")
        cursor.unregister("odd_carried")


def _register(cursor: Cursor, name: str, values: str) -> None:
    """A relation (value, form) of what is not written in the tidy way."""
    found = cursor.execute(
        f"SELECT DISTINCT value FROM ({values}) WHERE trim(value) <> ''"
        " AND (NOT regexp_full_match(value, $tidy) OR contains(value, 'xn--')) ORDER BY value",
        {"tidy": _TIDY},
    ).fetchall()
    pairs = [(value, form) for (value,) in found for form in forms(value)]
    columns = {
        "value": pa.array([value for value, _form in pairs], pa.string()),
        "form": pa.array([form for _value, form in pairs], pa.string()),
    }
    cursor.register(name, pa.table(columns))


def forms(value: str) -> list[str]:
    """All that a text may mean: addresses, else numbers."""
    return mail_forms(value) or phone_forms(value)
