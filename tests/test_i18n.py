"""Words in the language that is asked for, whatever the environment says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tui_migrate import errors, i18n
from tui_migrate.catalogue import read_po
from tui_migrate.tui.actions import ACTS

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
    for message, said in read_po(path.read_text(encoding="utf-8")).items():
        places = sorted(re.findall(r"\{\w*\}", message))
        assert sorted(re.findall(r"\{\w*\}", said)) == places, message


def messages(path: Path) -> set[str]:
    """What a module passes to ``_`` and ``ngettext`` as it stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
            "_",
            "ngettext",
            "later",
        ):
            texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            found |= {text for text in texts if isinstance(text, str)}
    return found


NEUTRAL = ("runner.py", "staleness.py", "mapping/problems.py")
"""Modules that speak English to everybody: the run, whose words are journalled, and findings."""

IN_DUTCH = sorted(
    path
    for path in (
        *(PACKAGE / "engine").rglob("*.py"),
        *(PACKAGE / "audit").glob("*.py"),
        *(PACKAGE / "runbook").glob("*.py"),
        *(PACKAGE / "mapping").glob("*.py"),
        *(PACKAGE / "targets").glob("*.py"),
        PACKAGE / "staging" / "store.py",
        PACKAGE / "staging" / "guard.py",
        PACKAGE / "matching" / "from_runbook.py",
        PACKAGE / "steps" / "import_held.py",
        *(PACKAGE / "tui").rglob("*.py"),
        *(PACKAGE / "cli").glob("*.py"),
        *(PACKAGE / "web").glob("*.py"),
        *(PACKAGE / "report").glob("*.py"),
    )
    if not str(path).endswith(NEUTRAL)
)


@pytest.mark.parametrize("path", IN_DUTCH, ids=lambda p: p.name)
def test_what_reports_commands_and_rights_say_is_said_in_dutch_too(path: Path) -> None:
    known: dict[str, str] = {}
    for file in (LOCALE / "nl").glob("*.po"):
        known |= read_po(file.read_text(encoding="utf-8"))
    assert messages(path) - set(known) == set()


@pytest.mark.parametrize("group", sorted(ACTS))
def test_keys_of_screens_in_dutch_are_told_in_dutch(group: str) -> None:
    known: dict[str, str] = {}
    for file in (LOCALE / "nl").glob("*.po"):
        known |= read_po(file.read_text(encoding="utf-8"))
    said = {word for act in ACTS[group] for word in (act.label, act.help)}
    assert said - set(known) == set()


def test_the_modules_that_are_looked_at_say_something() -> None:
    assert sum(len(messages(path)) for path in IN_DUTCH) > 700


def said_at_import(path: Path) -> list[int]:
    """Lines of a module on which something is translated while it is imported."""
    found, waiting = [], list(ast.parse(path.read_text(encoding="utf-8")).body)
    while waiting:
        node: ast.AST = waiting.pop()
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "ngettext"):
            found.append(node.lineno)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))  # type: ignore[arg-type]
    return found


def test_what_the_engine_imports_translates_nothing_meanwhile() -> None:
    """Somebody's question may import it first: his language would be that of all."""
    screens = (PACKAGE / "tui", PACKAGE / "cli")
    paths = [p for p in PACKAGE.rglob("*.py") if not any(s in p.parents for s in screens)]
    assert len(paths) > 300
    assert {str(p): said_at_import(p) for p in paths if said_at_import(p)} == {}
    assert said_at_import(PACKAGE / "tui" / "actions.py"), "there it is, and would be found"


SAYING = {"say", "result", "echo", "prompt", "confirm", "getpass", "tell", "notify"}
"""Functions whose first text a person reads."""
NAMES = re.compile(r"(tui-migrate|[\W\d_]*)+")
"""What is the same in every language."""


def unwrapped(path: Path) -> list[str]:
    """Texts that a module says, asks, refuses or replies as they stand, without a translation."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
        texts = node.args[:1] if name in SAYING else []
        if name in REFUSING:
            texts = [*node.args]
        texts += [k.value for k in node.keywords if k.arg in ("message", "hint", "help")]
        plain = "".join(part for text in texts for part in _plain(text))
        if not NAMES.fullmatch(plain):
            found.append(f"{path.relative_to(PACKAGE)}:{node.lineno} {plain}")
    return found


def _plain(node: ast.expr) -> list[str]:
    """The words of a text that is written here and goes through no function."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return [text for part in parts for text in _plain(part)]
        case ast.BinOp(left=left, right=right):
            return _plain(left) + _plain(right)
        case ast.IfExp(body=body, orelse=other):
            return _plain(body) + _plain(other)
        case ast.Call(func=ast.Attribute(value=text, attr="format" | "join")):
            return _plain(text)
    return []


REFUSING = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.TuiMigrateError)
}


@pytest.mark.parametrize(
    "folder", ["cli", "engine", "steps", "staging", "audit", "mapping", "runbook", "targets", "tui"]
)
def test_nothing_is_said_that_cannot_be_translated(folder: str) -> None:
    paths = sorted((PACKAGE / folder).rglob("*.py"))
    assert paths
    assert [said for path in paths for said in unwrapped(path)] == []


@pytest.mark.parametrize(
    "line",
    [
        'say("Not so.")', 'result(f"{n} rows")', 'raise DataSaysNo("No: {}".format(n), _("ok"))',
        'Reply(ok=True, message="a" if n else "b")', 'typer.Option(help="Why.")',
        'raise EnvironmentProblem(_("ok"), "Do it again.")', 'say("head " + head)',
    ],
)  # fmt: skip
def test_a_text_that_cannot_be_translated_is_found(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.test_i18n.PACKAGE", tmp_path)
    (tmp_path / "module.py").write_text(line + "\nsay(_('fine'))\nresult(f'{n}  {m}')\n")
    assert len(unwrapped(tmp_path / "module.py")) == 1
