"""Mapping files → ``Mapping`` objects, with every mistake at its file, line and column."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from collections.abc import Mapping as Table
from dataclasses import dataclass, replace

from tui_migrate.i18n import _
from tui_migrate.mapping.model import BY_PROFILE, UNREJECTABLE, MappedField, Mapping, Owner
from tui_migrate.mapping.yaml import FieldYaml, KeyYaml, MappingYaml, OwnerYaml
from tui_migrate.model.entities import Entity, entities
from tui_migrate.model.types.base import Options, SemanticType, UnknownType, get_type
from tui_migrate.runbook.explain import typed
from tui_migrate.runbook.load import Loaded
from tui_migrate.runbook.positions import Node
from tui_migrate.runbook.problems import Position, Problem, Problems, suggestion

Fields = Table[str, FieldYaml]


@dataclass(slots=True)
class _File:
    """A mapping file being read: its tree, and where to report."""

    name: str
    node: Node
    problems: Problems

    def note(self, at: Position, message: str, hint: str = "") -> None:
        self.problems.add(self.name, at, message, hint)


def load_mappings(loaded: Loaded) -> tuple[dict[str, tuple[Mapping, ...]], tuple[Problem, ...]]:
    """All mappings of a runbook by source, in the order in which the runbook names them.

    Nothing is raised for bad content: the second value holds every mistake. A source without a
    usable mapping has an empty tuple.
    """
    runbook, problems = loaded.runbook, Problems()
    if runbook is None:
        return {}, ()
    found: dict[str, tuple[Mapping, ...]] = {}
    for source, spec in runbook.sources.items():
        made: list[Mapping] = []
        for name in dict.fromkeys(spec.mapping):
            node = loaded.documents.get(name)
            if node is None:
                continue
            of_file = type_mapping(node, name, problems, runbook.sources)
            for mapping in of_file:
                if mapping.source != source:
                    wrong = _("this mapping is for {other}, and the runbook names it for {source}")
                    message = wrong.format(other=repr(mapping.source), source=repr(source))
                    hint = _("write source: {source}").format(source=source)
                    problems.add(name, node.at("source").position, message, hint)
            if of_file and of_file[0].change is not None and not spec.deltas:
                wrong = _("{source} hands over no deltas").format(source=repr(source))
                hint = _("write deltas: true in the runbook, or leave change: out")
                problems.add(name, node.nearest(("change",), key=True), wrong, hint)
            made += _with_links(of_file, tuple(spec.links.items()), node)
        country = spec.country or runbook.country
        made = [replace(mapping, country=mapping.country or country) for mapping in made]
        _check_owned(made, loaded.documents, problems)
        found[source] = _numbered(made)
    return found, tuple(problems)


def _with_links(
    mappings: Iterable[Mapping], links: tuple[tuple[str, str], ...], node: Node
) -> list[Mapping]:
    """The source's links count for its own records, not for a second record made of a row."""
    own = not node.has("links") and not node.has("key")
    return [
        replace(mapping, links=links) if own and not mapping.owned else mapping
        for mapping in mappings
    ]


def _numbered(mappings: list[Mapping]) -> tuple[Mapping, ...]:
    """Each mapping with its place among those of the same entity."""
    names = [mapping.entity.name for mapping in mappings]
    return tuple(
        replace(
            mapping,
            place=names[:index].count(mapping.entity.name),
            places=names.count(mapping.entity.name),
        )
        for index, mapping in enumerate(mappings)
    )


def _check_owned(mappings: list[Mapping], documents: Table[str, Node], problems: Problems) -> None:
    """A child row without a named owner needs a record of its own physical row to belong to."""
    has_records = any(not mapping.owned and not mapping.key for mapping in mappings)
    for mapping in mappings:
        by_contact = mapping.field("contact_point") is not None
        if mapping.owned and not mapping.owners and not has_records and not by_contact:
            wrong = _("nothing says whose rows these are").format()
            at = documents[mapping.file].nearest(("entity",), key=True)
            problems.add(mapping.file, at, wrong, _("write of: SOURCE and by: COLUMN"))


def type_mapping(
    node: Node, name: str, problems: Problems, sources: Collection[str]
) -> tuple[Mapping, ...]:
    """The mappings of one file: one, or one for each kind of change. Mistakes go to ``problems``."""
    file = _File(name, node, problems)
    written = typed(MappingYaml, node, name, problems)
    _check_names(file, sources)
    if written is None:
        _check_entity_names(file)
        return ()
    if written.change is None:
        made = _mapping(file, written, (), written.entity or "", written.fields)
        return (made,) if made else ()
    kinds = []
    for code, variant in written.change.codes.items():
        at = ("change", "codes", code)
        kind = _mapping(file, written, at, variant.entity, variant.fields)
        if kind is not None:
            when = (*kind.when, *((c, tuple(v)) for c, v in variant.when.items()))
            change = (written.change.from_, code)
            named = replace(kind, name=f"{name}#{code}", change=change, when=when)
            kinds.append(replace(named, newcomer=variant.newcomer))
            if variant.newcomer and kind.entity.name != "profile":
                wrong = _("only a profile is a newcomer")
                place = node.nearest((*at, "newcomer"), key=True)
                file.note(place, wrong, _("leave newcomer: out, or write entity: profile"))
    return tuple(kinds)


def _mapping(
    file: _File, written: MappingYaml, at: tuple[str, ...], entity_name: str, fields: Fields
) -> Mapping | None:
    entity = entities().get(entity_name)
    if entity is None:
        wrong = _("there is no entity {name}").format(name=repr(entity_name))
        place = file.node.nearest((*at, "entity"))
        file.note(place, wrong, suggestion(entity_name, entities()))
        return None
    _check_entity(file, written, entity)
    _check_profiles(file, written)
    mapped = tuple(
        field
        for field_name, spec in fields.items()
        if (field := _field(file, (*at, "fields", field_name), entity, spec)) is not None
    )
    _check_columns(file, written, mapped)
    key = written.key or KeyYaml.model_construct(from_=(), suffix="")
    country = next((f.constant for f in mapped if f.name == "country" and f.constant), "")
    return Mapping(
        file=file.name,
        name=file.name,
        source=written.source,
        entity=entity,
        fields=mapped,
        skip=tuple(written.skip.items()),
        key=key.from_,
        suffix=key.suffix,
        links=tuple(written.links.items()),
        owners=_owners(written),
        each=written.each.removesuffix("[]") if written.each else None,
        when=tuple((column, tuple(values)) for column, values in written.when.items()),
        country=country,
    )


def _owners(written: MappingYaml) -> tuple[Owner, ...]:
    owners = written.owner
    if written.of is not None:
        owners = (OwnerYaml(of=written.of, by=written.by),)
    return tuple(
        Owner(BY_PROFILE, (o.profile,))
        if o.profile is not None
        else Owner(o.of or "", o.by, o.suffix, o.email)
        for o in owners
    )


def _field(file: _File, at: tuple[str, ...], entity: Entity, spec: FieldYaml) -> MappedField | None:
    name = at[-1]
    known = [field.name for field in entity.fields]
    if name not in known:
        wrong = _("{entity} has no field {name}").format(entity=entity.name, name=repr(name))
        file.note(file.node.nearest(at, key=True), wrong, suggestion(name, known))
        return None
    field = entity.field(name)
    try:
        semantic = get_type(spec.type or field.type)
    except UnknownType as error:
        hint = suggestion(error.name, error.suggestions)
        wrong = _("there is no type {name}").format(name=repr(error.name))
        file.note(file.node.nearest((*at, "type")), wrong, hint)
        return None
    codes = tuple(spec.codes.items()) if spec.codes is not None else None
    if codes is not None:
        _check_codes(file, at, semantic, codes)
    otherwise = spec.else_
    if otherwise is not None and otherwise.startswith("default:"):
        default = _constant(file, (*at, "else"), semantic, otherwise.removeprefix("default:"))
        otherwise = f"default:{default}" if default is not None else None
    constant = None
    if spec.value is not None:
        constant = _constant(file, (*at, "value"), semantic, spec.value)
    return MappedField(
        field=field,
        type=semantic,
        columns=spec.from_,
        constant=constant,
        format=spec.format,
        decimal=spec.decimal,
        codes=codes,
        otherwise=otherwise,
        required=spec.required,
        join=spec.join,
    )


def _constant(file: _File, at: tuple[str, ...], semantic: SemanticType, text: str) -> str | None:
    """The canonical form of a value that the mapping itself gives."""
    cleaned = semantic.clean(text, Options())
    if cleaned.value is None:
        wrong = _("{value} is no {type}").format(value=repr(text), type=semantic.name)
        file.note(file.node.nearest(at), wrong, _("write a value of this type"))
    return cleaned.value


def _check_codes(
    file: _File, at: tuple[str, ...], semantic: SemanticType, codes: tuple[tuple[str, str], ...]
) -> None:
    for code, meaning in codes:
        if semantic.clean(meaning, Options()).value is None:
            wrong = _("{value} is no {type}").format(value=repr(meaning), type=semantic.name)
            place = file.node.nearest((*at, "codes", code))
            file.note(place, wrong, _("write a value of this type"))


def _check_names(file: _File, sources: Collection[str]) -> None:
    """Sources that the file names must exist."""
    named = [file.node.at("source"), file.node.at("of")]
    named += [owner.at("of") for owner in file.node.at("owner").members()]
    named += [linked for _column, _at, linked in file.node.at("links").items()]
    for node in named:
        for source, at in node.texts():
            if source not in sources:
                wrong = _("there is no source {name}").format(name=repr(source))
                file.note(at, wrong, suggestion(source, sources))


def _check_entity_names(file: _File) -> None:
    """The entity and its fields by name, in a file that is wrong in other ways too."""
    for name, at in file.node.at("entity").texts():
        entity = entities().get(name)
        if entity is None:
            wrong = _("there is no entity {name}").format(name=repr(name))
            file.note(at, wrong, suggestion(name, entities()))
            continue
        known = [field.name for field in entity.fields]
        for field, place, _inner in file.node.at("fields").items():
            if field not in known:
                wrong = _("{entity} has no field {name}").format(entity=name, name=repr(field))
                file.note(place, wrong, suggestion(field, known))


def _check_entity(file: _File, written: MappingYaml, entity: Entity) -> None:
    if entity.child or written.change is not None:
        return
    for word in ("of", "owner", "each"):
        if file.node.has(word):
            wrong = _("a {entity} has no owner and is one row").format(entity=entity.name)
            place = file.node.nearest((word,), key=True)
            file.note(place, wrong, _("remove {key}").format(key=f"{word}:"))


def _check_profiles(file: _File, written: MappingYaml) -> None:
    """Profile ids exist only once records were merged: changes may name them, full deliveries not."""
    if written.change is not None:
        return
    for owner in file.node.at("owner").members():
        if owner.has("profile"):
            wrong = _("only changes name their owner by a profile id")
            place = owner.nearest(("profile",), key=True)
            file.note(place, wrong, _("use change:, or name the owner by its number"))


def _check_columns(file: _File, written: MappingYaml, fields: tuple[MappedField, ...]) -> None:
    """No column is both mapped and skipped; a value of ``else`` that rejects must be able to."""
    mapped = {column: field.name for field in fields for column in field.columns}
    for column in written.skip:
        if column in mapped:
            wrong = _("the column {column} is skipped and mapped to {field}")
            message = wrong.format(column=repr(column), field=mapped[column])
            file.note(
                file.node.nearest(("skip", column), key=True), message, _("keep one of the two")
            )
    if written.entity in UNREJECTABLE:
        for field in fields:
            if field.required or field.otherwise == "reject":
                wrong = _("a {entity} is never rejected").format(entity=written.entity)
                word = "required" if field.required else "else"
                place = file.node.nearest(("fields", field.name, word), key=True)
                file.note(place, wrong, _("an unusable cell is a finding; the row counts"))


def change_of(mappings: Iterable[Mapping]) -> dict[str, Mapping]:
    """The mappings of a source's deltas by change type."""
    return {mapping.change[1]: mapping for mapping in mappings if mapping.change is not None}
