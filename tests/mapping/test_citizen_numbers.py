"""Which columns hold citizen service numbers."""

from __future__ import annotations

import pytest

from tui_migrate.mapping.citizen_numbers import NAMED
from tui_migrate.model.types.payment import looks_like_bsn


@pytest.mark.parametrize("header", ["BSN", "bsn nummer", "Burgerservicenummer", "burgerservice-nummer",
                                    "Sofinummer", "SOFI-nr", "citizen service number"])  # fmt: skip
def test_headers_that_say_so(header: str) -> None:
    assert NAMED.search(header)


@pytest.mark.parametrize("header", ["Relatienummer", "Sofie", "absn", "Telefoon", "service number"])
def test_headers_that_do_not(header: str) -> None:
    assert not NAMED.search(header)


def test_the_eleven_test() -> None:
    """111222333 is the number that the tax office uses in examples."""
    assert looks_like_bsn("111222333")
    assert not looks_like_bsn("111222334")
