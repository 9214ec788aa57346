"""What the terminal is sent, in fewer bytes: reviewers work for hours over slow lines.

Textual writes each piece of text with the whole of its style before it and a reset behind it; most
neighbours differ in one colour, or in none. It writes every space, and goes to places at which it writes
nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from textual.drivers.linux_driver import LinuxDriver

_TOKEN = re.compile(
    r"\x1b\[(?P<style>[0-9;:]*)m|(?P<move>\x1b\[\d+;\d+H)|(?P<text>\x1b?[^\x1b]+|\x1b)"
)
_MOVE = r"\x1b\[\d+;\d+H"
_PASSED = re.compile(rf"(?:{_MOVE}|\n)+(?={_MOVE})")
"""Places that are left before anything is written there."""
_FORWARD = re.compile(rf"\x1b\[\d+C(?=(?:\x1b\[[0-9;]*m)*{_MOVE})")
_SPACES = re.compile(r" {12,}")
"""As many as are longer than the two sequences that do the same."""
_CODE = re.compile(r"[34]8;5;\d+|[34]8;2;\d+;\d+;\d+|\d+")
_KNOWN = re.compile(rf"(?:{_CODE.pattern})(?:;(?:{_CODE.pattern}))*")
_FRONT = {"38", *(f"{first}{n}" for first in (3, 9) for n in range(8))}
_BACK = {"48", *(f"{first}{n}" for first in (4, 10) for n in range(8))}
_SEEN_ON_SPACES = {"4", "7", "9", "21", "51", "52", "53"}
"""Underline, reverse, strike and the like."""
_MORE = {"1", "2", "3", "5", "6", "8", *_SEEN_ON_SPACES}


class Style(NamedTuple):
    """How the terminal draws, in codes of SGR (ECMA-48): the two colours ("": the terminal's own) and
    the other attributes that are set."""

    front: str = ""
    back: str = ""
    more: frozenset[str] = frozenset()


PLAIN = Style()


class FrugalDriver(LinuxDriver):
    """The terminal of a person whose line may be slow."""

    def write(self, data: str) -> None:
        """Send it; the terminal then shows what ``data`` itself would have it show."""
        super().write(frugal(data))


def frugal(data: str) -> str:
    """The same picture in fewer bytes: of each style only what changes, no front colour for spaces, and
    long runs of spaces on the terminal's own background erased instead of written.

    data: text with escape sequences, drawn from no style to no style, as Textual's updates are;
    other data comes back as it is.
    """
    sent: list[str] = []
    now = wanted = PLAIN
    for token in _TOKEN.finditer(_PASSED.sub("", data)):
        if token["style"] is not None:
            changed = _changed(wanted, token["style"])
            if changed is None:
                return data
            wanted = changed
        elif token["move"]:
            sent.append(token["move"])
        else:
            text, target = token["text"], wanted
            if not text.strip(" ") and _SEEN_ON_SPACES.isdisjoint(now.more | wanted.more):
                target = now._replace(back=wanted.back)
            if not target.back and _SEEN_ON_SPACES.isdisjoint(target.more):
                text = _SPACES.sub(_erased, text)
            sent += _between(now, target), text
            now = target
    if wanted != PLAIN:
        return data
    return _FORWARD.sub("", "".join([*sent, _between(now, PLAIN)]))


def _erased(spaces: re.Match[str]) -> str:
    """Erase them and go behind them (ECH, CUF)."""
    count = len(spaces[0])
    return f"\x1b[{count}X\x1b[{count}C"


@lru_cache(maxsize=4096)
def _changed(style: Style, codes: str) -> Style | None:
    """The style behind these codes; None: some are not known here."""
    if not _KNOWN.fullmatch(codes or "0"):
        return None
    for code in _CODE.findall(codes or "0"):
        kind = code.partition(";")[0]
        if code == "0":
            style = PLAIN
        elif code == "39" or (kind in _FRONT and code != "38"):
            style = style._replace(front="" if code == "39" else code)
        elif code == "49" or (kind in _BACK and code != "48"):
            style = style._replace(back="" if code == "49" else code)
        elif code in _MORE:
            style = style._replace(more=style.more | {code})
        else:
            return None
    return style


@lru_cache(maxsize=4096)
def _between(now: Style, then: Style) -> str:
    """The sequence that changes the one style into the other ("" where they are equal)."""
    if now == then:
        return ""
    codes = []
    if now.more - then.more or then == PLAIN:
        codes.append("0")  # nothing takes away one attribute on every terminal: begin anew
        now = PLAIN
    codes += sorted(then.more - now.more, key=int)
    if now.front != then.front:
        codes.append(then.front or "39")
    if now.back != then.back:
        codes.append(then.back or "49")
    return f"\x1b[{';'.join(codes)}m"
