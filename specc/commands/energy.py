"""`specc energy`: recordings of current, the boards that record it, and sensors behind a board's pins."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specc.commands.console import EXIT_FAILED, EXIT_OK, Progress, add_command, fail, require_target, usage

if TYPE_CHECKING:
    from specc.check import CheckResult
    from specc.measure.energy.bench import Recorder
    from specc.measure.energy.inferences import Window
    from specc.measure.energy.trace import Trace
    from specc.measure.result import Measurement
    from specc.spec.contract import SenseResistor

_IMPORT_EPILOG = """\
examples:
  specc energy import trace.csv --spec specs/kws.hwspec --target l4r5 --voltage 1.8 --mark D0
  specc energy import trace.csv --spec specs/kws.hwspec --target l4r5 --between 1.5 6.5 --inferences 100
"""
_RECORD_EPILOG = """\
The spec says what stands before the recorder's converter:
  instrument f407 { sensor adc { resistor 1 ohm, gain 50, supply 3.3 V, reference 3.3 V } }

examples:
  specc energy record trace.csv --spec kws.hwspec --target f407 --recorder /dev/ttyACM1 --port /dev/ttyACM0
  specc energy record trace.csv --spec kws.hwspec --target f407 --recorder /dev/ttyACM1 --seconds 10

With --port the board is measured anew meanwhile, and its result gets the energy. With --seconds the file alone is
written; `specc energy import trace.csv --mark D0` reads it.
"""
_FLASH_EPILOG = """\
examples:
  specc energy flash-recorder stm32f407
  specc energy flash-recorder stm32f407 --probe 0670FF495451717867
"""
_SENSORS_EPILOG = """\
examples:
  specc energy sensors --port /dev/ttyACM0                               which addresses answer
  specc energy sensors --port /dev/ttyACM0 --shunt 0.1 --largest 0.5     what flows through them, too

The board runs specc's firmware (`specc flash`). An INA226 says what it is; an INA219 does not, so a device that does
not say is read as one. Reading sets sensors up: it writes their configuration and calibration.
"""


def add_commands(commands: Any) -> None:
    """Declare the commands. Everything heavy is imported when one runs."""
    examples = [line for epilog in _EPILOGS for line in epilog.splitlines() if line.startswith("  specc ")]
    every = "\n".join(("examples:", *examples))
    parser = add_command(commands, "energy", "energy from recorded current, and the boards that record it", every)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    read = add_command(actions, "import", "take the energy of a target from a recording", _IMPORT_EPILOG)
    read.add_argument("file", type=Path, metavar="TRACE", help="CSV of PPK2, Joulescope, Otii, EnergyRunner or plain")
    _add_target(read, "that was recorded")
    read.add_argument("--port", metavar="PORT", help="serial port of the board, if it was measured through one")
    read.add_argument("--voltage", type=float, metavar="V", help="of the supply, where the file has current alone")
    read.add_argument("--mark", metavar="COLUMN", help="digital line that is high during an inference")
    read.add_argument("--between", type=float, nargs=2, metavar=("START", "END"), help="seconds, instead of a mark")
    read.add_argument("--inferences", type=int, default=1, metavar="N", help="inferences in that time, or each mark")
    read.set_defaults(run=_import)

    record = add_command(actions, "record", "record the current of a board with a recorder beside it", _RECORD_EPILOG)
    record.add_argument("file", type=Path, metavar="TRACE", help="the CSV file to write")
    _add_target(record, "that is recorded")
    record.add_argument("--recorder", required=True, metavar="PORT", help="serial port of the recorder")
    how = record.add_mutually_exclusive_group(required=True)
    how.add_argument("--port", metavar="PORT", help="serial port of the board: measure it meanwhile")
    how.add_argument("--seconds", type=float, metavar="N", help="record for so long, and write the file alone")
    record.set_defaults(run=_record)

    flash = add_command(actions, "flash-recorder", "make a recorder of a board", _FLASH_EPILOG)
    flash.add_argument("hardware", metavar="HARDWARE", help="what the board has, by its name in the library")
    flash.add_argument("--probe", metavar="SERIAL", help="serial number of the debug probe, if several are connected")
    _add_build(flash, "build folder")
    flash.set_defaults(run=_flash)

    sensors = add_command(actions, "sensors", "which current sensors answer on a board's I2C pins", _SENSORS_EPILOG)
    sensors.add_argument("--port", required=True, metavar="PORT", help="serial port of the board")
    sensors.add_argument("--shunt", type=float, metavar="OHM", help="the sensors' resistor: read them, too")
    sensors.add_argument("--largest", type=float, metavar="A", help="the largest current that may flow")
    sensors.add_argument("--format", choices=("text", "json"), default="text", help="how the list is printed")
    sensors.set_defaults(run=_sensors)


_EPILOGS = (_IMPORT_EPILOG, _RECORD_EPILOG, _FLASH_EPILOG, _SENSORS_EPILOG)


def _add_target(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--spec", type=Path, required=True, metavar="FILE", help=f"the spec {what}")
    parser.add_argument("--target", required=True, metavar="NAME", help=f"the target {what}")
    _add_build(parser, "folder of the result store")


def _add_build(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--build", type=Path, default=Path("build"), metavar="DIR", help=what)


def _checked(options: argparse.Namespace) -> CheckResult | None:
    """The checked spec of a command, or None after saying why there is none."""
    from specc.check import check

    checked = check(options.spec)
    if not checked.can_be_measured or checked.spec is None:
        fail(f"{options.spec} has errors; see `specc check {options.spec}`")
        return None
    require_target(options.target, {target.name for target in checked.spec.targets}, options.spec)
    return checked


# ---- import ----


def _import(options: argparse.Namespace) -> int:
    from specc.measure.energy.csv_file import read_csv
    from specc.measure.energy.inferences import marked_windows
    from specc.measure.energy.trace import TraceError

    if (options.mark is None) == (options.between is None):
        return fail("say where the inferences are: either --mark COLUMN or --between START END")
    checked = _checked(options)
    if checked is None:
        return EXIT_FAILED
    try:
        trace = read_csv(options.file, options.voltage, options.mark)
        trace.require_rate()
        windows = marked_windows(trace) if options.mark else [tuple(options.between)]
    except TraceError as error:
        return fail(str(error))
    measured = _measured(checked, options, fresh=False)
    return EXIT_FAILED if measured is None else _attach(options, measured, trace, windows, options.inferences)


def _measured(checked: CheckResult, options: argparse.Namespace, *, fresh: bool) -> Measurement | None:
    """The target's result, or None after saying why there is none."""
    from specc.measure.store import StoreError
    from specc.measure.verify import verify
    from specc.numerics.quantize import QuantizationError

    ports = {options.target: options.port} if options.port else None
    with Progress(sys.stderr) as progress:
        try:
            verified = verify(checked, options.build, progress.show, targets=[options.target], fresh=fresh, ports=ports)
        except (QuantizationError, StoreError) as error:
            fail(str(error))
            return None
    if options.target not in verified.run.measurements:
        fail(f"{options.target}: {verified.missing.get(options.target, 'was not measured')}")
        return None
    return verified.run.measurements[options.target]


def _attach(
    options: argparse.Namespace, measured: Measurement, trace: Trace, windows: list[Window], inferences: int
) -> int:
    """Store the result with the energy of a recording, and print it."""
    from specc.measure.energy.attach import attach_energy
    from specc.measure.energy.trace import TraceError
    from specc.measure.store import Store, StoreError, store_path
    from specc.report.results import energy_table

    try:
        attached, result = attach_energy(measured, trace, windows, inferences, options.file)
        with Store(store_path(options.build)) as store:
            store.put(attached)
    except (TraceError, StoreError) as error:
        return fail(str(error))
    print(energy_table(attached, result))
    return EXIT_OK


# ---- record ----


def _record(options: argparse.Namespace) -> int:
    if options.seconds is not None and not options.seconds > 0:
        usage("--seconds: a recording takes more than 0 seconds")
    if not options.file.parent.is_dir():  # before anything is recorded in vain
        return fail(f"{options.file}: there is no folder {options.file.parent}")
    checked = _checked(options)
    if checked is None:
        return EXIT_FAILED
    sensor = _sense_resistor(checked, options.target)
    if sensor is None:
        return fail(
            f"{options.spec} does not say what stands before the recorder's converter: add `instrument "
            f"{options.target} {{ sensor adc {{ resistor 1 ohm, gain 50, supply 3.3 V, reference 3.3 V }} }}`, with "
            "your figures"
        )
    from specc.measure.backend import BackendError
    from specc.measure.energy.bench import bench
    from specc.measure.energy.inferences import marked_windows
    from specc.measure.energy.recording import power_trace, write_csv
    from specc.measure.energy.trace import TraceError

    measured = None
    try:
        with bench().record(options.recorder) as recorder:
            if options.port:
                measured = _measured(checked, options, fresh=True)
                if measured is None:
                    return EXIT_FAILED
            else:
                _wait(recorder, options.seconds)
            recording = recorder.stop()
        trace = power_trace(recording, sensor)
        trace.require_rate()
        write_csv(trace, options.file)
        windows = marked_windows(trace) if measured is not None else []
    except (BackendError, TraceError) as error:
        return fail(str(error))
    if measured is not None:
        return _attach(options, measured, trace, windows, 1)
    print(f"{options.file}: {len(trace.time):,} samples in {trace.time[-1]:.4g} s, {trace.rate:g} a second")
    for note in trace.notes:
        print(f"{options.file}: {note}")
    return EXIT_OK


def _sense_resistor(checked: CheckResult, target: str) -> SenseResistor | None:
    assert checked.spec is not None
    found = (one for item in checked.spec.instruments if item.target == target for one in item.resistors)
    return next(found, None)


def _wait(recorder: Recorder, seconds: float) -> None:
    """Wait for the end of a recording, or of its recorder."""
    end = time.monotonic() + seconds
    with Progress(sys.stderr) as progress:
        while (left := end - time.monotonic()) > 0 and recorder.is_running:
            progress.show(f"recording: {recorder.samples:,} samples, {left:.0f} s to go")
            time.sleep(min(0.2, left))


# ---- boards and sensors ----


def _flash(options: argparse.Namespace) -> int:
    from specc.diagnostics.model import Sink
    from specc.elaborate.hardware import load_hardware
    from specc.measure.backend import BackendError
    from specc.measure.energy.bench import bench

    hardware = load_hardware(options.hardware, Sink())
    if hardware is None:
        usage(f"there is no hardware {options.hardware} in the library; `specc targets` lists it")
    with Progress(sys.stderr) as progress:
        try:
            done = bench().flash_recorder(hardware, options.probe, options.build, progress.show)
        except BackendError as error:
            return fail(str(error))
    print(done)
    return EXIT_OK


def _sensors(options: argparse.Namespace) -> int:
    from specc.measure.backend import BackendError
    from specc.measure.energy.bench import bench
    from specc.measure.energy.ina import SensorError
    from specc.measure.energy.scan import scan
    from specc.report.results import sensors_table

    if (options.shunt is None) != (options.largest is None):
        usage("--shunt and --largest belong together: the resistor and the largest current set a sensor up")
    settings = None if options.shunt is None else (options.shunt, options.largest)
    try:
        with bench().bridge(options.port) as bridge:
            found = scan(bridge, settings)
    except (BackendError, SensorError) as error:
        return fail(str(error))
    if options.format == "json":
        print(json.dumps({"format_version": 1, "port": options.port, "sensors": [one.to_json() for one in found]}))
    elif found:
        print(sensors_table(found))
    if not found:
        return fail(f"no sensor answers on the I2C pins of the board at {options.port}: is it wired and powered?")
    return EXIT_OK
