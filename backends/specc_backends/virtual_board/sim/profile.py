"""Where the cycles of a run went: by function, and by chain of calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from specc_backends.virtual_board.cores.cost import COUNTS
from specc_backends.virtual_board.ledger import Ledger
from specc_backends.virtual_board.sim.program import Program

NO_NAME = "(no symbol)"


def counters_by_function(program: Program, ledger: Ledger, counts: npt.NDArray[np.int64]) -> dict[str, dict[str, int]]:
    """Counters of each function, without what it calls; most cycles first.

    A block belongs to the function its address lies in. The refill after a taken branch belongs to the function that
    branches. The counters are those of `COUNTS`, `calls` (times its first instruction was reached) and `refill_cycles`.

    Args:
        program: for names.
        ledger: prices by slot.
        counts: executions, entries and exits by a jump of each block, by slot.
    """
    entries = {function.start for function in program.functions}
    totals: dict[str, dict[str, int]] = {}
    for (address, _), cost, (executions, _, exits) in zip(ledger.blocks, ledger.costs, counts.tolist(), strict=True):
        total = totals.setdefault(program.function_at(address) or NO_NAME, dict.fromkeys(_NAMES, 0))
        for name, value in zip(COUNTS, cost.values, strict=True):
            total[name] += executions * value
        refill = exits * cost.taken_low
        total["refill_cycles"] += refill
        total["cycles_low"] += refill
        total["cycles_high"] += exits * cost.taken_high + 2 * min(exits, max(executions - exits, 0)) * cost.mispredicted
        total["calls"] += executions if address in entries else 0
    return dict(sorted(totals.items(), key=lambda item: (-item[1]["cycles_low"], item[0])))


_NAMES = (*COUNTS, "refill_cycles", "calls")


def call_stacks(program: Program, nodes: npt.NDArray[Any]) -> list[tuple[tuple[str, ...], int]]:
    """Chains of calls, outermost first, with the cycles spent at the end of each.

    Args:
        program: for names.
        nodes: of type `native.CALL`; the first one is the root.
    """
    chains: list[tuple[str, ...]] = []
    for place, node in enumerate(nodes):
        name = program.function_at(int(node["entry"])) or f"0x{int(node['entry']):08x}"
        # A node is always behind the one it was called from.
        chains.append((*chains[int(node["parent"])], name) if place else (name,))
    return [(chain, int(node["cycles"])) for chain, node in zip(chains, nodes, strict=True) if node["cycles"]]
