"""Reports as files: whole in themselves, and harmless whatever the data say."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_migrate.report.document import (
    NOTHING,
    Bar,
    Bars,
    Document,
    FactList,
    Lines,
    Mark,
    Note,
    Paragraph,
    Section,
    Table,
)
from tui_migrate.report.html import html, policy
from tui_migrate.report.markdown import markdown
from tui_migrate.report.plots import PLOT

HOSTILE = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "[/][bold]",
    "\x1b[31mred",
    "\u202etxet",
    "a|b\n# c",
    "![x](http://evil.example/x.png)",
    "`code` **bold** &lt;",
)


def everywhere(text: str) -> Document:
    """A document that holds the text in every place that a text can have."""
    return Document(
        title=text,
        subtitle=text,
        language="en",
        banner=text,
        lead=(Note(text, "warn", text), Paragraph(text, "warn")),
        sections=(
            Section(
                "one",
                text,
                (
                    FactList(((text, text), (text, Mark(text, "code")))),
                    Table((text, "n"), ((Lines((text, Mark(text, "bad"))), 12480),), text, text),
                    Table((text,), (), text, text),
                    Bars(text, (text, "b"), (Bar(text, ((text, 3), ("b", 1)), text),), text),
                ),
            ),
        ),
    )


class Tags(HTMLParser):
    """All tags with their attributes, and the text between them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def tags(text: str) -> Tags:
    parser = Tags()
    parser.feed(text)
    return parser


KNOWN = [tag for tag, _attributes in tags(html(everywhere("plain"))).tags]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_text_makes_no_tag_and_no_attribute(hostile: str) -> None:
    parsed = tags(html(everywhere(hostile)))
    assert [tag for tag, _attributes in parsed.tags] == KNOWN
    names = {name for _tag, attributes in parsed.tags for name in attributes}
    assert not any(name.startswith("on") or name in ("style", "src") for name in names)
    if "\x1b" in hostile or "\u202e" in hostile:
        assert "\x1b" not in html(everywhere(hostile))
        assert "\u202e" not in html(everywhere(hostile))


@given(st.text(max_size=60))
def test_no_text_at_all_changes_the_tags(text: str) -> None:
    assert [tag for tag, _attributes in tags(html(everywhere(f"x{text}"))).tags] == KNOWN


def test_a_text_is_shown_as_it_is() -> None:
    shown = "".join(tags(html(everywhere("<b>Jansen & Zn</b>"))).text)
    assert "<b>Jansen & Zn</b>" in shown


def test_a_file_asks_for_nothing_from_elsewhere() -> None:
    text = html(everywhere("x"))
    assert f'content="{policy()}"' in text
    assert "default-src 'none'" in policy()
    fetched = {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert not fetched & set(KNOWN)
    links = [a["href"] for tag, a in tags(text).tags if tag == "a"]
    assert links == ["#one"]
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_allows_the_style_sheet_that_is_in_the_file() -> None:
    import base64
    import hashlib

    text = html(everywhere("x"))
    style = text[text.index("<style>") + 7 : text.index("</style>")]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_text_formats_nothing_in_markdown(hostile: str) -> None:
    text = markdown(everywhere(hostile))
    plain = markdown(everywhere("plain"))
    assert len(text.splitlines()) == len(plain.splitlines())
    heads = [line for line in text.splitlines() if re.match(r"#+ ", line)]
    assert len(heads) == len([line for line in plain.splitlines() if re.match(r"#+ ", line)])
    for line, known in zip(text.splitlines(), plain.splitlines(), strict=True):
        bars = len(re.findall(r"(?<!\\)\|", line))
        assert bars == len(re.findall(r"(?<!\\)\|", known))
    assert not re.search(r"(?<!\\)[<\[`]", text.replace("<br>", ""))
    assert "http://" not in text


def test_numbers_are_grouped_and_stand_to_the_right() -> None:
    table = Table(("What", "Rows"), (("a", 12480), ("b", NOTHING)))
    text = html(Document("t", "s", "en", (Section("one", "One", (table,)),)))
    assert '<td data-label="Rows" class="number"><div>12&#8239;480</div></td>' in text
    assert '<th scope="col" class="number">Rows</th>' in text
    assert "| a | 12 480 |" in markdown(Document("t", "s", "en", (Section("o", "O", (table,)),)))


def test_bars_of_a_plot_are_to_one_scale_and_their_figures_can_be_read() -> None:
    plot = Bars(
        "Rows",
        ("in", "out"),
        (Bar("a", (("in", 30), ("out", 10))), Bar("b", (("in", 0), ("out", 20)))),
    )
    text = html(Document("t", "s", "en", (Section("one", "One", (plot,)),)))
    rows = text[text.index("</title>") :].split('<text class="name"')[1:]
    widths = [[float(w) for w in re.findall(r'width="([\d.]+)"', row)] for row in rows]
    (first, second), (third,) = widths  # a bar of nothing is not drawn
    assert (first / second, third / second) == (3.0, 2.0)
    assert first + second == PLOT
    assert "<td" in text
    assert "| b | 0 | 20 |" in markdown(Document("t", "s", "en", (Section("o", "O", (plot,)),)))
