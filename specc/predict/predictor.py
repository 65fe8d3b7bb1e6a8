"""Latency and energy of a network on hardware that nobody measured it on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from threadpoolctl import threadpool_limits

from specc.evidence import Figure
from specc.predict.calibrate import LEVELS, NOVELTIES, Miss, Novelty, misses, multiple, novelty_of
from specc.predict.model import NEXT, Model, Observation, Subject, fit
from specc.predict.networks import Mix
from specc.predict.power import Power, energy, stated_power, usual_power
from specc.predict.results import DERIVED, Kernels, Published, networks, published
from specc.spec.hardware import Hardware
from specc.spec.model import QuantizationTable

REACH: Final = 4.0  # networks up to this factor smaller or larger than any seen are predicted
# Cores with the dual 16-bit multiply-accumulate of Armv7E-M and Armv8-M with the DSP extension, as all of these are.
DSP_CORES: Final = frozenset({"cortex-m4", "cortex-m7", "cortex-m33"})


@dataclass(frozen=True)
class Prediction:
    """Latency in seconds and energy in joules per inference, with intervals of 95 %; both unknown where refused.

    `likely` holds the ends of the latency's interval of 80 %.
    """

    latency: Figure
    energy: Figure
    likely: tuple[float, float] | None = None

    @property
    def refused(self) -> bool:
        return self.latency.value is None


@dataclass(frozen=True)
class Predictor:
    """A model, how far it was off on what it had not seen, and the results that both rest on."""

    model: Model
    results: tuple[Published, ...]
    observations: tuple[Observation, ...]
    misses: dict[Novelty, list[Miss]]

    @classmethod
    def train(cls, results: Sequence[Published], own: Sequence[Observation] = ()) -> Predictor:
        """Learn from published results and from own measurements.

        Raises:
            ValueError: no result may train.
        """
        return cls.of((*observations_of(results), *own), results)

    @classmethod
    def of(cls, observations: Sequence[Observation], results: Sequence[Published] = ()) -> Predictor:
        """Learn from observations. `results` tell which hardware a design is of, and what power it draws.

        Raises:
            ValueError: there is no observation.
        """
        if not observations:
            raise ValueError("no published result may train the predictor")
        # The matrices are small: a second thread costs more than it computes.
        with threadpool_limits(1):
            model = fit(observations)
            errors = {novelty: misses(observations, novelty, model) for novelty in NOVELTIES}
        return cls(model, tuple(results), tuple(observations), errors)

    def predict(
        self,
        hardware: Hardware,
        clock: float | None,
        mix: Mix,
        *,
        kernels: Kernels = "tuned",
        software: str = "",
    ) -> Prediction:
        """Predict one network on one piece of hardware; `clock` in hertz.

        `software` is one of `software_families`; empty: any with such kernels. What lies outside of all that was seen
        is refused: the figures are unknown, and say why.
        """
        refusal = self._refusal(hardware, clock, mix)
        if refusal:
            return Prediction(Figure.unknown("s", refusal), Figure.unknown("J", refusal))
        assert clock is not None
        design = self._design_of(hardware)
        network = self._network_of(mix)
        subject = Subject(
            hardware.core, hardware.core in DSP_CORES, kernels, software, design, mix, network, newer=NEXT
        )
        value, ends = self.interval(subject)
        likely, sure = ([math.exp(end) / clock for end in pair] if pair else None for pair in ends)
        latency = Figure(
            value=math.exp(value) / clock,
            low=sure[0] if sure else None,
            high=sure[1] if sure else None,
            unit="s",
            evidence="predicted",
            basis=self._basis(hardware, kernels, software, novelty_of(self.observations, design, network)),
        )
        power: Power = stated_power(hardware, clock) or usual_power(self.results, clock)
        return Prediction(latency, energy(latency, power), (likely[0], likely[1]) if likely else None)

    def interval(self, subject: Subject) -> tuple[float, list[tuple[float, float] | None]]:
        """Logarithm of the cycles, and of the ends of its interval at each of `LEVELS`; None: too few results."""
        value, deviation = self.model.predict(subject)
        found = self.misses[novelty_of(self.observations, subject.design, subject.network)]
        widths = [multiple(found, level) for level in LEVELS]
        return value, [
            None if width is None else (value - width * deviation, value + width * deviation) for width in widths
        ]

    @property
    def software_families(self) -> tuple[str, ...]:
        """Software of which results were seen, by name."""
        return tuple(sorted({one.subject.software for one in self.observations}))

    def kernels_of(self, software: str) -> Kernels:
        """What kernels a software runs.

        Raises:
            KeyError: no result of it was seen.
        """
        for one in self.observations:
            if one.subject.software == software:
                return one.subject.kernels
        raise KeyError(software)

    @property
    def _cores(self) -> set[str]:
        return {one.subject.core for one in self.observations}

    def _refusal(self, hardware: Hardware, clock: float | None, mix: Mix) -> str:
        """Why a prediction would be a guess; empty where it is none."""
        if hardware.core not in self._cores:
            remedy = (
                "`specc measure` measures this computer"
                if hardware.core == "host"
                else f"results are of {', '.join(sorted(self._cores))}"
            )
            return f"no result on a core of the kind {hardware.core} was seen; {remedy}"
        if clock is None:
            return "its clock is not known; declare it in the target (`clock 100 MHz`)"
        sizes = [one.subject.mix.macs for one in self.observations]
        if not min(sizes) / REACH <= mix.macs <= max(sizes) * REACH:
            return (
                f"the network has {mix.macs:,} multiply-accumulates; results reach from {min(sizes):,} to "
                f"{max(sizes):,}, and {REACH:g} times beyond is as far as the predictor goes; "
                "`specc measure` runs any network on a virtual board or a real one"
            )
        return ""

    def _design_of(self, hardware: Hardware) -> str:
        """The chip design under which results of the hardware are kept; empty where there are none that train."""
        seen = {one.subject.design for one in self.observations}
        own = {f"own:{hardware.name}"} | {one.design for one in self.results if one.target == hardware.name}
        return next(iter(sorted(own & seen)), "")

    def _network_of(self, mix: Mix) -> str:
        """The name under which results of the network are kept; empty where there are none that train."""
        return next((one.network for one in self.observations if one.subject.mix.identity == mix.identity), "")

    def _basis(self, hardware: Hardware, kernels: Kernels, software: str, novelty: Novelty) -> str:
        new = {
            "board": "no result of this chip, results of this network",
            "network": "results of this chip, no result of this network",
            "pairing": "results of this chip, results of this network",
            "both": "no result of this chip or this network",
        }[novelty]
        runs = f"{software}, {kernels} kernels" if software else f"any software with {kernels} kernels"
        alone = ", on the core alone without its accelerator" if hardware.accelerator else ""
        return f"predicted for {runs}{alone}; {new}; from published results, {DERIVED}"


@cache
def published_predictor() -> Predictor:
    """The predictor that published results alone have taught; trained once for all who ask."""
    return Predictor.train(published())


def trainable(results: Sequence[Published]) -> list[Published]:
    """The published latencies that may train; of runs that measured energy, power is learned alone."""
    return [
        one for one in results if not one.refusal and one.energy is None and one.latency and one.clock and one.kernels
    ]


def observations_of(results: Sequence[Published]) -> list[Observation]:
    """An observation for each of the `trainable` results, in their order."""
    mixes = networks()
    may_train = trainable(results)
    releases: dict[str, set[tuple[int, ...]]] = {}
    for one in may_train:
        releases.setdefault(one.family, set()).add(one.release)
    found = []
    for one in may_train:
        assert one.latency and one.clock and one.kernels
        newer = sum(release > one.release for release in releases[one.family])
        dsp, mix = one.core in DSP_CORES, mixes[one.network]
        subject = Subject(one.core, dsp, one.kernels, one.family, one.design, mix, one.network, newer)
        found.append(Observation(subject, one.latency * one.clock))
    return found


def eight_bits(table: QuantizationTable | None) -> bool:
    """Whether a network is quantized to 8 bits throughout, as all networks of published results are."""
    return table is not None and all(row.uniform and row.bits == 8 for row in table.rows)
