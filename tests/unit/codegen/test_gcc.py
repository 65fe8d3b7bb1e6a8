"""GCC behind the seam of the compiler: chosen by name, and said where it is missing or another program."""

from __future__ import annotations

from pathlib import Path

import pytest

from specc.codegen import gcc
from specc.codegen.gcc import Gcc, host_toolchain
from specc.codegen.toolchain import CLANG, GCC, Toolchain, ToolchainError, compiler_of, optimisation_flags


@pytest.mark.parametrize(
    ("text", "compiler"),
    [("-O2", CLANG), ("", CLANG), ("clang -O2", CLANG), ("gcc -O2", GCC), ("gcc", GCC), ("-O2 gcc", CLANG)],
)
def test_a_compiler_is_named_before_its_flags(text: str, compiler: str) -> None:
    assert compiler_of(text) == compiler


def test_a_name_is_no_flag_and_only_the_first_word_is_one() -> None:
    assert optimisation_flags("gcc -O3 -funroll-loops", (CLANG, GCC)) == ("-O3", "-funroll-loops")
    assert optimisation_flags("clang -Os") == ("-Os",)
    for text in ("-O2 gcc", "gcc gcc", "cc -O2", "gcc-12 -O2", "/usr/bin/gcc -O2", "gcc -Wl,-T,x"):
        with pytest.raises(ToolchainError, match="is not allowed in a spec"):
            optimisation_flags(text, (CLANG, GCC))


def test_boards_are_built_with_the_compiler_that_specc_brings() -> None:
    with pytest.raises(ToolchainError, match=r"gcc is not set up for this target, only for this computer"):
        optimisation_flags("gcc -O2")


def test_a_compiler_that_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gcc, "installed", lambda: False)
    assert type(host_toolchain("-O2", tmp_path)) is Toolchain
    with pytest.raises(ToolchainError, match="gcc is not installed on this computer"):
        host_toolchain("gcc -O2", tmp_path)


def test_a_clang_that_goes_by_the_name_of_gcc_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "gcc"
    fake.write_text("#!/bin/sh\necho 'Apple clang version 15.0.0'\n", encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setattr(Gcc, "program", (str(fake),))
    with pytest.raises(ToolchainError, match="another compiler that goes by its name"):
        _ = Gcc(tmp_path).version


@pytest.mark.skipif(not gcc.installed(), reason="gcc is not installed on this computer")
def test_a_failure_of_gcc_is_told_as_any_other(tmp_path: Path) -> None:
    found = host_toolchain("gcc -O2", tmp_path)
    assert "gcc" in found.version.lower()
    source = tmp_path / "main.c"
    source.write_text("int main(void) { return nothing; }\n", encoding="utf-8")
    with pytest.raises(ToolchainError, match=r"the compiler failed: .*nothing") as caught:
        found.compile([source], tmp_path / "program", found.native)
    assert "-march=native" in caught.value.log
