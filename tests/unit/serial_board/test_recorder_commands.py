"""`specc energy record` and `specc energy flash-recorder` from the command line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from plain_results import TINY_SPEC, Bench
from recorder_peer import Behaviour, Peer

from specc.cli import main
from specc.measure import runner
from specc.measure.backend import BackendError, Job
from specc.measure.energy.csv_file import read_csv
from specc.measure.result import Measurement
from specc.measure.store import Store, store_path
from specc_backends.serial_board import recorder

MOCKS = Path(__file__).resolve().parents[2] / "mock_commands"
SENSOR = "instrument board { sensor adc { resistor 2 ohm, gain 10, supply 3 V, reference 3 V, sample >= 1 kHz } }\n"
ENERGY = 0.075 * 2.85 * 0.04  # of an inference of the simulated recorder, see test_recorder.py


class Board(Bench):
    """A board behind a port whose inferences take 40 ms, a quarter of them in the first layer."""

    needs_port = True

    def __init__(self, trouble: str = "") -> None:
        super().__init__({"one": 10e-3, "two": 30e-3})
        self._trouble = trouble

    def flash(self, job: Job, probe: str | None) -> str:
        raise NotImplementedError

    def measure(self, job: Job, key: str) -> Measurement:
        if self._trouble:
            raise BackendError(self._trouble)
        time.sleep(0.5)  # the simulated recorder records 12 s meanwhile
        return super().measure(job, key)


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(runner, "discover", lambda: [Board()])
    path = tmp_path / "tiny.hwspec"
    path.write_text(TINY_SPEC + SENSOR, encoding="utf-8")
    return path


def command(spec: Path, port: str, *more: str) -> list[str]:
    folder = spec.parent
    given = ["--spec", str(spec), "--target", "board", "--build", str(folder / "build"), "--recorder", port]
    return ["energy", "record", str(folder / "trace.csv"), *given, *more]


def test_a_board_is_measured_and_its_energy_recorded(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Peer() as peer:
        assert main(command(spec, peer.port, "--port", "/dev/board")) == 0
    said = capsys.readouterr().out
    assert "current over 2 ohm with a gain of 10, at most 150 mA" in said
    with Store(store_path(spec.parent / "build")) as store:
        result = store.get("the key")
    assert result is not None and result.energy.evidence == "measured"
    assert result.energy.value == pytest.approx(ENERGY, rel=0.01)
    first, second = (layer.energy for layer in result.layers)
    assert first is not None and first.value == pytest.approx(ENERGY / 4, rel=0.03)
    assert second is not None and second.value == pytest.approx(ENERGY * 3 / 4, rel=0.03)
    assert "trace.csv, SHA-256 " in result.provenance.model_assumptions[-1]
    trace = read_csv(spec.parent / "trace.csv", mark="D0")
    assert trace.rate == pytest.approx(2500)


def test_a_recording_alone_is_imported_later(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Peer() as peer:
        assert main(command(spec, peer.port, "--seconds", "0.6")) == 0
    assert "2500 a second" in capsys.readouterr().out
    assert not store_path(spec.parent / "build").exists()
    given = ["--spec", str(spec), "--target", "board", "--build", str(spec.parent / "build")]
    place = str(spec.parent / "trace.csv")
    assert main(["energy", "import", place, *given, "--mark", "D0", "--port", "/dev/board"]) == 0
    with Store(store_path(spec.parent / "build")) as store:
        result = store.get("the key")
    assert result is not None and result.energy.value == pytest.approx(ENERGY, rel=0.01)


def test_a_recorder_that_stops_leaves_no_energy_and_no_file(
    spec: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "SILENCE_SECONDS", 0.2)
    with Peer(Behaviour(silent_from=20)) as peer:
        assert main(command(spec, peer.port, "--port", "/dev/board")) == 1
    assert "fell silent after" in capsys.readouterr().err
    assert not (spec.parent / "trace.csv").exists()
    with Store(store_path(spec.parent / "build")) as store:
        result = store.get("the key")  # the measurement itself is whole, and kept
    assert result is not None and result.energy.value is None


def test_a_board_that_fails(spec: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "discover", lambda: [Board("the board is silent")])
    with Peer() as peer:
        assert main(command(spec, peer.port, "--port", "/dev/board")) == 1
    assert "board: the board is silent" in capsys.readouterr().err


def test_a_folder_that_is_missing(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = command(spec, "/dev/none", "--seconds", "1")
    given[2] = str(spec.parent / "nowhere" / "trace.csv")
    assert main(given) == 1
    assert f"there is no folder {spec.parent / 'nowhere'}" in capsys.readouterr().err


def test_a_file_that_cannot_be_written(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (spec.parent / "trace.csv").mkdir()
    with Peer() as peer:
        assert main(command(spec, peer.port, "--seconds", "0.5")) == 1
    assert "trace.csv: Is a directory" in capsys.readouterr().err
    assert sorted(path.name for path in spec.parent.iterdir()) == ["tiny.hwspec", "trace.csv"]


def test_a_spec_without_a_sensor(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec.write_text(TINY_SPEC, encoding="utf-8")
    assert main(command(spec, "/dev/none", "--seconds", "1")) == 1
    assert "add `instrument board { sensor adc { resistor 1 ohm, gain 50," in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ((), "one of the arguments --port --seconds is required"),
        (("--seconds", "0"), "a recording takes more than 0 seconds"),
        (("--seconds", "1", "--port", "x"), "not allowed with argument"),
    ],
)
def test_wrong_usage(spec: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], message: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(command(spec, "/dev/none", *more))
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_flashing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "openocd").symlink_to(MOCKS / "openocd")
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("MOCK_LOG", str(tmp_path / "log"))
    given = ["--build", str(folder), "--probe", "0670FF"]
    assert main(["energy", "flash-recorder", "stm32f407", *given]) == 0
    assert (
        "is on the board (by openocd); current on PB0, mark on PB1; its serial line: USART2" in capsys.readouterr().out
    )
    assert "recorder.elf" in (tmp_path / "log").read_text()
    assert main(["energy", "flash-recorder", "rp2040", *given]) == 1
    assert "rp2040 cannot be a recorder yet; stm32f407, stm32l4r5 can" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["energy", "flash-recorder", "nothing", *given])
    assert "there is no hardware nothing in the library" in capsys.readouterr().err
