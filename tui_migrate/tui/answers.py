"""Typed answers of checklists: what is right for which type, and the one form in which it is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from tui_migrate.engine.sentences import said
from tui_migrate.i18n import _

THOUSANDS_OR_NOT = re.compile(r"-?[1-9]\d{0,2}[.,]\d{3}")
"""``1.500`` or ``1,500``: fifteen hundred in one country, one and a half in the next."""


@dataclass(frozen=True, slots=True)
class Item:
    """One question of a checklist, read from the outline of its step."""

    id: str
    question: str
    other: str
    type: str
    choices: tuple[str, ...]
    expect: str
    required: bool
    owner: str
    due: str
    evidence: bool

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> Item:
        """An outline's item; what is missing has the runbook's defaults."""
        words = item.get("question") or ""
        question = said(words)
        others = [] if isinstance(words, str) else [t for t in words.values() if t]
        return cls(
            id=str(item.get("id", "")),
            question=question,
            other=next((text for text in others if text != question), ""),
            type=str(item.get("type") or "yes_no"),
            choices=tuple(str(choice) for choice in item.get("choices") or ()),
            expect=str(item.get("expect") or ""),
            required=bool(item.get("required", True)),
            owner=str(item.get("owner") or ""),
            due=str(item.get("due") or ""),
            evidence=bool(item.get("evidence")),
        )

    @property
    def options(self) -> tuple[str, ...]:
        """The answers to choose from, if it is a choice."""
        return ("yes", "no") if self.type == "yes_no" else self.choices

    @property
    def kind(self) -> str:
        """What is asked for, in words."""
        return {
            "yes_no": _("yes or no"),
            "text": _("text"),
            "number": _("number"),
            "date": _("date"),
            "choice": _("choice"),
            "file": _("file"),
        }.get(self.type, self.type)


def shown_answer(text: str) -> str:
    """An answer as a reader expects it."""
    return {"yes": _("yes"), "no": _("no")}.get(text, text)


def number(text: str) -> str:
    """``12 480,50`` or ``12480.5`` as ``12480.50``; '' when it is no number."""
    plain = text.strip().replace(" ", "").replace("\u202f", "")
    if "," in plain and "." in plain:
        thousands = "." if plain.rfind(",") > plain.rfind(".") else ","
        plain = plain.replace(thousands, "")
    plain = plain.replace(",", ".")
    try:
        value = Decimal(plain)
    except InvalidOperation:
        return ""
    return plain if value.is_finite() else ""


def day(text: str) -> str:
    """``1-3-2026``, ``01/03/2026`` or ``2026-03-01`` as ISO; '' when it is no date."""
    plain = text.strip().replace("/", "-")
    try:
        return date.fromisoformat(plain).isoformat()
    except ValueError:
        pass
    try:
        return datetime.strptime(plain, "%d-%m-%Y").date().isoformat()
    except ValueError:
        return ""


def found(text: str, base: Path | None = None) -> Path:
    """The file that is meant: from where the program was started, else from ``base``."""
    path = Path(text.strip()).expanduser()
    if base is not None and not path.is_absolute() and not path.exists():
        inside = base / path
        if inside.exists():
            return inside
    return path


def readable(text: str, base: Path | None = None) -> str:
    """What is wrong with the path of an evidence file, or ''."""
    try:
        if not text.strip():
            return _("Name a file.")
        path = found(text, base)
        if path.is_dir():
            return _("This is a folder: name a file in it.")
        if not path.is_file():
            return _("There is no such file.")
        with path.open("rb") as stream:
            stream.read(1)
    except OSError as error:
        return _("The file cannot be read: {why}").format(why=error.strerror or error)
    return ""


def wrong(item: Item, text: str, base: Path | None = None) -> str:
    """What is wrong with a typed answer, or ''."""
    plain = text.strip()
    if not plain:
        return _("Type an answer, or leave with esc.")
    match item.type:
        case "number":
            if THOUSANDS_OR_NOT.fullmatch(plain):
                return _("A thousand or a fraction? Type it as 1500 or as 1.5.")
            return "" if number(plain) else _("This is not a number.")
        case "date":
            return "" if day(plain) else _("This is not a date: type it as 31-03-2026.")
        case "file":
            return readable(plain, base)
        case "yes_no" | "choice":
            return "" if plain in item.options else _("This is none of the choices.")
        case _:
            return ""


def canonical(item: Item, text: str, base: Path | None = None) -> str:
    """The one form in which a right answer is sent."""
    plain = text.strip()
    match item.type:
        case "number":
            return number(plain)
        case "date":
            return day(plain)
        case "file":
            return str(found(plain, base))
        case _:
            return plain
