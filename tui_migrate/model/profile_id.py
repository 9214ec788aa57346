"""The id of a profile: made once from its founding record, never recomputed."""

from __future__ import annotations

import hashlib

LENGTH = 20
"""Hexadecimal digits: 80 bits, a clash among 10 million profiles has odds of 1 in 24 billion."""


def profile_id(source: str, record_id: str) -> str:
    """The profile id that the record (source, record_id) founds."""
    return hashlib.sha256(f"{source}|{record_id}".encode()).hexdigest()[:LENGTH]


def profile_id_sql(source: str, record_id: str) -> str:
    """The same in SQL; both arguments are SQL expressions."""
    return f"left(sha256({source} || '|' || {record_id}), {LENGTH})"
