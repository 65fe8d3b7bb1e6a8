"""The cores the virtual board can be: how each is timed, and what Unicorn and the compiler call it."""

from __future__ import annotations

from specc_backends.virtual_board.cores.cost import CoreModel

CORES = ("cortex-m0+", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33")


def core_model(name: str) -> CoreModel:
    """The timing model of a core.

    Raises:
        KeyError: not one of `CORES`.
    """
    from specc_backends.virtual_board.cores import cortex_m0plus, cortex_m3, cortex_m4, cortex_m7, cortex_m33

    modules = (cortex_m0plus, cortex_m3, cortex_m4, cortex_m7, cortex_m33)
    models: dict[str, CoreModel] = {module.MODEL.name: module.MODEL for module in modules}
    return models[name]
