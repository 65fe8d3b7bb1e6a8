"""The schedule that a network runs by on a target: what the spec declares, and what its memory asks for."""

from __future__ import annotations

import dataclasses
from typing import Final, Literal

from specc.codegen.input_pass import copy_bytes
from specc.codegen.kernels import family_of
from specc.codegen.rewrites import without
from specc.graph.execution import Execution
from specc.graph.lifetimes import ALIGNMENT
from specc.graph.planner import Request, as_declared, least_memory, within
from specc.numerics.quantized import QuantizedNetwork
from specc.spec import Spec
from specc.spec.hardware import Target
from specc.spec.kernels import REWRITES, Rewrite

# Bytes of SRAM left for the stack and the harness when activations are planned, for these are known only once the
# program has run. An estimate: it decides which schedule is tried first, and the verdict is about what is measured.
BESIDE_ACTIVATIONS: Final = 1024


def scheduled(
    spec: Spec, target: Target, network: QuantizedNetwork, beside: int = BESIDE_ACTIVATIONS
) -> QuantizedNetwork:
    """The network with the steps in which its code for a target runs, and without rewrites that the spec switches off.

    Layers run by rows where the spec declares it. Beyond that, `rows never` leaves the others whole; `rows least` takes
    the schedule of least memory; otherwise layers run by rows only where the activations would not fit the target's
    memory and budget, and then as few as will do.

    Args:
        spec: the spec.
        target: one of its targets.
        network: its network.
        beside: bytes of SRAM that are left for the stack and the harness.

    Raises:
        UnfitError: declared layers cannot run by rows.
    """
    planned = dataclasses.replace(network, execution=_execution(spec, target, network, beside))
    asked = spec.kernels_of(target.name).off
    if "rows" in asked:
        alone = _execution(unfused(spec), target, network, beside)
        off = planned.off if alone == planned.execution else planned.off | {"rows"}
        planned, spec = dataclasses.replace(network, execution=alone, off=off), unfused(spec)
    changed = without(planned, asked, family_of(target.hardware.core, has_dsp=target.hardware.dsp))
    copies = copy_bytes(changed)
    if changed.value_bytes == planned.value_bytes and not copies:
        return changed
    return dataclasses.replace(changed, execution=_execution(spec, target, changed, beside + copies))


def switchable(spec: Spec, target: Target, network: QuantizedNetwork) -> tuple[Rewrite, ...]:
    """The rewrites that the code of a network for a target has, and can go without.

    Raises:
        UnfitError: declared layers cannot run by rows.
    """
    own = spec.kernels_of(target.name)

    def off(names: tuple[Rewrite, ...]) -> frozenset[str]:
        kernels = own.model_copy(update={"target": target.name, "off": names})
        changed = spec.model_copy(update={"kernels": (kernels,)})
        return scheduled(changed, target, network).off

    return tuple(name for name in REWRITES if name not in own.off and name in off((*own.off, name)))


def unfused(spec: Spec) -> Spec:
    """The same spec without the rewrites that a schedule asks for: every layer runs by itself, as a whole."""
    return spec.model_copy(update={"model": spec.model.model_copy(update={"fusions": (), "rows": "never"})})


def _execution(spec: Spec, target: Target, network: QuantizedNetwork, beside: int) -> Execution:
    request = Request(
        network.network,
        network.value_bytes,
        network.window_sums,
        together=tuple(fusion.layers for fusion in spec.model.fusions if fusion.method == "fused"),
        tiles={fusion.layers: fusion.tile for fusion in spec.model.fusions if fusion.tile},
        streamed=spec.model.input.streamed,
        alignment=ALIGNMENT,
    )
    if spec.model.rows == "least":
        return least_memory(request, in_tiles=False)
    declared = as_declared(request)
    limit = memory_limit(spec, target, "sram")
    if spec.model.rows == "never" or limit is None or request.peak(declared) <= limit - beside:
        return declared
    return within(request, max(0, limit - beside))


def memory_limit(spec: Spec, target: Target, memory: Literal["flash", "sram"]) -> int | None:
    """Bytes of a memory that a program may take: the least of what the hardware has and of its budgets.

    None where nothing limits them.
    """
    limits = [
        int(item.limit.base) - (item.relation == "<")
        for item in spec.budget_items(target.name)
        if item.kind == "memory" and item.scope == (memory,)
    ]
    fact = target.hardware.memory(memory)
    if fact is not None:
        limits.append(int(fact.value.base))
    return min(limits, default=None)
