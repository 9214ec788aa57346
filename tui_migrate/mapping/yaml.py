"""A mapping file as it is written: the typed YAML, before names are looked up (docs/mapping.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictStr, WithJsonSchema, model_validator

from tui_migrate.i18n import _
from tui_migrate.runbook.base import Flag, Name, OneOrMany, Strict, Words, refuse


def _otherwise(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"default"}:
        return f"default:{value['default']}"
    if isinstance(value, str) and value.startswith("default:"):
        return f"default:{value.removeprefix('default:').strip()}"
    # In YAML a bare null is no text, but it is the word of this format.
    said = "null" if value is None else value
    if said not in ("reject", "keep", "null"):
        wrong = _("{value} is not possible here").format(value=repr(value))
        raise refuse(wrong, _("write reject, keep, null or {default: X}"))
    return said


def _key(value: Any) -> Any:
    return {"from": value} if isinstance(value, str | list) else value


def _when(value: Any) -> Any:
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list) and all(isinstance(column, str) for column in value):
        return dict.fromkeys(value, ())
    return value


Otherwise = Annotated[
    StrictStr,
    BeforeValidator(_otherwise),
    WithJsonSchema({"anyOf": [{"enum": ["reject", "keep", "null", None]}, {"type": "object"}]}),
]

CodeKeys = Annotated[
    tuple[StrictStr, ...],
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class FieldYaml(Strict):
    """Where one field's value comes from and how it is read."""

    from_: OneOrMany = Field((), alias="from")
    value: Words | None = None
    format: Words | None = None
    decimal: Words | None = None
    codes: Mapping[StrictStr, StrictStr] | None = None
    else_: Otherwise | None = Field(None, alias="else")
    required: Flag = False
    type: Name | None = None
    join: StrictStr | None = None

    @model_validator(mode="after")
    def _source(self) -> FieldYaml:
        if bool(self.from_) == (self.value is not None):
            wrong = _("a field takes its value from a column or is a constant")
            raise refuse(wrong, _("write either from: or value:"))
        if self.else_ == "keep" and self.codes is None:
            wrong = _("else: keep goes with codes")
            raise refuse(wrong, _("a cell that cannot be read has no value to keep"))
        return self


class KeyYaml(Strict):
    """The record id: the first filled of the columns, with a suffix for a second record of a row."""

    from_: Annotated[OneOrMany, Field(min_length=1)] = Field(alias="from")
    suffix: StrictStr = ""


class OwnerYaml(Strict):
    """Whose row this is: the record of ``of`` with the id in ``by``, the one with this e-mail, or the
    person whom the target calls by this profile id."""

    of: Name | None = None
    by: OneOrMany = ()
    suffix: StrictStr = ""
    email: Words | None = None
    profile: Words | None = None

    @model_validator(mode="after")
    def _one(self) -> OwnerYaml:
        named = [word for word in (self.of, self.email, self.profile) if word is not None]
        if len(named) != 1 or bool(self.by) != bool(self.of):
            wrong = _("an owner is named by its number, its e-mail address or its profile id")
            hint = _("write {of: SOURCE, by: COLUMN}, {email: COLUMN} or {profile: COLUMN}")
            raise refuse(wrong, hint)
        return self


Key = Annotated[KeyYaml, BeforeValidator(_key)]
When = Annotated[Mapping[Words, CodeKeys], BeforeValidator(_when)]


class VariantYaml(Strict):
    """What a row of one change type becomes."""

    entity: Name
    fields: Mapping[Name, FieldYaml] = Field(min_length=1)
    when: When = Field(default_factory=dict)
    newcomer: Flag = False


class ChangeYaml(Strict):
    """The column that says what kind of change a row is, and what each kind becomes."""

    from_: Words = Field(alias="from")
    codes: Mapping[StrictStr, VariantYaml] = Field(min_length=1)


class MappingYaml(Strict):
    """A whole mapping file."""

    source: Name
    entity: Name | None = None
    fields: Mapping[Name, FieldYaml] = Field(default_factory=dict)
    skip: Mapping[Words, Words] = Field(default_factory=dict)
    key: Key | None = None
    links: Mapping[Words, Name] = Field(default_factory=dict)
    of: Name | None = None
    by: OneOrMany = ()
    owner: tuple[OwnerYaml, ...] = ()
    each: Words | None = None
    when: When = Field(default_factory=dict)
    change: ChangeYaml | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> MappingYaml:
        if self.change is not None:
            if self.entity is not None or self.fields:
                wrong = _("a mapping of changes names entity and fields for each kind of change")
                raise refuse(wrong, _("move them under change: codes:"))
        elif self.entity is None or not self.fields:
            wrong = _("this mapping has no {key}").format(key="fields" if self.entity else "entity")
            raise refuse(wrong, _("add it"))
        if bool(self.by) != (self.of is not None):
            wrong = _("of and by go together")
            raise refuse(wrong, _("write of: SOURCE and by: COLUMN, or leave both out"))
        if self.of is not None and self.owner:
            raise refuse(_("owner stands beside of and by"), _("keep one of the two"))
        return self
