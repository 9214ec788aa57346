"""What threads tell the interface. They never touch a widget; these messages are all they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.message import Message

if TYPE_CHECKING:
    from tui_migrate.engine.api import Client, Reply


class Heard(Message, bubble=False):
    """The engine said something; it waits in ``Live``, which wakes once for many."""


@dataclass
class Said(Message, bubble=False):
    """What the engine does while it opens the workspace, as a line for a person."""

    line: str


@dataclass
class Opened(Message, bubble=False):
    """The workspace is open."""

    client: Client


@dataclass
class Told(Message, bubble=False):
    """A question was answered. ``slot``/``turn``: an answer overtaken by a newer question of the
    same slot is dropped."""

    slot: str
    turn: int
    answer: Any
    then: Callable[[Any], None]


@dataclass
class Done(Message, bubble=False):
    """A command was done or refused."""

    reply: Reply
    then: Callable[[Reply], None] | None


@dataclass
class WhyWanted(Message, bubble=False):
    """A question was not answered, because the engine wants to know why it is asked; ``again`` asks
    it once more."""

    slot: str
    again: Callable[[], None]


@dataclass
class Trouble(Message, bubble=False):
    """A question or command failed; ``message`` and ``hint`` are for a person."""

    message: str
    hint: str
