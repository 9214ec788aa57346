"""YAML read safely, with the position of every key and value.

``read_yaml`` turns bytes into a tree of ``Node``: plain Python values (``value``) beside the places
where they were written (``position``, ``keys``). It differs from what PyYAML does by default:

* only ``true`` and ``false`` are booleans; ``yes``, ``no``, ``on``, ``NO`` stay text, and so do
  dates, numbers with leading zeros (``0123``), a sign ``+`` or an exponent: YAML 1.2 without traps;
* keys are always text, as written;
* tags are refused, aliases are limited in number and in what they expand to, depth is limited;
* a key written twice is a mistake, not a silent choice;
* nothing is raised: mistakes go to the ``Problems`` that the caller hands in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from tui_migrate.i18n import _
from tui_migrate.runbook.problems import Position, Problems

Scalar = str | int | float | bool | None
Part = str | int
Path = tuple[Part, ...]

MAX_BYTES = 4_000_000
MAX_NODES = 200_000
MAX_ALIASES = 200
MAX_DEPTH = 40

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}")
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a YAML file and where it stands.

    ``value`` is plain Python (str, int, float, bool, None, list, dict with text keys). ``children``
    holds the nodes of a list (by index) or of a mapping (by key), ``keys`` where each key stands.
    """

    value: Any
    position: Position
    children: Mapping[Part, Node] = field(default_factory=dict)
    keys: Mapping[str, Position] = field(default_factory=dict)
    size: int = 1

    def at(self, *path: Part) -> Node:
        """The node under ``path``; where nothing is written, an empty one at the nearest place."""
        node = self
        for part in path:
            found = node.children.get(part)
            if found is None:
                return Node(None, node.position)
            node = found
        return node

    def has(self, key: str) -> bool:
        """Whether this mapping has the key."""
        return key in self.keys

    def items(self) -> Iterator[tuple[str, Position, Node]]:
        """The entries of a mapping: key, where the key stands, value. Nothing for other values."""
        for key, position in self.keys.items():
            yield key, position, self.children[key]

    def members(self) -> Iterator[Node]:
        """The members of a list; nothing for other values."""
        if isinstance(self.value, list):
            yield from self.children.values()

    def texts(self) -> Iterator[tuple[str, Position]]:
        """The text here, or each text of the list here (where one or several may be written)."""
        if isinstance(self.value, str):
            yield self.value, self.position
        for member in self.members():
            if isinstance(member.value, str):
                yield member.value, member.position

    def text(self) -> str | None:
        """The text here, or None when it is something else."""
        return self.value if isinstance(self.value, str) else None

    def nearest(self, path: Path, key: bool = False) -> Position:
        """Where ``path`` stands: its value, or with ``key`` the key that introduces it.

        Parts that are not in the file are passed over (validators name union members and the like),
        so the answer is always the nearest place that a person can look at.
        """
        node, position = self, self.position
        for part in path:
            if part in node.children:
                here = node.keys.get(part) if key and isinstance(part, str) else None
                node = node.children[part]
                position = here or node.position
        return position


class _RefusedError(Exception):
    """The file is not read any further."""

    def __init__(self, position: Position, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.position, self.message, self.hint = position, message, hint


def read_yaml(data: bytes, file: str, problems: Problems) -> Node | None:
    """The tree of a YAML file, or None when it cannot be read at all.

    Mistakes (syntax, encoding, tags, duplicate keys, limits) are added to ``problems`` under the
    name ``file``. An empty file is a node with the value None.
    """
    try:
        return _Builder(_decode(data), file, problems).document()
    except _RefusedError as refused:
        problems.add(file, refused.position, refused.message, refused.hint)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        detail = " ".join(part for part in (error.context, error.problem) if part)
        message = _("this is not valid YAML: {detail}").format(detail=detail)
        problems.add(file, _position(mark), message, _yaml_hint(data, _position(mark)))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        message = _("this is not valid YAML: {detail}").format(detail=str(error).split("\n")[0])
        problems.add(file, Position(), message)
    return None


def _yaml_hint(data: bytes, at: Position) -> str:
    line = b"".join(data.splitlines()[at.line - 1 : at.line])
    if b"\t" in line[: len(line) - len(line.lstrip())]:
        return _("indent with spaces, not with tabs")
    return _("check the indentation, the colons and the quotes here and on the line before")


def _decode(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        message = _("the file is larger than {limit} bytes").format(limit=MAX_BYTES)
        raise _RefusedError(Position(), message, _("split it into several files"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        position = _position_in(data[: error.start].decode("utf-8", "replace"))
        hint = _("save the file as UTF-8")
        raise _RefusedError(position, _("this is not UTF-8 text"), hint) from error
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        name = f"U+{ord(forbidden.group()):04X}"
        message = _("the control character {name} is not allowed").format(name=name)
        hint = _("remove it, or write it as an escape between double quotes")
        raise _RefusedError(_position_in(text[: forbidden.start()]), message, hint)
    return text


def _position_in(before: str) -> Position:
    lines = re.split("\r\n|\n|\r", before)
    return Position(len(lines), len(lines[-1]) + 1)


def _position(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1) if mark is not None else Position()


def _resolve(text: str) -> Scalar:
    """What an unquoted scalar means (see the top of this module)."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text


class _Builder:
    """Builds nodes straight from parser events, so that limits act before anything grows."""

    def __init__(self, text: str, file: str, problems: Problems) -> None:
        self.events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)
        self.file, self.problems = file, problems
        self.anchors: dict[str, Node | None] = {}
        self.nodes = self.aliases = 0

    def document(self) -> Node:
        root = Node(None, Position())
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    hint = _("keep one document in a file")
                    self._note(event, _("a second document starts here"), hint)
                    break
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, 0)
        return root

    def _node(self, event: yaml.Event, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        self._count(event, 1)
        if depth > MAX_DEPTH:
            message = _("values are nested more than {limit} deep").format(limit=MAX_DEPTH)
            raise _RefusedError(_position(event.start_mark), message)
        if getattr(event, "tag", None) is not None:
            hint = _("leave it out: the kind of a value follows from its place")
            tag = str(getattr(event, "tag", ""))
            self._note(event, _("the tag {tag} is not allowed").format(tag=repr(tag)), hint)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self.anchors[anchor] = None
        node = self._value(event, depth)
        if anchor is not None:
            self.anchors[anchor] = node
        return node

    def _value(self, event: yaml.Event, depth: int) -> Node:
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, depth)
        text = event.value if isinstance(event, yaml.ScalarEvent) else ""
        if _SURROGATE.search(text):
            message = _("an escape here stands for no character")
            raise _RefusedError(_position(event.start_mark), message)
        plain = isinstance(event, yaml.ScalarEvent) and not event.style and event.implicit[0]
        return Node(_resolve(text) if plain else text, _position(event.start_mark))

    def _sequence(self, event: yaml.Event, depth: int) -> Node:
        children: dict[Part, Node] = {}
        for inner in self.events:
            if isinstance(inner, yaml.SequenceEndEvent):
                break
            children[len(children)] = self._node(inner, depth + 1)
        value = [child.value for child in children.values()]
        size = 1 + sum(child.size for child in children.values())
        return Node(value, _position(event.start_mark), children, {}, size)

    def _mapping(self, event: yaml.Event, depth: int) -> Node:
        children: dict[Part, Node] = {}
        keys: dict[str, Position] = {}
        for inner in self.events:
            if isinstance(inner, yaml.MappingEndEvent):
                break
            key = self._key(inner, depth)
            child = self._node(next(self.events), depth + 1)
            if key is None:
                continue
            if key in keys:
                message = _("the key {key} is written twice").format(key=repr(key))
                hint = _("the first is on line {line}; keep one of them")
                self._note(inner, message, hint.format(line=keys[key].line))
                continue
            keys[key], children[key] = _position(inner.start_mark), child
        value = {key: children[key].value for key in keys}
        size = 1 + sum(child.size for child in children.values())
        return Node(value, _position(event.start_mark), children, keys, size)

    def _key(self, event: yaml.Event, depth: int) -> str | None:
        node = self._node(event, depth + 1)
        if isinstance(event, yaml.ScalarEvent):
            return event.value
        if isinstance(node.value, str):
            return node.value
        self._note(event, _("a key must be a word, not a list or a mapping"))
        return None

    def _alias(self, event: yaml.AliasEvent) -> Node:
        position = _position(event.start_mark)
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            message = _("the file uses more than {limit} aliases").format(limit=MAX_ALIASES)
            raise _RefusedError(position, message, _("write the values out"))
        name = repr(event.anchor)
        if event.anchor not in self.anchors:
            raise _RefusedError(position, _("nothing is anchored as {name}").format(name=name))
        node = self.anchors[event.anchor]
        if node is None:
            raise _RefusedError(
                position, _("the alias {name} stands inside itself").format(name=name)
            )
        self._count(event, node.size)
        return node

    def _count(self, event: yaml.Event, more: int) -> None:
        self.nodes += more
        if self.nodes > MAX_NODES:
            message = _("the file holds more than {limit} values").format(limit=MAX_NODES)
            hint = _("aliases count with everything that they repeat")
            raise _RefusedError(_position(event.start_mark), message, hint)

    def _note(self, event: yaml.Event, message: str, hint: str = "") -> None:
        self.problems.add(self.file, _position(event.start_mark), message, hint)
