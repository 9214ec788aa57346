"""Words in the language that is asked for, whatever the environment says."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tui_migrate import i18n
from tui_migrate.catalogue import read_po

PACKAGE = Path(i18n.__file__).parent
LOCALE = PACKAGE / "locale"

PO = """\
# a comment
msgid ""
msgstr "Language: nl\\n"

msgid "one \\"word\\""
msgstr "één "
"woord"

msgid "{} mistake"
msgid_plural "{} mistakes"
msgstr[0] "{} fout"
msgstr[1] "{} fouten"

msgid "not yet"
msgstr ""
"""


def test_a_catalogue_gives_messages_and_both_forms_of_a_plural() -> None:
    assert read_po(PO) == {
        'one "word"': "één woord",
        "{} mistake": "{} fout",
        "{} mistakes": "{} fouten",
    }


def test_a_line_that_is_none_is_named_by_its_number() -> None:
    with pytest.raises(ValueError, match=r"^2$"):
        read_po('msgid "a"\nmsgstr b\n')


def test_the_language_asked_for_wins_and_ends_with_its_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANGUAGE", "en")
    with i18n.speaking("nl"):
        assert i18n.language() == "nl"
        with i18n.neutral():
            assert i18n._("Report") == "Report"
    assert i18n.language() == "en"


@pytest.mark.parametrize("path", sorted(LOCALE.rglob("*.po")), ids=lambda p: p.name)
def test_a_translation_keeps_the_placeholders(path: Path) -> None:
    import re

    for message, said in read_po(path.read_text(encoding="utf-8")).items():
        places = sorted(re.findall(r"\{\w*\}", message))
        assert sorted(re.findall(r"\{\w*\}", said)) == places, message


def messages(path: Path) -> set[str]:
    """What a module passes to ``_`` and ``ngettext`` as it stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "ngettext"):
            texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            found |= {text for text in texts if isinstance(text, str)}
    return found


IN_DUTCH = sorted(
    path
    for path in (
        *(PACKAGE / "engine" / "reporting").glob("*.py"),
        PACKAGE / "engine" / "privacy_sentences.py",
        PACKAGE / "engine" / "restricting.py",
        PACKAGE / "engine" / "rights.py",
        PACKAGE / "matching" / "from_runbook.py",
        PACKAGE / "steps" / "import_held.py",
        PACKAGE / "tui" / "screens" / "rights.py",
        PACKAGE / "cli" / "privacy.py",
        *(PACKAGE / "web").glob("*.py"),
        PACKAGE / "engine" / "moments.py",
        PACKAGE / "report" / "html.py",
    )
    if path.name != "writing.py"  # its words go to whoever gives the command
)


@pytest.mark.parametrize("path", IN_DUTCH, ids=lambda p: p.name)
def test_what_a_report_says_and_what_is_said_of_rights_is_said_in_dutch_too(path: Path) -> None:
    known: dict[str, str] = {}
    for file in (LOCALE / "nl").glob("*.po"):
        known |= read_po(file.read_text(encoding="utf-8"))
    assert messages(path) - set(known) == set()


def test_the_modules_that_are_looked_at_say_something() -> None:
    assert sum(len(messages(path)) for path in IN_DUTCH) > 150
