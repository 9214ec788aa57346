"""Numbers as they are read in two languages, and as they are journalled."""

from __future__ import annotations

from tui_migrate.i18n import neutral, speaking
from tui_migrate.numerals import decimal, grouped, short


def test_a_point_is_a_comma_in_dutch() -> None:
    with speaking("en"):
        assert (decimal(17.84), short(17.84), short(17.04)) == ("17.8", "17.8", "17")
    with speaking("nl"):
        assert (decimal(17.84), short(17.84), short(17.04)) == ("17,8", "17,8", "17")
        assert decimal(-0.456, 2, signed=True) == "-0,46"
        assert decimal(0.456, 2, signed=True) == "+0,46"
        with neutral():
            assert decimal(17.84) == "17.8", "what is journalled depends on nobody's language"


def test_thousands_stand_apart() -> None:
    assert [grouped(n) for n in (7, 999, 1000, 1234567)] == ["7", "999", "1 000", "1 234 567"]
