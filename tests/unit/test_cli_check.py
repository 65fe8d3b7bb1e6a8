"""`specc check` and `specc explain` as they are called: formats, repairs, exit codes."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from specc.cli import main
from specc.diagnostics.registry import CODES

CLEAN = """hwspec 1
model m {
  input frame 8x8x4
  dense d1 { units 4 }
  weights seed 1
}
target t { use stm32f407 }
budget t {
  latency total <= 10 ms
  memory  sram  <= 16 KiB
}
"""
WARNING = CLEAN.replace("16 KiB", "16 KB")
ERROR = CLEAN.replace("units 4", "unitz 4")  # with a fix that is a guess
Output = pytest.CaptureFixture[str]


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("a.hwspec")


def run(*arguments: object) -> int:
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as end:
        assert isinstance(end.code, int)
        return end.code


@pytest.mark.parametrize(("text", "code"), [(CLEAN, 0), (WARNING, 0), (ERROR, 1), ("hwspec 1\nmodel {{{", 1)])
def test_every_format_has_the_same_exit_code(spec: Path, capsys: Output, text: str, code: int) -> None:
    spec.write_text(text)
    for form in ("text", "json", "sarif", "junit", "github"):
        assert run("check", spec, "--format", form) == code
        output = capsys.readouterr()
        assert output.err == ""
        match form:
            case "json":
                found = json.loads(output.out)["diagnostics"]
            case "sarif":
                assert len(json.loads(output.out)["runs"][0]["results"]) == len(found)
            case "junit":
                assert len(list(ET.fromstring(output.out).iter("testcase"))) == max(len(found), 1)
            case "github":
                assert output.out.count("::") == 2 * len(found)


def test_several_files(spec: Path, capsys: Output) -> None:
    spec.write_text(CLEAN)
    assert run("check", spec, "missing.hwspec", "--format", "junit") == 1
    suites = ET.fromstring(capsys.readouterr().out)
    assert [(s.get("name"), s.get("failures")) for s in suites] == [("a.hwspec", "0"), ("missing.hwspec", "1")]


def test_the_summary_counts_what_is_waived(spec: Path, capsys: Output) -> None:
    spec.write_text(WARNING + 'waive W0101 "the sheet says KB"\n')
    assert run("check", spec) == 0
    assert capsys.readouterr().out == "no errors, 1 waived in a.hwspec\n"


def test_fix(spec: Path, capsys: Output) -> None:
    spec.write_text(WARNING)
    assert run("check", "--fix", spec) == 0
    assert spec.read_text() == CLEAN
    output = capsys.readouterr()
    assert output.err == "specc: 1 fix made in a.hwspec\n"
    assert output.out == "no errors in a.hwspec\n"
    assert run("check", "--fix", spec) == 0
    assert capsys.readouterr().err == ""


def test_fixes_that_guess_need_consent(spec: Path, capsys: Output) -> None:
    spec.write_text(ERROR)
    assert run("check", "--fix", spec) == 1
    assert spec.read_text() == ERROR
    assert "did you mean `units`?" in capsys.readouterr().out
    assert run("check", "--fix", "--unsafe-fixes", spec) == 0
    assert spec.read_text() == CLEAN


def test_diff_changes_nothing(spec: Path, capsys: Output) -> None:
    spec.write_text(WARNING)
    assert run("check", "--diff", spec) == 1
    assert capsys.readouterr().out == (
        "--- a.hwspec\n+++ a.hwspec\n@@ -7,5 +7,5 @@\n target t { use stm32f407 }\n budget t {\n"
        "   latency total <= 10 ms\n-  memory  sram  <= 16 KB\n+  memory  sram  <= 16 KiB\n }\n"
    )
    assert spec.read_text() == WARNING
    spec.write_text(CLEAN)
    assert run("check", "--diff", spec) == 0
    assert capsys.readouterr().out == ""


def test_diff_and_fix_agree(spec: Path, capsys: Output) -> None:
    """With --diff beside it, --fix writes nothing."""
    spec.write_text(WARNING)
    assert run("check", "--fix", "--diff", spec) == 1
    assert spec.read_text() == WARNING


def test_a_write_protected_file(spec: Path, capsys: Output) -> None:
    spec.write_text(WARNING)
    spec.chmod(0o444)
    assert run("check", "--fix", spec) == 1
    assert capsys.readouterr().err == "specc: a.hwspec cannot be written: it is write-protected\n"
    assert spec.read_text() == WARNING


@pytest.mark.parametrize("options", [("--fix",), ("--diff",)])
def test_a_missing_file(spec: Path, capsys: Output, options: tuple[str, ...]) -> None:
    assert run("check", *options, spec) == 1
    output = capsys.readouterr()
    assert "error[E0001]: a.hwspec does not exist" in output.out + output.err


@pytest.mark.parametrize("options", [("--unsafe-fixes",), ("--diff", "--format", "json"), ("--format", "yaml")])
def test_options_that_do_not_go_together(spec: Path, options: tuple[str, ...]) -> None:
    spec.write_text(CLEAN)
    assert run("check", spec, *options) == 2


def test_a_spec_that_cannot_be_measured_is_reported_in_the_format_asked_for(spec: Path, capsys: Output) -> None:
    spec.write_text(ERROR)
    assert run("verify", spec, "--format", "sarif") == 1
    output = capsys.readouterr()
    assert [r["ruleId"] for r in json.loads(output.out)["runs"][0]["results"]] == ["E1004"]
    assert "error[E1004]" in output.err


def test_explain_lists_every_code(capsys: Output) -> None:
    assert run("explain") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ")] == sorted(CODES, key=lambda code: code[1:])


def test_explain_for_programs(capsys: Output) -> None:
    assert run("explain", "--format", "json", "e4101") == 0
    (entry,) = json.loads(capsys.readouterr().out)["codes"]
    assert (entry["id"], entry["severity"], entry["infeasible"]) == ("E4101", "error", True)
    assert run("explain", "--format", "json") == 0
    assert [entry["id"] for entry in json.loads(capsys.readouterr().out)["codes"]] == list(CODES)


def test_explain_what_does_not_exist(capsys: Output) -> None:
    assert run("explain", "E4100") == 2
    assert "did you mean E41" in capsys.readouterr().err
    assert run("explain", "") == 2
