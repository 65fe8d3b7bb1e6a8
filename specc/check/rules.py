"""The rules, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from specc.check.accumulators import check_accumulators
from specc.check.budgets import check_clocks, check_decidable, check_parts
from specc.check.context import Context
from specc.check.coverage import check_rows, check_targets
from specc.check.duty import check_duty
from specc.check.fusions import check_fusions
from specc.check.harness import check_harness
from specc.check.instruments import check_counters, check_sensors
from specc.check.kernels import check_kernels
from specc.check.latency import check_latency
from specc.check.memory import check_memory
from specc.check.ranges import check_calibration, check_ranges
from specc.check.streaming import check_streaming
from specc.check.weights import check_measurable, check_weights

Rule = Callable[[Context], None]

RULES: Final[tuple[Rule, ...]] = (
    check_weights,
    check_measurable,
    check_rows,
    check_ranges,
    check_calibration,
    check_accumulators,
    check_fusions,
    check_streaming,
    check_memory,
    check_latency,
    check_duty,
    check_parts,
    check_decidable,
    check_clocks,
    check_targets,
    check_kernels,
    check_counters,
    check_sensors,
    check_harness,
)
