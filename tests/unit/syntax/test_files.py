"""What a path can turn out to be: each kind gives one clear error and no traceback."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from specc.diagnostics.model import Diagnostic, Sink
from specc.elaborate import load
from specc.syntax.files import SIZE_LIMIT
from specc.syntax.tokens import TOKENS_LIMIT


def only_error(path: Path) -> Diagnostic:
    sink = Sink()
    assert load(path, sink) is None
    (diagnostic,) = sink
    assert diagnostic.severity == "error"
    assert diagnostic.primary is None
    return diagnostic


def test_missing(tmp_path: Path) -> None:
    diagnostic = only_error(tmp_path / "nothing.hwspec")
    assert diagnostic.code == "E0001"
    assert diagnostic.notes == ()


def test_missing_with_similar_name(tmp_path: Path) -> None:
    (tmp_path / "model.hwspec").write_text("hwspec 1\n")
    diagnostic = only_error(tmp_path / "modle.hwspec")
    assert diagnostic.notes == (f"did you mean {tmp_path / 'model.hwspec'}?",)


def test_missing_folder(tmp_path: Path) -> None:
    assert only_error(tmp_path / "no" / "such.hwspec").code == "E0001"


def test_folder(tmp_path: Path) -> None:
    assert only_error(tmp_path).code == "E0002"


def test_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.hwspec")
    assert only_error(tmp_path / "pipe.hwspec").code == "E0002"


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n", b"\xef\xbb\xbf"])
def test_empty(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "empty.hwspec"
    path.write_bytes(content)
    assert only_error(path).code == "E0003"


def test_binary(tmp_path: Path) -> None:
    path = tmp_path / "model.hwspec"
    path.write_bytes(b"hwspec 1\n\x00\x01TFL3")
    diagnostic = only_error(path)
    assert diagnostic.code == "E0004"
    assert "byte 9" in diagnostic.message


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "latin.hwspec"
    path.write_bytes("hwspec 1\n# ±\n".encode("latin-1"))
    diagnostic = only_error(path)
    assert diagnostic.code == "E0005"
    assert "byte 11 (line 2) is 0xb1" in diagnostic.message


@pytest.mark.parametrize("content", [b"{", b"a ", b"#", b"\xff"])
def test_too_large(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "large.hwspec"
    path.write_bytes(content * (10 << 20))
    assert only_error(path).code == "E0006"


def test_largest_file_of_brackets(tmp_path: Path) -> None:
    path = tmp_path / "brackets.hwspec"
    path.write_bytes(b"{" * SIZE_LIMIT)
    sink = Sink()
    began = time.process_time()
    assert load(path, sink) is None
    assert time.process_time() - began < 10  # half a second; the margin is for slow machines
    assert [diagnostic.code for diagnostic in sink] == ["E0019"]
    path.write_bytes(b"{" * TOKENS_LIMIT)
    sink = Sink()
    assert load(path, sink) is None
    assert [diagnostic.code for diagnostic in sink] == ["E0015"]


def test_symbolic_link_to_itself(tmp_path: Path) -> None:
    path = tmp_path / "loop.hwspec"
    path.symlink_to(path)
    assert only_error(path).code in ("E0001", "E0007")


def test_name_with_nul() -> None:
    assert only_error(Path("a\0b.hwspec")).code in ("E0001", "E0007")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "secret.hwspec"
    path.write_text("hwspec 1\n")
    path.chmod(0)
    assert only_error(path).code == "E0007"
