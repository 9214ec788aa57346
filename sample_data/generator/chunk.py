"""One chunk of persons from first draw to encoded rows."""

from dataclasses import dataclass
from random import Random

from . import source_behaviour as behaviour
from . import source_crm as crm
from . import source_email as email
from . import source_sales as sales
from .desk import BAD_BYTE, Cell, Desk
from .people import Village
from .spelling import Scribe
from .truth import Truth

CHUNK = 5_000
"""Persons made together: all that is related lies within one chunk."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is written: encoding, line end, header (None: JSON lines)."""

    encoding: str
    end: str
    header: str | None


LAYOUTS = {
    crm.CONTACTS: Layout("cp1252", "\r\n", crm.HEADER),
    crm.CONSENTS: Layout("cp1252", "\r\n", crm.CONSENT_HEADER),
    email.SUBSCRIBERS: Layout("utf-8", "\n", "\ufeff" + email.HEADER),
    email.CLICKS: Layout("utf-8", "\n", email.CLICK_HEADER),
    sales.SUBSCRIPTIONS: Layout("utf-8", "\n", sales.HEADER),
    sales.ORDERS: Layout("utf-8", "\n", None),
    behaviour.INTERESTS: Layout("utf-8", "\n", behaviour.INTEREST_HEADER),
    behaviour.PREFERENCES: Layout("utf-8", "\n", behaviour.PREFERENCE_HEADER),
    behaviour.SUPPRESSIONS: Layout("utf-8", "\n", behaviour.SUPPRESSION_HEADER),
} | {
    f"email_changes/{n}": Layout("utf-8", "\n", behaviour.CHANGE_HEADER)
    for n in range(1, behaviour.DELTAS + 1)
}


@dataclass(frozen=True, slots=True)
class Chunk:
    """The rows of one chunk, encoded, with their number; and the cells of the workbook."""

    files: dict[str, tuple[bytes, int]]
    attendance: list[tuple[Cell, ...]]
    truth: dict[str, bytes]


def make_chunk(seed: int, first: int, count: int) -> Chunk:
    """The persons `first` … `first + count - 1` in all systems, and what is true of them."""
    rng = Random(f"noord-media:{seed}:{first}")
    desk = Desk(rng, Village(rng, first, count), Truth(), Scribe(rng))
    crm.write_crm(desk)
    email.write_email(desk)
    sales.write_subscriptions(desk)
    sales.write_shop(desk)
    sales.write_events(desk)
    behaviour.write_behaviour(desk)
    behaviour.write_suppressions(desk)
    behaviour.write_changes(desk)
    desk.truth.judge()
    files = {name: (_encode(layout, desk.rows[name]), len(desk.rows[name]))
             for name, layout in LAYOUTS.items()}  # fmt: skip
    truth = {name: encode_lines("\n", rows) for name, rows in desk.truth.rows.items()}
    return Chunk(files, desk.attendance, truth)


def encode_lines(end: str, rows: list[str]) -> bytes:
    return "".join(f"{row}{end}" for row in rows).encode()


def _encode(layout: Layout, rows: list[str]) -> bytes:
    text = "".join(f"{row}{layout.end}" for row in rows)
    if layout.encoding == "utf-8":
        return text.encode().replace(BAD_BYTE.encode(), b"\xe9")
    marked = text.replace(BAD_BYTE, "\x00BAD\x00")
    return marked.encode(layout.encoding, "replace").replace(b"\x00BAD\x00", b"\x81")
