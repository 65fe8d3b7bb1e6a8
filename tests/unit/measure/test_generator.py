"""The hash of the generator changes with whatever can change the C of a network, and with nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from specc.measure import generator
from specc.measure.generator import generator_hash
from specc.resources import resource


def test_it_is_the_same_every_time() -> None:
    assert generator_hash() == generator_hash()


def test_a_board_of_its_own_counts(tmp_path: Path) -> None:
    board = tmp_path / "board.c"
    board.write_text("int board;")
    first = generator_hash([board])
    assert first != generator_hash()
    board.write_text("int other;")
    assert generator_hash([board]) not in (first, generator_hash())


@pytest.mark.parametrize(
    ("area", "name", "file"),
    [
        ("templates", "c", "network.c.j2"),
        ("firmware", "kernels", "arithmetic.h"),
        ("firmware", "runtime", "harness.c"),
    ],
)
def test_templates_kernels_and_harness_count(
    area: str, name: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = generator_hash()
    for part in (("templates", "c"), ("firmware", "kernels"), ("firmware", "runtime")):
        shutil.copytree(resource(*part), tmp_path.joinpath(*part))
    monkeypatch.setattr(generator, "resource", lambda area, name: tmp_path / area / name)
    assert generator_hash() == before
    with (tmp_path / area / name / file).open("a") as stream:
        stream.write("\n/* changed */\n")
    assert generator_hash() != before


def test_versions_of_libraries_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = generator_hash()
    monkeypatch.setattr(generator, "library_versions", lambda *names: dict.fromkeys(names, "0"))
    assert generator_hash() != before


def test_no_other_part_of_specc_takes_part() -> None:
    """What the generator loads is hashed; the rest holds data (the spec, figures, paths) and decides nothing."""
    program = (
        "import sys; import specc.codegen.generate, specc.codegen.layers, specc.codegen.arena\n"
        "print(*{name.split('.')[1] for name in sys.modules if name.startswith('specc.')})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    data = {"spec", "units", "evidence", "resources", "source"}
    assert set(done.stdout.split()) - data == {"codegen", "graph", "numerics"}
