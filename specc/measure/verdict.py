"""The outcome of holding one figure against one budget line."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from specc.evidence import Figure

Outcome = Literal["pass", "fail", "undecided"]


class Verdict(BaseModel):
    """One budget line judged. `margin` is (limit - figure) / limit: positive leaves room; None when unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: str
    label: str
    relation: str
    limit: float
    unit: str  # unit of the limit as written; `figure` is in the same unit
    figure: Figure
    outcome: Outcome
    margin: float | None
    reason: str  # one sentence; why undecided, and what would decide
