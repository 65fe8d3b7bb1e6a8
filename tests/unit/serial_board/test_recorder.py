"""Recorded current: the recorder's program, what the line does to its frames, and the energy that comes of them."""

from __future__ import annotations

import struct
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import recorder_peer
from line_faults import Damage, FaultyLine, doubled, dropped, flipped, noise, repeated
from recorder_peer import IN_FRAME, RATE, SUMMED, TOP, Behaviour, Peer

from specc.codegen.toolchain import HOST_FLAGS, Toolchain
from specc.diagnostics.model import Sink
from specc.elaborate.hardware import load_hardware
from specc.measure.backend import BackendError
from specc.measure.energy.csv_file import read_csv
from specc.measure.energy.inferences import attribute, marked_windows
from specc.measure.energy.recording import Recording, power_trace, write_csv
from specc.measure.energy.trace import TraceError
from specc.resources import resource
from specc.spec.contract import SenseResistor
from specc.units import quantity
from specc_backends.serial_board import recorder
from specc_backends.serial_board.frames import Decoder, Frame
from specc_backends.serial_board.image import read_image
from specc_backends.serial_board.recorder_firmware import build_recorder

SENSOR = SenseResistor(
    name="adc",
    resistor=quantity(2, "ohm"),
    gain=quantity(10, None),
    supply=quantity(3, "V"),
    reference=quantity(3, "V"),
    required_rate=quantity(1, "kHz"),
)


def record(port: str, samples: int) -> Recording:
    with recorder.recording(port) as running:
        deadline = time.monotonic() + 20
        while running.samples < samples and time.monotonic() < deadline and running.is_running:
            time.sleep(0.01)
        return running.stop()


# ---- the program ----


@pytest.fixture(scope="module")
def program(folder: Path) -> Path:
    path = folder / "recorder_host"
    here = Path(__file__).parent
    sources = [here / "recorder_host.c", resource("firmware", "recorder/recorder.c")]
    sources += [resource("firmware", "runtime/frame.c")]
    include = [resource("firmware", "recorder"), resource("firmware", "runtime")]
    Toolchain(folder).compile(sources, path, [*HOST_FLAGS], include)
    return path


def sent(program: Path, pairs: np.ndarray, status: int = 0) -> list[Frame]:
    given = pairs.astype("<u2").tobytes()
    done = subprocess.run([program], check=False, input=given, stdout=subprocess.PIPE, timeout=20)
    assert done.returncode == status
    decoder = Decoder()
    frames = decoder.feed(done.stdout)
    assert not decoder.noise and not decoder.broken
    return frames


def test_the_program_adds_conversions_and_counts_samples(program: Path) -> None:
    generator = np.random.default_rng(1)
    frames = 90
    pairs = generator.integers(0, TOP + 1, (frames * IN_FRAME * SUMMED, 2))
    pairs[::5, 0] = TOP
    got = sent(program, pairs)
    by_sample = pairs.reshape(frames, IN_FRAME, SUMMED, 2)
    facts = [frame.payload for frame in got if frame.kind == 0x40]
    assert facts == 3 * [struct.pack("<BBHI", 1, SUMMED, TOP, RATE)]
    assert [frame.sequence for frame in got] == [number % 256 for number in range(len(got))]
    for number, frame in enumerate(frame for frame in got if frame.kind == 0x41):
        first, clipped, *words = struct.unpack(f"<IH{IN_FRAME}H", frame.payload)
        own = by_sample[number]
        assert first == number * IN_FRAME
        assert clipped == (own[..., 0] == TOP).sum()
        assert [word & 0x7FFF for word in words] == own[..., 0].sum(1).tolist()
        assert [word >> 15 for word in words] == ((own[..., 1] > TOP // 2).sum(1) > SUMMED // 2).tolist()


@pytest.mark.parametrize("level", [0, TOP])
def test_the_ends_of_the_range_fit_a_sample(program: Path, level: int) -> None:
    frame = sent(program, np.full((IN_FRAME * SUMMED, 2), level))[1]
    _, clipped, *words = struct.unpack(f"<IH{IN_FRAME}H", frame.payload)
    assert clipped == (IN_FRAME * SUMMED if level else 0)
    assert set(words) == {SUMMED * level | (0x8000 if level else 0)}


def test_lost_conversions_start_the_recorder_over(program: Path) -> None:
    pairs = np.zeros((IN_FRAME * SUMMED + 5, 2))
    pairs[-1] = 0xFFFF
    assert [frame.kind for frame in sent(program, pairs, status=75)] == [0x40, 0x41]


@pytest.mark.parametrize(("name", "family"), [("stm32f407", "stm32f4"), ("stm32l4r5", "stm32l4")])
def test_the_program_of_a_board(folder: Path, name: str, family: str) -> None:
    hardware = load_hardware(name, Sink())
    assert hardware is not None
    built = build_recorder(hardware, Toolchain(folder), folder / f"recorder-{name}")
    image = read_image(built.elf)
    assert built.part.family == family and {"sampler_take", "Reset_Handler"} <= image.symbols.keys()
    assert image.static_sram_bytes < 16 * 1024 and image.flash_bytes < 8 * 1024
    # While a frame of 271 bytes of ten bits is on the line, the ring must not fill.
    ring = image.symbols["ring"][1] // 2 / 2 / (RATE * SUMMED)
    assert ring > 4 * 271 * 10 / 115_200


def test_what_is_no_recorder_yet(folder: Path) -> None:
    hardware = load_hardware("rp2040", Sink())
    assert hardware is not None
    with pytest.raises(BackendError, match="rp2040 cannot be a recorder yet; stm32f407, stm32l4r5 can"):
        build_recorder(hardware, Toolchain(folder), folder / "recorder")


# ---- the line ----


def test_every_sample_arrives(tmp_path: Path) -> None:
    with Peer() as peer:
        got = record(peer.port, 5_000)
    assert got.lost == 0 and got.rate == RATE and not got.clipped.any()
    expected = [recorder_peer.sample(number) for number in got.index.tolist()]
    assert (got.level * SUMMED * TOP).round().astype(int).tolist() == [total for total, _ in expected]
    assert got.mark.tolist() == [busy for _, busy in expected]


@pytest.mark.parametrize(
    "damage",
    [noise(0.002), dropped(0.001), doubled(0.001), flipped(0.001), repeated(0.2)],
    ids=["noise", "dropped", "doubled", "flipped", "repeated"],
)
def test_a_bad_line_loses_samples_and_makes_none_up(damage: Damage) -> None:
    with Peer() as peer, FaultyLine(peer.port, damage) as line:
        got = record(line.port, 8_000)
    assert (np.diff(got.index) > 0).all()
    expected = [recorder_peer.sample(number) for number in got.index.tolist()]
    assert (got.level * SUMMED * TOP).round().astype(int).tolist() == [total for total, _ in expected]
    trace = power_trace(got, SENSOR)
    assert sum(round((end - start) * RATE) - 1 for start, end in trace.gaps) == got.lost
    assert any("were lost on the way" in note for note in trace.notes) == (got.lost > 0)


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (Behaviour(silent_from=50), r"fell silent after [\d,]+ samples"),
        (Behaviour(silent_from=0), r"there is no recorder at .*: nothing said so within"),
        (Behaviour(over_every=60), r"started over after [\d,]+ samples: is its supply steady"),
        (Behaviour(version=2), r"speaks version 02 of the protocol, not 01: flash it again"),
        (Behaviour(kind=0x42), r"fell silent after 0 samples"),
    ],
    ids=["stops", "says nothing", "is reset", "another version", "no samples"],
)
def test_a_recorder_that_fails(behaviour: Behaviour, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "silent" in message or "nothing" in message:
        monkeypatch.setattr(recorder, "GREETING_SECONDS", 1.0)
        monkeypatch.setattr(recorder, "SILENCE_SECONDS", 0.5)
    with Peer(behaviour) as peer, pytest.raises(BackendError, match=message):
        record(peer.port, 1 << 30)


def test_a_port_that_is_missing() -> None:
    with pytest.raises(BackendError, match="there is no port /dev/no-such-port"):
        record("/dev/no-such-port", 1)


# ---- energy ----

# By hand: 3 V / 10 / 2 ohm = 150 mA for the whole range; half of it is 75 mA and drops 150 mV of 3 V: 213.75 mW. A
# twentieth is 7.5 mA, 22.39 mW. An inference of 100 samples takes 40 ms.
BUSY_WATTS, IDLE_WATTS = 0.075 * 2.85, 0.0075 * 2.985


def test_the_energy_of_an_inference_and_its_layers(tmp_path: Path) -> None:
    with Peer(Behaviour(lost=lambda frame: frame in (40, 41, 60))) as peer:
        got = record(peer.port, 10_000)
    assert got.lost == 3 * IN_FRAME
    write_csv(power_trace(got, SENSOR), tmp_path / "trace.csv")
    for trace in (power_trace(got, SENSOR), read_csv(tmp_path / "trace.csv", mark="D0")):
        windows = marked_windows(trace)
        result = attribute(trace, windows, {"first": 0.25, "second": 0.75})
        assert result.idle_watts == pytest.approx(IDLE_WATTS, rel=1e-3)
        assert (result.total.low or 0) <= BUSY_WATTS * 0.04 <= (result.total.high or 0)
        assert result.total.value == pytest.approx(BUSY_WATTS * 0.04, rel=0.01)
        assert result.layers["first"].value == pytest.approx(BUSY_WATTS * 0.01, rel=0.05)
        assert all(trace.is_whole(*window) for window in windows)


def test_a_current_beyond_the_range_is_refused_where_it_matters() -> None:
    """Samples 3,172 to 3,232 are of an inference, samples 3,050 to 3,110 are not."""
    for frame, matters in ((52, True), (50, False)):
        with Peer(Behaviour(clipped=lambda number, frame=frame: number == frame)) as peer:
            got = record(peer.port, 5_000)
        trace = power_trace(got, SENSOR)
        assert got.clipped.sum() == IN_FRAME
        windows = marked_windows(trace)
        if matters:
            with pytest.raises(TraceError, match="beyond the instrument's range"):
                attribute(trace, windows, {})
        else:
            assert attribute(trace, windows, {}).inferences == len(windows)


def test_more_samples_than_the_recorder_takes() -> None:
    with Peer() as peer:
        got = record(peer.port, 500)
    with pytest.raises(TraceError, match="2500 samples per second are too few: at least 5000"):
        power_trace(got, SENSOR.model_copy(update={"required_rate": quantity(5, "kHz")}))


def test_clocks_that_disagree_are_noted() -> None:
    count = 10 * RATE
    quiet = np.zeros(count, bool)
    index = np.arange(count)

    def notes(seconds: float) -> tuple[str, ...]:
        return power_trace(Recording(RATE, index, np.full(count, 0.1), quiet, quiet, seconds), SENSOR).notes

    assert len(notes(10.1)) == 1
    assert "the recorder counted 10 s where this computer's clock says 12 s" in notes(12.0)[1]
