"""Addresses that may be one though they are written otherwise."""

from __future__ import annotations


def folded_sql(mail: str) -> str:
    """SQL for the loose form of an address; a phone number stays as it is."""
    plain = f"strip_accents(lower({mail}))"
    local, domain = f"split_part({plain}, '@', 1)", f"split_part({plain}, '@', 2)"
    untagged = rf"coalesce(nullif(regexp_replace({local}, '\+.*$', ''), ''), {local})"
    return (
        f"CASE WHEN NOT contains({mail}, '@') THEN {mail}"
        f" WHEN {domain} IN ('gmail.com', 'googlemail.com')"
        f" THEN replace({untagged}, '.', '') || '@gmail.com' ELSE {untagged} || '@' || {domain} END"
    )
