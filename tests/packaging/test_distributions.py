"""Wheel and source distribution, built and installed as a user would, and run where there is nothing but a spec."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from specc import __version__

ROOT = Path(__file__).resolve().parents[2]
AREAS = ("grammar", "templates", "firmware", "specs")


def run(*command: str | Path, cwd: Path) -> str:
    # No trace of this checkout: neither its folder on the path nor its environment's variables.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON") and k != "VIRTUAL_ENV"}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def shipped(area: str) -> set[str]:
    """The files of an area under version control, or in the folder where there is none (a source distribution)."""
    if shutil.which("git"):
        listing = subprocess.run(["git", "ls-files", "-z", area], cwd=ROOT, capture_output=True, text=True, check=False)
        if listing.returncode == 0 and listing.stdout:
            return set(listing.stdout.split("\0")) - {""}
    paths = (ROOT / area).rglob("*")
    return {str(path.relative_to(ROOT)) for path in paths if path.is_file() and "__pycache__" not in path.parts}


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three files: the wheel and the source distribution of this checkout, and a wheel made from the latter."""
    folder = tmp_path_factory.mktemp("distributions")
    # Without isolation: the build backend is in the environment of the tests, and nothing is downloaded.
    build = (sys.executable, "-m", "build", "--no-isolation")
    run(*build, "--wheel", "--outdir", folder / "direct", ROOT, cwd=folder)
    run(*build, "--outdir", folder / "both", ROOT, cwd=folder)  # makes the wheel from the source distribution
    (wheel,), (source,) = (folder / "direct").glob("*.whl"), (folder / "both").glob("*.tar.gz")
    (again,) = (folder / "both").glob("*.whl")
    return {"wheel": wheel, "sdist": source, "wheel of sdist": again}


@pytest.fixture(scope="module", params=["wheel", "sdist"])
def installed(
    request: pytest.FixtureRequest, distributions: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The scripts folder of a new environment with one distribution installed."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder / "env", with_pip=False, symlinks=True)
    scripts = folder / "env" / "bin"
    library = sysconfig.get_path("purelib", "venv", {"base": str(folder / "env"), "platbase": str(folder / "env")})
    pip = (sys.executable, "-m", "pip", "--python", scripts / "python", "install", "--no-deps", "--no-build-isolation")
    # The dependencies come from the environment of the tests, by a line in a .pth file: they are hundreds of megabytes,
    # and the test is about specc's own files. A .pth line adds a folder without reading the .pth files in it, so that
    # the editable specc installed there stays out of sight.
    (Path(library) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    run(*pip, "--no-index", "--quiet", distributions[request.param], cwd=folder)
    empty = folder / "empty"
    empty.mkdir()
    (empty / "kws.hwspec").write_bytes((ROOT / "specs" / "kws.hwspec").read_bytes())
    yield scripts


def test_version_and_check_run_from_the_installed_distribution(installed: Path) -> None:
    empty = installed.parent.parent / "empty"
    assert run(installed / "specc", "--version", cwd=empty) == f"specc {__version__}\n"
    assert "kws.hwspec" in run(installed / "specc", "check", "kws.hwspec", cwd=empty)
    assert [path.name for path in empty.iterdir()] == ["kws.hwspec"], "check writes nothing"


def test_the_installed_code_is_the_distribution_not_the_checkout(installed: Path) -> None:
    question = "import specc, specc_backends; print(specc.__file__, specc_backends.__file__, sep='\\n')"
    for path in run(installed / "python", "-c", question, cwd=installed).splitlines():
        assert Path(path).is_relative_to(installed.parent)


@pytest.mark.parametrize("area", AREAS)
def test_every_data_file_is_in_the_wheel(distributions: dict[str, Path], area: str) -> None:
    expected = {f"specc/_data/{name}" for name in shipped(area)}
    assert expected
    for name in ("wheel", "wheel of sdist"):
        assert expected <= set(zipfile.ZipFile(distributions[name]).namelist()), name


def test_both_ways_to_a_wheel_give_the_same_files(distributions: dict[str, Path]) -> None:
    direct, again = (zipfile.ZipFile(distributions[name]) for name in ("wheel", "wheel of sdist"))
    assert {i.filename: i.CRC for i in direct.infolist()} == {i.filename: i.CRC for i in again.infolist()}


def test_the_wheel_holds_no_leftovers(distributions: dict[str, Path]) -> None:
    names = zipfile.ZipFile(distributions["wheel"]).namelist()
    strange = [n for n in names if not n.startswith(("specc/", "specc_backends/", f"specc-{__version__}.dist-info/"))]
    assert not strange
    assert not [name for name in names if "__pycache__" in name or name.endswith((".o", ".elf", ".db"))]


def test_metadata_names_the_licence_and_the_oldest_python(distributions: dict[str, Path]) -> None:
    with zipfile.ZipFile(distributions["wheel"]) as wheel:
        metadata = wheel.read(f"specc-{__version__}.dist-info/METADATA").decode()
        entry_points = wheel.read(f"specc-{__version__}.dist-info/entry_points.txt").decode()
    assert "License-Expression: MIT" in metadata
    assert "Requires-Python: >=3.11" in metadata
    assert "specc = specc.cli:main" in entry_points
    assert "[specc.backends]" in entry_points
