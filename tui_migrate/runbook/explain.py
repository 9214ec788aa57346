"""From a tree of nodes to a typed object, or to mistakes in words a person can act on."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tui_migrate.i18n import _
from tui_migrate.runbook.positions import Node, Path
from tui_migrate.runbook.problems import Problems, suggestion

M = TypeVar("M", bound=BaseModel)


def typed(model: type[M], node: Node, file: str, problems: Problems) -> M | None:
    """The node as a ``model``; when it is none, None, and every mistake is in ``problems``."""
    try:
        return model.model_validate(node.value)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _explain(model, node, file, detail, problems)
    return None


def _explain(
    model: type[BaseModel], node: Node, file: str, detail: ErrorDetails, problems: Problems
) -> None:
    path: Path = detail["loc"]
    kind = detail["type"]
    context: dict[str, Any] = detail.get("ctx", {})
    if kind == "extra_forbidden":
        word = str(path[-1])
        message = _("unknown key {key}").format(key=repr(word))
        hint = suggestion(word, _keys_at(model, path[:-1]))
        problems.add(file, node.nearest(path, key=True), message, hint)
    elif kind == "missing":
        message = _("the key {key} is missing").format(key=repr(str(path[-1])))
        problems.add(file, node.nearest(path[:-1]), message, _("add it here"))
    elif kind in ("union_tag_invalid", "union_tag_not_found"):
        _explain_kind(node, file, path, context, problems)
    elif path and path[-1] == "[key]":
        message, hint = _words(kind, context, path[-2], detail["msg"])
        problems.add(file, node.nearest(path[:-1], key=True), message, hint)
    elif not _is_echo(detail):
        message, hint = _words(kind, context, detail["input"], detail["msg"])
        problems.add(file, node.nearest(path), message, hint)


def _is_echo(detail: ErrorDetails) -> bool:
    """Whether pydantic says in another way what it says already.

    A list whose members are wrong is "too short" as well, and the default of a title is not made
    when the id is wrong.
    """
    kind = detail["type"]
    return kind == "default_factory_not_called" or (kind == "too_short" and bool(detail["input"]))


def _explain_kind(
    node: Node, file: str, path: Path, context: Mapping[str, Any], problems: Problems
) -> None:
    """A step whose ``uses`` is missing or unknown."""
    if "tag" not in context:
        message = _("the key {key} is missing").format(key=repr("uses"))
        problems.add(file, node.nearest(path), message, _("say which kind of step this is"))
        return
    tag = str(context["tag"])
    known = [word.strip().strip("'") for word in str(context["expected_tags"]).split(",")]
    message = _("there is no kind of step {kind}").format(kind=repr(tag))
    problems.add(file, node.nearest((*path, "uses")), message, suggestion(tag, known))


_Words = Callable[[Mapping[str, Any], Any], tuple[str, str]]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _limit(word: str, key: str) -> _Words:
    def say(context: Mapping[str, Any], value: Any) -> tuple[str, str]:
        hint = _("it must be {relation} {limit}").format(relation=word, limit=context[key])
        return _("{value} is out of range").format(value=_shown(value)), hint

    return say


def _pattern(context: Mapping[str, Any], value: Any) -> tuple[str, str]:
    hint = _("use lower-case letters, digits, _ (and - in ids), beginning with a letter")
    return _("{value} is not a name").format(value=_shown(value)), hint


def _literal(context: Mapping[str, Any], value: Any) -> tuple[str, str]:
    known = str(context["expected"]).replace(" or ", ", ").split(", ")
    hint = suggestion(str(value), [word.strip("'") for word in known])
    return _("{value} is not possible here").format(value=_shown(value)), hint


def _wanted(what: Callable[[], str], hint: Callable[[], str] = str) -> _Words:
    def say(context: Mapping[str, Any], value: Any) -> tuple[str, str]:
        if value is None:
            return _("there is no value here"), _("expected: {what}").format(what=what())
        message = _("{value} is not {what}").format(value=_shown(value), what=what())
        return message, hint()

    return say


_LIST = _wanted(lambda: _("a list"), lambda: _("write [a, b], or one item a line after a dash"))
_MAPPING = _wanted(lambda: _("a mapping"), lambda: _("write key: value, one a line"))
_NUMBER = _wanted(lambda: _("a number"))
_WHOLE = _wanted(lambda: _("a whole number"))
_FLAG = _wanted(lambda: _("a yes or no"), lambda: _("write true or false, without quotes"))
_TEXT = _wanted(lambda: _("text"), lambda: _("put it between quotes"))

_BY_KIND: dict[str, _Words] = {
    "string_type": _TEXT,
    "bool_type": _FLAG,
    "bool_parsing": _FLAG,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "dict_type": _MAPPING,
    "mapping_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "greater_than_equal": _limit("≥", "ge"),
    "less_than_equal": _limit("≤", "le"),
    "greater_than": _limit(">", "gt"),
    "less_than": _limit("<", "lt"),
    "string_pattern_mismatch": _pattern,
    "literal_error": _literal,
    "string_too_short": lambda context, value: (
        _("this text is empty"),
        _("write something, or leave the key out"),
    ),
    "string_too_long": lambda context, value: (
        _("{value} is too long").format(value=_shown(value)),
        _("at most {limit} characters").format(limit=context["max_length"]),
    ),
    "too_short": lambda context, value: (
        _("this is empty"),
        _("it needs {number} or more").format(number=context["min_length"]),
    ),
}


def _words(kind: str, context: Mapping[str, Any], value: Any, fallback: str) -> tuple[str, str]:
    """Message and hint for pydantic's error ``kind``."""
    if kind == "refused":
        return str(context["message"]), str(context["hint"])
    say = _BY_KIND.get(kind)
    return say(context, value) if say is not None else (fallback, "")


def _keys_at(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that the model knows at a path of an error (which names union members by tag)."""
    kinds: list[Any] = [model]
    for part in path:
        kinds = [inner for kind in kinds for inner in _step_into(kind, part)]
    return [key for kind in kinds for key in _keys_of(kind)]


def _keys_of(kind: Any) -> list[str]:
    if not _is_model(kind):
        return []
    return [field.alias or name for name, field in kind.model_fields.items()]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _step_into(kind: Any, part: str | int) -> list[Any]:
    """The types that a value of ``kind`` may have under ``part``."""
    if _is_model(kind):
        for name, field in kind.model_fields.items():
            if part in (name, field.alias):
                return _flatten(field.annotation)
        tag = kind.model_fields.get("uses")
        return [kind] if tag is not None and part in get_args(tag.annotation) else []
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (tuple, list) or (isinstance(origin, type) and issubclass(origin, Sequence)):
        return _flatten(arguments[0])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _flatten(arguments[1])
    return []


def _flatten(kind: Any) -> list[Any]:
    """The members of a union, without Annotated around them."""
    origin = get_origin(kind)
    if origin is Annotated:
        return _flatten(get_args(kind)[0])
    if origin in (Union, types.UnionType):
        return [inner for member in get_args(kind) for inner in _flatten(member)]
    return [kind]
