"""One spelling for one value, so that a hash says the same on every machine."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, no spaces, UTF-8; refuses NaN and floats that are not exact decimals.

    ``value`` holds only dict (string keys), list, str, int, bool and None: a float has more than
    one spelling across languages, so hashed content writes numbers as integers or strings.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def sha256_of(value: Any) -> str:
    """SHA-256 (hexadecimal) of the canonical JSON of ``value``."""
    return hashlib.sha256(canonical(value)).hexdigest()
