"""Links between pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, PAGES, ROOT, anchors, name_of, prose

_LINK = re.compile(r"\]\(([^)\s]+)\)")


def local_links(page: Path) -> list[str]:
    """Targets of the links in a page that do not leave the repository."""
    return [t for t in _LINK.findall(prose(page.read_text())) if "://" not in t]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for link in local_links(page):
        place, _hash, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        headings = (
            anchors(target.read_text()) if target.suffix == ".md" and target.exists() else set()
        )
        if not target.exists() or (anchor and anchor not in headings):
            broken.append(link)
    assert broken == []


def test_the_index_names_every_page() -> None:
    index = DOCS / "index.md"
    linked = {(DOCS / link.partition("#")[0]).resolve() for link in local_links(index)}
    missing = [name_of(page) for page in DOCS.rglob("*.md") if page not in {*linked, index}]
    assert missing == []


_MODULE = re.compile(r"`((?:[a-z_]+/)*[a-z_]+\.py)`")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_modules_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text()
    places = (ROOT, ROOT / "tui_migrate")
    assert [
        path
        for path in _MODULE.findall(text)
        if not any((place / path).exists() for place in places)
    ] == []
