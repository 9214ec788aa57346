"""Persons are found by their telephone number, however whoever looks writes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.conftest import KEY
from tests.engine.review_world import FIELDS, made
from tui_migrate.engine.client import InProcessClient, open_client
from tui_migrate.engine.person_queries import Search

ROWS = """\
Nr;Voornaam;Naam;Land;Telefoon
N1;Anna;Bos;NL;06-12345678
N2;Piet;Bos;NL;030 231 45 67
B1;Els;Maes;BE;0478 12 34 56
X1;Jan;Twaalf;NL;
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessClient]:
    root = made(tmp_path_factory.mktemp("phones") / "w", families=0)
    (root / "deliveries" / "crm" / "2026-03-01" / "people.csv").write_text(ROWS)
    named = "\n".join(FIELDS.splitlines()[:2])
    said = f"{named}\n  country: {{from: Land}}\n  phone: {{from: Telefoon}}\n"
    (root / "mapping" / "crm.yaml").write_text(f"source: crm\nentity: profile\nfields:\n{said}")
    client = open_client(root, key=KEY)
    stopped = client.run_here(until="bring")
    assert int(stopped.exit) == 0, stopped.message
    yield client
    client.close()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("0612345678", ["N1"]),
        ("06 12 34 56 78", ["N1"]),
        ("+31 6 1234 5678", ["N1"]),
        ("0031 6 12345678", ["N1"]),
        ("bos 06-1234", ["N1"]),
        ("maes 06-1234", []),
        ("0478/123456", ["B1"]),
        ("0032478123456", ["B1"]),
        ("030-231 45 67", ["N2"]),
        ("+32 30 2314567", []),  # a Dutch number
        ("bos", ["N1", "N2"]),
        ("12 34", ["B1", "N1"]),  # too short for a number: words that occur
    ],
)
def test_a_number_is_found(client: InProcessClient, typed: str, found: list[str]) -> None:
    assert sorted(hit.record_id for hit in client.ask(Search(text=typed))) == found
