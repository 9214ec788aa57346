"""How names and addresses are spelt before they are compared: one spelling for each preset.

A spelling is a set of SQL macros. They differ in the words that are left out of a name, in the streets
and towns of a country, and in the call names that are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

_PARTICLES = (
    "van von vande vanden vander de den der des het ten ter te t s la le les du d l op in aan bij "
    "onder over uit voor tot zu zum zur el al di da dos del e ev v vd geb"
)
_GENERATIONS = "jr sr junior senior"
_TITLES = "dhr mevr mw drs dr ir ing prof mr heer mevrouw fam familie"
_TITLES_ABROAD = "mrs ms miss mme mlle monsieur madame"
_LEGAL_FORMS = (
    "bv nv vof cv bvba sprl sa srl sarl gmbh ltd inc llc maatschap eenmanszaak vzw asbl en et "
    "and the de het van der"
)
_LEGAL_FORMS_BELGIAN = "scrl snc cvba commv gcv aisbl ivzw ebvba"
_LEGAL_FORMS_ABROAD = "plc pty corp company incorporated limited ag kg ug sas spa"

_TOWNS_SHIPPED = {
    "sgravenhage": "denhaag", "shertogenbosch": "denbosch", "bruxelles": "brussel",
    "anvers": "antwerpen", "gand": "gent", "liege": "luik",
}  # fmt: skip
#: Belgian towns with a name in each language.
_TOWNS_BELGIAN = {
    "alost": "aalst", "arlon": "aarlen", "ath": "aat", "audenarde": "oudenaarde",
    "auderghem": "oudergem", "bastogne": "bastenaken", "berchemsainteagathe": "sintagathaberchem",
    "bruges": "brugge", "courtrai": "kortrijk", "forest": "vorst", "furnes": "veurne",
    "grammont": "geraardsbergen", "hal": "halle", "huy": "hoei", "ixelles": "elsene",
    "jodoigne": "geldenaken", "lierre": "lier", "louvain": "leuven", "malines": "mechelen",
    "molenbeeksaintjean": "sintjansmolenbeek", "mons": "bergen", "namur": "namen",
    "nivelles": "nijvel", "ostende": "oostende", "renaix": "ronse", "roulers": "roeselare",
    "saintgilles": "sintgillis", "saintjossetennoode": "sintjoosttennode",
    "saintnicolas": "sintniklaas", "sainttrond": "sinttruiden", "schaerbeek": "schaarbeek",
    "termonde": "dendermonde", "tirlemont": "tienen", "tongres": "tongeren", "tournai": "doornik",
    "uccle": "ukkel", "vilvorde": "vilvoorde", "watermaelboitsfort": "watermaalbosvoorde",
    "wavre": "waver", "woluwesaintlambert": "sintlambrechtswoluwe",
    "woluwesaintpierre": "sintpieterswoluwe", "ypres": "ieper",
}  # fmt: skip


@dataclass(frozen=True)
class Spelling:
    """What a preset's macros are made of.

    languages: whose call names are known, see ``nicknames``. streets: the macro `mt_street`. towns:
    a name of a town (letters only) → the name that stands for it. titles, legal_forms: words that
    are no part of a name. particles: the same in family names. ij: whether it is one letter.
    """

    languages: tuple[str, ...]
    streets: str
    towns: Mapping[str, str]
    legal_forms: str = _LEGAL_FORMS
    titles: str = _TITLES
    particles: str = _PARTICLES
    ij: bool = True


def _words(text: str) -> str:
    return "[" + ", ".join(f"'{word}'" for word in text.split()) + "]"


_STREETS_DUTCH = r"""
CREATE OR REPLACE TEMP MACRO mt_street(s) AS
    mt_letters(regexp_replace(regexp_replace(regexp_replace(mt_fold(s),
        'str\.?\s*$', 'straat'), 'ln\.?\s*$', 'laan'), '(pln|pl)\.?\s*$', 'plein'));"""

_STREETS_PLAIN = "CREATE OR REPLACE TEMP MACRO mt_street(s) AS mt_letters(s);"

#: (what stands before the name of a French street, what a Dutch one has after it).
_FRENCH_STREETS = (
    ("r(?:ue)?", "straat"), ("av(?:en?)?|avenue", "laan"), ("bd|bld|blvd|boul|boulevard", "laan"),
    ("ch|chee|chaussee", "steenweg"), ("pl|place", "plein"), ("sq|square", "square"),
    ("quai", "kaai"), ("rte|route", "weg"), ("chemin", "weg"), ("all|allee|dreve", "dreef"),
    ("imp|impasse", "gang"), ("clos", "gaarde"),
)  # fmt: skip
_ARTICLES = r"(?:(?:de|du|des|la|le|les|aux?)\s+|[dl][''’]\s*)*"
_DUTCH_ENDS = (
    "str|straat|ln|laan|pln|pl|plein|weg|stwg|dreef|kaai|kade|lei|baan|hof|pad|steeg|gracht|markt"
)


def _streets_of_two_languages() -> str:
    """Dutch spelling for the streets of both: av. Louise is louiselaan, and meets Louisalaan.

    A name that ends as a Dutch street does has no short French type before it (R. Schumanlaan).
    """
    written_out = "|".join(before.split("|")[-1] for before, _after in _FRENCH_STREETS[1:])
    french = "regexp_replace(trim(mt_fold(s)), '\\s+', ' ', 'g')"
    for before, after in _FRENCH_STREETS:
        pattern = rf"^(?:{before})(?:\.\s*|\s+){_ARTICLES}(.+)$"
        french = f"regexp_replace({french}, '{pattern}', '\\1 {after}')"
    dutch = _STREETS_DUTCH.replace("mt_street(", "mt_street_dutch(")
    stwg = "regexp_replace(mt_fold(s), '(stwg|stnwg|steenw)\\.?\\s*$', 'steenweg')"
    return f"""{dutch}
CREATE OR REPLACE TEMP MACRO mt_street(s) AS
    CASE WHEN regexp_matches(mt_fold(s), '({_DUTCH_ENDS})\\.?\\s*$')
              AND NOT regexp_matches(mt_fold(s), '^\\s*(rue|{written_out})\\s')
         THEN mt_street_dutch({stwg})
         ELSE mt_letters({french}) END;"""


#: One macro is one spelling rule. Folding keeps letters of every script; only accents go. What nobody
#: is called (markup, control characters, a page of letters) is no first name but an unknown one.
_MACROS = r"""
CREATE OR REPLACE TEMP MACRO mt_fold(s) AS
    replace(replace(replace(replace(replace(replace(
        lower(strip_accents(s)), 'ß', 'ss'), 'ø', 'o'), 'æ', 'ae'), 'œ', 'oe'), 'ł', 'l'), 'ĳ', 'ij');
CREATE OR REPLACE TEMP MACRO mt_called(s) AS
    CASE WHEN NOT regexp_matches(s, '[][{{}}<>=;@\\|/\x00-\x1f]') AND length(s) <= 60 THEN s END;
CREATE OR REPLACE TEMP MACRO mt_filled(s) AS nullif(trim(s), '');
CREATE OR REPLACE TEMP MACRO mt_words(s) AS
    list_filter(string_split_regex(mt_fold(s), '[^\p{{L}}]+'), lambda w: w <> '');
CREATE OR REPLACE TEMP MACRO mt_without(words, unwanted) AS
    CASE WHEN len(list_filter(words, lambda w: NOT list_contains(unwanted, w))) > 0
         THEN list_filter(words, lambda w: NOT list_contains(unwanted, w))
         ELSE words END;
CREATE OR REPLACE TEMP MACRO mt_family(s) AS
    list_transform(
        mt_without(mt_without(mt_words(s), {generations}), {particles}),
        lambda w: {ij});
CREATE OR REPLACE TEMP MACRO mt_given(s) AS
    mt_without(
        mt_words(regexp_replace(mt_fold(s),
            '\b([b-df-hj-np-tv-xz])[b-df-hj-np-tv-xz]{{1,2}}\.', '\1.', 'g')),
        {titles});
CREATE OR REPLACE TEMP MACRO mt_initials(s) AS
    CASE WHEN regexp_matches(trim(s), '^[[:upper:]]{{1,5}}$') THEN lower(trim(s))
         ELSE nullif(list_aggregate(list_transform(mt_given(s), lambda w: left(w, 1)),
                                    'string_agg', ''), '') END;
CREATE OR REPLACE TEMP MACRO mt_generation(s) AS
    CASE WHEN list_has_any(mt_words(s), ['jr', 'junior']) THEN 'jr'
         WHEN list_has_any(mt_words(s), ['sr', 'senior']) THEN 'sr' END;
CREATE OR REPLACE TEMP MACRO mt_organisation(s) AS
    list_sort(list_distinct(mt_without(
        list_filter(string_split_regex(
            replace(regexp_replace(mt_fold(s), '\b(\p{{L}})\.(\p{{L}})\.?(\p{{L}}\b)?', '\1\2\3', 'g'),
                    'stg.', 'stichting'),
            '[^\p{{L}}0-9]+'), lambda w: w <> ''),
        {legal_forms})));
CREATE OR REPLACE TEMP MACRO mt_letters(s) AS
    nullif(regexp_replace(mt_fold(s), '[^\p{{L}}]', '', 'g'), '');
{streets}
CREATE OR REPLACE TEMP MACRO mt_town(s) AS
    list_transform([mt_letters(s)], lambda t: CASE t {towns} ELSE t END)[1];
CREATE OR REPLACE TEMP MACRO mt_postcode(s) AS
    nullif(regexp_replace(regexp_replace(upper(s), '[^A-Z0-9]', '', 'g'),
        '^(NL|BE|B|DE|D|LU|L|FR|F)([0-9]{{4,5}})', '\2'), '');
CREATE OR REPLACE TEMP MACRO mt_digits(s) AS regexp_replace(s, '[^0-9]', '', 'g');
CREATE OR REPLACE TEMP MACRO mt_is_mobile(s) AS
    regexp_matches(mt_digits(s),
        '^(00)?(316|324[5-9]|491[567]|33[67]|447|3526)|^06[1-9]|^04[5-9][0-9]{{7}}$');
"""


_OF_TWO_LANGUAGES = Spelling(
    ("nl", "fr"),
    _streets_of_two_languages(),
    _TOWNS_SHIPPED | _TOWNS_BELGIAN,
    f"{_LEGAL_FORMS} {_LEGAL_FORMS_BELGIAN}",
    f"{_TITLES} {_TITLES_ABROAD}",
)
#: Name of the preset → its spelling.
SPELLINGS: Mapping[str, Spelling] = {
    "nl": Spelling(("nl",), _STREETS_DUTCH, _TOWNS_SHIPPED),
    "be": _OF_TWO_LANGUAGES,
    # French call names would make more pairs doubtful than they find where most names are Dutch.
    "nl-be": replace(_OF_TWO_LANGUAGES, languages=("nl",)),
    "general": Spelling(
        ("en", "fr"),
        _STREETS_PLAIN,
        {},
        f"{_LEGAL_FORMS} {_LEGAL_FORMS_ABROAD}",
        f"{_TITLES} {_TITLES_ABROAD}",
        ij=False,
    ),
}


def macros(name: str) -> str:
    """SQL that makes the macros of the spelling called `name`; KeyError if there is none."""
    spelling = SPELLINGS[name]
    return _MACROS.format(
        generations=_words(_GENERATIONS),
        particles=_words(spelling.particles),
        titles=_words(f"{_GENERATIONS} {spelling.titles}"),
        legal_forms=_words(spelling.legal_forms),
        ij="replace(w, 'ij', 'y')" if spelling.ij else "w",
        streets=spelling.streets,
        towns=" ".join(f"WHEN '{one}' THEN '{other}'" for one, other in spelling.towns.items())
        or "WHEN '' THEN ''",
    )
