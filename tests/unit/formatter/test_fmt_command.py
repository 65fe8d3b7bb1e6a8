"""`specc fmt`: what is written, what is printed, and how it ends."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from specc.cli import main

UGLY = "hwspec   1\nmodel  m{\ninput x 8\n}\n"
NEAT = "hwspec 1\nmodel m {\n  input x 8\n}\n"


@pytest.fixture
def ugly(tmp_path: Path) -> Path:
    path = tmp_path / "a.hwspec"
    path.write_text(UGLY, encoding="utf-8")
    return path


def test_a_file_is_rewritten_once(ugly: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ugly.chmod(0o640)
    assert main(["fmt", str(ugly)]) == 0
    assert ugly.read_text(encoding="utf-8") == NEAT
    assert ugly.stat().st_mode & 0o777 == 0o640
    assert capsys.readouterr().out == f"{ugly} is formatted now\n"
    before = ugly.stat().st_mtime_ns
    assert main(["fmt", str(ugly)]) == 0
    assert ugly.stat().st_mtime_ns == before
    assert capsys.readouterr().out == ""
    assert [entry.name for entry in ugly.parent.iterdir()] == ["a.hwspec"]


def test_check_names_the_files_and_writes_nothing(ugly: Path, capsys: pytest.CaptureFixture[str]) -> None:
    neat = ugly.with_name("b.hwspec")
    neat.write_text(NEAT, encoding="utf-8")
    assert main(["fmt", "--check", str(ugly), str(neat)]) == 1
    assert capsys.readouterr().out == f"{ugly} is not formatted\n"
    assert ugly.read_text(encoding="utf-8") == UGLY
    assert main(["fmt", "--check", str(neat)]) == 0


def test_diff_shows_what_would_change(ugly: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "--diff", str(ugly)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line[0] in "-+"][2:] == [
        "-hwspec   1", "-model  m{", "-input x 8", "+hwspec 1", "+model m {", "+  input x 8",
    ]  # fmt: skip
    assert ugly.read_text(encoding="utf-8") == UGLY


def test_line_ends_and_byte_order_mark_are_normalised(ugly: Path) -> None:
    ugly.write_bytes(b"\xef\xbb\xbf" + NEAT.replace("\n", "\r\n").encode())
    assert main(["fmt", "--check", str(ugly)]) == 1
    assert main(["fmt", str(ugly)]) == 0
    assert ugly.read_bytes() == NEAT.encode()


def test_a_file_with_errors_is_left_alone_and_the_others_are_formatted(
    ugly: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = ugly.with_name("0.hwspec")
    broken.write_text("hwspec   1 {\n", encoding="utf-8")
    assert main(["fmt", str(broken), str(ugly)]) == 1
    assert broken.read_text(encoding="utf-8") == "hwspec   1 {\n"
    assert ugly.read_text(encoding="utf-8") == NEAT
    assert "error[E0013]" in capsys.readouterr().out


def test_standard_input_goes_to_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(UGLY.encode())))
    assert main(["fmt", "-"]) == 0
    assert capsys.readouterr().out == NEAT


@pytest.mark.parametrize(("content", "code"), [(b"", "E0003"), (b"\xff", "E0005"), (b"a\0", "E0004"), (None, "E0001")])
def test_what_is_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, code: str) -> None:
    path = tmp_path / "x.hwspec"
    if content is not None:
        path.write_bytes(content)
    assert main(["fmt", str(path)]) == 1
    assert f"error[{code}]" in capsys.readouterr().out
    assert not path.exists() or path.read_bytes() == content


def test_a_write_protected_file_is_one_clear_line(ugly: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ugly.chmod(0o444)
    assert main(["fmt", str(ugly)]) == 1
    assert capsys.readouterr().err == f"specc: {ugly} cannot be written: it is write-protected\n"
    assert ugly.read_text(encoding="utf-8") == UGLY


def test_a_symbolic_link_stays_one(ugly: Path) -> None:
    link = ugly.with_name("link.hwspec")
    link.symlink_to(ugly)
    assert main(["fmt", str(link)]) == 0
    assert link.is_symlink()
    assert ugly.read_text(encoding="utf-8") == NEAT


def test_a_failed_write_leaves_the_file_whole(
    ugly: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "replace", full)
    assert main(["fmt", str(ugly)]) == 1
    assert ugly.read_text(encoding="utf-8") == UGLY
    assert "No space left" in capsys.readouterr().err
    assert [entry.name for entry in ugly.parent.iterdir()] == ["a.hwspec"]


def test_check_and_diff_exclude_each_other(ugly: Path) -> None:
    with pytest.raises(SystemExit) as end:
        main(["fmt", "--check", "--diff", str(ugly)])
    assert end.value.code == 2
