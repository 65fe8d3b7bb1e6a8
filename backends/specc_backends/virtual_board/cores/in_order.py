"""A pipeline that issues in order, one or two instructions a cycle: the frame of the Cortex-M7 and Cortex-M33 models.

What is known about an instruction is its `Timing`; this module works out in which cycle each instruction of a block is
issued. Registers are ready when a block begins: what one block leaves unfinished for the next is not known to a model
of blocks. The low end therefore lets nothing wait across blocks, and the high end ends a block when its last result is
there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from specc_backends.virtual_board.cores.cost import BlockCost, cause_of, count_events
from specc_backends.virtual_board.cores.decode import Instruction


@dataclass(frozen=True)
class Timing:
    """How the pipeline treats an instruction.

    Attributes:
        cycles: for which it keeps the pipeline from issuing anything further.
        latency: cycles from its issue until an instruction that reads its result can be issued.
        update_latency: the same, for a base register that a load or store changes.
        units: what it occupies in its cycle of issue.
        alone: it is issued without a partner.
        older_only: it may have a partner behind it, never before it.
        early: registers it needs one cycle before the others.
        late: registers it needs later than the others, by cycles.
    """

    cycles: int = 1
    latency: int = 1
    update_latency: int = 1
    units: tuple[str, ...] = ()
    alone: bool = False
    older_only: bool = False
    early: frozenset[int] = frozenset()
    late: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Pipeline:
    """Which instructions may be issued together.

    Attributes:
        timing: of an instruction.
        capacity: how many instructions of one cycle may occupy a unit; 1 for a unit that is not named.
        may_pair: whether two neighbours may share a cycle, beside what their `Timing` says.
        drains: whether a block lasts until its last result is there.
    """

    timing: Callable[[Instruction], Timing]
    capacity: Mapping[str, int]
    may_pair: Callable[[Instruction, Instruction], bool]
    drains: bool


@dataclass(frozen=True)
class _Result:
    ready: int
    producer: Instruction


def price(instructions: Sequence[Instruction], low: Pipeline, high: Pipeline) -> BlockCost:
    """Cost of a block, its low end from one pipeline and its high end from another.

    Each cycle goes to the cause of the older instruction issued in it; a cycle of waiting, to the cause of what is
    waited for.

    Raises:
        UnknownInstruction: the core has no such instruction, or nothing is known about it.
    """
    total, pessimistic = BlockCost(), BlockCost()
    _run(instructions, low, total)
    for instruction in instructions:
        count_events(total, instruction)
    _run(instructions, high, pessimistic)
    total.cycles_high = max(total.cycles_low, pessimistic.cycles_low)
    return total


def _run(instructions: Sequence[Instruction], pipeline: Pipeline, total: BlockCost) -> None:
    results: dict[int, _Result] = {}
    group: list[tuple[Instruction, Timing]] = []
    issued, end = 0, 0  # cycle of the group, and the first in which the next one may be issued
    for instruction in instructions:
        timing = pipeline.timing(instruction)
        ready, producer = _ready(instruction, timing, results)
        if timing.cycles == 0:
            continue
        if not (group and ready <= issued and _fits(group, instruction, timing, pipeline)):
            waited = max(0, ready - end)
            if waited and producer is not None:
                cause = cause_of(producer)
                total.charge(cause, waited)
                total.load_stalls += waited if cause == "load" else 0
                total.address_stalls += waited if _addresses(instruction, producer) else 0
            issued = end + waited
            group = []
            total.charge(cause_of(instruction), timing.cycles)
            end = issued + timing.cycles
        group.append((instruction, timing))
        finished = issued + timing.cycles - 1
        for register in instruction.written:
            update = register in instruction.address_registers and register not in instruction.registers[:1]
            latency = timing.update_latency if update else timing.latency
            results[register] = _Result(finished + latency, instruction)
    if pipeline.drains:
        total.charge("other", max(0, max((result.ready for result in results.values()), default=0) - end))


def _addresses(instruction: Instruction, producer: Instruction) -> bool:
    return cause_of(producer) != "load" and bool(instruction.address_registers & producer.written)


def _ready(instruction: Instruction, timing: Timing, results: Mapping[int, _Result]) -> tuple[int, Instruction | None]:
    """The first cycle in which everything that is read is there, and what was waited for longest."""
    latest, producer = 0, None
    # A conditional branch goes where it is predicted to go, and does not wait for the flags.
    awaited = instruction.read - _flags() if instruction.conditional else instruction.read
    for register in awaited:
        result = results.get(register)
        if result is None:
            continue
        ready = result.ready + (register in timing.early) - timing.late.get(register, 0)
        if ready > latest:
            latest, producer = ready, result.producer
    return latest, producer


def _fits(
    group: list[tuple[Instruction, Timing]], instruction: Instruction, timing: Timing, pipeline: Pipeline
) -> bool:
    """Whether an instruction can be issued beside what is issued in the cycle already."""
    if len(group) != 1:
        return False
    older, older_timing = group[0]
    if timing.alone or timing.older_only or older_timing.alone or timing.cycles > 1 or older_timing.cycles > 1:
        return False
    used = Counter(older_timing.units + timing.units)
    if any(count > pipeline.capacity.get(unit, 1) for unit, count in used.items()):
        return False
    # Two results for one register cannot be written in one cycle; flags are not among the registers of a group.
    if (older.written & instruction.written) - _flags():
        return False
    return pipeline.may_pair(older, instruction)


def _flags() -> frozenset[int]:
    from capstone.arm import ARM_REG_CPSR

    return frozenset({ARM_REG_CPSR})
