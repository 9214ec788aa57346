"""Numbers of organisations: ``kvk`` (Dutch trade register), ``kbo`` (Belgian enterprise), ``vat``."""

from __future__ import annotations

import re

from tui_migrate.model.types.base import Cleaned, Options, SemanticType, Sensitivity
from tui_migrate.model.types.tidy import is_placeholder, tidy

_SEPARATORS = re.compile(r"[\s.\-/:]+")


def _compact(raw: str) -> tuple[str, str | None]:
    text, problem = tidy(raw)
    if is_placeholder(text):
        return "", None
    return _SEPARATORS.sub("", text).upper(), problem


class Kvk(SemanticType):
    """Dutch trade register number: 8 digits (KVK gives it no check digit).

    A seven-digit number has lost its leading zero in a spreadsheet (``kvk.leading_zero``, repaired);
    twelve digits are a branch number (``kvk.branch_number``, unusable as a company number).
    """

    name = "kvk"
    sensitivity = Sensitivity.PERSONAL

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = _compact(raw)
        if not text:
            return Cleaned(None)
        digits = re.sub(r"^(?:KVK|NR|NUMMER)+", "", text)
        if re.fullmatch(r"[0-9]{12}", digits):
            return Cleaned(None, "kvk.branch_number")
        if re.fullmatch(r"[0-9]{7}", digits) and int(digits):
            return Cleaned(f"0{digits}", "kvk.leading_zero")
        if not re.fullmatch(r"[0-9]{8}", digits) or not int(digits):
            return Cleaned(None, "kvk.invalid")
        return Cleaned(digits, problem)


class Kbo(SemanticType):
    """Belgian enterprise number: 10 digits, the last two are 97 - (first eight mod 97).

    Numbers start with 0 or 1; nine digits come from before 2005 or lost the zero and are filled up.
    """

    name = "kbo"
    sensitivity = Sensitivity.PERSONAL

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = _compact(raw)
        if not text:
            return Cleaned(None)
        digits = re.sub(r"^(?:KBO|BCE|BTW|TVA|ON|BE)+", "", text)
        if re.fullmatch(r"[0-9]{9}", digits):
            digits = f"0{digits}"
        if not re.fullmatch(r"[01][0-9]{9}", digits) or not int(digits):
            return Cleaned(None, "kbo.invalid")
        if 97 - int(digits[:8]) % 97 != int(digits[8:]):
            return Cleaned(None, "kbo.checksum")
        return Cleaned(digits, problem)

    def show(self, value: str, language: str = "nl") -> str:
        return f"{value[:4]}.{value[4:7]}.{value[7:]}"


class Vat(SemanticType):
    """VAT number with its country: ``NL123456782B90``, ``BE0403019261``; other EU forms too.

    The country may be missing when the number says it (``…B01`` is Dutch) or when the default
    country of the mapping fits. Checked by python-stdnum (both Dutch check methods).
    """

    name = "vat"
    sensitivity = Sensitivity.PERSONAL

    def _clean(self, raw: str, options: Options) -> Cleaned:
        from stdnum.eu import vat
        from stdnum.exceptions import ValidationError

        text, problem = _compact(raw)
        if not text:
            return Cleaned(None)
        text = re.sub(r"^(?:BTW|TVA|VAT)(?:NR)?", "", text)
        if re.fullmatch(r"[0-9]{9}B[0-9]{2}", text):
            text = f"NL{text}"
        elif re.fullmatch(r"[0-9]{9,10}", text) and options.country == "BE":
            text = f"BE{text}"
        if not re.fullmatch(r"[A-Z]{2}[A-Z0-9+*]{2,13}", text):
            return Cleaned(None, "vat.invalid")
        try:
            canonical = str(vat.validate(text))
        except (ValidationError, ValueError, KeyError, IndexError):
            return Cleaned(None, "vat.invalid")
        return Cleaned(canonical, problem)


TYPES: tuple[SemanticType, ...] = (Kvk(), Kbo(), Vat())
