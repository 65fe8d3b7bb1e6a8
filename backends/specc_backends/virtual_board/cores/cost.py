"""What one execution of a block costs and does, the same fields for every core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

from specc_backends.virtual_board.cores.decode import (
    BRANCH,
    MANY_LOAD,
    MANY_STORE,
    SINGLE_LOAD,
    SINGLE_STORE,
    TABLE_BRANCH,
    Instruction,
    decode,
    names,
)

MULTIPLY = names(
    "mul mla mls smull umull smlal umlal umaal smlabb smlabt smlatb smlatt smlalbb smlalbt smlaltb smlaltt smlawb "
    "smlawt smmla smmlar smmls smmlsr smmul smmulr smulbb smulbt smultb smultt smulwb smulwt"
)
DUAL_MULTIPLY = names("smlad smladx smlald smlaldx smlsd smlsdx smlsld smlsldx smuad smuadx smusd smusdx")
FLOAT_MULTIPLY = names("vmul vnmul vmla vmls vnmla vnmls vfma vfms vfnma vfnms")
DIVIDE = names("sdiv udiv vdiv vsqrt")
FLOAT_MEMORY = names("vldr vstr")
LOADS = SINGLE_LOAD | MANY_LOAD | {"vldr"}
STORES = SINGLE_STORE | MANY_STORE | {"vstr"}


@dataclass
class BlockCost:
    """What one execution of a block costs and does, without what a branch that is taken at its end adds.

    The fields ending in `_cycles` split `cycles_low` by cause and add up to it.
    """

    cycles_low: int = 0
    cycles_high: int = 0
    multiply_cycles: int = 0
    load_cycles: int = 0
    store_cycles: int = 0
    branch_cycles: int = 0
    divide_cycles: int = 0
    float_cycles: int = 0
    other_cycles: int = 0
    instructions: int = 0
    loads: int = 0  # words, halfwords or bytes read
    stores: int = 0  # words, halfwords or bytes written
    multiply_accumulates: int = 0  # multiplications, with or without accumulation; a dual one counts twice
    branches: int = 0
    divides: int = 0
    literal_loads: int = 0  # loads relative to the program counter: read from flash
    load_stalls: int = 0  # cycles of loads, or of waiting for what they load, beyond one for each word
    address_stalls: int = 0  # cycles waiting for an address computed by the instruction before
    taken_low: int = 0  # further cycles when the branch at the block's end is taken
    taken_high: int = 0
    mispredicted: int = 0  # further cycles when that branch, a conditional one, is mispredicted; at most

    def charge(self, cause: str, cycles: int) -> None:
        """Add cycles to the low end, under one of the causes."""
        self.cycles_low += cycles
        field = f"{cause}_cycles"
        setattr(self, field, getattr(self, field) + cycles)

    @property
    def values(self) -> tuple[int, ...]:
        """The values of `COUNTS`, in that order."""
        return tuple(getattr(self, name) for name in COUNTS)


_OF_BRANCHES = ("taken_low", "taken_high", "mispredicted")
COUNTS = tuple(entry.name for entry in fields(BlockCost) if entry.name not in _OF_BRANCHES)


def count_events(total: BlockCost, instruction: Instruction) -> None:
    """Count what an instruction does, whatever it costs."""
    name = instruction.name
    words = instruction.words if name in MANY_LOAD | MANY_STORE else 2 if _moves_double(instruction) else 1
    total.instructions += 1
    total.branches += instruction.leaves
    if name in LOADS:
        total.loads += words
        total.literal_loads += instruction.literal
    elif name in STORES:
        total.stores += words
    elif name in DUAL_MULTIPLY:
        total.multiply_accumulates += 2
    elif name in MULTIPLY or name in FLOAT_MULTIPLY:
        total.multiply_accumulates += 1
    elif name in ("sdiv", "udiv"):
        total.divides += 1


def _moves_double(instruction: Instruction) -> bool:
    return instruction.double and instruction.name in FLOAT_MEMORY


def cause_of(instruction: Instruction) -> str:
    """Under which cause the cycles of an instruction are counted: a prefix of the fields of `BlockCost`."""
    name = instruction.name
    if name in LOADS:
        return "load"
    if name in STORES:
        return "store"
    if name in BRANCH or name in TABLE_BRANCH or instruction.writes_pc:
        return "branch"
    if name in MULTIPLY or name in DUAL_MULTIPLY:
        return "multiply"
    if name in ("sdiv", "udiv"):
        return "divide"
    return "float" if name.startswith("v") or name in ("fconsts", "fmstat") else "other"


Pricing = Callable[[Sequence[Instruction]], BlockCost]


@dataclass(frozen=True)
class CoreModel:
    """The timing model of one core.

    Attributes:
        name: as the hardware library writes it.
        title: as Arm writes it.
        model: name and version of the model, for provenance.
        price: cost of a block of instructions.
        assumptions: what a figure rests on, in sentences without a full stop.
        margin: how far the true cycles may lie beyond either end, as a part of it; 0 where the ends are the maker's.
        note: what must be said beside a figure, for example that the model is unvalidated.
    """

    name: str
    title: str
    model: str
    price: Pricing
    assumptions: tuple[str, ...]
    margin: float = 0.0
    note: str = "unvalidated: not compared with a measurement on silicon"

    def block_cost(self, code: bytes, address: int) -> BlockCost:
        """Cost of one block.

        Args:
            code: the block's machine code, all of it.
            address: where it lies.

        Raises:
            UnknownInstruction: the bytes do not decode completely, or the model has no cycles for an instruction.
        """
        return self.price(decode(code, address))
