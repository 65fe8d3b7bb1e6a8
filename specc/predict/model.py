"""The latency model: cycles as work, times what core, kernels, software and chip make of it.

    cycles = work × base × dsp × kernels × core × (core with kernels) × design
                  × software × (software on the design) × (software with the network) × releases × error
    work   = conv + a·pointwise + b·depthwise + c·dense + d·outputs + e·weights

`work` counts multiply-accumulates and values as multiples of one multiply-accumulate of a convolution; the multiples
are of the kernels. Software is at its newest release; an older one has a factor for each newer release, of all networks
and of its network, around one that all releases of all software share (`progress`): a random walk.

Every factor is fitted as its logarithm, with a normal prior around 0: a multilevel model (Gelman and Hill, Data
Analysis Using Regression, chapter 12), fitted by Gauss-Newton to its maximum a posteriori, with the curvature there as
covariance (Laplace's approximation). The deviations of the priors, and of what is left as error, are estimated from the
results as well, by expectation-maximisation (Dempster, Laird and Rubin, 1977, section 4.4): a core, a software or a
design of which there are few results stays close to what all have in common, as close as those of its kind do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from specc.predict.networks import Mix
from specc.predict.results import Kernels

Array = npt.NDArray[np.float64]

COSTS: Final = ("pointwise", "depthwise", "dense", "outputs", "weights")  # against 1 for `conv`
# Deviations of priors, in natural logarithms, of which there are too few levels to estimate them.
GIVEN: Final = {"cost": 1.0, "base": 10.0, "dsp": 1.0, "kernels": 1.0, "progress": 0.3}
# All others are estimated; each starts, and is drawn, as by one imagined level this far out (0.3: a third more).
USUAL_DEVIATION: Final = 0.3
NOISE_DEVIATION: Final = 0.2  # the same for the error
ARCHITECTURES: Final = frozenset({"riscv32", "xtensa-lx6", "xtensa-lx7"})
NEXT: Final = -0.5  # `Subject.newer` where a release is not named: the newest seen or the one after it, half a step
_STEPS: Final = 200
_CONVERGED: Final = 3e-3
# Steps of expectation-maximisation are short: as much longer, they end at the same place sooner (Salakhutdinov and
# Roweis, Adaptive Overrelaxed Bound Optimization Methods, 2003; below 2, they still converge).
_OVERRELAXED: Final = 1.7

_Key = TypeVar("_Key", str, bool)
Effect = tuple[str | int, ...]  # the name of a group, whose factors share a deviation, then the level


@dataclass(frozen=True)
class Subject:
    """What runs on what. `software`, `design` and `network` are empty where a prediction is for any of them.

    `newer` counts the releases of its software that are newer than the one that ran.
    """

    core: str
    dsp: bool
    kernels: Kernels
    software: str
    design: str
    mix: Mix
    network: str = ""
    newer: float = 0

    @property
    def effects(self) -> dict[Effect, float]:
        """The factors that apply, with their powers; kernels tuned for the core are what others are compared with."""
        # Where the name of a core is an instruction set, designs differ in their pipelines too, not in memories alone.
        design = "design of an architecture" if self.core in ARCHITECTURES else "design"
        found: dict[Effect, float] = {("base",): 1.0}
        if self.dsp:
            found["dsp",] = 1.0
        if self.kernels != "tuned":
            found["kernels", self.kernels] = 1.0
        found |= {
            ("core", self.core): 1.0,
            ("core and kernels", self.core, self.kernels): 1.0,
            (design, self.design): 1.0,
            ("software", self.software): 1.0,
            ("software and design", self.software, self.design): 1.0,
            ("software and network", self.software, self.network): 1.0,
        }
        return found | self._releases

    @property
    def _releases(self) -> dict[Effect, float]:
        """The steps between the release that ran and the newest seen; one that may come has the variance of its part.

        Without a name, software is none in particular, and so is its release.
        """
        if not self.software or not self.newer:
            return {}
        ahead = {0: math.sqrt(-self.newer)} if self.newer < 0 else {}
        steps = ahead or dict.fromkeys(range(1, int(self.newer) + 1), 1.0)
        found: dict[Effect, float] = {("progress",): float(self.newer)}
        for step, power in steps.items():
            found["release", self.software, step] = power
            found["release and network", self.software, self.network, step] = power
        return found


@dataclass(frozen=True)
class Observation:
    """A measured latency, in cycles of the core."""

    subject: Subject
    cycles: float

    @property
    def network(self) -> str:
        """The name of its network."""
        return self.subject.network


@dataclass(frozen=True)
class Linear:
    """The model around its fit: `target` ≈ `rows` @ parameters, with prior variances, and error variances of each row.

    Shapes: rows (results, parameters), target and noise (results,), prior (parameters,).
    """

    rows: Array
    target: Array
    prior: Array
    noise: Array


@dataclass(frozen=True)
class Model:
    """Fitted logarithms of costs and factors, their covariance, and the deviations of what they are drawn from."""

    effects: dict[Effect, int]  # column of each
    parameters: Array
    covariance: Array
    deviations: Mapping[str, float]  # of each group of factors
    noise: Mapping[bool, float]  # of the error, of kernels that are tuned and of others
    linear: Linear

    def predict(self, subject: Subject) -> tuple[float, float]:
        """Logarithm of the cycles, and its standard deviation.

        A factor of which nothing was seen counts as 1, with the deviation of its group.
        """
        rows, offset = _Work([subject], self.effects).linearised(self.parameters)
        unseen = sum(
            (power * self.deviation(str(effect[0]))) ** 2
            for effect, power in subject.effects.items()
            if effect not in self.effects
        )
        row = rows[0]
        value = float(offset[0] + row @ self.parameters)
        variance = float(row @ self.covariance @ row) + unseen + self.noise[subject.kernels == "tuned"] ** 2
        return value, math.sqrt(variance)

    def deviation(self, group: str) -> float:
        """The deviation of a group of factors, in natural logarithms."""
        return self.deviations.get(group, GIVEN.get(group, USUAL_DEVIATION))

    def factor(self, *effect: str | int) -> float | None:
        """One fitted factor, or None where nothing was seen of it."""
        column = self.effects.get(effect)
        return None if column is None else math.exp(self.parameters[column])

    def cost(self, name: str, kernels: Kernels) -> float:
        """What a multiply-accumulate or value of a kind costs kernels, against a convolution's multiply-accumulate."""
        columns = [self.effects.get(effect) for effect in _cost_effects(name, kernels)]
        return math.exp(sum(self.parameters[column] for column in columns if column is not None))


def fit(observations: Sequence[Observation], start: Model | None = None) -> Model:
    """Fit factors and deviations. `start` is a fit to similar observations, from which this one is close."""
    with threadpool_limits(1):  # the matrices are small: a second thread costs more than it computes
        return _fit(observations, start)


def _fit(observations: Sequence[Observation], start: Model | None) -> Model:
    subjects = [observation.subject for observation in observations]
    effects = _columns(subjects)
    work = _Work(subjects, effects)
    groups = [str(effect[0]) for effect in effects]
    columns = {group: np.flatnonzero(np.array(groups) == group) for group in dict.fromkeys(groups)}
    tuned = np.array([subject.kernels == "tuned" for subject in subjects])
    target = np.log([observation.cycles for observation in observations])
    deviations = {group: start.deviation(group) if start else GIVEN.get(group, USUAL_DEVIATION) for group in columns}
    noise = dict(start.noise) if start else dict.fromkeys((True, False), NOISE_DEVIATION)
    parameters = np.zeros(len(effects))
    for effect, column in effects.items():
        if start is not None and effect in start.effects:
            parameters[column] = start.parameters[start.effects[effect]]
    for _ in range(_STEPS):
        rows, offset = work.linearised(parameters)
        prior = np.array([deviations[group] for group in groups]) ** 2
        error = np.where(tuned, noise[True], noise[False]) ** 2
        weighted = rows / error[:, None]
        covariance = np.linalg.inv(weighted.T @ rows + np.diag(1 / prior))
        found = covariance @ (weighted.T @ (target - offset))
        step = np.clip(found - parameters, -1, 1)
        parameters = parameters + step / 2  # the costs are not linear: whole steps swing from side to side for ever
        second = parameters**2 + np.diag(covariance)
        moved = [_update(deviations, group, second[own], USUAL_DEVIATION) for group, own in columns.items()]
        left = (target - offset - rows @ parameters) ** 2 + np.sum((rows @ covariance) * rows, axis=1)
        moved += [_update(noise, kind, left[tuned == kind], NOISE_DEVIATION) for kind in (True, False)]
        if max(np.abs(step).max(), *moved) < _CONVERGED:
            break
    linear = Linear(rows, target - offset, prior, error)
    return Model(effects, parameters, np.asarray(covariance, dtype=np.float64), deviations, noise, linear)


def _update(deviations: dict[_Key, float], key: _Key, squares: Array, usual: float) -> float:
    """Move one deviation to what its expected squares say, and say how far it moved, as a logarithm."""
    if key in GIVEN or not len(squares):
        return 0.0
    expected = math.sqrt((float(squares.sum()) + usual**2) / (len(squares) + 1))
    moved = math.log(expected / deviations[key])
    deviations[key] *= math.exp(_OVERRELAXED * moved)
    return abs(moved)


def _cost_effects(name: str, kernels: Kernels) -> tuple[Effect, Effect]:
    return ("cost", name), ("cost with kernels", name, kernels)


def _columns(subjects: Sequence[Subject]) -> dict[Effect, int]:
    """A column for every cost and factor that applies to any of them."""
    found: dict[Effect, int] = {}
    for subject in subjects:
        costs = [effect for name in COSTS for effect in _cost_effects(name, subject.kernels)]
        for effect in (*costs, *subject.effects):
            if "" not in effect:
                found.setdefault(effect, len(found))
    return found


class _Work:
    """Some subjects, ready to be linearised around any parameters."""

    def __init__(self, subjects: Sequence[Subject], effects: Mapping[Effect, int]) -> None:
        absent = len(effects)  # one column more, whose parameter is 0, stands for what was not seen
        self._factors = np.zeros((len(subjects), absent + 1))
        self._costs = np.empty((len(subjects), len(COSTS), 2), dtype=np.intp)
        for row, subject in enumerate(subjects):
            for effect, power in subject.effects.items():
                if effect in effects:
                    self._factors[row, effects[effect]] = power
            for place, name in enumerate(COSTS):
                self._costs[row, place] = [effects.get(e, absent) for e in _cost_effects(name, subject.kernels)]
        self._counts = np.array([[getattr(s.mix, name) for name in ("conv", *COSTS)] for s in subjects], dtype=float)

    def linearised(self, parameters: Array) -> tuple[Array, Array]:
        """Logarithm of the cycles ≈ rows @ parameters + offset, for parameters near to these."""
        logarithms = np.append(parameters, 0.0)[self._costs].sum(axis=2)
        parts = self._counts * np.exp(np.hstack([np.zeros((len(logarithms), 1)), logarithms]))
        work = parts.sum(axis=1)
        shares = parts[:, 1:] / work[:, None]
        rows = self._factors.copy()
        np.put_along_axis(rows, self._costs.reshape(len(rows), -1), np.repeat(shares, 2, axis=1), axis=1)
        return rows[:, :-1], np.log(work) - (shares * logarithms).sum(axis=1)
