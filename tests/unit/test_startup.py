"""Commands start fast because they load only what they need: what a fresh interpreter has imported afterwards."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"numpy", "pandas", "matplotlib", "weasyprint", "sklearn", "unicorn", "capstone", "elftools", "scipy"}

PROGRAM = """
import sys
before = set(sys.modules)
from specc.cli import main
try:
    status = main(sys.argv[1:])
except SystemExit as end:
    status = end.code
print("imported:", *sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
sys.exit(status)
"""


def imported_by(*arguments: str, **environment: str) -> set[str]:
    command = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return set(done.stdout.splitlines()[-1].removeprefix("imported:").split())


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("report", "--help")])
def test_help_and_version_need_the_standard_library_only(arguments: tuple[str, ...]) -> None:
    beyond = imported_by(*arguments) - set(sys.stdlib_module_names)
    assert beyond == {"specc"}


def test_explaining_a_code_parses_nothing() -> None:
    assert not imported_by("explain", "E0001") & (HEAVY | {"lark", "pydantic"})


@pytest.mark.parametrize("spec", ["specs/kws.hwspec", "specs/edge_cnn_repaired.hwspec"])
def test_check_loads_no_numerics_and_no_documents(spec: str) -> None:
    assert not imported_by("check", spec) & (HEAVY | {"jinja2", "serial", "ziglang", "sqlite3", "specc_backends"})


def test_a_check_from_the_cache_needs_the_standard_library_only(tmp_path: Path) -> None:
    for _ in range(2):
        imported = imported_by("check", "specs/kws.hwspec", XDG_CACHE_HOME=str(tmp_path), SPECC_NO_CACHE="")
    assert imported - set(sys.stdlib_module_names) == {"specc"}
