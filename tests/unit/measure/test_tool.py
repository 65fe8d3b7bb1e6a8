"""Another maker's tool ends as its output or as one error that says what became of it."""

from __future__ import annotations

import sys

import pytest

from specc.measure.backend import BackendError
from specc.measure.tool import run_tool


def run(program: str, seconds: float = 20) -> str:
    return run_tool("Tool", [sys.executable, "-u", "-c", program], seconds)


def test_what_it_prints_is_kept_errors_included() -> None:
    assert run("import sys; print('out'); print('err', file=sys.stderr)") == "out\nerr\n"


def test_it_gets_no_input() -> None:
    assert run("import sys; print(repr(sys.stdin.read()))") == "''\n"


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert run("import os; os.write(1, b'a\\xffb')") == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        ("0 errors so far\\nError: no such chip\\nbye", "Error: no such chip"),
        ("connecting\\nfatal error in line 3\\nbye", "fatal error in line 3"),
        ("connecting\\n\\nno probe\\n\\n", "no probe"),
        ("", "it printed nothing"),
        ("x" * 400, "x" * 300),
    ],
)
def test_the_reason_of_a_failure(printed: str, reason: str) -> None:
    with pytest.raises(BackendError) as caught:
        run(f"import sys; print('{printed}'); sys.exit(4)")
    assert str(caught.value) == f"Tool failed: {reason}"
    assert caught.value.log.strip() == printed.replace("\\n", "\n").strip()


def test_a_crash_names_its_signal() -> None:
    with pytest.raises(BackendError, match=r"^Tool crashed: SIGSEGV$") as caught:
        run("import os, signal; print('half', flush=True); os.kill(os.getpid(), signal.SIGSEGV)")
    assert caught.value.log == "half\n"


def test_one_that_does_not_end_is_stopped_and_its_log_kept() -> None:
    with pytest.raises(BackendError, match=r"^Tool did not end within 1 s$") as caught:
        run("import time; print('started', flush=True); time.sleep(60)", 1)
    assert caught.value.log == "started\n"


def test_one_that_is_not_there() -> None:
    with pytest.raises(BackendError, match=r"^Tool cannot be started: .*No such file"):
        run_tool("Tool", ["/no/such/tool"], 1)
