"""What travels between a client and an engine: messages, and frames around them.

A frame is the length of its body (four bytes, big-endian) and the body: one message as JSON. Every
message is a frozen typed object that says its ``type``; anything else is refused. The first message
of a client is ``Hello``, the first of the engine ``Welcome`` or ``Refused``; after that both sides
speak when they have something to say. Replies carry the number of the message that they answer.
"""

from __future__ import annotations

import struct
from typing import Any

import msgspec

from tui_migrate.audit.entries import Entry
from tui_migrate.engine import queries as q
from tui_migrate.engine.api import AnyCommand, Identity, Idle, Progress, Query, Reply

PROTOCOL = 1
"""Grows with every change that an older other side would not understand."""
MOST_FIRST = 1 << 16
"""Bytes of the first frame that a stranger may send."""
MOST = 64 << 20
"""Bytes of any later frame: an evidence file travels in one."""
_LENGTH = struct.Struct(">I")
HEAD = _LENGTH.size


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of all messages."""


# From a client


class Hello(Message, frozen=True, kw_only=True, tag="hello"):
    """Who calls, in which protocol. ``since``: entries behind this number are wanted.
    ``key``: the secret of the back-ups, taken only from who may run. ``drives``: this client carries
    the run on by itself, with decisions of a file; there may be only one such. ``language``: in which
    the engine answers (``i18n.speaking``); an older program names none, an older engine passes over it.
    """

    protocol: int
    version: str
    since: int = 0
    key: bytes = b""
    drives: bool = False
    language: str = ""


class Do(Message, frozen=True, kw_only=True, tag="do"):
    """Have a command done. ``content``: of the evidence file of an answer."""

    n: int
    command: AnyCommand
    content: bytes = b""


class Ask(Message, frozen=True, kw_only=True, tag="ask"):
    """Answer a question."""

    n: int
    query: q.AnyQuery


class Fetch(Message, frozen=True, kw_only=True, tag="fetch"):
    """Give a part of a file that an export made for this client, from byte ``offset``."""

    n: int
    file: str
    offset: int


class Leave(Message, frozen=True, kw_only=True, tag="leave"):
    """Good-bye. ``end``: the engine is to end too, once the present unit is committed."""

    n: int
    end: bool = False


FromClient = Hello | Do | Ask | Fetch | Leave


# From the engine


class Welcome(Message, frozen=True, kw_only=True, tag="welcome"):
    """Whom the engine sees at the other end, and how the run stands. Entries follow."""

    protocol: int
    version: str
    identity: Identity
    workspace: str
    running: bool
    seq: int


class Refused(Message, frozen=True, kw_only=True, tag="refused"):
    """No conversation: why not, and what to do."""

    message: str
    hint: str = ""
    exit_code: int = 2


class Entries(Message, frozen=True, kw_only=True, tag="entries"):
    """Entries of the journal, in order, without a gap to those before."""

    entries: tuple[Entry, ...]


class News(Message, frozen=True, kw_only=True, tag="news"):
    """Progress of the running step, or that the runner rests; only the latest of each is sent."""

    progress: Progress | None = None
    idle: Idle | None = None


class Done(Message, frozen=True, kw_only=True, tag="done"):
    """The reply to a command. The entries up to ``seq`` were sent before it. ``file``, ``size``:
    what an export made, for ``Fetch``."""

    n: int
    reply: Reply
    seq: int
    file: str = ""
    size: int = 0


class Answered(Message, frozen=True, kw_only=True, tag="answered"):
    """The answer to a question, in the shape that belongs to it."""

    n: int
    answer: msgspec.Raw


class Part(Message, frozen=True, kw_only=True, tag="part"):
    """A part of a file."""

    n: int
    content: bytes


class Failed(Message, frozen=True, kw_only=True, tag="failed"):
    """A question or a fetch that could not be answered. ``reason``: it wants to know why it is asked."""

    n: int
    message: str
    hint: str = ""
    exit_code: int = 2
    reason: bool = False


class Bye(Message, frozen=True, kw_only=True, tag="bye"):
    """The engine closes the conversation. ``ending``: and ends. ``anew``: and starts again at once;
    what it did not answer is to be asked again there."""

    ending: bool
    reason: str = ""
    anew: bool = False


FromEngine = Welcome | Refused | Entries | News | Done | Answered | Part | Failed | Bye

_encoder = msgspec.json.Encoder()
_from_client = msgspec.json.Decoder(FromClient)
_from_engine = msgspec.json.Decoder(FromEngine)


def frame(message: Message) -> bytes:
    """A message in its frame."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


def length(head: bytes) -> int:
    """How many bytes of body follow these ``HEAD`` bytes."""
    found: int = _LENGTH.unpack(head)[0]
    return found


def from_client(body: bytes) -> FromClient:
    """A client's message. ``ValueError`` or ``RecursionError`` for anything that is none."""
    message: FromClient = _from_client.decode(body)
    return message


def from_engine(body: bytes) -> FromEngine:
    """An engine's message. ``ValueError`` or ``RecursionError`` for anything that is none."""
    message: FromEngine = _from_engine.decode(body)
    return message


def raw(answer: Any) -> msgspec.Raw:
    """An answer as it travels."""
    return msgspec.Raw(_encoder.encode(answer))


def answer_to(query: Query, content: msgspec.Raw) -> Any:
    """An answer in the shape that belongs to the question."""
    return msgspec.json.decode(bytes(content), type=q.ANSWERS[type(query)])
