"""What must hold: budgets per target, the gradient harness, and the instruments that observe it."""

from __future__ import annotations

from typing import Literal

from specc.spec.base import Node, SpecQuantity

BudgetKind = Literal["latency", "memory", "energy", "power", "price", "life", "accuracy"]
Relation = Literal["<=", "<", ">=", ">"]  # the last two for life and accuracy alone


class Battery(Node):
    """What a cell holds: its charge, and the voltage at which it is counted."""

    charge: SpecQuantity
    voltage: SpecQuantity

    @property
    def joules(self) -> float:
        """The energy of the full cell."""
        return float(self.charge.base * self.voltage.base)


class BudgetItem(Node):
    """One line of a budget: `latency mlp1+mlp2 <= 0.5 ms`.

    `scope` names what is bounded: layers (`("mlp1", "mlp2")`), `("total",)`, `("overhead",)`, for memory `("sram",)`,
    `("flash",)`, `("l1",)`, for energy layers, `("inference",)` or `("day",)` at `rate`. `percentile` applies to
    latency: 50 unless written. `pattern` is the scope as written where it has a `*`. A line of kind life says how long
    `battery` lasts at `rate` inferences per second; one of kind accuracy names its data set as scope.
    """

    kind: BudgetKind
    scope: tuple[str, ...]
    relation: Relation
    limit: SpecQuantity
    percentile: int | float = 50
    cold: bool = False
    per_core: bool = False
    pattern: str | None = None
    rate: SpecQuantity | None = None
    battery: Battery | None = None

    @property
    def label(self) -> str:
        """How the item is called in tables: 'latency total p95', 'memory sram', 'energy per day at 2 Hz', 'price'."""
        parts: list[str] = [self.kind]
        if self.scope in (("inference",), ("day",)):
            parts.append(f"per {self.scope[0]}")
        elif self.kind in ("latency", "memory", "energy", "accuracy"):  # the others bound the target as a whole
            parts.append(self.pattern or "+".join(self.scope))
        if self.cold:
            parts.append("cold")
        if self.percentile != 50:
            parts.append(f"p{self.percentile}")
        if self.rate is not None:
            parts.append(f"at {self.rate}")
        return " ".join(parts)


class Budget(Node):
    """All budget lines of one target, or of every target (`budget all`)."""

    target: str  # a target's name, or "all"
    items: tuple[BudgetItem, ...]


class GradientContract(Node):
    """A limit on a gradient statistic, as a fraction (5 % is 0.05)."""

    statistic: Literal["variance", "bias", "drift"]
    relation: Relation
    limit: float


class OutputContract(Node):
    """A limit on the root mean square error of the output, as a fraction of its standard deviation."""

    relation: Relation
    limit: float


class Harness(Node):
    """How the precision contract is tested. `data` names the data set whose inputs are used; None: the distribution.

    `on_device`: the targets compute gradients too, of the dense layers at the end of the network.
    """

    iterations: int
    seed: int | Literal["fresh"] = "fresh"
    gradients: tuple[GradientContract, ...] = ()
    output_error: OutputContract | None = None
    data: str | None = None
    on_device: bool = False


class PowerSensor(Node):
    """A power sensor that averages `averages` conversions of `conversion` each before it reports."""

    name: str
    averages: int
    conversion: SpecQuantity
    required_rate: SpecQuantity | None = None


class SenseResistor(Node):
    """A resistor in a supply line, and the converter of a recorder that reads the voltage over it."""

    name: str
    resistor: SpecQuantity
    gain: SpecQuantity  # of the amplifier between the two; a plain number
    supply: SpecQuantity  # voltage before the resistor
    reference: SpecQuantity  # voltage that the largest reading of the converter stands for
    required_rate: SpecQuantity | None = None


class Instrument(Node):
    """What is to be observed on a target."""

    target: str
    counters: tuple[str, ...] = ()
    sensors: tuple[PowerSensor, ...] = ()
    resistors: tuple[SenseResistor, ...] = ()


class Guidelines(Node):
    """What the guideline document should optimise for."""

    application: str = ""
    optimise: tuple[str, ...] = ("latency",)  # in order of importance: energy, latency, price, sram, flash
    tree_depth: int = 5
    tree_leaf: int = 3
