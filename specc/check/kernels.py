"""Whether a target's program can be built with the kernels that the spec asks for."""

from __future__ import annotations

from specc.check.context import Context, mark, place
from specc.check.instruction_model import core_name
from specc.source import Span
from specc.spec.hardware import Target
from specc.spec.kernels import KernelRule, Kernels, PlaceRule


def check_kernels(context: Context) -> None:
    """Kernels are chosen layer by layer for microcontrollers alone; nothing else can be built so."""
    for target in context.spec.targets:
        kernels = context.spec.kernels_of(target.name)
        refused = _refused(kernels, target)
        if refused is not None:
            _report(context, kernels, place(refused), target)
        elif kernels.off and not target.hardware.core.startswith(("cortex-m", "host")):
            _report(context, kernels, place(kernels, "off"), target)


def _refused(kernels: Kernels, target: Target) -> KernelRule | PlaceRule | None:
    """The first line that the target's program cannot follow."""
    core = target.hardware.core
    if core.startswith("cortex-m"):
        return None
    # A program for a computer is built from one family as a whole; what runs on an accelerator has no kernels of ours.
    as_a_whole = ("fastest", "generic") if core == "host" else ("fastest",)
    for rule in kernels.rules:
        if rule.choice not in as_a_whole or (rule.layers and rule.choice != "fastest"):
            return rule
    return next((rule for rule in kernels.places if rule.place == "sram"), None)


def _report(context: Context, kernels: Kernels, line: Span | None, target: Target) -> None:
    what = "this computer" if target.hardware.core == "host" else core_name(target.hardware)
    repair = "remove the line" if kernels.target == target.name else "name the boards in place of `all`"
    context.report(
        "W4113",
        f"target `{target.name}` cannot be built so, and will not be measured",
        line,
        secondary=(mark(target, "hardware", what),),
        notes=(
            "kernels by layer, tuned kernels and weights in SRAM are for Cortex-M boards, rewrites for generated code",
            f"repair: {repair}",
        ),
    )
