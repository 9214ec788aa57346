"""A run whose records merge without a person: couples of records that share birth date and mailbox."""

from __future__ import annotations

from pathlib import Path

from tests.engine.review_world import GIVEN, HEAD, RUNBOOK, delivered

REVIEW = "review: {safe_lane: sample, aql: 6.5}\n"
"""Of 26 to 50 clusters 8 are drawn, of which one may be wrong."""


def runbook(review: str = REVIEW, auto_from: str = "0.99") -> str:
    """Without the gate behind the match, and with these settings."""
    lines = [line for line in RUNBOOK.splitlines() if "id: look" not in line]
    return review + "\n".join(lines).replace("auto_from: 0.99", f"auto_from: {auto_from}") + "\n"


def rows(couples: int) -> tuple[str, str]:
    """The delivered rows of both sources: each person stands in both, and one twice in crm only."""
    crm, mail = [HEAD], [HEAD]
    for n in range(couples):
        given, family = GIVEN[n % len(GIVEN)], f"Vander{chr(97 + n // 10)}{chr(97 + n % 10)}lo"
        born, mailbox = f"19{50 + n % 40}-0{1 + n % 9}-1{n % 10}", f"{given}.{family}@example.nl"
        crm.append(f"C{n};{given};{family};{born};{mailbox};Kade;{n + 1};{2000 + n} CD;Breda\n")
        mail.append(f"M{n};{given};{family};{born};{mailbox};;;;\n")
    for n in (1, 2):
        crm.append(f"X{n};Els;Xandervelt;1961-04-03;els@example.nl;Dreef;9;3000 AB;Gent\n")
    return "".join(crm), "".join(mail)


def made(root: Path, couples: int = 29, text: str = "") -> Path:
    """The workspace, in which nothing has run yet; one cluster more than ``couples`` will merge."""
    return delivered(root, rows(couples), text or runbook())
