"""What every spec object shares: frozen, closed, and knowing where in the file it was written."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from specc.source import Span
from specc.units import UNITS, Quantity


class Node(BaseModel):
    """A validated piece of a spec.

    `spans` maps a field's name to where its value was written; "" is the whole item. It takes no part in equality,
    hashing or JSON: two files that say the same are the same spec.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)

    spans: dict[str, Span] = Field(default_factory=dict, exclude=True, repr=False)

    def span(self, field: str = "") -> Span | None:
        """Where `field` was written, or the whole item if that is not known."""
        return self.spans.get(field) or self.spans.get("")

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other) or not isinstance(other, Node):
            return NotImplemented
        return self.model_dump() == other.model_dump()

    __hash__ = None  # type: ignore[assignment]


def _serialize(value: Quantity) -> dict[str, Any]:
    return {"number": str(value.number), "unit": value.unit.symbol if value.unit else None}


def _validate(value: Any) -> Any:
    if isinstance(value, dict):
        from specc.units import quantity

        return quantity(value["number"], value["unit"])
    return value


# An exact number as a decimal or a fraction, and the symbol of its unit.
_SCHEMA: Final = {
    "type": "object",
    "properties": {
        "number": {"type": "string", "pattern": "^-?[0-9]+(/[0-9]+)?$"},
        "unit": {"enum": [*UNITS, None]},
    },
    "required": ["number", "unit"],
    "additionalProperties": False,
}

SpecQuantity = Annotated[
    Quantity, BeforeValidator(_validate), PlainSerializer(_serialize), WithJsonSchema(_SCHEMA, mode="serialization")
]
