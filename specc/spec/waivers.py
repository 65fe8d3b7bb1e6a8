"""Findings of the checker that the author accepts, with the reason."""

from __future__ import annotations

from typing import Literal

from specc.spec.base import Node


class Waiver(Node):
    """`waive W4105 on m4 "…"` accepts a warning, `demote E4101 on m4 "…"` lets a proven error pass as a warning.

    `scope` is the name of a target or of a layer; None means the whole file.
    """

    action: Literal["waive", "demote"]
    code: str
    reason: str
    scope: str | None = None
