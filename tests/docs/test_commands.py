"""Commands: each is documented, and each that an example shows exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from tests.docs.pages import DOCS, PAGES, ROOT, blocks, name_of
from tui_migrate.cli import app
from tui_migrate.report.tables import STATEMENTS

Command = typer.core.TyperCommand | typer.core.TyperGroup
PROGRAMS = ("tui-migrate", ".venv/bin/tui-migrate")


def commands() -> dict[str, Command]:
    """Every command by its words: ``run``, ``audit verify``…; the program itself is ``''``."""
    found: dict[str, Command] = {}

    def walk(command: object, words: tuple[str, ...]) -> None:
        if isinstance(command, typer.core.TyperGroup):
            if not words:
                found[""] = command
            for name, inner in command.commands.items():
                walk(inner, (*words, name))
        elif isinstance(command, typer.core.TyperCommand):
            found[" ".join(words)] = command

    walk(get_command(app), ())
    return found


COMMANDS = commands()


def options(command: Command) -> set[str]:
    """All spellings of a command's options."""
    return {
        spelling for param in command.params for spelling in (*param.opts, *param.secondary_opts)
    }


def documented() -> dict[str, str]:
    """Command → its section in docs/commands.md."""
    page = (DOCS / "commands.md").read_text()
    parts = re.split(r"^### `(?:tui-migrate ?)?([^`]*)`$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_has_a_section_and_no_section_is_left_over() -> None:
    assert sorted(documented()) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_stands_in_its_commands_section(name: str) -> None:
    section = documented()[name]
    command = COMMANDS[name]
    missing = [
        param.opts
        for param in command.params
        if param.param_type_name == "option"
        and "--help" not in param.opts
        and not any(
            re.search(rf"`[^`]*{re.escape(spelling)}\b", section) for spelling in param.opts
        )
    ]
    assert missing == []


@pytest.mark.parametrize("name", COMMANDS)
def test_no_section_names_an_option_that_is_not_there(name: str) -> None:
    elsewhere = {"--help"}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", documented()[name]))
    assert named - options(COMMANDS[name]) - elsewhere == set()


def test_every_export_is_documented() -> None:
    section = documented()["export"]
    assert [what for what in STATEMENTS if f"| `{what}` |" not in section] == []


def examples(page: Path) -> Iterator[list[str]]:
    """The words of each command line that a page shows."""
    for block in blocks(page.read_text()):
        for line in block.splitlines():
            words = line.strip().removeprefix("$ ").split(" # ")[0]
            if words.startswith(PROGRAMS) and (" " in words or words in PROGRAMS):
                yield shlex.split(words)[1:]


def split_command(words: list[str]) -> tuple[str, list[str]]:
    """The command among the words, and what follows it."""
    for length in (2, 1):
        name = " ".join(words[:length])
        if name in COMMANDS:
            return name, words[length:]
    return "", words


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_in_examples_exist(page: Path) -> None:
    wrong = []
    for words in examples(page):
        name, rest = split_command(words)
        known = options(COMMANDS[name])
        flags = [w.partition("=")[0] for w in rest if w.startswith("-")]
        unknown_word = name == "" and bool(rest) and not rest[0].startswith("-")
        if unknown_word or not set(flags) <= known:
            wrong.append(" ".join(words))
    assert wrong == []


def test_the_readme_shows_commands() -> None:
    assert len(list(examples(ROOT / "README.md"))) >= 8


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_make_targets_in_the_pages_exist(page: Path) -> None:
    text = page.read_text()
    shown = {w for b in blocks(text) for w in re.findall(r"^make ([a-z]+)", b, re.MULTILINE)}
    shown |= set(re.findall(r"`make ([a-z]+)", text))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert shown - targets == set()


def test_exit_codes_are_those_of_the_program() -> None:
    from tui_migrate.errors import Exit

    for page in (ROOT / "README.md", DOCS / "commands.md"):
        told = {int(n) for n in re.findall(r"^\| (\d+) \|", page.read_text(), re.MULTILINE)}
        assert told == {int(code) for code in Exit}
