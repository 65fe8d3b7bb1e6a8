"""Finding the kernels and places of constants by measuring: every variant of every layer, then the best of them.

Programs are built in which every layer has its first variant, its second, and so on: a layer's cycles hardly depend on
its neighbours, and its code and its constants have symbols of their own. What a program takes is kept in the store. The
choice adds these figures up; the program that is made of it is measured as any other, and if it needs more memory than
that, the limits are lowered by the difference and the choice is made again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from pydantic import ValidationError

from specc.codegen.schedule import memory_limit
from specc.evidence import Figure
from specc.measure.assignment import Assignment, Cost, assign
from specc.measure.backend import Backend, BackendError, BuildOptions, FlashExceededError, Job, KernelTrials
from specc.measure.kernel_result import KernelTuning, KernelVariant, ProgramTrial
from specc.measure.kernels import Tunable, cannot_tune
from specc.measure.provenance import content_key
from specc.measure.result import Measurement
from specc.measure.store import Store
from specc.spec import Spec
from specc.spec.hardware import Target
from specc.spec.kernels import ConstantsPlace

KIND: Final = "kernel trial"
FORMAT_VERSION: Final = 1
_ROUNDS: Final = 8  # of lower limits

MeasureOne = Callable[[Job], tuple[Measurement, bool]]  # the result, and whether it was in the store


@dataclass(frozen=True)
class _Variant:
    """A way to compute a layer, and what it was measured to take."""

    kernel: str
    place: ConstantsPlace
    cycles: Figure
    flash: int
    sram: int

    @property
    def cost(self) -> Cost:
        at_most = self.cycles.value if self.cycles.high is None else self.cycles.high
        assert at_most is not None and self.cycles.value is not None
        return Cost(round(at_most), round(self.cycles.value), self.flash, self.sram)


@dataclass(frozen=True)
class _Tried:
    """Every variant of every layer, and what a program takes beside the tuned layers."""

    variants: dict[str, list[_Variant]]
    flash: int
    sram: int
    untuned: ProgramTrial
    programs: int

    def chosen(self, found: Assignment) -> dict[str, _Variant]:
        """The variant of each layer."""
        return {name: own[i] for (name, own), i in zip(self.variants.items(), found.chosen, strict=True)}


def measure_tuned(
    backend: Backend, job: Job, layers: Sequence[Tunable], store: Store, measure_one: MeasureOne, *, fresh: bool
) -> tuple[Measurement, bool]:
    """Find the variants of some layers, and measure the program that is made of the best.

    Args:
        backend: that measures the target.
        job: with the other layers as they are to be built.
        layers: that are tuned.
        store: where trials are looked up and kept.
        measure_one: measures a program, or finds it in the store.
        fresh: try even what is stored.

    Raises:
        BackendError: the backend cannot try kernels, or a build or a run failed.
        StoreError: the store cannot be used.
    """
    if not isinstance(backend, KernelTrials):
        raise cannot_tune(job.target)
    tried = _try(backend, job, layers, store, fresh=fresh)
    flash_limit, sram_limit = limit_of(job.spec, job.target, "flash"), limit_of(job.spec, job.target, "sram")
    room = [flash_limit - tried.flash, sram_limit - tried.sram]
    costs = [[variant.cost for variant in own] for own in tried.variants.values()]
    for _ in range(_ROUNDS):
        found = assign(costs, *room)
        try:
            result, reused = measure_one(replace(job, options=_with(job.options, tried.chosen(found))))
            lacking = (_over(result.memory.flash, flash_limit), _over(result.memory.sram, sram_limit))
        except FlashExceededError as error:
            if found.excess:
                raise
            lacking = (error.excess, 0)
        if found.excess or not any(lacking):
            return _with_tuning(result, tried, found, (flash_limit, sram_limit), room), reused
        room = [own - more for own, more in zip(room, lacking, strict=True)]
    raise BackendError(f"no choice of kernels was found in {_ROUNDS} rounds that fits flash and SRAM once it is linked")


def limit_of(spec: Spec, target: Target, memory: Literal["flash", "sram"]) -> int:
    """Bytes of a memory that a program may take, where the hardware says how much it has.

    Raises:
        BackendError: the hardware does not declare the memory.
    """
    limit = memory_limit(spec, target, memory)
    if limit is None or target.hardware.memory(memory) is None:
        raise BackendError(f"hardware {target.hardware.name} declares no {memory}")
    return limit


def _try(backend: KernelTrials, job: Job, layers: Sequence[Tunable], store: Store, *, fresh: bool) -> _Tried:
    """Builds and runs a program for each variant that some layer has."""
    most = max(len(layer.kernels) for layer in layers)
    variants: dict[str, list[_Variant]] = {layer.layer: [] for layer in layers}
    trials: list[ProgramTrial] = []
    beside: list[int] = []
    for place in ("flash", "sram"):
        placed = [layer for layer in layers if place in layer.places]
        if trials:  # a layer without constants has no place for them
            placed = [own for own in placed if trials[0].layers[own.layer].constants or own.places == (place,)]
        for number in range(most if placed else 0):
            programs = {layer.layer: layer.kernels[min(number, len(layer.kernels) - 1)] for layer in layers}
            in_sram = tuple(layer.layer for layer in placed) if place == "sram" else ()
            options = _built(job.options, programs, in_sram)
            job.progress(f"{job.target.name}: kernels, program {len(trials) + 1}: variant {number + 1}, {place}")
            trial = _trial(backend, replace(job, options=options), store, fresh=fresh)
            trials.append(trial)
            beside.append(trial.flash - sum(trial.layers[layer.layer].flash for layer in layers))
            for layer in placed:
                if number < len(layer.kernels):
                    own = trial.layers[layer.layer]
                    sram = own.constants if place == "sram" else 0
                    if place == "sram" and not sram and "flash" in layer.places:
                        continue  # its constants are part of its code: the variant in flash again
                    variants[layer.layer].append(_Variant(layer.kernels[number], place, own.cycles, own.flash, sram))
    # Where the programs differ in what no layer's symbol holds, the largest: the choice must fit once it is linked.
    sram = max(trial.sram_beside_constants for trial in trials)
    return _Tried(variants, max(beside), sram, trials[0], len(trials))


def _trial(backend: KernelTrials, job: Job, store: Store, *, fresh: bool) -> ProgramTrial:
    key = content_key(trial=FORMAT_VERSION, job=backend.key(job))
    record = None if fresh else store.get_finding(KIND, key, FORMAT_VERSION)
    if record is not None:
        try:
            return ProgramTrial.model_validate_json(record)
        except ValidationError:
            pass  # damaged: it is run again
    found = backend.try_kernels(job, key)
    store.put_finding(KIND, key, FORMAT_VERSION, found.model_dump_json())
    return found


def _built(options: BuildOptions, kernels: Mapping[str, str], in_sram: Sequence[str]) -> BuildOptions:
    return replace(
        options, fixed=tuple({**dict(options.fixed), **kernels}.items()), in_sram=(*options.in_sram, *in_sram)
    )


def _with(options: BuildOptions, chosen: Mapping[str, _Variant]) -> BuildOptions:
    kernels = {name: variant.kernel for name, variant in chosen.items()}
    return _built(options, kernels, [name for name, variant in chosen.items() if variant.sram])


def _over(figure: Figure, limit: int) -> int:
    return max(0, round(figure.value) - limit) if figure.value is not None else 0


def _with_tuning(
    result: Measurement,
    tried: _Tried,
    found: Assignment,
    limits: tuple[int, int],
    room: Sequence[int],
) -> Measurement:
    """The measurement with every variant and why the program has it or has not."""
    chosen = tried.chosen(found)
    left = (
        room[0] - sum(variant.flash for variant in chosen.values()),
        room[1] - sum(variant.sram for variant in chosen.values()),
    )
    variants = tuple(
        KernelVariant(
            layer=layer,
            kernel=one.kernel,
            place=one.place,
            cycles=one.cycles,
            flash=one.flash,
            sram=one.sram,
            chosen=one is chosen[layer],
            why=_why(one, chosen[layer], own, left),
        )
        for layer, own in tried.variants.items()
        for one in own
    )
    tuning = KernelTuning(
        variants=variants,
        flash_limit=limits[0],
        sram_limit=limits[1],
        programs=tried.programs,
        untuned=tried.untuned.cycles,
        expected=_expected(tried, chosen),
        proven=found.proven,
        excess=found.excess,
    )
    return result.model_copy(update={"kernel_tuning": tuning})


def _expected(tried: _Tried, chosen: Mapping[str, _Variant]) -> Figure:
    """The cycles of the untuned program, with those of the chosen variants in place of its own."""
    changes = [(variant.cycles, tried.untuned.layers[layer].cycles) for layer, variant in chosen.items()]
    whole = tried.untuned.cycles

    def end(name: str) -> float | None:
        ends = [getattr(whole, name)] + [getattr(figure, name) for change in changes for figure in change]
        if any(own is None for own in ends):
            return None
        return float(ends[0] + sum(ends[1::2]) - sum(ends[2::2]))

    basis = "the cycles of each layer in the programs that were tried, added up"
    return Figure(
        value=end("value"), low=end("low"), high=end("high"), unit="cycles", evidence="simulated", basis=basis
    )


def _order(variant: _Variant) -> tuple[int, int, int, int]:
    return variant.cost.at_most, variant.cost.at_least, variant.flash, variant.sram


def _why(one: _Variant, chosen: _Variant, every: Sequence[_Variant], left: tuple[int, int]) -> str:
    if one is chosen:
        if len(every) == 1:
            return "the only one"
        return "the fewest cycles" if min(every, key=_order) is one else "the fewest cycles that fit"
    own, best = one.cost, chosen.cost
    if own.at_most != best.at_most:
        slower, most = own.at_most - best.at_most, "" if one.cycles.high is None else " at most"
    else:
        slower, most = own.at_least - best.at_least, " at least"
    if slower > 0:
        return f"{slower:,} cycles more{most}"
    more = f"{-slower:,} cycles fewer{most}" if slower else "as many cycles"
    lacking = [
        f"{bytes_more - room:,} bytes of {memory} are lacking"
        for bytes_more, room, memory in (
            (one.flash - chosen.flash, left[0], "flash"),
            (one.sram - chosen.sram, left[1], "SRAM"),
        )
        if bytes_more > max(room, 0)
    ]
    if lacking:
        return f"{more}, but {' and '.join(lacking)}"
    if one.flash == chosen.flash:
        return f"{more}, {one.sram - chosen.sram:,} bytes of SRAM more"
    return f"{more}, {one.flash - chosen.flash:,} bytes of flash more"
