"""What all typed files share: the strict frozen model, texts in two languages, small value types.

Values are strict where YAML invites accidents: a number is not taken for text nor "yes" for true.
None of these types is a union at a place where a mistake can be: so the location that pydantic
reports is the path in the file.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from tui_migrate.i18n import _

EVERY = "*"
"""Every user, brand or channel, where names are listed."""


class Strict(BaseModel):
    """Frozen, and unknown keys are mistakes. YAML keys that Python reserves are aliases (with)."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def refuse(message: str, hint: str = "") -> PydanticCustomError:
    """What a validator raises: the message for a person, and what would be right."""
    return PydanticCustomError("refused", "{message}", {"message": message, "hint": hint})


class Text(Strict):
    """Words for a person. In YAML either plain text (taken for English) or ``{en: …, nl: …}``."""

    en: StrictStr = Field(min_length=1)
    nl: StrictStr = ""

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        if not isinstance(value, str | dict):
            wrong = _("{value} is not text").format(value=repr(value))
            raise refuse(wrong, _("put it between quotes, or write {en: …, nl: …}"))
        return {"en": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> dict[str, Any]:
        schema: dict[str, Any] = handler.resolve_ref_schema(handler(core))
        return {"title": "Text", "anyOf": [{"type": "string"}, {**schema, "title": "Languages"}]}

    def words(self, language: str) -> str:
        """The text in the language asked for (``nl``, ``nl_BE``…), else in English."""
        return self.nl if language.startswith("nl") and self.nl else self.en

    def __str__(self) -> str:
        return self.en


def title_of_id(given: dict[str, Any]) -> Text:
    """The title of what has none: its id, as words."""
    return Text(en=str(given["id"]).replace("-", " ").replace("_", " ").capitalize())


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _day(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise refuse(_("this is not a date"), _("write it as 2026-03-31"))
    return value


Name = Annotated[StrictStr, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""Name of a source, role or field: it becomes part of a table or column name."""

Id = Annotated[StrictStr, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
"""Id of a step, phase, rule or item: it becomes part of a file name."""

Words = Annotated[StrictStr, StringConstraints(min_length=1)]

OneOrMany = Annotated[
    tuple[Words, ...],
    BeforeValidator(_one_or_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""One text or a list of texts; always a tuple in Python."""

Flag = StrictBool
Count = Annotated[StrictInt, Field(ge=0)]
Positive = Annotated[StrictInt, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1, strict=True)]
"""A part of a whole, 0 to 1."""

Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]

_EXPECTATION = re.compile(r"(>=|<=|<>|!=|=|<|>)\s*(-?\d+(?:\.\d+)?)")


class Expectation(Strict):
    """What a check's figure has to be, such as ``>= 0.85`` or ``= 0``."""

    operator: str
    value: Decimal

    @classmethod
    def parse(cls, text: str) -> Expectation | None:
        """The expectation that the text spells, or None when it spells none."""
        found = _EXPECTATION.fullmatch(text.strip())
        return cls(operator=found[1], value=Decimal(found[2])) if found else None

    @model_validator(mode="before")
    @classmethod
    def _written(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return value
        parsed = cls.parse(value) if isinstance(value, str) else None
        if parsed is None:
            wrong = _("{text} is not an expectation").format(text=repr(value))
            raise refuse(wrong, _('write a comparison with a number, such as ">= 0.85" or "= 0"'))
        return {"operator": parsed.operator, "value": parsed.value}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> dict[str, Any]:
        return {"title": "Expectation", "type": "string", "pattern": f"^{_EXPECTATION.pattern}$"}

    def holds(self, figure: Decimal | float | int) -> bool:
        """Whether a figure meets it. Floats count as the decimals that they print as."""
        number = figure if isinstance(figure, Decimal) else Decimal(str(figure))
        match self.operator:
            case ">=":
                return number >= self.value
            case "<=":
                return number <= self.value
            case ">":
                return number > self.value
            case "<":
                return number < self.value
            case "=":
                return number == self.value
            case _:
                return number != self.value

    def __str__(self) -> str:
        return f"{self.operator} {self.value}"
