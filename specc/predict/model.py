"""The latency model: cycles as work, times what core, kernels, software and chip make of it.

    cycles = work × base × dsp × kernels × core × (core with kernels) × software × design × error
    work   = conv + a·pointwise + b·depthwise + c·dense + d·outputs + e·weights

`work` counts multiply-accumulates and values as multiples of one multiply-accumulate of a convolution. Every factor is
fitted as its logarithm, with a normal prior around 0 whose deviation is below: a multilevel model (Gelman and Hill,
Data Analysis Using Regression, chapter 12), fitted by Gauss-Newton to its maximum a posteriori, with the curvature
there as covariance (Laplace's approximation). A core, a software or a design of which there are few results stays close
to what all have in common, and its prediction is the less certain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from specc.predict.networks import Mix
from specc.predict.results import Kernels

Array = npt.NDArray[np.float64]

COSTS: Final = ("pointwise", "depthwise", "dense", "outputs", "weights")  # against 1 for `conv`
# Deviations of the priors in natural logarithms: 0.3 is a third more or a quarter less. Round values, set by hand; the
# error of leaving boards out hardly moves between half and twice of them.
COST_DEVIATION: Final = 1.0
NOISE_DEVIATION: Final = 0.2
DEVIATIONS: Final = {
    "base": 10.0,
    "dsp": 1.0,
    "kernels": 1.0,
    "core": 0.5,
    "core and kernels": 0.5,
    "software": 0.3,
    "design": 0.3,  # chips around one core differ in their memories alone
    "design of an architecture": 0.6,  # where the core's name is an instruction set, pipelines differ as well
}
ARCHITECTURES: Final = frozenset({"riscv32", "xtensa-lx6", "xtensa-lx7"})
_STEPS: Final = 50
_CONVERGED: Final = 1e-4

Effect = tuple[str, ...]  # the name of a group in `DEVIATIONS`, then the level


@dataclass(frozen=True)
class Subject:
    """What runs on what. `software` and `design` are empty where the prediction is for any of them."""

    core: str
    dsp: bool
    kernels: Kernels
    software: str
    design: str
    mix: Mix

    @property
    def effects(self) -> tuple[Effect, ...]:
        """The factors that apply; kernels tuned for the core are what the others are compared with."""
        found: list[Effect] = [("base",)]
        if self.dsp:
            found.append(("dsp",))
        if self.kernels != "tuned":
            found.append(("kernels", self.kernels))
        return (
            *found,
            ("core", self.core),
            ("core and kernels", self.core, self.kernels),
            ("software", self.software),
            ("design of an architecture" if self.core in ARCHITECTURES else "design", self.design),
        )


@dataclass(frozen=True)
class Observation:
    """A measured latency, in cycles of the core, of a network by its name."""

    subject: Subject
    network: str
    cycles: float


@dataclass(frozen=True)
class Model:
    """Fitted logarithms of costs and factors, and their covariance."""

    effects: dict[Effect, int]  # column of each
    parameters: Array
    covariance: Array

    def predict(self, subject: Subject) -> tuple[float, float]:
        """Logarithm of the cycles, and its standard deviation.

        A factor of which nothing was seen counts as 1, with the deviation of its prior.
        """
        work, gradient = _work(_counts([subject]), self.parameters[: len(COSTS)])
        indicators, unseen = _indicators([subject], self.effects)
        row = np.concatenate([gradient[0], indicators[0]])
        value = float(work[0] + indicators[0] @ self.parameters[len(COSTS) :])
        return value, math.sqrt(float(row @ self.covariance @ row) + unseen[0] + NOISE_DEVIATION**2)

    def factor(self, *effect: str) -> float | None:
        """One fitted factor, or None where nothing was seen of it."""
        column = self.effects.get(effect)
        return None if column is None else math.exp(self.parameters[len(COSTS) + column])

    def cost(self, name: str) -> float:
        """What one multiply-accumulate or value of a kind costs, against one multiply-accumulate of a convolution."""
        return math.exp(self.parameters[COSTS.index(name)])


def fit(observations: Sequence[Observation], start: Model | None = None) -> Model:
    """Fit the model. `start` is a fit to similar observations, from which this one is close."""
    effects: dict[Effect, int] = {}
    for observation in observations:
        for effect in observation.subject.effects:
            if effect[-1]:
                effects.setdefault(effect, len(effects))
    subjects = [observation.subject for observation in observations]
    target = np.log([observation.cycles for observation in observations])
    deviations = [COST_DEVIATION] * len(COSTS) + [DEVIATIONS[effect[0]] for effect in effects]
    precision = np.diag(np.array(deviations) ** -2.0)
    parameters = np.zeros(len(deviations))
    if start is not None:
        parameters[: len(COSTS)] = start.parameters[: len(COSTS)]
        for effect, column in effects.items():
            if effect in start.effects:
                parameters[len(COSTS) + column] = start.parameters[len(COSTS) + start.effects[effect]]
    counts = _counts(subjects)
    indicators, _unseen = _indicators(subjects, effects)
    for _ in range(_STEPS):
        work, gradient = _work(counts, parameters[: len(COSTS)])
        design = np.hstack([gradient, indicators])
        residual = target - work - indicators @ parameters[len(COSTS) :]
        curvature = design.T @ design / NOISE_DEVIATION**2 + precision
        step = np.linalg.solve(curvature, design.T @ residual / NOISE_DEVIATION**2 - precision @ parameters)
        step[: len(COSTS)] = np.clip(step[: len(COSTS)], -1, 1)  # the costs are not linear: no leaps
        parameters = parameters + step
        if np.abs(step).max() < _CONVERGED:
            break
    return Model(effects, parameters, np.asarray(np.linalg.inv(curvature), dtype=np.float64))


def _counts(subjects: Sequence[Subject]) -> Array:
    return np.array([[getattr(s.mix, name) for name in ("conv", *COSTS)] for s in subjects], dtype=float)


def _work(counts: Array, costs: Array) -> tuple[Array, Array]:
    """Logarithm of the work of each row of counts, and its derivatives by the logarithms of the costs."""
    parts = counts * np.exp(np.concatenate([[0.0], costs]))
    work = parts.sum(axis=1)
    return np.log(work), parts[:, 1:] / work[:, None]


def _indicators(subjects: Sequence[Subject], effects: dict[Effect, int]) -> tuple[Array, list[float]]:
    """Which effects apply to each subject, and the prior variance of those that nothing was seen of."""
    indicators = np.zeros((len(subjects), len(effects)))
    unseen = [0.0] * len(subjects)
    for row, subject in enumerate(subjects):
        for effect in subject.effects:
            column = effects.get(effect)
            if column is None:
                unseen[row] += DEVIATIONS[effect[0]] ** 2
            else:
                indicators[row, column] = 1.0
    return indicators, unseen
