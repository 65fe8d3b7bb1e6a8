"""Which schedule a target is measured with where its memory decides: planned again with the stack that was measured.

What a program needs beside its activations is known once it has run. So activations are planned with an estimate, the
program is measured, and where its stack asks for another schedule, that one is measured, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from specc.codegen.schedule import BESIDE_ACTIVATIONS, memory_limit, scheduled
from specc.graph.execution import Execution, macs_computed
from specc.measure.backend import BackendError, Job
from specc.measure.result import Measurement
from specc.measure.store import Store
from specc.numerics.quantized import QuantizedNetwork
from specc.spec import Spec

_ROUNDS: Final = 4  # of planning; the stack hardly depends on the schedule, so that two are the rule

MeasurePlanned = Callable[[QuantizedNetwork], tuple[Measurement, bool]]  # the result, and whether it was in the store


def measure_planned(job: Job, measure_one: MeasurePlanned, store: Store) -> tuple[Measurement, bool]:
    """The fastest result that fits the target's SRAM and budget; if none does, the one of least memory.

    Others are put into the store, for they were measured; this one is not yet.

    Args:
        job: with its network as yet without a schedule.
        measure_one: measures the network with a schedule.
        store: for the results that are not chosen.

    Returns:
        The result, and whether it and the others were in the store.

    Raises:
        UnfitError: declared layers cannot run by rows.
        BackendError: the first schedule cannot be measured.
    """
    limit = memory_limit(job.spec, job.target, "sram")
    executions: list[Execution | None] = []
    results: list[tuple[Measurement, bool]] = []
    beside: int | None = BESIDE_ACTIVATIONS
    while beside is not None and len(results) < _ROUNDS:
        planned = scheduled(job.spec, job.target, job.network, beside)
        if planned.execution in executions:
            break
        executions.append(planned.execution)
        if results:
            job.progress(f"{job.target.name}: planned again, with {beside:,} bytes for stack and harness")
        try:
            result, known = measure_one(planned)
            results.append((_with_halos_named(result, planned), known))
        except BackendError:
            if not results:
                raise
            break  # what has been measured stands
        beside = beside_activations(results[-1][0]) if job.spec.model.rows == "needed" and limit is not None else None
    if len(results) == 1:
        return results[0]
    chosen = _best([result for result, _ in results], limit)
    for result, known in results:
        if result is not chosen and not known:
            store.put(result)
    return _explained(chosen), all(known for _, known in results)


def as_measured(spec: Spec, network: QuantizedNetwork, result: Measurement) -> QuantizedNetwork | None:
    """The network with the schedule that a result of one of the spec's targets was measured with; None if not known."""
    for beside in (BESIDE_ACTIVATIONS, beside_activations(result)):
        if beside is not None:
            planned = scheduled(spec, spec.target(result.target), network, beside)
            if planned.schedule == result.provenance.schedule:
                return planned
    return None


def beside_activations(result: Measurement) -> int | None:
    """Bytes of SRAM that the program takes beside its activations, stack included; None where that is not known.

    Constants that tuning put there are left out: it fills what activations leave.
    """
    taken, planned = result.memory.sram.high, result.memory.planned_activations
    tuned = result.kernel_tuning.variants if result.kernel_tuning else ()
    filled = sum(variant.sram for variant in tuned if variant.chosen)
    return None if taken is None or planned is None else max(0, int(taken) - planned - filled)


def _best(results: list[Measurement], limit: int | None) -> Measurement:
    fitting = [one for one in results if limit is not None and (one.memory.sram.high or 0) <= limit]
    return min(fitting, key=lambda one: one.total.p50) if fitting else min(results, key=_taken)


def _taken(result: Measurement) -> float:
    return float("inf") if result.memory.sram.high is None else result.memory.sram.high


def _with_halos_named(result: Measurement, network: QuantizedNetwork) -> Measurement:
    """The result with a note of what tiles compute again: cycles per multiply-accumulate are of each layer's own."""
    if not network.tiles:
        return result
    graph = network.network
    own = {layer.name: layer.macs for layer in graph.layers}
    again = {name: macs - own[name] for name, macs in macs_computed(graph, network.steps).items()}
    whole, most = sum(again.values()), max(again, key=lambda name: again[name])
    if not whole:
        return result
    note = (
        f"tiles compute {whole:,} multiply-accumulates again, {whole / graph.macs:.1%} of the network's, most of them "
        f"in {most} ({again[most] / own[most]:.0%} of its own); its cycles contain them"
    )
    return result if note in result.notes else result.model_copy(update={"notes": (*result.notes, note)})


def _explained(result: Measurement) -> Measurement:
    note = (
        f"the schedule was planned again: stack and harness take {beside_activations(result):,} B of SRAM, "
        f"not the {BESIDE_ACTIVATIONS:,} B set aside at first"
    )
    return result if note in result.notes else result.model_copy(update={"notes": (*result.notes, note)})
