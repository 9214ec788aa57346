"""What every fact of a journal is: frozen, typed, told apart by its ``kind``."""

from __future__ import annotations

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=False):
    """Base of all facts; the tag is the entry's ``kind``."""
