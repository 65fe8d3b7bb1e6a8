"""Figures that carry their evidence. Nothing is ever filled in: what is not known is `unknown`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Evidence = Literal["measured", "simulated", "predicted", "published", "datasheet", "unknown"]


class Figure(BaseModel):
    """A number, the interval it is known to lie in, and what the number rests on.

    `low` and `high` bound the true value (a confidence interval, or a model's proven bounds); `high` is None where the
    evidence gives only a lower bound. `unit` is a symbol of `specc.units` or a plain noun such as "cycles".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float | None
    unit: str
    evidence: Evidence
    low: float | None = None
    high: float | None = None
    basis: str = ""

    @classmethod
    def unknown(cls, unit: str, basis: str) -> Figure:
        """A figure that is not known, and why."""
        return cls(value=None, unit=unit, evidence="unknown", basis=basis)

    @classmethod
    def exact(cls, value: float, unit: str, evidence: Evidence, basis: str = "") -> Figure:
        """A figure without uncertainty of its own (bytes in an ELF file, cycles of a deterministic model)."""
        return cls(value=value, unit=unit, evidence=evidence, low=value, high=value, basis=basis)
