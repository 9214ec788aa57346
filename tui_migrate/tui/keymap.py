"""The keys that a person wants: a YAML file of his own, action → key or keys.

A file with a mistake is not used at all: half a keymap would leave a key that does what nobody
expects. The mistakes are said, with their lines, and all keys stay as they are shipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from textual.keys import Keys, _character_to_key

from tui_migrate.i18n import _
from tui_migrate.tui.actions import ACTS, acts

FIXED = {"review.take": "1"}
"""Actions whose keys stay: the digits name records."""
HELD = ("ctrl+c", "ctrl+q", *map(str, range(1, 10)))
"""Keys that no action can have."""
MODIFIERS = ("ctrl+", "shift+", "alt+")
_NAMED = frozenset(str(key.value) for key in Keys)


@dataclass(slots=True)
class Keymap:
    """``keys``: id of an action → its keys, by Textual's names, a comma between them. ``mistakes``: why
    the file is not used, each with its line."""

    keys: dict[str, str] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)


def read_keys(path: Path) -> Keymap:
    """The keys of a file; none where there is no file."""
    import yaml

    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
    except FileNotFoundError:
        return Keymap()
    except (OSError, UnicodeDecodeError) as error:
        return Keymap(mistakes=[_("{file} cannot be read: {why}").format(file=path, why=error)])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        return Keymap(mistakes=[_("line {n}: this is not YAML").format(n=line)])
    if root is None:
        return Keymap()
    if not isinstance(root, yaml.MappingNode):
        wrong = _("line {n}: a line names an action and its key, as review.merge: x")
        return Keymap(mistakes=[wrong.format(n=root.start_mark.line + 1)])
    found = Keymap()
    lines: dict[str, int] = {}
    for key, value in root.value:
        line = key.start_mark.line + 1
        told = _entry(key, value, found.keys)
        found.mistakes += [_("line {n}: {what}").format(n=line, what=what) for what in told]
        lines[str(key.value)] = line
    if not found.mistakes:
        found.mistakes = [
            _("line {n}: {what}").format(n=min(lines.get(name, 0) for name in names), what=what)
            for names, what in _conflicts(found.keys)
        ]
    return found if not found.mistakes else Keymap(mistakes=found.mistakes)


def _entry(key: object, value: object, keys: dict[str, str]) -> Iterator[str]:
    """Take one line in, or say what is wrong with it."""
    import yaml

    known = [act.id for group in ACTS.values() for act in group]
    name = key.value if isinstance(key, yaml.ScalarNode) else ""
    if name not in known:
        near = get_close_matches(str(name), known, 1)
        hint = _("; did you mean {name}?").format(name=near[0]) if near else ""
        yield _("there is no action {name}").format(name=repr(name)) + hint
        return
    if name in FIXED:
        yield _("{name} keeps its key: the digits name records").format(name=name)
        return
    if name in keys:
        yield _("{name} stands there twice").format(name=name)
        return
    nodes = value.value if isinstance(value, yaml.SequenceNode) else [value]
    wanted = []
    for node in nodes:
        text = node.value if isinstance(node, yaml.ScalarNode) else ""
        normal = _normal(text)
        if not normal:
            hint = _("a character, or a name such as space, f3 or ctrl+s")
            yield _("{key} is no key; {hint}").format(key=repr(text), hint=hint)
        elif normal in HELD:
            yield _("no action can have the key {key}").format(key=text)
        else:
            wanted.append(normal)
    if not wanted:
        return
    keys[name] = ",".join(wanted)


def _normal(text: str) -> str:
    """A key by Textual's name for it; '' where there is none."""
    rest = text
    for modifier in MODIFIERS:
        rest = rest.removeprefix(modifier)
    if len(rest) == 1 and rest.isprintable() and rest != " ":
        return text[: -len(rest)] + _character_to_key(rest)
    return text if rest in _NAMED and rest else ""


def _conflicts(keys: Mapping[str, str]) -> Iterator[tuple[list[str], str]]:
    """Two actions of one screen on one key, where one of them was moved there."""
    told: set[tuple[str, ...]] = set()
    for group in ACTS:
        taken: dict[str, str] = {}
        for act in acts(group, keys):
            for key in act.key.split(","):
                other = taken.setdefault(key, act.id)
                pair = tuple(sorted((other, act.id)))
                if other == act.id or not {other, act.id} & set(keys) or pair in told:
                    continue
                told.add(pair)
                text = _("{a} and {b} have the same key {key}")
                yield [n for n in pair if n in keys], text.format(a=pair[0], b=pair[1], key=key)
