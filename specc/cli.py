"""The command line. Thin: every command imports what it needs when it runs, so that `specc check` starts fast."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn, TextIO

from specc import __version__
from specc.cli_results import add_commands as add_result_commands

if TYPE_CHECKING:
    from specc.check import CheckResult
    from specc.measure.verify import Verified

EXIT_OK = 0
EXIT_FAILED = 1  # errors in a spec, a failed contract, a target that could not be measured
EXIT_USAGE = 2
EXIT_UNDECIDED = 3  # no contract fails, but at least one has no verdict
EXIT_INTERRUPTED = 130

_FORMATS = ("text", "json", "sarif", "junit", "github")

_EPILOG = """\
examples:
  specc check specs/kws.hwspec             find contradictions; runs nothing
  specc verify specs/kws.hwspec            measure every target, judge every budget
  specc report specs/kws.hwspec            write the guidelines as PDF and HTML under build/
  specc explain E3101                      what a diagnostic means and how to repair it

exit codes: 0 all is well, 1 an error or a failed contract, 2 wrong usage, 3 a contract has no verdict
"""


_TARGETS_EPILOG = """\
examples:
  specc targets                            all hardware that specc knows
  specc targets stm32u575 stm32l4r5        two side by side, with the source of every fact
  specc targets --core cortex-m33 --min-sram 512KiB --sort power
  specc targets --max-price 5USD --format json

A limit holds only for what is known: hardware whose fact is unknown is counted and named below the list.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the return value is the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return EXIT_USAGE
    try:
        code: int = options.run(options)
    except KeyboardInterrupt:
        print("specc: interrupted; everything measured so far is stored", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader (head, a pager) has gone: nothing is left to say, and the interpreter must not try at exit.
        sys.stderr.close()
        return EXIT_OK
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="specc",
        description="Declare what a small neural network must do on which hardware; check it, measure it, explain it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"specc {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    check = commands.add_parser("check", help="parse, validate and prove what can be proven; runs nothing")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a .hwspec file")
    check.add_argument("--format", choices=_FORMATS, default="text", help="how findings are printed")
    check.add_argument("--fix", action="store_true", help="repair the files with fixes that keep the meaning")
    check.add_argument("--unsafe-fixes", action="store_true", help="also take fixes that may change the meaning")
    check.add_argument("--diff", action="store_true", help="show what --fix would change, and change nothing")
    check.add_argument("--watch", action="store_true", help="check again whenever a file changes; ends on Ctrl-C")
    check.set_defaults(run=_check)

    fmt = commands.add_parser("fmt", help="lay files out as every spec is laid out")
    fmt.add_argument("files", nargs="+", metavar="FILE", help="a .hwspec file, or - for standard input")
    fmt_mode = fmt.add_mutually_exclusive_group()
    fmt_mode.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is not formatted")
    fmt_mode.add_argument("--diff", action="store_true", help="write nothing; show what would change, exit 1 if any")
    fmt.set_defaults(run=_fmt)

    init = commands.add_parser("init", help="write a commented spec to start from")
    init.add_argument("name", nargs="?", default="network", metavar="NAME", help="of model and file (default: network)")
    init.set_defaults(run=_init)

    schema = commands.add_parser("schema", help="print the JSON Schema of a spec")
    schema.set_defaults(run=_schema)

    lsp = commands.add_parser("lsp", help="serve an editor: a language server over standard input and output")
    lsp.set_defaults(run=_lsp)

    flash = commands.add_parser("flash", help="build a target's firmware and write it to the board")
    flash.add_argument("file", type=Path, metavar="FILE", help="a .hwspec file")
    flash.add_argument("--target", nargs=1, required=True, metavar="NAME", help="the target that the board is")
    flash.add_argument("--probe", metavar="SERIAL", help="serial number of the debug probe, if several are connected")
    flash.add_argument("--build", type=Path, default=Path("build"), metavar="DIR", help="build folder")
    flash.set_defaults(run=_flash)

    measure = commands.add_parser("measure", help="build and measure on every target that can be reached; store")
    _add_measuring_options(measure)
    measure.set_defaults(run=_measure)

    verify = commands.add_parser("verify", help="measure what is stale, judge every budget")
    _add_measuring_options(verify)
    verify.add_argument("--format", choices=_FORMATS, default="text", help="how verdicts are printed")
    verify.set_defaults(run=_verify)

    report = commands.add_parser("report", help="verify, explain, learn, write the guidelines document")
    _add_measuring_options(report)
    report.add_argument("--output", type=Path, metavar="DIR", help="folder for the documents (default: build/<spec>/)")
    report.add_argument("--html-only", action="store_true", help="write no PDF")
    report.add_argument("--no-gate", action="store_true", help="exit 0 once the documents are written")
    report.set_defaults(run=_report)

    _add_targets_options(
        commands.add_parser(
            "targets",
            help="list, filter and compare the hardware library",
            epilog=_TARGETS_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )

    _add_simulation_options(
        commands.add_parser("sim", help="run any bare-metal program on a virtual core; count cycles")
    )

    add_result_commands(commands)

    explain = commands.add_parser("explain", help="what a diagnostic code means and how to repair it")
    explain.add_argument("code", nargs="?", metavar="CODE", help="for example E3101; without it, all are listed")
    explain.add_argument("--format", choices=("text", "json"), default="text", help="how the text is printed")
    explain.set_defaults(run=_explain)
    return parser


def _add_simulation_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("elf", type=Path, metavar="ELF", help="a linked program; it ends by semihosting or at --exit")
    parser.add_argument("--core", metavar="CORE", help="cortex-m0+, cortex-m3, cortex-m4, cortex-m7 or cortex-m33")
    parser.add_argument("--board", metavar="NAME", help="hardware of the library: its core, memory, clock and flash")
    parser.add_argument("--clock", metavar="HZ", help="for times, for example 120MHz (default: the board's highest)")
    parser.add_argument("--entry", metavar="SYMBOL", help="run this function alone, until it returns")
    parser.add_argument("--exit", metavar="SYMBOL", help="the program ends where it reaches this symbol")
    parser.add_argument("--timeout", default="10s", metavar="TIME", help="limit of a run (default: %(default)s)")
    parser.add_argument("--regions", metavar="SYMBOLS", help="every counter of these functions: a,b,c")
    parser.add_argument("--per-function", action="store_true", help="list every function, not only the longest")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--flame", type=Path, metavar="FILE", help="write a flame graph as SVG")
    parser.add_argument("--build", type=Path, default=Path("build"), metavar="DIR", help="build folder")
    parser.set_defaults(run=_sim)


def _add_measuring_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a .hwspec file")
    parser.add_argument(
        "--build", type=Path, default=Path("build"), metavar="DIR", help="build folder and result store"
    )
    parser.add_argument("--target", action="append", metavar="NAME", help="only this target (may be repeated)")
    parser.add_argument("--fresh", action="store_true", help="measure again even where a stored result is current")
    parser.add_argument(
        "--port", action="append", metavar="NAME=PORT", help="measure this target on the board at a serial port"
    )


def _check(options: argparse.Namespace) -> int:
    from specc.check import check

    if options.unsafe_fixes and not (options.fix or options.diff):
        _usage("--unsafe-fixes goes with --fix or --diff")
    if options.watch:
        if options.fix or options.diff or options.format != "text":
            _usage("--watch prints text and changes nothing; it takes no --fix, --diff or --format")
        return _watch(options)
    if options.diff:
        return _show_repairs(options)
    results = _repaired(options) if options.fix else [check(path) for path in options.files]
    if results is None:
        return EXIT_FAILED
    if options.format == "text":
        for path, result in zip(options.files, results, strict=True):
            _print_findings(path, result, sys.stdout, always_summarise=True)
    else:
        _print_for_programs(options.files, results, options.format)
    return EXIT_FAILED if any(result.has_errors for result in results) else EXIT_OK


def _watch(options: argparse.Namespace) -> int:
    """Check now and after every change of a file or of what it imports, until Ctrl-C."""
    from specc.check import check
    from specc.check.watch import changes, files_of

    watched = set(options.files)
    try:
        for _ in changes(watched):
            if sys.stdout.isatty():
                print("\x1b[2J\x1b[H", end="")
            for path in options.files:
                result = check(path)
                watched |= files_of(result)
                _print_findings(path, result, sys.stdout, always_summarise=True)
            sys.stdout.flush()
    except KeyboardInterrupt:
        pass
    return EXIT_INTERRUPTED


def _fmt(options: argparse.Namespace) -> int:
    from specc.syntax.formatter.files import format_files

    mode: Literal["write", "check", "diff"] = "check" if options.check else "diff" if options.diff else "write"
    return EXIT_OK if format_files(options.files, mode, colour=_use_colour(sys.stdout)) else EXIT_FAILED


def _init(options: argparse.Namespace) -> int:
    """Write the starter spec under a new name; a file that is there already stays as it is."""
    import re

    from specc.resources import resource

    name = options.name.removesuffix(".hwspec")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name):
        _usage(f"`{name[:70]}` cannot name a model: names have letters, digits and `_`, at most 64")
    path = Path(f"{name}.hwspec")
    text = resource("templates", "starter.hwspec").read_text(encoding="utf-8").replace("FILE", str(path))
    text = re.sub(r"^(model|quantization) starter ", rf"\1 {name} ", text, flags=re.MULTILINE)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        _usage(f"{path} exists already; nothing was written")
    except OSError as error:
        print(f"specc: {path} cannot be written: {error.strerror or error}", file=sys.stderr)
        return EXIT_FAILED
    print(f"{path} is written; `specc check {path}` proves what can be proven about it")
    return EXIT_OK


def _schema(options: argparse.Namespace) -> int:
    from specc.spec.schema import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return EXIT_OK


def _lsp(options: argparse.Namespace) -> int:
    try:
        from specc.lsp.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        print("specc: the language server needs pygls: pip install 'specc[lsp]'", file=sys.stderr)
        return EXIT_FAILED
    serve()
    return EXIT_OK


def _print_for_programs(paths: Sequence[Path], results: Sequence[CheckResult], form: str) -> None:
    from specc.diagnostics.model import FileFindings
    from specc.diagnostics.render import render

    pairs = zip(paths, results, strict=True)
    _print_lines(render([FileFindings(str(path), result.diagnostics, result.waived) for path, result in pairs], form))


def _repaired(options: argparse.Namespace) -> list[CheckResult] | None:
    """What is left to be found after repairing the files, or None after printing why one cannot be written."""
    from specc.check.repair import RepairError, repair, write

    results = []
    for path in options.files:
        repaired = repair(path, unsafe=options.unsafe_fixes)
        if repaired.after != repaired.before:
            try:
                write(repaired)
            except RepairError as error:
                print(f"specc: {error}", file=sys.stderr)
                return None
            fixes = f"{len(repaired.applied)} {'fix' if len(repaired.applied) == 1 else 'fixes'}"
            print(f"specc: {fixes} made in {path}", file=sys.stderr)
        results.append(repaired.result)
    return results


def _show_repairs(options: argparse.Namespace) -> int:
    """What --fix would change, as unified diffs; findings go to the usual command."""
    if options.format != "text":
        _usage("--diff prints a diff; it takes no --format")
    from specc.check.repair import repair
    from specc.diagnostics.fixes import difference

    changed = failed = False
    for path in options.files:
        repaired = repair(path, unsafe=options.unsafe_fixes)
        if not repaired.before:
            _print_findings(path, repaired.result, sys.stderr, always_summarise=True)
        before, after = repaired.before.decode(), repaired.after.decode()
        sys.stdout.write(difference(before, after, str(path)))
        changed |= before != after
        failed |= repaired.result.has_errors
    return EXIT_FAILED if changed or failed else EXIT_OK


def _print_lines(text: str) -> None:
    """Print a text; nothing at all, not even an empty line, if there is none."""
    if text:
        print(text)


def _print_findings(path: Path, result: CheckResult, stream: TextIO, *, always_summarise: bool) -> None:
    from specc.diagnostics.render_text import render, summary

    if result.diagnostics or always_summarise:
        text = render(result.diagnostics, colour=_use_colour(stream))
        print(text + ("\n" if text else "") + summary(result.diagnostics, str(path), len(result.waived)), file=stream)


def _checked(options: argparse.Namespace) -> CheckResult | None:
    """The checked spec of a measuring command, or None after printing why it cannot be measured."""
    from specc.check import check

    result = check(options.file)
    form = getattr(options, "format", "text")
    stream = sys.stdout if form == "text" else sys.stderr
    _print_findings(options.file, result, stream, always_summarise=False)
    if not result.can_be_measured or result.spec is None:
        if form != "text":
            _print_for_programs([options.file], [result], form)
        return None
    known = {target.name for target in result.spec.targets}
    for name in options.target or ():
        if name not in known:
            _usage(f"{options.file} declares no target {name}; it declares {', '.join(sorted(known))}")
    return result


def _verified(options: argparse.Namespace) -> Verified | None:
    """The judged spec of a measuring command, or None after printing why there is none."""
    checked = _checked(options)
    if checked is None:
        return None
    from specc.measure.store import StoreError
    from specc.measure.verify import ScheduleError, verify
    from specc.numerics.quantize import QuantizationError

    ports = _ports(options, {target.name for target in checked.spec.targets} if checked.spec else set())
    with _Progress(sys.stderr) as progress:
        try:
            verified = verify(
                checked, options.build, progress.show, targets=options.target, fresh=options.fresh, ports=ports
            )
        except (QuantizationError, ScheduleError, StoreError) as error:
            print(f"specc: {error}", file=sys.stderr)
            return None
    for name, reason in verified.missing.items():
        print(f"specc: target {name}: {reason}", file=sys.stderr)
    return verified


def _ports(options: argparse.Namespace, known: set[str]) -> dict[str, str]:
    """The serial ports of the command line, by target."""
    ports: dict[str, str] = {}
    for text in options.port or ():
        name, equals, port = text.partition("=")
        if not (name and equals and port):
            _usage(f"--port {text}: write NAME=PORT, for example f407=/dev/ttyACM0")
        if name not in known:
            _usage(f"--port {text}: {options.file} declares no target {name}; it declares {', '.join(sorted(known))}")
        if name in ports or port in ports.values():
            _usage(f"--port {text}: the target or the port was given before")
        ports[name] = port
    return ports


def _flash(options: argparse.Namespace) -> int:
    checked = _checked(options)
    if checked is None:
        return EXIT_FAILED
    from specc.measure.backend import BackendError
    from specc.measure.flash import flash
    from specc.numerics.quantize import QuantizationError

    with _Progress(sys.stderr) as progress:
        try:
            done = flash(checked, options.target[0], options.probe, options.build, progress.show)
        except (BackendError, QuantizationError) as error:
            print(f"specc: {error}", file=sys.stderr)
            return EXIT_FAILED
    print(done)
    return EXIT_OK


def _measure(options: argparse.Namespace) -> int:
    verified = _verified(options)
    if verified is None:
        return EXIT_FAILED
    from specc.report.terminal import measurement_table

    print(measurement_table(verified.measurements, verified.run.reused))
    return EXIT_FAILED if verified.failures else EXIT_OK


def _verify(options: argparse.Namespace) -> int:
    verified = _verified(options)
    if verified is None:
        return EXIT_FAILED
    if options.format == "json":
        print(json.dumps(verified.to_json(), indent=2))
    elif options.format == "text":
        from specc.report.terminal import verdict_table

        print(verdict_table(verified.verdicts, colour=_use_colour(sys.stdout)))
    else:
        _print_verdicts(verified, options)
    return _gate(verified)


def _print_verdicts(verified: Verified, options: argparse.Namespace) -> None:
    """Verdicts in the formats of `specc check`, at the budget lines that were judged."""
    from specc.measure.findings import findings, suite

    if options.format == "junit":
        from specc.diagnostics.render_junit import render as render_junit

        print(render_junit([suite(verified, str(options.file))]))
    else:
        from specc.diagnostics.render import render

        _print_lines(render([findings(verified, str(options.file))], options.format))


def _gate(verified: Verified) -> int:
    outcomes = {verdict.outcome for verdict in verified.verdicts}
    if "fail" in outcomes or verified.failures:
        return EXIT_FAILED
    return EXIT_UNDECIDED if "undecided" in outcomes or not outcomes else EXIT_OK


def _report(options: argparse.Namespace) -> int:
    verified = _verified(options)
    if verified is None:
        return EXIT_FAILED
    from specc.report.document import write_guidelines
    from specc.report.inputs import ReportError, ReportInputs

    inputs = ReportInputs(
        spec=verified.spec,
        network=verified.network,
        measurements=verified.measurements,
        verdicts=verified.verdicts,
        quantized=verified.quantized,
        failures=verified.missing,
        diagnostics=verified.diagnostics,
        waived=verified.waived,
        source_name=str(options.file),
    )
    folder = options.output or options.build / options.file.stem
    try:
        with _Progress(sys.stderr) as progress:
            progress.show("writing the guidelines")
            written = write_guidelines(inputs, folder, ("html",) if options.html_only else ("pdf", "html"))
    except ReportError as error:
        print(f"specc: {error}", file=sys.stderr)
        return EXIT_FAILED
    for path in written:
        print(path)
    return EXIT_OK if options.no_gate else _gate(verified)


def _add_targets_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="show these side by side")
    parser.add_argument("--core", metavar="CORE", help="only this core, for example cortex-m4")
    for option, what in (("--min-clock", "100MHz"), ("--min-sram", "256KiB"), ("--min-flash", "1MiB")):
        parser.add_argument(option, metavar="QUANTITY", help=f"at least, for example {what}")
    for option, what in (("--max-power", "50mW, while it infers"), ("--max-price", "5USD")):
        parser.add_argument(option, metavar="QUANTITY", help=f"at most, for example {what}")
    parser.add_argument(
        "--sort", choices=("clock", "sram", "flash", "power", "price"), help="the best first, unknown last"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how the list is printed")
    parser.set_defaults(run=_targets)


def _targets(options: argparse.Namespace) -> int:
    from specc.diagnostics.model import Sink
    from specc.elaborate.hardware import library_names, load_hardware
    from specc.report import hardware_filter, hardware_list

    sink = Sink()
    hardware = [entry for name in library_names() if (entry := load_hardware(name, sink)) is not None]
    if sink.has_errors:
        from specc.diagnostics.render_text import render

        print(render(sink, colour=_use_colour(sys.stderr)), file=sys.stderr)
        return EXIT_FAILED
    limits = []
    try:
        pool = hardware_filter.by_name(hardware, options.names) if options.names else tuple(hardware)
        core = hardware_filter.read_core(options.core) if options.core is not None else None
        for name, measure in hardware_filter.MEASURES.items():
            bound = f"{'min' if measure.more_is_better else 'max'}_{name}"
            if (text := getattr(options, bound)) is not None:
                limits.append(hardware_filter.read_limit(measure, f"--{bound.replace('_', '-')}", text))
    except hardware_filter.FilterError as error:
        _usage(str(error))
    if options.sort:
        pool = hardware_filter.ranked(pool, hardware_filter.MEASURES[options.sort])
    selection = hardware_filter.select(pool, limits, core)
    if options.format == "json":
        print(json.dumps(hardware_list.selection_json(selection), indent=2))
    else:
        show = hardware_list.comparison_text if options.names else hardware_list.list_text
        wanted = hardware_filter.conditions(limits, core)
        summary = hardware_list.summary_text(selection, wanted, len(pool)) if wanted else ""
        print("\n\n".join(text for text in (show(selection.hardware) if selection.hardware else "", summary) if text))
    return EXIT_OK


def _sim(options: argparse.Namespace) -> int:
    from specc.measure.simulator import SimulationError, find_simulator
    from specc.report import flame_graph, simulation
    from specc.report.hardware_filter import FilterError
    from specc.report.simulation_options import read_simulation

    try:
        wanted = read_simulation(options)
    except FilterError as error:
        _usage(str(error))
    try:
        run = find_simulator(wanted.core).run(wanted)
        regions = simulation.known_regions(run, options.regions)
        if options.flame is not None:
            options.flame.write_text(flame_graph.flame_graph(run.stacks, str(wanted.elf.name)), encoding="utf-8")
    except SimulationError as error:
        print(f"specc: {error}", file=sys.stderr)
        return EXIT_FAILED
    except OSError as error:
        print(f"specc: {options.flame} cannot be written: {error.strerror}", file=sys.stderr)
        return EXIT_FAILED
    if options.json:
        print(simulation.to_json(wanted, run, regions))
    else:
        print(simulation.to_text(wanted, run, regions, every_function=options.per_function))
    return EXIT_OK if run.exit_code == 0 else EXIT_FAILED


def _explain(options: argparse.Namespace) -> int:
    from specc.diagnostics.registry import CODES
    from specc.diagnostics.render_text import explain, overview

    code = (options.code or "").upper()
    if options.code is not None and code not in CODES:
        from difflib import get_close_matches

        near = get_close_matches(code, CODES, n=3, cutoff=0.5)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        _usage(f"there is no diagnostic {options.code}{hint}")
    if options.format == "json":
        from dataclasses import asdict

        shown = [CODES[code]] if code else list(CODES.values())
        print(json.dumps({"format_version": 1, "codes": [asdict(entry) for entry in shown]}, indent=2))
    else:
        print(explain(code) if code else overview())
    return EXIT_OK


def _usage(message: str) -> NoReturn:
    print(f"specc: {message}", file=sys.stderr)
    raise SystemExit(EXIT_USAGE)


def _use_colour(stream: object) -> bool:
    import os

    return hasattr(stream, "isatty") and stream.isatty() and "NO_COLOR" not in os.environ


class _Progress:
    """One line of progress on a terminal, rewritten in place; nothing in a pipe."""

    def __init__(self, stream: object) -> None:
        self._stream = stream
        self._active = hasattr(stream, "isatty") and stream.isatty()

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._active:
            self._write("\r\x1b[K")

    def show(self, message: str) -> None:
        if self._active:
            self._write(f"\r\x1b[K{message[:100]}")

    def _write(self, text: str) -> None:
        print(text, end="", file=self._stream, flush=True)  # type: ignore[call-overload]


if __name__ == "__main__":
    sys.exit(main())
