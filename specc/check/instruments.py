"""Whether the instruments can observe what they are asked to."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from specc.check.context import Context, mark, place, plural
from specc.check.instruction_model import core_name
from specc.source import Span
from specc.spec.contract import Instrument, PowerSensor, SenseResistor
from specc.spec.counters import CACHE_COUNTERS
from specc.spec.hardware import Core, Target

# Armv7-M Architecture Reference Manual (DDI 0403E), C1.8: CPICNT, EXCCNT, SLEEPCNT, LSUCNT and FOLDCNT have 8 bits.
_WRAPPING_COUNTERS: Final = frozenset({"fetch_stalls", "lsu_stalls", "backend_stalls", "folded_instructions"})
_WITH_STALL_COUNTERS: Final[frozenset[Core]] = frozenset({"cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33"})
# The performance monitoring unit starts with Armv8.1-M: Cortex-M55 and M85 are not judged, nor are other makers' cores.
_WITHOUT_CACHE_COUNTERS: Final[frozenset[Core]] = _WITH_STALL_COUNTERS | {"cortex-m0+"}

# Samples a second of a recorder: SAMPLER_HERTZ pairs of conversions by firmware/recorder/sampler.h, of which recorder.c
# sums SUMMED to a sample.
RECORDER_RATE: Final = 2_500


def check_counters(context: Context) -> None:
    """Counters that the target's core does not have, or that wrap too soon to be read."""
    for instrument in context.spec.instruments:
        for target in context.spec.targets:
            if instrument.target == target.name and target.hardware.core != "host":
                for counter in instrument.counters:
                    _judge_counter(context, instrument, target, counter)


def _judge_counter(context: Context, instrument: Instrument, target: Target, counter: str) -> None:
    core = core_name(target.hardware)
    where = _counter_place(instrument, counter)
    secondary = (mark(target, "hardware", core),)
    if counter in CACHE_COUNTERS and target.hardware.core in _WITHOUT_CACHE_COUNTERS:
        cache = "" if target.hardware.core == "cortex-m7" else " It has no cache either, so there are no misses."
        context.report(
            "E5101",
            f"a {core} cannot count `{counter}`: it has no such counter",
            where,
            secondary=secondary,
            notes=(f"the performance monitoring unit starts with Armv8.1-M.{cache}",),
        )
    elif counter in _WRAPPING_COUNTERS and target.hardware.core == "cortex-m0+":
        context.report(
            "E5101",
            f"a {core} cannot count `{counter}`: it has no such counter",
            where,
            secondary=secondary,
            notes=("the DWT of Armv6-M has comparators and a sampled program counter, no counters",),
        )
    elif counter in _WRAPPING_COUNTERS and target.hardware.core in _WITH_STALL_COUNTERS:
        context.report(
            "W5102",
            f"`{counter}` on a {core} is an 8-bit counter: it wraps every 256 events",
            where,
            secondary=secondary,
            notes=(
                "a layer stalls thousands of times, so a difference of two readings is only known modulo 256; "
                "trace packets at every wrap count exactly, or the virtual board does",
            ),
        )


def _counter_place(instrument: Instrument, counter: str) -> Span | None:
    return instrument.spans.get(counter) or place(instrument, "counters")


def check_sensors(context: Context) -> None:
    """Sensors that cannot deliver the readings they owe: they average for too long, or a recorder is too slow."""
    for instrument in context.spec.instruments:
        for sensor in instrument.sensors:
            _judge_sensor(context, sensor)
        for resistor in instrument.resistors:
            _judge_recorder(context, resistor)


def _judge_sensor(context: Context, sensor: PowerSensor) -> None:
    period = sensor.averages * sensor.conversion.base
    if period <= 0 or sensor.required_rate is None:
        return
    one_channel = 1 / period
    if one_channel >= sensor.required_rate.base:
        return
    allowed = int(1 / (sensor.required_rate.base * sensor.conversion.base))
    slower = f"{_rate(one_channel / 2)} when it converts bus and shunt voltage in turn"
    if allowed >= 1:
        repair = f"repair: at most {plural(allowed, 'average')} of {sensor.conversion} (both voltages: {allowed // 2})"
        if allowed < 2:
            repair = f"repair: 1 average of {sensor.conversion} on one channel, or a shorter conversion"
    else:
        longest = Fraction(1) / sensor.required_rate.base * 1000
        repair = f"repair: no averaging and a conversion of at most {float(longest):.4g} ms"
    context.report(
        "E5103",
        f"sensor `{sensor.name}` delivers {_rate(one_channel)} at best, {sensor.required_rate} are required: "
        f"{plural(sensor.averages, 'average')} of {sensor.conversion} take {float(period * 1000):.4g} ms",
        place(sensor, "required_rate"),
        secondary=(mark(sensor, "averages"), mark(sensor, "conversion")),
        notes=(slower, repair),
    )


def _judge_recorder(context: Context, sensor: SenseResistor) -> None:
    if sensor.required_rate is None or sensor.required_rate.base <= RECORDER_RATE:
        return
    context.report(
        "E5103",
        f"sensor `{sensor.name}` delivers {_rate(Fraction(RECORDER_RATE))}, {sensor.required_rate} are required",
        place(sensor, "required_rate"),
        notes=(
            "a recorder sends all that its serial line carries in the worst case",
            f"repair: `sample >= {RECORDER_RATE / 1000:g} kHz` or less, or import the recording of a faster instrument",
        ),
    )


def _rate(readings_per_second: Fraction) -> str:
    value = float(readings_per_second)
    return f"{value:.1f} readings/s" if value < 100 else f"{value:,.0f} readings/s"
