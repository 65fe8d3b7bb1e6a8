"""Energy from counters, fitted to recorded energy: E = alpha cycles + beta memory accesses + gamma f, f the clock.

A fit is judged by layers it has not seen: each is left out in turn, and its energy held against what the others
predict. Those errors give R², and the interval of every prediction (jackknife+; R. F. Barber, E. J. Candès, A. Ramdas,
R. J. Tibshirani, "Predictive inference with the jackknife+", 2021). What cannot be fitted well is refused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from specc.evidence import Figure
from specc.measure.statistics import CONFIDENCE

if TYPE_CHECKING:
    import numpy.typing as npt

# The interval ends at the ceil(confidence (n + 1))-th of n errors, which needs n >= confidence / (1 - confidence).
LAYERS_AT_LEAST: Final = math.ceil(round(CONFIDENCE / (1 - CONFIDENCE), 9))
R2_AT_LEAST: Final = 0.9
_CONDITION_AT_MOST: Final = 1e6  # of the columns, each divided by its length: beyond, they are one and the same

CYCLES, ACCESSES, CLOCK = "cycles", "memory accesses", "clock"  # terms
_TERMS: Final = (CYCLES, ACCESSES, "Hz")


class EnergyModelError(Exception):
    """There is no model. The message says what is missing, or why the fit is refused."""


@dataclass(frozen=True)
class Sample:
    """Recorded energy of one layer. Samples of one `layer` are of the same work, and are left out together."""

    layer: str
    cycles: float
    accesses: float  # loads and stores
    clock_hz: float
    joules: float

    @property
    def terms(self) -> tuple[float, float, float]:
        """What the three coefficients stand before."""
        return self.cycles, self.accesses, self.clock_hz


@dataclass(frozen=True)
class EnergyModel:
    """A fit that predicts layers it has not seen.

    `without` has the coefficients of the fits that left one layer out, (layers, 3), and `errors` how far each was off
    on that layer, in joules.
    """

    alpha: float  # joules per cycle
    beta: float  # joules per memory access
    gamma: float  # joules per hertz
    r2: float  # of the layers left out
    layers: int
    lowest: tuple[float, float, float]  # of cycles, accesses and clock among the samples
    highest: tuple[float, float, float]
    without: npt.NDArray[Any]
    errors: npt.NDArray[Any]

    def terms(self, cycles: float, accesses: float, clock_hz: float) -> dict[str, float]:
        """Joules of a layer by term; one may be negative, as least squares finds it."""
        return {CYCLES: self.alpha * cycles, ACCESSES: self.beta * accesses, CLOCK: self.gamma * clock_hz}

    def predict(self, cycles: float, accesses: float, clock_hz: float) -> Figure:
        """Joules of a layer; unknown outside of what was recorded."""
        import numpy as np

        terms = (cycles, accesses, clock_hz)
        for name, term, least, most in zip(_TERMS, terms, self.lowest, self.highest, strict=True):
            if not least <= term <= most:
                seen = f"{least:,.4g} to {most:,.4g}"
                return Figure.unknown("J", f"{term:,.4g} {name} are outside of what was recorded ({seen})")
        others = self.without @ np.asarray(terms)
        place = math.ceil(round(CONFIDENCE * (self.layers + 1), 9)) - 1  # of the ordered ends
        low = float(np.sort(others - self.errors)[::-1][place])
        high = float(np.sort(others + self.errors)[place])
        value = sum(self.terms(*terms).values())
        return Figure(
            value=max(0.0, value),
            low=max(0.0, min(low, value)),
            high=max(high, value, 0.0),
            unit="J",
            evidence="predicted",
            basis=f"fitted to {self.layers} recorded layers of this hardware: {self.alpha:.3g} J per cycle, "
            f"{self.beta:.3g} J per memory access, {self.gamma:.3g} J per Hz; R² of layers left out {self.r2:.3f}; "
            f"{CONFIDENCE:.0%} jackknife+ interval",
        )


def fit(samples: Sequence[Sample]) -> EnergyModel:
    """The least-squares fit.

    Raises:
        EnergyModelError: fewer than `LAYERS_AT_LEAST` different layers were recorded, their counters do not vary
            independently, or the layers left out are predicted badly.
    """
    import numpy as np

    names = list(dict.fromkeys(sample.layer for sample in samples))
    if len(names) < LAYERS_AT_LEAST:
        raise EnergyModelError(f"{len(names)} different layers were recorded; a fit needs {LAYERS_AT_LEAST}")
    terms = np.asarray([sample.terms for sample in samples], np.float64)
    joules = np.asarray([sample.joules for sample in samples], np.float64)
    layer = np.asarray([names.index(sample.layer) for sample in samples])
    whole = _solve(terms, joules)
    without = np.asarray([_solve(terms[layer != index], joules[layer != index]) for index in range(len(names))])
    residuals = np.abs(joules - np.einsum("ij,ij->i", terms, without[layer]))
    spread = float(((joules - joules.mean()) ** 2).sum())
    if spread == 0:
        raise EnergyModelError("every recorded layer took the same energy")
    r2 = 1 - float((residuals**2).sum()) / spread
    if r2 < R2_AT_LEAST:
        raise EnergyModelError(f"the fit predicts layers left out with an R² of {r2:.2f}; {R2_AT_LEAST:g} is the least")
    errors = np.asarray([residuals[layer == index].max() for index in range(len(names))])
    alpha, beta, gamma = (float(value) for value in whole)
    cycles, accesses, clocks = zip(*(sample.terms for sample in samples), strict=True)
    return EnergyModel(
        alpha=alpha,
        beta=beta,
        gamma=gamma,
        r2=r2,
        layers=len(names),
        lowest=(min(cycles), min(accesses), min(clocks)),
        highest=(max(cycles), max(accesses), max(clocks)),
        without=without,
        errors=errors,
    )


def _solve(terms: npt.NDArray[Any], joules: npt.NDArray[Any]) -> npt.NDArray[Any]:
    import numpy as np

    lengths = np.linalg.norm(terms, axis=0)
    if not lengths.all() or np.linalg.cond(terms / lengths) > _CONDITION_AT_MOST:
        raise EnergyModelError("cycles, memory accesses and clock do not vary independently over the recorded layers")
    solution, *_ = np.linalg.lstsq(terms / lengths, joules, rcond=None)
    return np.asarray(solution / lengths)
