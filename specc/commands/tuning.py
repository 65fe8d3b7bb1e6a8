"""`specc tune`: the cheapest quantization table that keeps every limit."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specc.commands.checked import print_refused
from specc.commands.checking import print_findings
from specc.commands.console import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_UNDECIDED,
    Progress,
    add_command,
    fail,
    require_target,
    usage,
)

if TYPE_CHECKING:
    from specc.check import CheckResult
    from specc.measure.store import Store
    from specc.spec import Spec
    from specc.tune.objective import Objective
    from specc.tune.result import Tuned

_OBJECTIVES: Final = ("bits", "flash", "sram", "cycles", "energy")  # specc.tune.objective.OBJECTIVES, not imported here
_MOST_ITERATIONS: Final = 10_000_000

_EPILOG = """\
Widths, steps and guard bits of every row are chosen so that the objective is smallest, the harness's limits on
gradients and output and the budgets' limits on accuracy hold with a margin, and nothing is broken that the checker
proves: ranges, accumulators, memory, cycles. The result is confirmed on inputs drawn anew with all the iterations of
the harness, and accuracy on inputs held out; limits that fail there are tightened, and the search repeated. Ctrl-C
loses nothing: the next call goes on there. See docs/tuning.md.

examples:
  specc tune specs/edge_cnn_repaired.hwspec                     what the table would be, and why
  specc tune specs/edge_cnn_repaired.hwspec --write             write it into the file
  specc tune specs/edge_cnn.hwspec --diff                       repairs of a table that contradicts itself
  specc tune specs/edge_cnn_repaired.hwspec --objective flash --front
  specc tune specs/digits.hwspec --objective cycles             a trained network that must stay accurate
  specc tune specs/edge_cnn_repaired.hwspec --accumulators      sums of 16 bits where that is proven to be enough

exit codes: 0 a table keeps every limit, 1 none does, 2 wrong usage, 3 it is not confirmed or could not be evaluated
"""


def add_commands(commands: Any) -> None:
    """Declare the command."""
    parser = add_command(
        commands,
        "tune",
        "the cheapest quantization table that keeps the precision contract",
        _EPILOG,
        description="Find the cheapest quantization table that keeps the precision contract and every proof.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a .hwspec file")
    parser.add_argument(
        "--objective", choices=_OBJECTIVES, default="bits", help="what is made small (default: bits of the weights)"
    )
    parser.add_argument(
        "--target", metavar="NAME", help="where cycles and energy are measured (default: the first chip)"
    )
    parser.add_argument("--margin", metavar="PERCENT", default="10", help="distance kept from limits (default: 10)")
    parser.add_argument("--keep-steps", action="store_true", help="leave steps as they are written; tune widths alone")
    parser.add_argument(
        "--accumulators", action="store_true", help="choose accumulators of 16, 32 or 64 bits too, by proof"
    )
    parser.add_argument("--iterations", type=int, metavar="N", help="inputs to evaluate each table on")
    parser.add_argument("--evaluations", type=int, metavar="N", help="tables to evaluate at most in a search")
    parser.add_argument("--front", action="store_true", help="also the cheapest tables for other limits")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--write", action="store_true", help="write the table into the file")
    mode.add_argument("--diff", action="store_true", help="show what --write would change, and change nothing")
    mode.add_argument("--json", action="store_true", help="print everything that was found as JSON")
    parser.add_argument("--build", type=Path, default=Path("build"), metavar="DIR", help="folder of the result store")
    parser.set_defaults(run=_tune)


def _tune(options: argparse.Namespace) -> int:
    from specc.check import check

    margin = _margin(options.margin)
    if options.iterations is not None and not 20 <= options.iterations <= _MOST_ITERATIONS:
        usage(f"--iterations {options.iterations}: 20 at least, {_MOST_ITERATIONS:,} at most")
    if options.evaluations is not None and options.evaluations < 1:
        usage(f"--evaluations {options.evaluations}: at least one table must be evaluated")
    checked = check(options.file)
    if checked.spec is None or checked.network is None or not _is_tunable(checked):
        print_findings(options.file, checked, sys.stderr, always_summarise=False)
        print_refused(options.file, checked, "json" if options.json else "text")
        return EXIT_FAILED
    return _tuned(checked, options, margin)


def _margin(text: str) -> float:
    try:
        margin = float(text.removesuffix("%").strip()) / 100
    except ValueError:
        usage(f"--margin {text}: a percentage, such as 10")
    if not 0 <= margin < 1:
        usage(f"--margin {text}: from 0 to less than 100 percent")
    return margin


def _is_tunable(checked: CheckResult) -> bool:
    """Whether all that is wrong is in the numbers of the table, or in limits that a table may keep or not."""
    from specc.diagnostics.registry import CODES

    errors = [found for found in checked.diagnostics if found.severity == "error"]
    return all(CODES[own.code].infeasible or own.code in ("E3101", "E3110", "E5104") for own in errors)


def _tuned(checked: CheckResult, options: argparse.Namespace, margin: float) -> int:
    from specc.measure.store import Store, StoreError, store_path
    from specc.numerics.quantize import QuantizationError
    from specc.precision.data import DataError
    from specc.report.tuning import tuning_text
    from specc.tune.errors import TuneError
    from specc.tune.record import remember
    from specc.tune.tuner import EVALUATIONS, Options, tune

    spec, network = checked.spec, checked.network
    assert spec is not None and network is not None
    asked = Options(
        margin=margin,
        keep_steps=options.keep_steps,
        iterations=options.iterations,
        evaluations=options.evaluations or EVALUATIONS,
        front=options.front,
        accumulators=options.accumulators,
    )
    try:
        with Progress(sys.stderr) as progress, Store(store_path(options.build)) as store:
            objective = _objective(checked, options, store, progress)
            found = tune(spec, network, store, objective=objective, options=asked, progress=progress.show)
            remember(spec, network, store, objective=objective, margin=margin, found=found)
    except (TuneError, QuantizationError, DataError, StoreError, ValueError) as error:
        return fail(f"{options.file}: {error}")
    assert spec.quantization is not None
    if options.json:
        print(json.dumps(_as_json(found, objective), indent=2))
    elif not options.diff or found.table is None:
        # Where no table is found there is no difference to show, but the reasons.
        print(tuning_text(found, spec.quantization, objective, margin), file=sys.stderr if options.diff else sys.stdout)
    if (options.write or options.diff) and found.table is not None and not _edit(checked, found, options):
        return EXIT_FAILED
    if found.table is None:
        return EXIT_FAILED
    return EXIT_OK if found.confirmed else EXIT_UNDECIDED


def _objective(checked: CheckResult, options: argparse.Namespace, store: Store, progress: Progress) -> Objective:
    from specc.tune.measured import measured_objective
    from specc.tune.objective import bits_objective, flash_objective, sram_objective

    spec, network, name = checked.spec, checked.network, options.objective
    assert spec is not None and network is not None
    if name == "bits":
        return bits_objective(network)
    if name == "flash":
        return flash_objective(network)
    if name == "sram":
        return sram_objective(spec, network)
    target = _target(options, spec)
    return measured_objective(
        spec, network, store, kind=name, target=target, build=options.build, progress=progress.show
    )


def _target(options: argparse.Namespace, spec: Spec) -> str:
    """The target that the options ask for, else the first chip."""
    asked: str | None = options.target
    if asked is not None:
        require_target(asked, {own.name for own in spec.targets}, options.file)
        return asked
    chips = [own.name for own in spec.targets if own.hardware.core != "host"]
    if not chips:
        usage("--objective cycles and energy need a target with a chip")
    return chips[0]


def _edit(checked: CheckResult, found: Tuned, options: argparse.Namespace) -> bool:
    """Write the table into the file, or show what would be written; False after saying why that cannot be done."""
    from specc.diagnostics.fixes import difference
    from specc.syntax.files import WriteError, write
    from specc.tune.edit import EditError, edited

    assert checked.spec is not None and checked.spec.quantization is not None and found.table is not None
    try:
        change = edited(options.file, checked.spec.quantization, found.table)
        if options.diff:
            sys.stdout.write(difference(change.before.decode(), change.after.decode(), str(options.file)))
        elif change.before == change.after:
            print(f"specc: {options.file} says so already", file=sys.stderr)
        else:
            write(change)
            print(f"specc: the table of {options.file} is written", file=sys.stderr)
    except EditError as error:
        fail(f"{options.file}: {error}")
        return False
    except WriteError as error:
        fail(str(error))
        return False
    return True


def _as_json(found: Tuned, objective: Objective) -> dict[str, Any]:
    from dataclasses import asdict

    plain: tuple[str, ...] = (
        "cost",
        "cost_before",
        "by_layers",
        "residual",
        "load",
        "load_before",
        "bound",
        "proven",
        "tables",
        "evaluated",
        "contradictions",
        "iterations",
    )
    plain += ("confirmed", "confirmed_on", "rounds", "not_evaluated")
    lists = ("confirmation", "divisions", "narrower", "obstacles", "front")
    return {
        "format_version": 1,
        "objective": objective.name,
        "unit": objective.unit,
        "meaning": objective.meaning,
        "table": [row.model_dump(mode="json") for row in found.table.rows] if found.table else None,
        **{name: getattr(found, name) for name in plain},
        **{name: [asdict(own) for own in getattr(found, name)] for name in lists},
        "beyond_repair": [asdict(own) for own in found.beyond_repair],
    }
