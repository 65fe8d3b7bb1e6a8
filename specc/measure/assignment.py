"""One variant for each layer, so that the whole takes the fewest cycles within flash and SRAM: exactly, by CP-SAT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

_SECONDS: Final = 20.0  # far more than a hundred layers with ten variants take
_SEED: Final = 1


@dataclass(frozen=True)
class Cost:
    """What a variant takes.

    `at_most` is what counts; among equals, `at_least`, then `flash`, then `sram`.
    """

    at_most: int  # cycles; the fewest where the most is not known
    at_least: int  # cycles
    flash: int  # bytes
    sram: int  # bytes


@dataclass(frozen=True)
class Assignment:
    """The index of each layer's variant. `excess`: bytes beyond the limits, where nothing is within them."""

    chosen: tuple[int, ...]
    excess: int
    proven: bool  # nothing is better


def assign(layers: Sequence[Sequence[Cost]], flash: int, sram: int) -> Assignment:
    """The best variant of each layer.

    Args:
        layers: costs of the variants of each layer, at least one.
        flash: bytes that the layers may take together.
        sram: bytes that their constants may take together.

    The fewest bytes beyond the limits come first, then the fewest cycles at most, at least, then flash, then SRAM: one
    solve for each, with what was reached before held.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    picks = [[model.new_bool_var("") for _ in costs] for costs in layers]
    for pick in picks:
        model.add_exactly_one(pick)

    def total(field: str) -> Any:
        return sum(
            getattr(cost, field) * var
            for costs, own in zip(layers, picks, strict=True)
            for cost, var in zip(costs, own, strict=True)
        )

    def beyond(field: str, limit: int) -> Any:
        most = sum(max(getattr(cost, field) for cost in costs) for costs in layers)
        over = model.new_int_var(0, max(0, most - limit), "")
        model.add(total(field) <= limit + over)
        return over

    proven, excess = True, 0
    goals = [beyond("flash", flash) + beyond("sram", sram), *map(total, ("at_most", "at_least", "flash", "sram"))]
    chosen = (0,) * len(layers)
    for number, goal in enumerate(goals):
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = _SECONDS
        solver.parameters.num_workers = 1  # the same choice in every run
        solver.parameters.random_seed = _SEED
        model.minimize(goal)
        status = solver.solve(model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return Assignment(chosen, excess, proven=False)
        proven = proven and status == cp_model.OPTIMAL
        reached = round(solver.objective_value)
        excess = reached if number == 0 else excess
        chosen = tuple(next(i for i, var in enumerate(own) if solver.boolean_value(var)) for own in picks)
        model.add(goal <= reached)
    return Assignment(chosen, excess, proven)
