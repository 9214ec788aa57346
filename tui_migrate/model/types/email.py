"""E-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tui_migrate.model.types.base import (
    EMPTY,
    Cleaned,
    Options,
    SemanticType,
    Sensitivity,
    SqlClean,
)
from tui_migrate.model.types.mail_domains import (
    IMPOSSIBLE_ENDINGS,
    suggest_domain,
    typo_domains,
)
from tui_migrate.model.types.tidy import is_placeholder, tidy, words

# Tidy addresses only: every one of them is valid by RFC 5321 too (see the test with email-validator).
_LOCAL = "[a-z0-9_+-]+([.][a-z0-9_+-]+)*"
_DOMAIN = "([a-z0-9]+(-[a-z0-9]+)*[.])+[a-z]{2,24}"
_TIDY = re.compile(f"({_LOCAL})@({_DOMAIN})")
_LONGEST_LOCAL, _LONGEST_LABEL, _LONGEST = 64, 63, 200
_NOBODY = words(
    "geen geenemail geen-email geen.email noemail no-email nomail no.email nvt onbekend "
    "unknown geenmail geen-mail email none null niet nietbekend"
)
# Reserved by RFC 2606, 6761 and 6762: valid in form, and what test deliveries are made of.
_SPECIAL_USE = re.compile(r"[.](?:test|invalid|example|local|localhost|onion|arpa|internal)$")
_IN_BRACKETS = re.compile(r"[^<>]*<\s*([^<>\s]+@[^<>\s]+)\s*>[.;,]?")
_MANY = re.compile(r"[^\s;,]+@[^\s;,]+(?:[\s;,/|]+|\s+(?:of|en|or|and|ou)\s+)[^\s;,]+@[^\s;,]+")


class Email(SemanticType):
    """An e-mail address; canonical: the local part as given, the domain in small letters.

    Two addresses are the same person's when they are equal without regard to case (``key``).
    Problems with a value: ``email.typo_domain`` (kept as given, see ``suggest_domain``),
    ``email.placeholder`` (geen@…, kept), ``email.repaired`` (spaces around the @, ``mailto:``, a stray
    full stop at the end). Without: ``email.invalid``, ``email.multiple``. Only the form is judged.
    """

    name = "email"
    sensitivity = Sensitivity.PERSONAL

    def _clean(self, raw: str, options: Options) -> Cleaned:
        match = _TIDY.fullmatch(raw)
        if match is not None and _fits(match[1], match[3]):
            return Cleaned(raw, _doubt(match[1], match[3]))
        text, problem = tidy(raw)
        if not text or is_placeholder(text):
            return EMPTY
        if _MANY.fullmatch(text):
            return Cleaned(None, "email.multiple")
        repaired = _without_wrapping(text)
        address = _checked(repaired)
        if address is None:
            return Cleaned(None, "email.invalid")
        local, _at, domain = address.rpartition("@")
        if repaired != text:
            problem = "email.repaired"
        return Cleaned(address, _doubt(local, domain) or problem)

    def clean_many(self, raws: Sequence[str], options: Options) -> list[Cleaned]:
        if options.codes is not None:
            return super().clean_many(raws, options)
        clean = self._clean
        return [clean(raw, options) for raw in raws]

    def key(self, value: str) -> str:
        return value.casefold()

    def mask(self, value: str) -> str:
        local, _at, domain = value.rpartition("@")
        ending = domain.rpartition(".")[2]
        if "•" in value or len(local) < 2:
            return "•••@•••" if "•" not in value else "***"
        return f"{local[0]}•••@•••.{ending}"

    def _sql_clean(self, column: str, options: Options) -> SqlClean | None:
        domain = f"split_part({column}, '@', 2)"
        typos = ", ".join(f"'{wrong}'" for wrong in sorted(typo_domains()))
        nobody = ", ".join(f"'{word}'" for word in sorted(_NOBODY))
        endings = "|".join(IMPOSSIBLE_ENDINGS)
        return SqlClean(
            f"regexp_full_match({column}, '{_LOCAL}@{_DOMAIN}')"
            f" AND length({column}) <= {_LONGEST}"
            f" AND length(split_part({column}, '@', 1)) <= {_LONGEST_LOCAL}"
            f" AND NOT regexp_matches({column}, '[a-z0-9-]{{{_LONGEST_LABEL + 1}}}[.a-z0-9-]*$')"
            f" AND NOT regexp_matches({column}, '[.]({endings})$')"
            f" AND {domain} NOT IN ({typos})"
            f" AND split_part({column}, '@', 1) NOT IN ({nobody})",
            column,
        )


def _fits(local: str, domain: str) -> bool:
    return (
        len(local) <= _LONGEST_LOCAL
        and len(local) + 1 + len(domain) <= _LONGEST
        and (len(domain) <= _LONGEST_LABEL or max(map(len, domain.split("."))) <= _LONGEST_LABEL)
    )


def _doubt(local: str, domain: str) -> str | None:
    if suggest_domain(domain) is not None:
        return "email.typo_domain"
    return "email.placeholder" if local.lower() in _NOBODY else None


def _without_wrapping(text: str) -> str:
    bracketed = _IN_BRACKETS.fullmatch(text)
    if bracketed is not None:
        text = bracketed[1]
    text = re.sub(r"^mailto:\s*", "", text, flags=re.IGNORECASE)
    text = re.sub(r"\s*@\s*", "@", text)
    text = re.sub(r"(@[^@]+?)[.,;]?\1$", r"\1", text)  # the domain pasted twice
    return text.strip("\"' ").rstrip(".,;:").lstrip(",;:").strip("\"' ")


def _checked(text: str) -> str | None:
    """The address as email-validator writes it, or None."""
    from email_validator import EmailNotValidError, validate_email

    ending = _SPECIAL_USE.search(text.lower())
    stand_in = ".nl" if ending is not None else ""
    try:
        found = validate_email(text + stand_in, check_deliverability=False).normalized
    except (EmailNotValidError, ValueError):
        return None
    address = found.removesuffix(stand_in) if stand_in else found
    return address if address.count("@") == 1 else None


TYPES: tuple[SemanticType, ...] = (Email(),)
