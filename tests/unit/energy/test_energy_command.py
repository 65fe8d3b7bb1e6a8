"""A recording becomes the energy of a target's result, and nothing else of the result changes."""

from pathlib import Path

import numpy as np
import pytest
from plain_results import TINY_SPEC, Bench

from specc.cli import main
from specc.measure import runner
from specc.measure.store import Store

SPEC = TINY_SPEC + "budget board { energy <= 100 uJ per inference }\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(runner, "discover", lambda: [Bench({"one": 2e-3, "two": 5e-3}, overhead=1e-3)])
    (tmp_path / "tiny.hwspec").write_text(SPEC, encoding="utf-8")
    # Idle 1 mA, and every 20 ms an inference of 8 ms at 11 mA, of which the first 2 ms take 31 mA, at 2 V.
    index = np.arange(2000)  # 100 us apart
    phase = index % 200
    high = (phase >= 60) & (phase < 140)
    current = np.where(high & (phase < 80), 31, np.where(high, 11, 1))
    lines = [f"{i / 10:.1f},{c * 1000},{int(h)}0000000" for i, c, h in zip(index, current, high, strict=True)]
    (tmp_path / "ppk.csv").write_text("Timestamp(ms),Current(uA),D0-D7\n" + "\n".join(lines) + "\n")
    return tmp_path


def command(project: Path, *more: str) -> list[str]:
    spec, build = str(project / "tiny.hwspec"), str(project / "build")
    return ["energy", "import", str(project / "ppk.csv"), "--spec", spec, "--target", "board", "--build", build, *more]


ENERGY = 2 * (2e-3 * 31e-3 + 6e-3 * 11e-3)  # 256 uJ


def test_energy_is_stored_with_its_source(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(project, "--voltage", "2", "--mark", "D0")) == 0
    said = capsys.readouterr().out
    assert "10 inferences, idle 2 mW" in said and "energy includes the idle floor of 2 mW" in said
    with Store(project / "build" / "specc.db") as store:
        before, after = store.all()
        assert store.get("the key") == after
    assert before.energy.value is None
    assert after.energy.evidence == "measured" and after.energy.value == pytest.approx(ENERGY, rel=0.03)
    assert (after.energy.low or 0) <= ENERGY <= (after.energy.high or 0)
    by_layer = {layer.name: layer.energy for layer in after.layers}
    assert by_layer["one"] is not None and by_layer["one"].value == pytest.approx(2 * 2e-3 * 31e-3, rel=0.05)
    assert by_layer["two"] is not None and by_layer["two"].value == pytest.approx(2 * 5e-3 * 11e-3, rel=0.08)
    kept, added = after.provenance.model_assumptions
    assert kept == "kept" and "ppk.csv, SHA-256 " in added and "10 inferences" in added
    changed = {name for name in type(after).model_fields if getattr(after, name) != getattr(before, name)}
    assert changed == {"energy", "idle_power", "layers", "provenance", "notes"}
    assert after.idle_power is not None and after.idle_power.value == pytest.approx(2e-3, rel=0.01)


def test_the_next_verdict_uses_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, build = str(project / "tiny.hwspec"), str(project / "build")
    assert main(["verify", spec, "--build", build]) == 3  # energy unknown: undecided
    assert main(command(project, "--voltage", "2", "--mark", "D0")) == 0
    assert main(["verify", spec, "--build", build]) == 1  # 256 uJ of 100
    capsys.readouterr()


def test_several_inferences_between_two_moments(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(project, "--voltage", "2", "--between", "0.0005", "0.1605", "--inferences", "8")) == 0
    with Store(project / "build" / "specc.db") as store:
        energy = store.get("the key").energy  # type: ignore[union-attr]
    assert energy.value == pytest.approx(ENERGY + 2 * 12e-3 * 1e-3, rel=0.02)  # idle between them included
    assert "the same work?" in capsys.readouterr().out  # 20 ms an inference, not 8


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ((), "either --mark COLUMN or --between"),
        (("--mark", "D0", "--between", "0", "1"), "either --mark COLUMN or --between"),
        (("--mark", "D0"), "the supply's voltage is needed"),
        (("--mark", "D9", "--voltage", "2"), "has no column D9"),
        (("--mark", "D3", "--voltage", "2"), "no whole inference was recorded"),
        (("--between", "0", "99", "--voltage", "2"), "is not within the recording"),
        (("--between", "0", "0.1", "--inferences", "0", "--voltage", "2"), "no inference"),
        (("--spec", "absent.hwspec", "--mark", "D0", "--voltage", "2"), "has errors"),
    ],
)
def test_one_clear_error_each(
    project: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], message: str
) -> None:
    assert main(command(project, *more)) == 1
    assert message in capsys.readouterr().err


def test_a_target_that_is_not_declared(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(command(project, "--target", "other", "--mark", "D0", "--voltage", "2"))
    assert caught.value.code == 2
    assert "declares no target other; it declares board" in capsys.readouterr().err
