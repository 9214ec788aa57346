"""Coded values: ``code``, ``boolean``, ``consent_status``, ``channel``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import ClassVar

from tui_migrate.i18n import _
from tui_migrate.model.types.base import (
    EMPTY,
    Cleaned,
    Options,
    SemanticType,
    Sensitivity,
    SqlClean,
)
from tui_migrate.model.types.tidy import DUMPED, fold, is_placeholder, tidy, words


def _squeeze(text: str) -> str:
    """Folded text in which spaces, hyphens and underscores are one space."""
    return re.sub(r"[\s_\-]+", " ", fold(text)).strip(" .!")


class Code(SemanticType):
    """A value out of a list that the mapping gives; without a list any short text.

    ``code.unknown``: the value is not in the list (and ``otherwise`` does not say what then).
    """

    name = "code"
    sensitivity = Sensitivity.PLAIN

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        if not text or text in DUMPED:
            return Cleaned(None, problem)
        return Cleaned(text, "text.too_long" if len(text) > 200 else problem)

    def compare(self, a: str, b: str) -> float:
        return float(self.key(a) == self.key(b))

    def mask(self, value: str) -> str:
        return "•••" if "•" not in value else "***"

    def _sql_clean(self, column: str, options: Options) -> SqlClean | None:
        return SqlClean(
            f"regexp_full_match({column}, '[A-Za-z0-9]([ _.-]?[A-Za-z0-9]){{0,60}}')"
            f" AND {column} <> 'NULL'",
            column,
        )


class Word(SemanticType):
    """One of few values of our own, with the words that a reader sees for each.

    ``shown``: value → its words, looked up when they are shown (the reader's language may differ).
    """

    sensitivity = Sensitivity.PLAIN
    shown: ClassVar[Mapping[str, Callable[[], str]]]

    def compare(self, a: str, b: str) -> float:
        return float(a == b)

    def mask(self, value: str) -> str:
        return "•••" if "•" not in value else "***"

    def show(self, value: str, language: str = "nl") -> str:
        words_of = self.shown.get(value)
        return value if words_of is None else words_of()

    def _sql_clean(self, column: str, options: Options) -> SqlClean | None:
        values = ", ".join(f"'{value}'" for value in self.shown)
        return SqlClean(f"{column} IN ({values})", column)


_TRUE = words("ja j yes y true t waar 1 x aan on oui vrai actief -1 wel checked")
_FALSE = words("nee n no false f onwaar 0 uit off non faux inactief niet neen unchecked")


class Boolean(Word):
    """``true`` or ``false``, from Dutch, French and English words, 1/0, x, and Access's -1."""

    name = "boolean"
    sql_type = "BOOLEAN"
    unknown_code = "boolean.unknown"
    shown = MappingProxyType({"true": lambda: _("yes"), "false": lambda: _("no")})

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        small = re.sub(r"^(-?[01])[.,]0+$", r"\1", fold(text).strip(".!"))
        if small in _TRUE:
            return Cleaned("true", problem)
        if small in _FALSE:
            return Cleaned("false", problem)
        if not text or is_placeholder(text):
            return EMPTY
        return Cleaned(None, "boolean.unknown")

    def to_python(self, value: str) -> bool:
        return value == "true"

    def _sql_clean(self, column: str, options: Options) -> SqlClean | None:
        low = f"lower({column})"
        return SqlClean(
            f"regexp_full_match({column}, '[A-Za-z01]+')"
            f" AND {low} IN ('ja', 'nee', 'yes', 'no', 'true', 'false', '1', '0')",
            f"CASE WHEN {low} IN ('ja', 'yes', 'true', '1') THEN 'true' ELSE 'false' END",
        )


_CONSENT_WORDS = {
    "given": "given|ja|j|yes|y|true|1|waar|oui|opt in|optin|opted in|ingeschreven|aangemeld|subscribed"
    "|subscribe|toestemming|toestemming gegeven|akkoord|granted|consent given|wel|inscrit|abonne"
    "|opt in gegeven|single opt in|soi|accepted|aan|on",
    "refused": "refused|nee|neen|n|no|false|0|onwaar|non|geweigerd|weigert|denied|declined|refuse"
    "|geen toestemming|niet akkoord|no consent|wil niet|niet|uit|off|niet benaderen|geen",
    "withdrawn": "withdrawn|afgemeld|uitgeschreven|unsubscribed|unsubscribe|opt out|optout|opted out"
    "|ingetrokken|toestemming ingetrokken|afmelding|uitschrijving|desinscrit|desabonne|revoked"
    "|opgezegd|bezwaar|objected",
    "confirmed": "confirmed|bevestigd|doi|double opt in|dubbele opt in|double optin|confirme"
    "|opt in bevestigd|bevestigde opt in",
}
_CONSENT = {word: state for state, words in _CONSENT_WORDS.items() for word in words.split("|")}


_CELLS = re.compile(r"[|;/,]")


def _refusal(raw: str) -> str | None:
    """The refusal that a cell (or several, joined) begins with, unless a permission follows."""
    first, *others = (_CONSENT.get(_squeeze(tidy(cell).text)) for cell in _CELLS.split(raw))
    if first not in ("refused", "withdrawn") or {"given", "confirmed"} & set(others):
        return None
    return first


class ConsentStatus(Word):
    """What a person said: ``given``, ``refused``, ``withdrawn`` or ``confirmed`` (double opt-in).

    "ja", "opt-in", "aangemeld" … are given; "nee", "no" … refused; "opt-out", "afgemeld",
    "unsubscribed" … withdrawn. Any other word gives no state: ``consent.unclear``. With codes in the
    mapping these decide; whatever is outside them is a refusal where its (first) word means one,
    else unclear, and neither ``keep`` nor ``default:X`` can make a permission out of it (a default
    may only refuse or withdraw).
    """

    name = "consent_status"
    sensitivity = Sensitivity.PERSONAL
    unknown_code = "consent.unclear"
    shown = MappingProxyType(
        {
            "given": lambda: _("given"),
            "refused": lambda: _("refused"),
            "withdrawn": lambda: _("withdrawn"),
            "confirmed": lambda: _("confirmed"),
        }
    )

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        state = _CONSENT.get(_squeeze(text))
        if state is not None:
            return Cleaned(state, problem)
        if not text or is_placeholder(text):
            return EMPTY
        return Cleaned(None, "consent.unclear")

    def _clean_coded(self, raw: str, options: Options) -> Cleaned:
        cleaned = super()._clean_coded(raw, options)
        table = {fold(key): value for key, value in options.codes or ()}
        if fold(raw) in table or cleaned.value in {"refused", "withdrawn"}:
            return cleaned
        if cleaned.value is None:
            refusal = _refusal(raw) if options.otherwise != "null" else None
            return cleaned if refusal is None else Cleaned(refusal)
        if options.otherwise == "reject":  # the source already writes what a code means
            return cleaned
        return Cleaned(None, "consent.unclear")


CHANNELS = ("email", "post", "phone", "sms", "push")

_CHANNEL_WORDS = {
    "email": "email|e mail|mail|mailing|emailing|nieuwsbrief|newsletter|courriel|e mailing|digitaal|em",
    "post": "post|dm|direct mail|brief|print|per post|papier|courrier|poste|letter"
    "|postal|drukwerk|mailpack",
    "phone": "phone|tm|telemarketing|telefoon|telefonisch|bellen|tel|telephone|call|belactie|telefonie",
    "sms": "sms|tekstbericht|text|text message|sms bericht",
    "push": "push|app|pushbericht|push notification|notificatie|notification|pushnotificatie|app push",
}
_CHANNEL = {word: channel for channel, words in _CHANNEL_WORDS.items() for word in words.split("|")}


def channel_words() -> dict[str, list[str]]:
    """The words that mean each channel (small letters, gaps as one space)."""
    return {channel: words.split("|") for channel, words in _CHANNEL_WORDS.items()}


class Channel(Word):
    """``email``, ``post``, ``phone``, ``sms`` or ``push``. ``channel.unknown``: no such channel.

    A bare "mail" is e-mail, as in Dutch; "DM" is post and "TM" telephone, as in the trade.
    """

    name = "channel"
    unknown_code = "channel.unknown"
    shown = MappingProxyType(
        {
            "email": lambda: _("e-mail"),
            "post": lambda: _("post"),
            "phone": lambda: _("telephone"),
            "sms": lambda: _("SMS"),
            "push": lambda: _("push message"),
        }
    )

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        channel = _CHANNEL.get(_squeeze(text))
        if channel is not None:
            return Cleaned(channel, problem)
        if not text or is_placeholder(text):
            return EMPTY
        return Cleaned(None, "channel.unknown")


TYPES: tuple[SemanticType, ...] = (Code(), Boolean(), ConsentStatus(), Channel())
