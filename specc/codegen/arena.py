"""Where each activation tensor lies in one shared block of memory: the smallest block, with the proof."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from specc.graph.execution import Execution
from specc.graph.lifetimes import ALIGNMENT, Buffer, buffers, owners, peak
from specc.graph.network import Network

_SOLVER_EFFORT: Final = 10.0  # of CP-SAT's deterministic time, about as many seconds; the same on every machine


@dataclass(frozen=True)
class Arena:
    """Offsets in bytes of every tensor and of other buffers, and the size of the whole.

    `bound` is the least size that any placement of the same tensors in the same order of layers needs.
    """

    size: int
    offsets: dict[str, int]
    bound: int
    buffers: tuple[Buffer, ...]

    @property
    def optimal(self) -> bool:
        """Whether no placement is smaller."""
        return self.size == self.bound


def plan(
    network: Network,
    container_bytes: Mapping[str, int],
    execution: Execution | None = None,
    window_sums: Collection[str] = (),
) -> Arena:
    """Place every tensor of a network; tensors needed at the same time never overlap, others share memory.

    The peak of live bytes bounds every placement from below. Where the quick greedy placement does not reach it, CP-SAT
    looks for the optimum or a better bound.

    Args:
        network: the network.
        container_bytes: bytes per code of each tensor.
        execution: the steps; None: every layer as a whole.
        window_sums: names of the convolutions that run as window sums.
    """
    needed = buffers(network, container_bytes, ALIGNMENT, execution, window_sums)
    offsets = place(needed)
    size, bound = _height(needed, offsets), peak(needed)
    if size > bound:
        offsets, bound = place_optimally(needed, offsets)
        size = _height(needed, offsets)
    owner = owners(network, container_bytes, execution.by_rows if execution else ())
    return Arena(size, offsets | {tensor: offsets[name] for tensor, name in owner.items()}, bound, tuple(needed))


def place(wanted: list[Buffer]) -> dict[str, int]:
    """Offset of each buffer, by name. Greedy: largest buffer first, each into the smallest gap that holds it."""
    offsets: dict[str, int] = {}
    placed: list[Buffer] = []
    for buffer in sorted(wanted, key=lambda b: (-b.size, b.first, b.name)):
        busy = sorted((offsets[other.name], other.size) for other in placed if other.overlaps(buffer))
        offsets[buffer.name] = _best_gap(busy, buffer.size)
        placed.append(buffer)
    return offsets


def place_optimally(wanted: list[Buffer], start: Mapping[str, int]) -> tuple[dict[str, int], int]:
    """Offsets of the smallest placement that CP-SAT finds within its effort, and the bound that it proves.

    Each buffer is a rectangle, its life by its bytes, and no two may overlap. One thread, a fixed seed and a limit in
    deterministic time: the same buffers always get the same offsets.

    Args:
        wanted: the buffers; sizes are multiples of `ALIGNMENT`.
        start: a placement to begin with.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    most = _height(wanted, start) // ALIGNMENT
    height = model.new_int_var(peak(wanted) // ALIGNMENT, most, "height")
    lives, places, variables = [], [], {}
    for buffer in wanted:
        words = buffer.size // ALIGNMENT
        offset = model.new_int_var(0, most - words, f"offset of {buffer.name}")
        model.add(offset + words <= height)
        model.add_hint(offset, start[buffer.name] // ALIGNMENT)
        lives.append(model.new_fixed_size_interval_var(buffer.first, buffer.last - buffer.first + 1, buffer.name))
        places.append(model.new_fixed_size_interval_var(offset, words, buffer.name))
        variables[buffer.name] = offset
    model.add_no_overlap_2d(lives, places)
    model.minimize(height)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = _SOLVER_EFFORT
    status = solver.solve(model)
    bound = max(peak(wanted), math.ceil(solver.best_objective_bound) * ALIGNMENT)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return dict(start), bound
    return {name: solver.value(offset) * ALIGNMENT for name, offset in variables.items()}, bound


def _height(wanted: list[Buffer], offsets: Mapping[str, int]) -> int:
    return max(offsets[buffer.name] + buffer.size for buffer in wanted)


def _best_gap(busy: list[tuple[int, int]], size: int) -> int:
    """Start of the smallest gap between busy (offset, size) blocks that holds `size`; else the end of all of them."""
    best, best_gap = None, math.inf
    end = 0
    for offset, block in busy:
        gap = offset - end
        if size <= gap < best_gap:
            best, best_gap = end, gap
        end = max(end, offset + block)
    return end if best is None else best
