"""Reads a workspace's runbook and every file that it names, and says all that is wrong at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from tui_migrate.files import RUNBOOK_FILE
from tui_migrate.i18n import _
from tui_migrate.runbook.checks import check_references, check_rules, check_segments
from tui_migrate.runbook.explain import typed
from tui_migrate.runbook.models import Runbook
from tui_migrate.runbook.positions import Node, read_yaml
from tui_migrate.runbook.problems import Position, Problem, Problems
from tui_migrate.runbook.rules import RulesFile, SegmentsFile


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read. Names of files are relative to the workspace, with forward slashes.

    ``runbook`` is None when it could not be typed; it may be there although ``problems`` is not
    empty (an unknown reference): only ``ok`` means that it may run. ``files`` are the exact bytes
    of the runbook and of all files that it names; ``documents`` the trees of those that are YAML,
    mappings included, for whoever types those.
    """

    runbook: Runbook | None
    problems: tuple[Problem, ...]
    files: Mapping[str, bytes]
    documents: Mapping[str, Node]
    rules: Mapping[str, RulesFile]
    segments: SegmentsFile | None

    @property
    def ok(self) -> bool:
        """Whether there is a runbook and nothing is wrong with it."""
        return self.runbook is not None and not self.problems


@dataclass(slots=True)
class _Reader:
    workspace: Path
    problems: Problems = field(default_factory=Problems)
    files: dict[str, bytes] = field(default_factory=dict)
    documents: dict[str, Node] = field(default_factory=dict)

    def read(self, name: str, said_in: str, at: Position) -> Node | None:
        """The tree of a file, read once; a missing one is a mistake where it was named."""
        if name in self.files:
            return self.documents.get(name)
        data = self._bytes(name, said_in, at)
        if data is None:
            return None
        self.files[name] = data
        node = read_yaml(data, name, self.problems)
        if node is not None:
            self.documents[name] = node
        return node

    def _bytes(self, name: str, said_in: str, at: Position) -> bytes | None:
        if not _inside(self.workspace, name):
            wrong = _("{file} lies outside the workspace").format(file=repr(name))
            self.problems.add(said_in, at, wrong, _("give a path relative to the runbook"))
            return None
        try:
            return (self.workspace / name).read_bytes()
        except FileNotFoundError:
            wrong = _("there is no file {file}").format(file=repr(name))
            self.problems.add(said_in, at, wrong, _("create it, or correct the path"))
        except (OSError, ValueError) as error:
            wrong = _("the file {file} cannot be read: {detail}").format(
                file=repr(name), detail=getattr(error, "strerror", None) or error
            )
            self.problems.add(said_in, at, wrong)
        return None


def _inside(workspace: Path, name: str) -> bool:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        return False
    try:
        return (workspace / name).resolve().is_relative_to(workspace.resolve())
    except (OSError, RuntimeError):
        return False


_Signature = tuple[tuple[str, int, int], ...]
_known: dict[tuple[Path, str], tuple[_Signature, Loaded]] = {}
"""What was read last, while its files stay as they were: every step asks again for it."""


def load_runbook(workspace: Path, name: str = RUNBOOK_FILE) -> Loaded:
    """Read ``name`` in the workspace with its mappings, rules and segments.

    Mappings are read and parsed, not typed (see ``documents``). Nothing is raised for bad input,
    missing and unreadable files included: ``problems`` says it. Files that did not change since
    (time of change to the nanosecond, size) are not read again.
    """
    place = (workspace.resolve(), name)
    if place in _known:
        signature, loaded = _known[place]
        if _signature(workspace, loaded.files) == signature:
            return loaded
    loaded = _load(workspace, name)
    signature = _signature(workspace, loaded.files)
    if loaded.ok and signature:
        _known[place] = signature, loaded
    return loaded


def _signature(workspace: Path, files: Mapping[str, bytes]) -> _Signature:
    """Name, time of change and size of every file; empty when one is gone."""
    try:
        stats = [(name, (workspace / name).stat()) for name in files]
    except OSError:
        return ()
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


def _load(workspace: Path, name: str) -> Loaded:
    reader = _Reader(workspace)
    node = reader.read(name, name, Position())
    if node is None:
        return _loaded(reader, None, {}, None)
    problems = reader.problems
    runbook = typed(Runbook, node, name, problems)
    check_references(node, name, problems)
    for source in node.at("sources").children.values():
        for mapping, at in source.at("mapping").texts():
            reader.read(mapping, name, at)
    rules = _read_rules(reader, node, name)
    segments = _read_segments(reader, node, name)
    return _loaded(reader, runbook, rules, segments)


def _read_rules(reader: _Reader, runbook: Node, name: str) -> dict[str, RulesFile]:
    read: dict[str, RulesFile] = {}
    for phase in runbook.at("phases").members():
        for step in phase.at("steps").members():
            for file, at in step.at("with", "rules").texts():
                node = None if file in reader.files else reader.read(file, name, at)
                if node is None:
                    continue
                rules = typed(RulesFile, node, file, reader.problems)
                check_rules(node, file, runbook, reader.problems)
                if rules is not None:
                    read[file] = rules
    return read


def _read_segments(reader: _Reader, runbook: Node, name: str) -> SegmentsFile | None:
    named = runbook.at("segments")
    file = named.text()
    node = reader.read(file, name, named.position) if file else None
    if file is None or node is None:
        return None
    segments = typed(SegmentsFile, node, file, reader.problems)
    check_segments(node, file, reader.problems)
    return segments


def _loaded(
    reader: _Reader,
    runbook: Runbook | None,
    rules: dict[str, RulesFile],
    segments: SegmentsFile | None,
) -> Loaded:
    return Loaded(
        runbook,
        tuple(reader.problems),
        MappingProxyType(reader.files),
        MappingProxyType(reader.documents),
        MappingProxyType(rules),
        segments,
    )
