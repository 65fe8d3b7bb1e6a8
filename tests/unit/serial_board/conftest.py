"""A board behind a pseudo terminal: the virtual board, with the firmware that real boards run."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from serial_rig import VIRTUAL, Start, end, launch, make_job

from specc.codegen.toolchain import Toolchain
from specc_backends.serial_board import parts
from specc_backends.serial_board.firmware import Firmware, build_firmware
from specc_backends.virtual_board.native import build_native


@pytest.fixture(scope="session", autouse=True)
def virtual_part() -> Iterator[None]:
    """Board support for the virtual board, in these tests only."""
    parts.PARTS["virtual"] = VIRTUAL
    yield
    del parts.PARTS["virtual"]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One build folder for the session: the compiler's cache is warm after the first test."""
    return tmp_path_factory.mktemp("serial_board")


@pytest.fixture(scope="session")
def library(folder: Path) -> Path:
    return build_native(Toolchain(folder), folder)


@pytest.fixture(scope="session")
def firmware(folder: Path) -> Firmware:
    build = folder / "firmware"
    build.mkdir()
    job = make_job(folder)
    return build_firmware(job.network, job.target, Toolchain(folder), build)


@pytest.fixture
def start(library: Path) -> Iterator[Start]:
    """Starts boards with a program, and ends them."""
    running: list[subprocess.Popen[str]] = []
    yield lambda firmware, *options: launch(running, library, firmware, *options)
    end(running)


@pytest.fixture
def port(start: Start, firmware: Firmware) -> str:
    """A port with the usual board behind it."""
    return start(firmware).port


@pytest.fixture(scope="module")
def module_port(library: Path, firmware: Firmware) -> Iterator[str]:
    """A port with the usual board behind it, for tests that leave it as it was."""
    running: list[subprocess.Popen[str]] = []
    yield launch(running, library, firmware).port
    end(running)
