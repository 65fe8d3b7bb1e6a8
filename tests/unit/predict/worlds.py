"""Invented worlds whose cycles are known, for tests of the predictor."""

from __future__ import annotations

import math
import random

from specc.predict.model import Observation, Subject
from specc.predict.networks import Mix
from specc.spec.hardware import Fact, Hardware
from specc.units import quantity

COSTS = {"conv": 1.0, "pointwise": 1.5, "depthwise": 4.0, "dense": 2.0, "outputs": 10.0, "weights": 0.5}
CORES = {"cortex-m4": 2.0, "cortex-m7": 1.0, "cortex-m0+": 12.0}
DSP = {"cortex-m4", "cortex-m7"}


def work(mix: Mix) -> float:
    return sum(cost * getattr(mix, name) for name, cost in COSTS.items())


def mixes(count: int, generator: random.Random) -> dict[str, Mix]:
    """Networks of very different kinds and sizes."""
    found = {}
    for number in range(count):
        size = 10 ** generator.uniform(5.5, 7.5)
        shares = [generator.random() ** 3 for _ in range(4)]
        conv, pointwise, depthwise, dense = (int(size * share / sum(shares)) for share in shares)
        outputs, weights = (int(size * generator.uniform(0.001, 0.05)) for _ in range(2))
        found[f"net{number}"] = Mix(conv, pointwise, depthwise, dense, weights, inputs=1000 + number, outputs=outputs)
    return found


def world(designs: int, networks: int, *, seed: int, spread: float = 0.3, noise: float = 0.2) -> list[Observation]:
    """Every network on every design, with a factor for each design and for each result."""
    generator = random.Random(seed)
    nets = mixes(networks, generator)
    found = []
    for number in range(designs):
        core = list(CORES)[number % len(CORES)]
        design = math.exp(generator.gauss(0, spread))
        for name, mix in nets.items():
            cycles = work(mix) * CORES[core] * design * math.exp(generator.gauss(0, noise))
            subject = Subject(core, core in DSP, "tuned", f"software{number % 2}", f"design{number}", mix, name)
            found.append(Observation(subject, cycles))
    return found


def hardware(core: str = "cortex-m4", **facts: str) -> Hardware:
    """Hardware with facts as `sram="64 KiB"`."""
    given = {}
    for name, text in facts.items():
        number, unit = text.split()
        given[name] = Fact(value=quantity(number, unit), source="test")
    return Hardware(name="invented", title="invented", core=core, **given)  # type: ignore[arg-type]
