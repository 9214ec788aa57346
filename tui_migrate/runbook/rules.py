"""Rule files (what a good record is) and segment files (the same selection, old and new).

A rule looks at records in one of three ways:

* ``entity`` and ``field``: one field of one entity;
* ``type``: every field with this semantic type, whatever its entity;
* ``check: sql``: one SELECT that lists the rows that break the rule, with the columns ``source``
  and ``record_id`` (``profile_id`` when the rules run on profiles) and, if it likes, ``field`` and
  ``value``. ``entity`` then says whose records these are (default: profile).
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, model_validator

from tui_migrate.i18n import _
from tui_migrate.runbook.base import Id, Name, Strict, Text, Words, refuse

Severity = Literal["note", "warn", "block"]
Then = Literal["keep", "reject", "exclude", "prune", "hold"]
"""What becomes of a record that breaks the rule; all but ``keep`` are fates."""


class Rule(Strict):
    """One rule.

    ``check``: ``required`` (a value is there), ``valid`` (the cell could be read as its type),
    ``unique`` (no other record of the source has the value), ``in`` (one of ``values``),
    ``matches`` (the whole value fits the regular expression ``pattern``), ``sql``.
    ``reason`` is the short word that goes with the fate; without it the rule's id does.
    """

    id: Id
    entity: Name | None = None
    field: Name | None = None
    type: Name | None = None
    check: Literal["required", "valid", "unique", "in", "matches", "sql"]
    values: tuple[Words, ...] = ()
    pattern: Words | None = None
    sql: Words | None = None
    severity: Severity = "warn"
    then: Then = "keep"
    reason: Words | None = None
    message: Text

    @model_validator(mode="after")
    def _target(self) -> Rule:
        if self.check == "sql":
            if self.sql is None:
                wrong = _("a rule with check: sql has no sql")
                raise refuse(wrong, _("add the SELECT that lists the records that break it"))
            if self.type is not None:
                wrong = _("a rule with check: sql looks at no type")
                raise refuse(wrong, _("remove type:, and say entity: if it is not profile"))
        elif self.sql is not None:
            raise refuse(_("sql stands beside another check"), _("write check: sql"))
        elif (self.type is None) == (self.field is None):
            wrong = _("a rule looks at a field or at a type")
            raise refuse(wrong, _("write either entity: and field:, or type:"))
        return self

    @model_validator(mode="after")
    def _arguments(self) -> Rule:
        if (self.check == "in") != bool(self.values):
            raise refuse(_("values go with check: in"), _("write check: in and values: [a, b]"))
        if (self.check == "matches") != (self.pattern is not None):
            raise refuse(_("a pattern goes with check: matches"), _("write both, or neither"))
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as error:
                wrong = _("this is not a regular expression: {detail}").format(detail=error)
                raise refuse(wrong) from error
        return self

    @property
    def of(self) -> str:
        """The entity whose records the rule is about, where it is not about a type."""
        return self.entity or "profile"


class RulesFile(Strict):
    """A file of rules."""

    rules: tuple[Rule, ...] = Field(min_length=1)


class Segment(Strict):
    """A selection that must hold the same people before and after.

    ``old`` is one SELECT over the sources that gives ``source``, ``record_id`` and ``brand``;
    ``new`` one over the profiles, that gives ``profile_id`` and ``brand``. ``why`` may list reasons
    that are known for a difference, as ``profile_id``, ``brand`` and ``reason``; merges and the
    fates of records explain differences without being listed.
    """

    name: Id
    title: Text
    old: Words
    new: Words
    why: Words | None = None


class SegmentsFile(Strict):
    """A file of segments."""

    segments: tuple[Segment, ...] = Field(min_length=1)
