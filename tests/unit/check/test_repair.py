"""`specc check --fix`: what is repaired, what is left alone, and what happens to the file."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specc.check import CheckResult, check
from specc.check.repair import repair
from specc.syntax.files import WriteError, write

KILOBYTES = ("memory sram <= 32 KiB", "memory sram <= 32 KB")
NARROW = ("| head  | 8    | ±1.27 | 0.01 | 32          |", "| head  | 4    | ±1.27 | 0.01 | 32          |")
Spec = Callable[..., Path]


@pytest.fixture
def spec(tmp_path: Path, clean: str) -> Spec:
    """Write the clean spec with pieces replaced; `encode` makes bytes of it."""

    def make(*replacements: tuple[str, str], encode: Callable[[str], bytes] = str.encode) -> Path:
        text = clean
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "a.hwspec"
        path.write_bytes(encode(text))
        return path

    return make


def test_safe_fixes_only(spec: Spec, clean: str) -> None:
    repaired = repair(spec(KILOBYTES, NARROW))
    assert repaired.after.decode() == clean.replace(*NARROW)
    assert [fix.title for fix in repaired.applied] == ["write `KiB`"]
    assert [d.code for d in repaired.result.diagnostics] == ["E3101"]


def test_unsafe_fixes_too(spec: Spec, clean: str) -> None:
    repaired = repair(spec(KILOBYTES, NARROW), unsafe=True)
    assert repaired.after.decode() == clean.replace("| head  | 8    |", "| head  | 8    |")
    assert repaired.result.diagnostics == ()


def test_a_fix_that_uncovers_another_is_followed(spec: Spec, clean: str) -> None:
    path = spec(("hwspec 1\n", ""), KILOBYTES)
    repaired = repair(path)
    assert repaired.after.decode() == "hwspec 1\n\n" + clean.removeprefix("hwspec 1\n")
    assert repaired.result.diagnostics == ()


def test_working_out_writes_nothing(spec: Spec) -> None:
    path = spec(KILOBYTES)
    before = path.read_bytes()
    repair(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
        lambda text: text.rstrip("\n").encode(),
        lambda text: text.replace("\n", "\r\n", 5).encode() + "# ± µ 😀".encode(),
    ],
    ids=["byte order mark", "CRLF", "both", "no last line end", "mixed"],
)
def test_bytes_that_no_fix_is_about_are_kept(spec: Spec, encode: Callable[[str], bytes]) -> None:
    path = spec(KILOBYTES, encode=encode)
    repaired = repair(path)
    assert repaired.after == path.read_bytes().replace(b"32 KB", b"32 KiB")
    write(repaired)
    assert path.read_bytes() == repaired.after


def test_inserted_lines_end_as_the_file_does(spec: Spec) -> None:
    path = spec(("hwspec 1\n", ""), encode=lambda text: text.replace("\n", "\r\n").encode())
    assert repair(path).after.startswith(b"hwspec 1\r\n\r\nmodel m {\r\n")


def test_a_fix_that_brings_a_new_error_is_not_made(spec: Spec) -> None:
    """`hed` looks like `head`, but then `head` would have two rows; the other fix is made all the same."""
    row = "| head  | 8    | ±1.27 | 0.01 | 32          |"
    path = spec((row, f"{row}\n  | hed   | 8    | ±1.27 | 0.01 | 32          |"), KILOBYTES)
    repaired = repair(path, unsafe=True)
    text = repaired.after.decode()
    assert "| hed   |" in text
    assert "32 KiB" in text
    assert [d.code for d in repaired.result.diagnostics if d.severity == "error"] == ["E1011"]


def test_a_proof_that_only_now_can_be_made_is_no_reason_against_a_fix(spec: Spec) -> None:
    """While a word is wrong no rule runs; it is repaired although the budget is then found impossible."""
    path = spec(("padding same", "padding smae"), ("latency total <= 1 ms", "latency total <= 1 us"))
    repaired = repair(path, unsafe=True)
    assert b"padding same" in repaired.after
    assert [d.code for d in repaired.result.diagnostics if d.severity == "error"] == ["E4101"]


def test_it_comes_to_an_end_and_stays_there(spec: Spec) -> None:
    path = spec(KILOBYTES, NARROW, ("latency total <= 1 ms", "latency total <= 10 us"))
    write(repair(path, unsafe=True))
    again = repair(path, unsafe=True)
    assert again.after == again.before


def test_the_file_is_replaced_with_its_mode(spec: Spec) -> None:
    path = spec(KILOBYTES)
    path.chmod(0o640)
    write(repair(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(path.parent.iterdir()) == [path]


def test_a_link_stays_a_link(spec: Spec) -> None:
    path = spec(KILOBYTES)
    link = path.parent / "link.hwspec"
    link.symlink_to(path.name)
    write(repair(link))
    assert link.is_symlink()
    assert b"32 KiB" in path.read_bytes()


def test_a_write_protected_file_is_left_alone(spec: Spec) -> None:
    path = spec(KILOBYTES)
    path.chmod(0o444)
    before = path.read_bytes()
    with pytest.raises(WriteError, match=r"a\.hwspec cannot be written: it is write-protected"):
        write(repair(path))
    assert path.read_bytes() == before


def test_a_file_changed_meanwhile_is_left_alone(spec: Spec) -> None:
    path = spec(KILOBYTES)
    repaired = repair(path)
    path.write_text("hwspec 1\n")
    with pytest.raises(WriteError, match="changed by another program"):
        write(repaired)
    assert path.read_text() == "hwspec 1\n"


def test_a_failed_write_leaves_the_file_and_no_remains(spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    path = spec(KILOBYTES)
    before = path.read_bytes()

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(WriteError, match="No space left on device"):
        write(repair(path))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", [None, b"", b"\x00", b"\xff\xff"])
def test_what_cannot_be_read_is_reported(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.hwspec"
    if content is not None:
        path.write_bytes(content)
    repaired = repair(path, unsafe=True)
    assert repaired.before == repaired.after
    assert len(repaired.result.diagnostics) == 1


CONFORMANCE = Path(__file__).resolve().parents[2] / "conformance"
CORPUS = sorted(CONFORMANCE.glob("planted/*.hwspec")) + sorted(CONFORMANCE.glob("err/*.hwspec"))


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_no_file_of_the_corpus_gets_worse(path: Path) -> None:
    def errors(result: CheckResult) -> int:
        """Errors of the kinds that were looked for before the repair, too."""
        found = [d for d in result.diagnostics if d.severity == "error"]
        return len([d for d in found if before.network is not None or d.code[1] in "01"])

    before = check(path)
    assert errors(repair(path, unsafe=True).result) <= errors(before)


PIECES = ("{", "}", ",", "=", ";", "|", '"', "±", "\r\n", " KB", "\nwaive", ' demote E4101 "x"\n', "\u2028", "😀", "")


@given(
    path=st.sampled_from(sorted(CONFORMANCE.glob("planted/*.hwspec")) + sorted(CONFORMANCE.glob("ok/*.hwspec"))),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6), st.sampled_from(PIECES)), min_size=1, max_size=4),
)
def test_no_damaged_file_gets_worse(
    tmp_path_factory: pytest.TempPathFactory, path: Path, changes: list[tuple[float, int, str]]
) -> None:
    """Pieces of a spec replaced at random: a repair ends, brings no error, and is stable."""
    text = path.read_text(encoding="utf-8")
    for where, length, piece in changes:
        start = int(where * len(text))
        text = text[:start] + piece + text[start + length :]
    damaged = tmp_path_factory.getbasetemp() / "damaged.hwspec"
    damaged.write_bytes(text.encode())
    before, repaired = check(damaged), repair(damaged, unsafe=True)
    kinds = "012345" if before.network is not None else "01"
    errors = [
        sum(d.severity == "error" and d.code[1] in kinds for d in result.diagnostics)
        for result in (before, repaired.result)
    ]
    assert errors[1] <= errors[0]
    damaged.write_bytes(repaired.after)
    assert len(check(damaged).diagnostics) == len(repaired.result.diagnostics)
