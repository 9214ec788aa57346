"""``country`` (ISO 3166-1 alpha-2) and ``language`` (ISO 639-1), from names in several languages."""

from __future__ import annotations

import gettext
import re
from functools import cache, lru_cache
from itertools import chain

from tui_migrate.model.types.base import (
    EMPTY,
    Cleaned,
    Options,
    SemanticType,
    Sensitivity,
    SqlClean,
)
from tui_migrate.model.types.tidy import fold, is_placeholder, tidy

# Names in use that the ISO lists do not have, and the vehicle codes of the neighbours.
_COUNTRY_WORDS = {
    "holland": "NL", "the netherlands": "NL", "pays bas": "NL", "nederlands": "NL", "nl nederland": "NL",
    "b": "BE", "d": "DE", "f": "FR", "l": "LU", "e": "ES", "i": "IT", "a": "AT", "p": "PT",
    "belgie belgique": "BE", "vlaanderen": "BE", "engeland": "GB", "schotland": "GB", "wales": "GB",
    "groot brittannie": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "uk": "GB",
    "verenigd koninkrijk": "GB", "united kingdom": "GB", "royaume uni": "GB", "angleterre": "GB",
    "noord ierland": "GB", "verenigde staten": "US", "verenigde staten van amerika": "US",
    "amerika": "US", "usa": "US", "u s a": "US", "vs": "US", "etats unis": "US", "rusland": "RU",
    "russia": "RU", "turkije": "TR", "turkey": "TR", "turquie": "TR", "tsjechie": "CZ",
    "czech republic": "CZ", "slowakije": "SK", "zuid korea": "KR", "south korea": "KR",
    "noord korea": "KP", "taiwan": "TW", "vietnam": "VN", "iran": "IR", "syrie": "SY", "syria": "SY",
    "moldavie": "MD", "bolivia": "BO", "venezuela": "VE", "tanzania": "TZ", "ivoorkust": "CI",
    "kosovo": "XK", "macedonie": "MK", "noord macedonie": "MK", "vaticaanstad": "VA", "curacao": "CW",
    "bonaire": "BQ", "sint maarten": "SX", "hongkong": "HK", "hong kong": "HK", "deutschland": "DE",
    "osterreich": "AT", "schweiz": "CH", "espana": "ES", "italia": "IT", "polska": "PL",
}  # fmt: skip
_ACCEPTED_EXTRA = frozenset({"XK"})  # Kosovo: user-assigned, used by the EU and by banks


def _word(text: str) -> str:
    return re.sub(r"[\W_]+", " ", fold(text)).strip()


@cache
def _translator(domain: str, language: str) -> gettext.NullTranslations:
    import pycountry

    return gettext.translation(domain, pycountry.LOCALES_DIR, languages=[language], fallback=True)


@cache
def _country_codes() -> dict[str, str]:
    """Folded name or code → alpha-2, from the ISO list in English, Dutch, French and German."""
    import pycountry

    found: dict[str, str] = {}
    for country in pycountry.countries:
        names = {
            country.name,
            getattr(country, "common_name", ""),
            getattr(country, "official_name", ""),
        }
        for language in ("nl", "fr", "de"):
            translate = _translator("iso3166-1", language).gettext
            names |= {translate(name) for name in names if name}
        for name in filter(None, (_word(name) for name in names)):
            found.setdefault(name, country.alpha_2)
        found[country.alpha_2.lower()] = country.alpha_2
        found[country.alpha_3.lower()] = country.alpha_2
    return found | _COUNTRY_WORDS | {code.lower(): code for code in _ACCEPTED_EXTRA}


@lru_cache(maxsize=4096)
def _country(text: str) -> str | None:
    return _country_codes().get(_word(text))


class Country(SemanticType):
    """A country as ISO 3166-1 alpha-2, from its Dutch, French, English or German name or a code.

    ``country.unknown``: no such country.
    """

    name = "country"
    sensitivity = Sensitivity.PLAIN
    unknown_code = "country.unknown"

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        if not text or is_placeholder(text):
            return EMPTY
        code = _country(text)
        return Cleaned(code, problem) if code else Cleaned(None, "country.unknown")

    def compare(self, a: str, b: str) -> float:
        return float(a == b)

    def show(self, value: str, language: str = "nl") -> str:
        """The country's name in the language (``nl``, ``fr``, ``de``, ``en``), else the code."""
        import pycountry

        if value == "XK":
            return "Kosovo"
        country = pycountry.countries.get(alpha_2=value)
        if country is None:
            return value
        name = str(getattr(country, "common_name", country.name))
        return _translator("iso3166-1", language).gettext(name) if language != "en" else name

    def mask(self, value: str) -> str:
        return "••" if value != "••" else "***"

    def _sql_clean(self, column: str, options: Options) -> SqlClean | None:
        return SqlClean(f"{column} IN ('NL', 'BE', 'DE', 'FR', 'LU', 'GB')", column)


_LANGUAGE_WORDS = {
    "nederlands": "nl", "dutch": "nl", "neerlandais": "nl", "vlaams": "nl", "flemish": "nl",
    "n": "nl", "ned": "nl", "frans": "fr", "french": "fr", "francais": "fr", "f": "fr", "fra": "fr",
    "fre": "fr", "duits": "de", "german": "de", "allemand": "de", "deutsch": "de", "d": "de",
    "ger": "de", "engels": "en", "english": "en", "anglais": "en", "e": "en", "gb": "en", "uk": "en",
    "spaans": "es", "spanish": "es", "espagnol": "es", "espanol": "es", "italiaans": "it",
    "italian": "it", "italien": "it", "pools": "pl", "polish": "pl", "turks": "tr", "turkish": "tr",
    "arabisch": "ar", "arabic": "ar", "arabe": "ar", "fries": "fy", "portugees": "pt", "dut": "nl",
    "roemeens": "ro", "oekraiens": "uk", "russisch": "ru",
}  # fmt: skip


@cache
def _language_codes() -> dict[str, str]:
    import pycountry

    found: dict[str, str] = {}
    for language in pycountry.languages:
        short = getattr(language, "alpha_2", None)
        if short is None:
            continue
        translated = (
            _translator("iso639-3", reader).gettext(language.name) for reader in ("nl", "fr")
        )
        for name in chain((language.name,), translated):
            found.setdefault(_word(name), short)
        found[language.alpha_3] = short
        found[short] = short
    return {**_LANGUAGE_WORDS, **found, "gb": "en"}


class Language(SemanticType):
    """A language as ISO 639-1, from a name, a code or a locale (``nl_BE``). ``language.unknown``."""

    name = "language"
    sensitivity = Sensitivity.PLAIN
    unknown_code = "language.unknown"

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        if not text or is_placeholder(text):
            return EMPTY
        codes = _language_codes()
        locale = re.fullmatch(r"([A-Za-z]{2,3})[-_][A-Za-z]{2,4}(?:[.@-].*)?", text)
        code = codes.get(_word(text)) or (codes.get(locale[1].lower()) if locale else None)
        return Cleaned(code, problem) if code else Cleaned(None, "language.unknown")

    def compare(self, a: str, b: str) -> float:
        return float(a == b)

    def show(self, value: str, language: str = "nl") -> str:
        """The language's name in the reader's language, else the code."""
        import pycountry

        found = pycountry.languages.get(alpha_2=value)
        if found is None:
            return value
        name = str(found.name)
        return _translator("iso639-3", language).gettext(name) if language != "en" else name

    def mask(self, value: str) -> str:
        return "••" if value != "••" else "***"


TYPES: tuple[SemanticType, ...] = (Country(), Language())
