"""The compiler behind its seam: which flags a spec may choose, and what a failure looks like."""

import subprocess
import threading
import time
from pathlib import Path

import pytest

from specc.codegen.toolchain import HOST_FLAGS, Toolchain, ToolchainError, core_flags, optimisation_flags


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("-O2", ("-O2",)),
        ("-Os  -fno-unroll-loops", ("-Os", "-fno-unroll-loops")),
        ("-mcpu=cortex_m4 -O3", ("-mcpu=cortex_m4", "-O3")),
    ],
)
def test_optimisation_flags_pass(text: str, expected: tuple[str, ...]) -> None:
    assert optimisation_flags(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "-o /etc/passwd",
        "-o/tmp/x",
        "@response",
        "-include /etc/shadow",
        "-I/etc",
        "-O2 -Wl,-T,script",
        "-fplugin=evil.so",
        "-Xclang -load",
        "-O9",
        "-O",
        "-ffast-math",
        "-mcpu=a/../b",
        "-mcpu=x y",
        "evil.c",
        "-O2\n-save-temps",
        "-O2;rm",
        "$(reboot)",
        "-DX=1",
        "-march=native,@x",
    ],
)
def test_flags_that_name_files_or_change_meaning_are_refused(text: str) -> None:
    with pytest.raises(ToolchainError, match="is not allowed in a spec"):
        optimisation_flags(text)


def test_an_open_quote_is_refused() -> None:
    with pytest.raises(ToolchainError, match="cannot be read"):
        optimisation_flags("-O2 '")


def test_a_program_compiles_and_runs(toolchain: Toolchain, tmp_path: Path) -> None:
    source = tmp_path / "main.c"
    source.write_text("int main(void) { return 42; }")
    toolchain.compile([source], tmp_path / "deep" / "folder" / "program", [*HOST_FLAGS, "-O2"])
    assert subprocess.run([tmp_path / "deep" / "folder" / "program"], check=False).returncode == 42
    assert [path.name for path in (tmp_path / "deep" / "folder").iterdir()] == ["program"]
    assert (toolchain.build_folder / "zig-cache").is_dir()


def test_an_error_comes_with_its_log_and_leaves_no_program(toolchain: Toolchain, tmp_path: Path) -> None:
    source = tmp_path / "broken.c"
    source.write_text("int main(void) { return undeclared; }")
    output = tmp_path / "program"
    output.write_text("an earlier build")
    with pytest.raises(ToolchainError, match=r"broken\.c:1:\d+: error: use of undeclared identifier") as caught:
        toolchain.compile([source], output, HOST_FLAGS)
    assert "undeclared" in caught.value.log and "ziglang cc" in caught.value.log
    assert output.read_text() == "an earlier build"


def test_a_missing_source_is_an_error(toolchain: Toolchain, tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match="the compiler failed"):
        toolchain.compile([tmp_path / "absent.c"], tmp_path / "program", HOST_FLAGS)


def test_a_compiler_that_hangs_is_stopped(toolchain: Toolchain, tmp_path: Path) -> None:
    source = tmp_path / "slow.c"
    # Expands to 2**26 tokens.
    doublings = "\n".join(f"#define A{i + 1} A{i} A{i}" for i in range(26))
    source.write_text(f"#define A0 x=x+1;\n{doublings}\nint main(void) {{ int x = 0; A26 return x; }}")
    start = time.monotonic()
    with pytest.raises(ToolchainError, match=r"stopped after 0\.5 s"):
        toolchain.compile([source], tmp_path / "program", HOST_FLAGS, time_limit=0.5)
    assert time.monotonic() - start < 20


def test_several_compilations_at_once_do_not_disturb_each_other(tmp_path: Path, toolchain: Toolchain) -> None:
    source = tmp_path / "main.c"
    source.write_text("int main(void) { return 7; }")
    program = tmp_path / "program"
    failures: list[Exception] = []

    def build() -> None:
        try:
            toolchain.compile([source], program, [*HOST_FLAGS, "-O1"])
            assert subprocess.run([program], check=False).returncode == 7
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_cortex_m4_code_wraps_and_keeps_its_symbols(toolchain: Toolchain, tmp_path: Path) -> None:
    from elftools.elf.elffile import ELFFile

    source = tmp_path / "bare.c"
    source.write_text(
        "__attribute__((noinline)) int layer_x(int a) { return a + 1 > a; }\n"
        "void Reset_Handler(void) { volatile int x = 1; for (;;) { x = layer_x(x); } }"
    )
    output = tmp_path / "bare.elf"
    toolchain.compile([source], output, [*core_flags("cortex-m4", fpu=True, dsp=True), "-Os", "-Wl,-e,Reset_Handler"])
    with output.open("rb") as file:
        elf = ELFFile(file)
        assert elf.get_machine_arch() == "ARM"
        table = elf.get_section_by_name(".symtab")
        assert "layer_x" in {symbol.name for symbol in table.iter_symbols()}


def test_version_names_the_compiler(toolchain: Toolchain) -> None:
    assert toolchain.version.startswith("zig cc 0.")
