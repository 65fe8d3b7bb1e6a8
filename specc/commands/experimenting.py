"""`specc experiment` and `specc roofline`: what a change would gain, and what a target could do at best."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any, Final

from specc.commands.checked import measurable
from specc.commands.console import EXIT_FAILED, EXIT_OK, Progress, add_command, add_targets_options

if TYPE_CHECKING:
    from specc.check import CheckResult
    from specc.explain.experiment import Experiment
    from specc.measure.variants import Axis

# The axes of specc.measure.variants, which is too slow to import for a help text.
_AXES: Final = ("clock", "compile", "bits", "fusion", "tile", "kernels", "placement", "rewrites")
_EPILOG = """\
axes:
  clock      the clocks that the spec lists, or the highest one of each number of flash wait states
  compile    the compiler flags that the spec lists, or the usual optimisation levels, and on this computer GCC's
  bits       the widths that the spec lists, or 8 and 16 bits in every row of the quantization table
  fusion     layers row by row where the spec runs them one after the other, or the other way round
  tile       other widths of the tiles that fused layers run in: those that the spec lists, or half and twice its own
  kernels    the choices that the spec lists (tuned, smallest, ...), or generic C in place of the core's own kernels
  placement  weights copied to SRAM, in place of read from flash
  rewrites   code without an exact rewrite: those that the spec lists, or each that there is, and all of them

The gain of a variant is predicted from the counters of the target as it is, before the variant runs; a prediction that
the measurement leaves is shown as missed. Results are stored; what is stored is not measured again. See
docs/experiments.md.

examples:
  specc experiment specs/kws.hwspec --target f407
  specc experiment specs/kws.hwspec --target l4r5 --axis clock
  specc experiment specs/kws.hwspec --target f407 --axis rewrites
  specc experiment specs/kws.hwspec --target f407 --axis compile --axis placement --grid

exit codes: 0 every variant was measured, 1 one could not be, 2 wrong usage
"""


_ROOFLINE_EPILOG = """\
Small programs that only multiply, read or write run on each target (on the virtual board and on this computer). Every
layer's time is held against what these peaks allow for its multiply-accumulates and bytes. See docs/experiments.md.

examples:
  specc roofline specs/kws.hwspec --target f407
  specc roofline specs/kws.hwspec --json

exit codes: 0 every target was placed, 1 one could not be, 2 wrong usage
"""


def add_commands(commands: Any) -> None:
    """Declare the commands."""
    roofline = add_command(
        commands,
        "roofline",
        "measured peaks of the targets, and what bounds each layer",
        _ROOFLINE_EPILOG,
        description="Measure what a target can do at best, and say what bounds each layer.",
    )
    _add_shared(roofline)
    roofline.set_defaults(run=_roofline)
    parser = add_command(
        commands,
        "experiment",
        "predict, measure and explain variants: clock, compiler, widths, fusion, tiles, kernels, placement, rewrites",
        _EPILOG,
        description="Predict what a change of one thing would gain, measure it, and say why.",
    )
    _add_shared(parser)
    parser.add_argument(
        "--axis",
        action="append",
        choices=_AXES,
        help="what is varied (may be repeated; default: what the spec's experiments list, or everything)",
    )
    parser.add_argument("--grid", action="store_true", help="every combination, and which of them none beats")
    parser.set_defaults(run=_experiment)


def _add_shared(parser: argparse.ArgumentParser) -> None:
    add_targets_options(parser)
    parser.add_argument("--json", action="store_true", help="print everything that was found as JSON")


def _checked(options: argparse.Namespace) -> CheckResult | None:
    """The checked spec, or None after printing why it cannot be measured."""
    return measurable(options.file, options.target or (), "json" if options.json else "text")


def _roofline(options: argparse.Namespace) -> int:
    checked = _checked(options)
    if checked is None or checked.spec is None:
        return EXIT_FAILED
    from specc.explain.rooflines import rooflines
    from specc.measure.store import StoreError
    from specc.numerics.quantize import QuantizationError
    from specc.report.rooflines import roofline_json, roofline_text

    targets = options.target or [target.name for target in checked.spec.targets]
    try:
        with Progress(sys.stderr) as progress:
            found, failures = rooflines(checked, targets, options.build, progress.show, fresh=options.fresh)
    except (QuantizationError, StoreError) as error:
        found, failures = [], {str(options.file): str(error)}
    for name, reason in failures.items():
        print(f"specc: {name}: {reason}", file=sys.stderr)
    if options.json:
        print(json.dumps(roofline_json(found, failures), indent=2))
    else:
        for roofline in found:
            print(roofline_text(roofline))
    return EXIT_FAILED if failures else EXIT_OK


def _experiment(options: argparse.Namespace) -> int:
    checked = _checked(options)
    if checked is None or checked.spec is None:
        return EXIT_FAILED
    known = [target.name for target in checked.spec.targets]
    found, failures = _run(checked, options.target or known, options)
    for failure in failures:
        print(f"specc: {failure}", file=sys.stderr)
    if options.json:
        content = [experiment.model_dump(mode="json") for experiment in found]
        print(json.dumps({"format_version": 1, "experiments": content, "failures": failures}, indent=2))
    else:
        from specc.report.experiments import experiment_text

        for experiment in found:
            print(experiment_text(experiment, whole_grid=options.grid))
    failed = failures or any(trial.failure for experiment in found for trial in experiment.trials)
    return EXIT_FAILED if failed else EXIT_OK


def _run(checked: CheckResult, targets: list[str], options: argparse.Namespace) -> tuple[list[Experiment], list[str]]:
    """The experiments, and why there is none of a target."""
    from specc.explain.experiment import run_experiment
    from specc.measure.store import Store, StoreError, store_path
    from specc.measure.variants import AXES, VariantError, declared_axes
    from specc.numerics.quantize import QuantizationError

    assert checked.spec is not None
    axes: tuple[Axis, ...] = tuple(options.axis or ()) or declared_axes(checked.spec.experiments) or AXES
    found, failures = [], []
    try:
        with Progress(sys.stderr) as progress, Store(store_path(options.build)) as store:
            for target in targets:
                try:
                    experiment = run_experiment(
                        checked,
                        target,
                        axes,
                        store=store,
                        build_folder=options.build,
                        progress=progress.show,
                        whole_grid=options.grid,
                        fresh=options.fresh,
                    )
                except VariantError as error:
                    failures.append(str(error))
                    continue
                found.append(experiment)
    except (QuantizationError, StoreError) as error:
        failures.append(f"{options.file}: {error}")
    return found, failures
