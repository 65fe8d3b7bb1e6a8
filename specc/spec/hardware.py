"""Hardware: facts with their sources (`hardware` sections), and the targets a spec chooses (`target` sections)."""

from __future__ import annotations

from typing import Literal

from specc.spec.base import Node, SpecQuantity

Core = Literal[
    "cortex-m0+",
    "cortex-m3",
    "cortex-m4",
    "cortex-m7",
    "cortex-m33",
    "cortex-m55",
    "cortex-m85",
    "xtensa-lx6",
    "xtensa-lx7",
    "riscv32",
    "ethos-u55",
    "ethos-u65",
    "ethos-u85",
    "host",
]


class Fact(Node):
    """One value of a hardware description, with the source that states it.

    `low` and `high` are set where the source gives a range; the value is then its middle.
    """

    value: SpecQuantity
    source: str
    evidence: Literal["datasheet", "published"] = "datasheet"
    low: SpecQuantity | None = None
    high: SpecQuantity | None = None


class WaitStates(Node):
    """Flash wait states: `states` extra cycles for every `line_bytes` read, at clocks up to `up_to`."""

    up_to: SpecQuantity
    states: int


class FlashTiming(Node):
    """How flash is read: bytes per access and wait states by clock. The source states both."""

    line_bytes: int
    wait_states: tuple[WaitStates, ...]
    source: str

    def states_at(self, clock_hz: float) -> int | None:
        """Wait states at a clock, or None above the declared range."""
        for entry in self.wait_states:
            if clock_hz <= float(entry.up_to.base):
                return entry.states
        return None


class CacheGeometry(Node):
    """A cache of `sets` times `ways` lines, each set replaced least recently used first. One set: fully associative."""

    sets: int
    ways: int
    line_bytes: int


class FlashCache(Node):
    """The vendor's cache between core and flash, as the usual start-up code leaves it. None: that side has none."""

    instruction: CacheGeometry | None
    data: CacheGeometry | None
    source: str


class Accelerator(Node):
    """A unit beside the core that runs layers of a network, in words. No backend drives one."""

    description: str
    source: str


class Npu(Node):
    """How an Ethos-U is built in: multiply-accumulate units, and the names by which Vela knows system and memory."""

    macs: int  # 8-bit multiply-accumulates per cycle
    system: str
    memory: str
    source: str


class Hardware(Node):
    """A chip or board of the hardware library. A fact that is None is unknown and stays unknown."""

    name: str
    vendor: str = ""  # who makes it; empty where nobody is named
    title: str  # the part number
    core: Core  # the core that runs the network; on a chip with several, the fastest
    core_source: str | None = None  # states the core and its extensions
    fpu: bool = False
    dsp: bool = False  # dual 16-bit multiply-accumulate (Armv7E-M DSP extension)
    mve: bool = False  # M-profile vector extension, Helium (Armv8.1-M)
    accelerator: Accelerator | None = None
    npu: Npu | None = None  # of an Ethos-U
    clock: Fact | None = None  # highest clock
    sram: Fact | None = None
    flash: Fact | None = None  # on the chip
    external_flash: Fact | None = None  # beside the chip: what it can map, or what its board carries
    flash_timing: FlashTiming | None = None
    flash_cache: FlashCache | None = None
    l1_instruction: Fact | None = None  # per core
    l1_data: Fact | None = None  # per core
    supply: Fact | None = None  # voltage
    active_power: Fact | None = None  # while inferring, at `active_power_clock`
    active_power_clock: SpecQuantity | None = None
    sleep_power: Fact | None = None
    price: Fact | None = None
    notes: str = ""

    @property
    def part(self) -> str:
        """Vendor and part number."""
        return f"{self.vendor} {self.title}".lstrip()

    def memory(self, name: Literal["flash", "sram"]) -> Fact | None:
        """How much there is of a memory, None if that is not declared; a chip without flash has what is beside it."""
        return self.sram if name == "sram" else self.flash or self.external_flash


class Target(Node):
    """A candidate: hardware plus how it is clocked and compiled."""

    name: str
    hardware: Hardware
    clock: SpecQuantity | None = None  # None: the hardware's highest clock
    compile: str = "-O2"
    cores: int = 1

    @property
    def clock_hz(self) -> float | None:
        """The clock the target runs at, in hertz; None where it is not known (the host)."""
        if self.clock is not None:
            return float(self.clock.base)
        return float(self.hardware.clock.value.base) if self.hardware.clock else None
