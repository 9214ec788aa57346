"""One line of JSON lines: an object that every later reader takes too, or a reason why not."""

from __future__ import annotations

import json
from collections.abc import Iterator

MAX_DEPTH = 50
"""Objects and lists in each other; no delivery of customer data goes deeper."""


class _Twice(ValueError):
    """The same key twice in one object: which of the two counts is anybody's guess."""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _Twice
    return made


def _no_number(_name: str) -> None:
    """NaN and Infinity are Python's own, and no JSON."""
    raise ValueError


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(text)
    return number


def _texts(value: object) -> Iterator[tuple[int, str]]:
    """Depth and text of every key and value; containers come as empty texts."""
    waiting: list[tuple[int, object]] = [(1, value)]
    while waiting:
        depth, here = waiting.pop()
        if isinstance(here, str):
            yield depth, here
        elif isinstance(here, dict):
            yield depth, ""
            waiting += [(depth + 1, part) for pair in here.items() for part in pair]
        elif isinstance(here, list):
            yield depth, ""
            waiting += [(depth + 1, part) for part in here]


def json_line(raw: bytes, encoding: str) -> tuple[str, str]:
    """The text of a JSON object line and why it cannot be one ('' if it can)."""
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        return raw.decode(encoding, errors="replace"), "line.undecodable"
    if b"\0" in raw:
        return text, "line.nul"
    try:
        value = json.loads(
            text, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite
        )
    except _Twice:
        return text, "json.duplicate_key"
    except RecursionError:
        return text, "json.too_deep"
    except ValueError:
        return text, "json.malformed"
    return text, _objection(text, value)


def _objection(text: str, value: object) -> str:
    if not isinstance(value, dict):
        return "json.not_an_object"
    if "\\u" in text or text.count("{") + text.count("[") > MAX_DEPTH:
        for depth, part in _texts(value):
            if depth > MAX_DEPTH:
                return "json.too_deep"
            if "\0" in part:
                return "line.nul"
            if not part.isascii() and any("\ud800" <= sign <= "\udfff" for sign in part):
                return "json.malformed"
    return ""
