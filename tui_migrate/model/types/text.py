"""Text without further meaning: ``text``, ``long_text``, ``identifier``, ``brand``, ``url``."""

from __future__ import annotations

import re
from typing import ClassVar
from urllib.parse import urlsplit, urlunsplit

from tui_migrate.i18n import _
from tui_migrate.model.types.base import (
    EMPTY,
    Cleaned,
    Options,
    SemanticType,
    Sensitivity,
    SqlClean,
)
from tui_migrate.model.types.payment import hide_cards
from tui_migrate.model.types.tidy import DUMPED, is_placeholder, tidy

EXCEL_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE]\+?\d+")
_FLOAT_TAIL = re.compile(r"(\d{4,})[.,]0")
_CLEAN_ASCII = "[!-%''-<>-~]( ?[!-~])*"  # as a SQL literal: printable, no '=' first, no '&' first


_DUMPED_SQL = ", ".join(f"'{word}'" for word in sorted(DUMPED))


def plain_sql(column: str, longest: int) -> str:
    """SQL predicate: printable ASCII that no step of the common cleaning touches."""
    return (
        f"regexp_full_match({column}, '{_CLEAN_ASCII}') AND NOT contains({column}, '&')"
        f" AND length({column}) <= {longest} AND {column} NOT IN ({_DUMPED_SQL})"
    )


class Text(SemanticType):
    """One line of text, kept as it is apart from the common cleaning; payment cards are hidden."""

    name = "text"
    sensitivity = Sensitivity.PERSONAL
    longest: ClassVar[int] = 2000
    lines: ClassVar[bool] = False

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw, lines=self.lines)
        if not text or text in DUMPED:
            return Cleaned(None, problem)
        hidden = hide_cards(text)
        if hidden != text:
            return Cleaned(hidden, "payment.card_number")
        if len(text) > self.longest:
            problem = problem or "text.too_long"
        return Cleaned(text, problem)

    def _sql_clean(self, column: str, options: Options) -> SqlClean | None:
        digits = f"NOT regexp_matches({column}, '[0-9]([ -]?[0-9]){{12}}')"
        return SqlClean(f"{plain_sql(column, self.longest)} AND {digits}", column)


class LongText(Text):
    """Text of any length whose line breaks count (notes, remarks). May hold anything at all."""

    name = "long_text"
    longest = 100_000
    lines = True


class Brand(Text):
    """The code or name of a brand, as the runbook spells it; ``*`` may stand for all brands."""

    name = "brand"
    sensitivity = Sensitivity.PLAIN
    unknown_code = "brand.unknown"
    longest = 200


class Identifier(SemanticType):
    """A key that a source system gave to a record. Leading zeros count, spaces around do not.

    Spreadsheet damage: ``1,23E+11`` has lost digits and is unusable (``identifier.excel_damaged``);
    ``12345.0`` gets its tail removed (``identifier.decimal_tail``, repaired).
    """

    name = "identifier"
    sensitivity = Sensitivity.PERSONAL

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        if not text or text in DUMPED:
            return Cleaned(None, problem)
        if EXCEL_NUMBER.fullmatch(text) and re.search(r"[.,+]", text):
            return Cleaned(None, "identifier.excel_damaged")
        if (tail := _FLOAT_TAIL.fullmatch(text)) is not None:
            return Cleaned(tail[1], "identifier.decimal_tail")
        if len(text) > 200:
            problem = problem or "text.too_long"
        return Cleaned(text, problem)

    def key(self, value: str) -> str:
        return value

    def _sql_clean(self, column: str, options: Options) -> SqlClean | None:
        return SqlClean(
            f"regexp_full_match({column}, '[0-9]{{1,30}}|[A-Z]{{1,3}}[0-9]{{2,30}}')", column
        )


_DOMAIN = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,}(?::\d{1,5})?")


class Url(SemanticType):
    """A web address; canonical: scheme and host in lower case, ``https://`` added to ``www.``.

    Only http and https are taken: ``url.unsafe`` refuses every other scheme (``javascript:``).
    """

    name = "url"
    sensitivity = Sensitivity.PERSONAL

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        if not text or is_placeholder(text):
            return EMPTY
        if " " in text:
            return Cleaned(None, "url.invalid")
        if _DOMAIN.fullmatch(re.split(r"[/?#]", text, maxsplit=1)[0]):
            text = f"https://{text}"
        try:
            parts = urlsplit(text)
            host = parts.netloc
            if parts.scheme.lower() not in {"http", "https"}:
                return Cleaned(None, "url.unsafe" if parts.scheme else "url.invalid")
            if not _DOMAIN.fullmatch(host.rpartition("@")[2].lower()):
                return Cleaned(None, "url.invalid")
            user, at, domain = host.rpartition("@")
            whole = (parts.scheme.lower(), user + at + domain.lower(), *parts[2:])
            return Cleaned(urlunsplit(whole), problem)
        except ValueError:
            return Cleaned(None, "url.invalid")

    def mask(self, value: str) -> str:
        return _("web address") + " •••" if "•" not in value else "***"


TYPES: tuple[SemanticType, ...] = (Text(), LongText(), Identifier(), Brand(), Url())
