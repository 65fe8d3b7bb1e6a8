"""Which schedule a real board's firmware has: planned once, when it is flashed, and measured as it was flashed."""

from __future__ import annotations

from typing import Final

from specc.codegen.schedule import BESIDE_ACTIVATIONS, memory_limit
from specc.measure.planning import beside_activations
from specc.measure.provenance import spec_hash
from specc.measure.store import Store
from specc.spec import Spec
from specc.spec.hardware import Target

KIND: Final = "flashed"  # of findings: what was set aside beside the activations of a board's firmware
FORMAT_VERSION: Final = 1


def beside_for_board(store: Store, spec: Spec, target: Target) -> tuple[int, str]:
    """Bytes of SRAM to leave beside the activations, and in words what they rest on.

    What was measured with the spec as it is for the same target, or else for another of the same core: the stack
    depends on the core's code, not on the board. An estimate where nothing was.
    """
    hashed = spec_hash(spec)
    others = (own for own in spec.targets if own.name != target.name and own.hardware.core == target.hardware.core)
    for own in (target, *others):
        result = store.latest(own.name, hashed)
        beside = beside_activations(result) if result is not None else None
        if result is not None and beside is not None:
            evidence = result.memory.sram.evidence
            return beside, f"{beside:,} B are set aside for stack and harness, as {evidence} for {own.name}"
    return BESIDE_ACTIVATIONS, f"{BESIDE_ACTIVATIONS:,} B are set aside for stack and harness, an estimate"


def memory_decides(spec: Spec, target: Target) -> bool:
    """Whether what is set aside can change the schedule."""
    return spec.model.rows == "needed" and memory_limit(spec, target, "sram") is not None


def remember_flashed(store: Store, spec: Spec, target: Target, beside: int) -> None:
    """Keep with what a board's firmware was planned.

    Raises:
        StoreError: the file cannot be written.
    """
    store.put_finding(KIND, _key(spec, target), FORMAT_VERSION, str(beside))


def flashed_beside(store: Store, spec: Spec, target: Target) -> int:
    """With what the firmware on a board was planned when it was last flashed from here; the estimate if it was not."""
    known = store.get_finding(KIND, _key(spec, target), FORMAT_VERSION)
    return BESIDE_ACTIVATIONS if known is None else int(known)


def _key(spec: Spec, target: Target) -> str:
    return f"{spec.model.name} {target.name}"
