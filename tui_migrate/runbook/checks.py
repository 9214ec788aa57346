"""What must agree between the parts of a runbook: names that exist, an order that makes sense.

The checks look at the tree, not at the typed runbook, so that a wrong type in one place does not
hide a wrong reference in another: all mistakes are reported at once. They pass over what is not of
the expected shape; that is reported elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from tui_migrate.i18n import _
from tui_migrate.model.entities import entities
from tui_migrate.runbook.base import EVERY
from tui_migrate.runbook.positions import Node
from tui_migrate.runbook.problems import Position, Problems, suggestion
from tui_migrate.runbook.sql import wrong_select

SYNCED = frozenset({"consent", "suppression"})
"""Entities that go to the target with consent_sync, because their state is derived first."""


@dataclass(slots=True)
class _Context:
    """The tree, where to report, and the names that the runbook declares."""

    root: Node
    file: str
    problems: Problems
    sources: Collection[str] = ()
    roles: Collection[str] = ()
    brands: Collection[str] = ()
    steps: list[tuple[str, Node]] = field(default_factory=list)

    def note(self, at: Position, message: str, hint: str = "") -> None:
        self.problems.add(self.file, at, message, hint)

    def of_kind(self, kind: str) -> Iterator[tuple[int, Node]]:
        """Index and node of the steps of one kind."""
        for index, (_id, step) in enumerate(self.steps):
            if step.at("uses").value == kind:
                yield index, step


def check_references(root: Node, file: str, problems: Problems) -> None:
    """All cross checks of a runbook's tree."""
    context = _Context(root, file, problems)
    context.sources = [key for key, _at, _node in root.at("sources").items()]
    context.roles = [key for key, _at, _node in root.at("roles").items()]
    context.brands = [brand for brand, _at in root.at("brands").texts()]
    for phase in root.at("phases").members():
        for step in phase.at("steps").members():
            context.steps.append((step.at("id").text() or "", step))
    _check_ids(context)
    _check_sources(context)
    _check_roles(context)
    _check_hosting(context)
    _check_owners(context)
    _check_gates(context)
    _check_review(context)
    _check_payment(context)
    _check_imports(context)
    _check_needs(context)
    _check_order(context)
    _check_queries(context)


def check_rules(root: Node, file: str, runbook: Node, problems: Problems) -> None:
    """Cross checks of a rules file's tree."""
    unique(_ids(root.at("rules"), "id"), file, problems)
    model = entities()
    types = {field.type for entity in model.values() for field in entity.fields}
    for rule in root.at("rules").members():
        _check_rule(rule, file, types, problems)


def _check_rule(rule: Node, file: str, types: Collection[str], problems: Problems) -> None:
    model = entities()
    entity, wanted, kind = rule.at("entity"), rule.at("field"), rule.at("type")
    name = "profile" if entity.value is None else entity.text()
    if name is not None and name not in model:
        wrong = _("there is no entity {name}").format(name=repr(name))
        problems.add(file, entity.position, wrong, suggestion(name, model))
    elif name is not None and isinstance(wanted.value, str):
        fields = [known.name for known in model[name].fields]
        if wanted.value not in fields:
            wrong = _("{entity} has no field {name}").format(entity=name, name=repr(wanted.value))
            problems.add(file, wanted.position, wrong, suggestion(wanted.value, fields))
    if isinstance(kind.value, str) and kind.value not in types:
        wrong = _("no field has the type {name}").format(name=repr(kind.value))
        problems.add(file, kind.position, wrong, suggestion(kind.value, types))
    check_select(rule.at("sql"), file, problems)


def check_segments(root: Node, file: str, problems: Problems) -> None:
    """Cross checks of a segments file's tree."""
    unique(_ids(root.at("segments"), "name"), file, problems)
    for segment in root.at("segments").members():
        check_select(segment.at("old"), file, problems)
        check_select(segment.at("new"), file, problems)
        check_select(segment.at("why"), file, problems)


def check_select(sql: Node, file: str, problems: Problems) -> None:
    """The text here, if there is one, must be one SELECT."""
    if isinstance(sql.value, str):
        wrong = wrong_select(sql.value)
        if wrong is not None:
            problems.add(file, sql.position, *wrong)


def unique(named: Iterable[tuple[str, Position]], file: str, problems: Problems) -> None:
    """No name occurs twice; the later one is the mistake."""
    first: dict[str, Position] = {}
    for name, at in named:
        if name in first:
            message = _("the id {name} is used twice").format(name=repr(name))
            hint = _("the first is on line {line}; choose another").format(line=first[name].line)
            problems.add(file, at, message, hint)
        else:
            first[name] = at


def _ids(items: Node, key: str) -> Iterator[tuple[str, Position]]:
    for item in items.members():
        yield from item.at(key).texts()


def _known(context: _Context, node: Node, known: Collection[str], message: str) -> None:
    """Every text at ``node`` is one of the known names; ``message`` has a place for {name}."""
    for name, at in node.texts():
        if name not in known:
            context.note(at, message.format(name=repr(name)), suggestion(name, known))


def _check_ids(context: _Context) -> None:
    phases = context.root.at("phases")
    unique(_ids(phases, "id"), context.file, context.problems)
    steps = ((id_, step.at("id").position) for id_, step in context.steps if id_)
    unique(steps, context.file, context.problems)
    for _id, step in context.steps:
        unique(_ids(step.at("with", "items"), "id"), context.file, context.problems)
        unique(_ids(step.at("checks"), "name"), context.file, context.problems)
        approvals = _ids(step.at("with", "approvals"), "role")
        unique(approvals, context.file, context.problems)


def _check_sources(context: _Context) -> None:
    for _name, _at, source in context.root.at("sources").items():
        for _column, _where, linked in source.at("links").items():
            _known(context, linked, context.sources, _("there is no source {name} to link to"))
        _known(
            context, source.at("brands"), [*context.brands, EVERY], _("there is no brand {name}")
        )
        for pattern, at in source.at("files").texts():
            path = PurePosixPath(pattern)
            if path.is_absolute() or ".." in path.parts:
                wrong = _("{file} lies outside the workspace").format(file=repr(pattern))
                context.note(at, wrong, _("give a path relative to the runbook"))


def _check_roles(context: _Context) -> None:
    for _name, _at, role in context.root.at("roles").items():
        _known(context, role.at("brands"), [*context.brands, EVERY], _("there is no brand {name}"))


def _check_hosting(context: _Context) -> None:
    for source, at, _place in context.root.at("governance", "hosting", "sources").items():
        if source not in context.sources:
            wrong = _("there is no source {name}").format(name=repr(source))
            context.note(at, wrong, suggestion(source, context.sources))


def _check_owners(context: _Context) -> None:
    for _id, step in context.steps:
        owners = [step.at("owner"), *(i.at("owner") for i in step.at("with", "items").members())]
        owners.append(step.at("with", "deadline", "escalate_to"))
        for owner in owners:
            _known(context, owner, context.roles, _("there is no role {name}"))


def _check_gates(context: _Context) -> None:
    for index, gate in context.of_kind("gate"):
        if list(gate.at("checks").members()):
            wrong = _("a gate states no checks")
            context.note(gate.at("checks").position, wrong, _("write them at the step before it"))
        for approval in gate.at("with", "approvals").members():
            _known(context, approval.at("role"), context.roles, _("there is no role {name}"))
            _check_enough(context, approval)
        unique(gate.at("with", "waves").texts(), context.file, context.problems)
        earlier = [id_ for id_, _step in context.steps[:index]]
        everywhere = [id_ for id_, _step in context.steps]
        for name, at in gate.at("with", "evidence").texts():
            if name in earlier:
                continue
            if name in everywhere:
                wrong = _("the step {name} comes after this gate").format(name=repr(name))
                context.note(at, wrong, _("evidence comes from earlier steps"))
            else:
                wrong = _("there is no step {name}").format(name=repr(name))
                context.note(at, wrong, suggestion(name, earlier))


def _check_enough(context: _Context, approval: Node) -> None:
    """A role must have as many users as must approve; ``*`` is one, a group may be many."""
    role, least = approval.at("role").text(), approval.at("min")
    if role is None or role not in context.roles or not isinstance(least.value, int):
        return
    spec = context.root.at("roles", role)
    if not isinstance(spec.at("users").value, list | None):
        return
    users = {user for user, _at in spec.at("users").texts()}
    if not list(spec.at("groups").texts()) and len(users) < least.value:
        wrong = _("fewer people have the role {role} ({users}) than must approve ({least})")
        message = wrong.format(role=repr(role), users=len(users), least=least.value)
        context.note(least.position, message, _("name more users or a group; * counts as one"))


def _check_review(context: _Context) -> None:
    """Who answers twice is two persons, and the third is named by a role."""
    third, double = context.root.at("review", "third"), context.root.at("review", "double")
    _known(context, third, context.roles, _("there is no role {name}"))
    if not isinstance(double.value, int | float) or not double.value:
        return
    roles = [role for _name, _at, role in context.root.at("roles").items()]
    users = {user for role in roles for user, _at in role.at("users").texts()}
    if len(users) < 2 and not any(list(role.at("groups").texts()) for role in roles):
        wrong = _("two persons answer a share of the clusters, but the roles name {users}")
        hint = _("name more users or a group; * counts as one")
        context.note(double.position, wrong.format(users=len(users)), hint)


def _check_payment(context: _Context) -> None:
    gate = context.root.at("payment", "gate")
    gates = [step.at("id").text() or "" for _index, step in context.of_kind("gate")]
    _known(context, gate, gates, _("there is no gate {name}"))
    fields = {f.name for entity in entities().values() for f in entity.fields}
    allowed = context.root.at("payment", "allow")
    _known(context, allowed, fields, _("no entity has a field {name}"))
    if isinstance(gate.value, str) and gate.value in gates and list(allowed.texts()):
        first = next((index for index, _step in context.of_kind("import")), len(context.steps))
        if [id_ for id_, _step in context.steps].index(gate.value) > first:
            wrong = _("the gate {name} comes after the first import").format(name=repr(gate.value))
            context.note(gate.position, wrong, _("privacy signs before payment data is written"))


def _check_imports(context: _Context) -> None:
    """Nothing is written to a target without a back-up of staging that was verified before."""
    backups = [
        index
        for index, step in context.of_kind("backup")
        if "staging" in dict(step.at("with", "what").texts())
    ]
    groups = [group for group, _at in context.root.at("target", "groups").texts()]
    for index, step in context.of_kind("import"):
        _known(context, step.at("with", "entities"), entities(), _("there is no entity {name}"))
        for name, at in step.at("with", "entities").texts():
            if name in SYNCED:
                wrong = _("{name} is not for an import step").format(name=repr(name))
                context.note(at, wrong, _("a consent_sync step carries it to the target"))
        if groups:
            _known(context, step.at("with", "group"), groups, _("the target has no group {name}"))
        if not any(backup < index for backup in backups):
            wrong = _("nothing is backed up before this import")
            hint = _("a step with uses: backup and what: [staging] must come before")
            context.note(step.at("uses").position, wrong, hint)
    _check_survivorship(context)


def _check_survivorship(context: _Context) -> None:
    """Rules for fields that a profile has, by sources that there are; one value is not kept in full."""
    fields = {field.name: field for field in entities()["profile"].fields}
    for _index, step in context.of_kind("merge"):
        for name, at, rule in step.at("with", "survivorship").items():
            if name not in fields:
                wrong = _("a profile has no field {name}").format(name=repr(name))
                context.note(at, wrong, suggestion(name, fields))
            elif rule.value == "keep_all" and not fields[name].many:
                wrong = _("{name} has one value: not all can be kept").format(name=repr(name))
                many = ", ".join(f.name for f in fields.values() if f.many)
                context.note(
                    rule.position, wrong, _("keep_all is for {fields}").format(fields=many)
                )
            for member in rule.members():
                _known(context, member, context.sources, _("there is no source {name}"))
        default = step.at("with", "default")
        if default.value == "keep_all":
            wrong = _("keep_all cannot be the rule of all fields")
            context.note(
                default.position, wrong, _("write it at email: and phone: (it holds there)")
            )


def _check_needs(context: _Context) -> None:
    """Steps that need something declared elsewhere: sources to ingest, deltas, segments."""
    for _index, step in context.of_kind("ingest"):
        _known(context, step.at("with", "sources"), context.sources, _("there is no source {name}"))
    deltas = [
        s for _k, _at, s in context.root.at("sources").items() if s.at("deltas").value is True
    ]
    for _index, step in context.of_kind("consent_sync"):
        mode = step.at("with", "mode")
        if mode.value == "deltas" and not deltas:
            wrong = _("no source hands over deltas")
            context.note(mode.position, wrong, _("write deltas: true at the source that does"))
    for _index, step in context.of_kind("verify"):
        for what, at in step.at("with", "what").texts():
            if what in ("segments", "members") and context.root.at("segments").value is None:
                hint = _("name one at the top: segments: rules/segments.yaml")
                context.note(at, _("there is no file of segments to verify"), hint)


def _check_order(context: _Context) -> None:
    """What a step makes must be taken up by a later one: else its rows have no fate at the end."""
    for kind, taker in (("ingest", "map"), ("map", "merge"), ("merge", "import")):
        takers = [index for index, _step in context.of_kind(taker)]
        for index, step in context.of_kind(kind):
            if takers and index > takers[-1]:
                wrong = _("no step {taker} comes after this step").format(taker=repr(taker))
                hint = _("put it before {step}").format(step=repr(context.steps[takers[-1]][0]))
                context.note(step.at("uses").position, wrong, hint)


def _check_queries(context: _Context) -> None:
    for _id, step in context.steps:
        for check in step.at("checks").members():
            check_select(check.at("sql"), context.file, context.problems)
