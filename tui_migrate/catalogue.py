"""Reads translations from gettext's own text format (``.po``), so that no compiled file is shipped."""

from __future__ import annotations

import ast
import re

_LINE = re.compile(r'(msgid_plural|msgid|msgstr(?:\[(\d)\])?)?\s*("(?:[^"\\]|\\.)*")\s*')


def read_po(text: str) -> dict[str, str]:
    """Message → translation; the two forms of a plural stand each under its own message.

    Raises ``ValueError`` with the number of a line that is none of the format.
    """
    found: dict[str, str] = {}
    entry: dict[str, str] = {}
    part = ""
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if not line.strip() or line.startswith("#"):
            _keep(entry, found)
            entry, part = {}, ""
            continue
        parsed = _LINE.fullmatch(line)
        if parsed is None or not (parsed[1] or part):
            raise ValueError(number)
        part = parsed[1] or part
        entry[part] = entry.get(part, "") + ast.literal_eval(parsed[3])
    return found


def _keep(entry: dict[str, str], found: dict[str, str]) -> None:
    singular, plural = entry.get("msgid", ""), entry.get("msgid_plural", "")
    if not singular:
        return
    pairs = [(singular, entry.get("msgstr", "") or entry.get("msgstr[0]", ""))]
    if plural:
        pairs.append((plural, entry.get("msgstr[1]", "")))
    found.update({message: said for message, said in pairs if said})
