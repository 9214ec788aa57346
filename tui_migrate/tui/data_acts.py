"""What keys do where data are looked at: findings, the mapping, persons."""

from __future__ import annotations

from tui_migrate.i18n import _
from tui_migrate.tui.act import Act, acts_of

ACTS: dict[str, list[Act]] = {
    "findings": acts_of(
        (
            "findings.open",
            "enter",
            "open",
            _("open"),
            _("From rule to fields, from field to records"),
        ),
        (
            "findings.next",
            "right_square_bracket",
            "page(1)",
            _("next page"),
            _("The next 500 records"),
        ),
        (
            "findings.previous",
            "left_square_bracket",
            "page(-1)",
            _("previous"),
            _("The 500 records before"),
        ),
        ("findings.export", "e", "export", _("export"), _("Write all findings to a file")),
        ("findings.back", "escape", "back", _("back"), _("One level up")),
    ),
    "mapping": acts_of(
        (
            "mapping.unmapped",
            "u",
            "unmapped",
            _("only unmapped"),
            _("Show only columns that go nowhere, or all"),
        ),
        (
            "mapping.filter",
            "slash",
            "filter",
            _("filter"),
            _("Only columns or fields with these letters"),
        ),
        (
            "mapping.next",
            "right_square_bracket",
            "page(1)",
            _("next page"),
            _("The next 500 columns"),
        ),
        (
            "mapping.previous",
            "left_square_bracket",
            "page(-1)",
            _("previous"),
            _("The 500 columns before"),
            False,
        ),
        ("mapping.back", "escape", "back", _("back"), _("Back to the run")),
    ),
    "people": acts_of(
        ("people.open", "enter", "open", _("open"), _("Open the person")),
        ("people.search", "slash", "search", _("search again"), _("Type another search")),
        ("people.back", "escape", "back", _("back"), _("Back to the run")),
    ),
    "person": acts_of(
        (
            "person.events",
            "enter",
            "events",
            _("events"),
            _("The row in full; of a consent its events and the rule that decided"),
        ),
        (
            "person.pane",
            "tab",
            "app.focus_next",
            _("pane"),
            _("From values to consents to trail"),
        ),
        (
            "person.forget",
            "x",
            "forget",
            _("erase"),
            _("Erase this person everywhere; one of the record numbers is typed"),
        ),
        (
            "person.restrict",
            "r",
            "restrict",
            _("restrict"),
            _("Send nothing of this person on but opt-outs, or end that (article 18)"),
        ),
        (
            "person.object",
            "o",
            "object",
            _("object"),
            _("Note that this person objects to marketing: opt-outs everywhere (article 21)"),
        ),
        ("person.back", "escape", "back", _("back"), _("Back to the search")),
    ),
}
