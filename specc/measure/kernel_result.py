"""What tuning the kernels of a network found: every variant of every layer, and which of them the program has."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from specc.evidence import Figure
from specc.spec.kernels import ConstantsPlace


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LayerTrial(_Record):
    """A layer in one of the programs that were tried."""

    cycles: Figure  # of an inference
    flash: int  # bytes of its code and its constants
    constants: int  # bytes of them that are constants


class ProgramTrial(_Record):
    """A program that was built and run to see what its layers take."""

    layers: dict[str, LayerTrial]
    cycles: Figure  # of the whole inference
    flash: int  # bytes of the whole program
    sram_beside_constants: int  # bytes: activations, data, and the stack as deep as it was seen to reach


class KernelVariant(_Record):
    """One way to compute a layer, with what it was measured to take, and why the program has it or has not."""

    layer: str
    kernel: str  # family and name
    place: ConstantsPlace  # where its constants lie
    cycles: Figure
    flash: int  # bytes of code and constants
    sram: int  # bytes of constants in SRAM
    chosen: bool
    why: str


class KernelTuning(_Record):
    """The variants of every tuned layer, and the program that was made of the chosen ones."""

    variants: tuple[KernelVariant, ...]  # layer by layer
    flash_limit: int  # bytes: the least of the chip's and of the budgets'
    sram_limit: int
    programs: int  # that were built and run for it
    untuned: Figure  # cycles of an inference with the kernels that are the fastest by their make
    expected: Figure  # cycles of an inference, by adding up
    proven: bool  # no other choice of variants takes fewer cycles at most within the limits, by adding up
    excess: int  # bytes by which even the smallest choice is beyond the limits, by adding up
