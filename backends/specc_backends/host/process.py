"""The program on the other end of a pipe: a reply to each command, and never an endless wait."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from specc.measure.backend import BackendError

THREADS: Final = "SPECC_THREADS"  # in the environment: how many threads firmware/host/thread_pool.c starts
COUNTER: Final = "SPECC_COUNTER"  # what it counts, and where it writes its counts: see firmware/host/counts.h
TICK_SECONDS: Final = 1e-9  # of the program's times
_LOG_LINES: Final = 200  # of the conversation, kept for the log


@dataclass(frozen=True)
class Result:
    """A `result` line."""

    output: bytes
    total: int  # ticks
    layers: tuple[int, ...]  # ticks


class HostProcess:
    """A running network program, spoken to by the line protocol of `firmware/runtime/harness.c`.

    Args:
        program: the executable.
        cpus: the processors to pin its threads to, one each, the main thread's first; none where they are not pinned.
        time_limit: seconds for any one command; a program that takes longer is killed.
        threads: how many it is to have, if it was built for more than one.
        counter: type and configuration of an event of perf_event_open(2) that it is to count, layer by layer.
    """

    def __init__(
        self,
        program: Path,
        cpus: Sequence[int],
        time_limit: float,
        threads: int = 1,
        counter: tuple[int, int] | None = None,
    ) -> None:
        self._cpus = cpus
        self._time_limit = time_limit
        self._expired = False
        self._spoken: deque[str] = deque(maxlen=_LOG_LINES)
        environment = os.environ | {THREADS: str(threads)}
        own_end, its_end = os.pipe() if counter else (None, None)
        self._counts = None if own_end is None else os.fdopen(own_end, encoding="ascii", errors="replace")
        if counter:
            environment[COUNTER] = f"{counter[0]} {counter[1]} {its_end}"
        try:
            self._process = subprocess.Popen(
                [str(program)],
                env=environment,
                pass_fds=() if its_end is None else (its_end,),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            if self._counts is not None:
                self._counts.close()
            raise BackendError(f"the program cannot be started: {error}") from error
        finally:
            if its_end is not None:
                os.close(its_end)
        self._pin(self._process.pid, cpus[:1])

    def __enter__(self) -> HostProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._counts):
            if stream is not None:
                with contextlib.suppress(OSError):  # what was still to be written has no reader any more
                    stream.close()

    @property
    def id(self) -> int:
        """The operating system's number of the process."""
        return self._process.pid

    def hello(self) -> list[str]:
        """The words of the greeting: specc, protocol, network, layers, tick unit. All threads are there, and pinned."""
        answer = self._command("hello")[0].split()
        for thread, cpu in zip(self.threads(), self._cpus, strict=False):
            self._pin(thread, (cpu,))
        return answer

    def threads(self) -> list[int]:
        """The operating system's numbers of the program's threads, the main thread's first, where it tells them."""
        folder = Path(f"/proc/{self.id}/task")
        return sorted(int(task.name) for task in folder.iterdir()) if folder.is_dir() else [self.id]

    @staticmethod
    def _pin(thread: int, cpus: Sequence[int]) -> None:
        if cpus:
            with contextlib.suppress(ProcessLookupError):  # it has ended already; the next command will tell
                os.sched_setaffinity(thread, cpus)

    def run(self, codes: bytes) -> Result:
        """One inference."""
        return self._result(self._command(f"run {codes.hex()}")[0])

    def repeat(self, codes: bytes, count: int) -> list[Result]:
        """Up to 1000 inferences of one input, right after each other: see firmware/runtime/repeat_request.h."""
        return [self._result(line) for line in self._command(f"repeat {count} {codes.hex()}", replies=count)]

    def counts(self) -> tuple[int, ...] | None:
        """What was counted in each layer of the inference that was asked for last.

        None where the program has no such counter, or where it was off the hardware for a part of the time.
        """
        assert self._counts is not None, "no counter was asked for"
        complete, *counts = self._counts.readline().split() or ["0"]
        if not all(word.isdecimal() for word in (complete, *counts)):
            raise self._broken("its counts are garbled")
        return tuple(map(int, counts)) if complete == "1" else None

    def trace(self, codes: bytes, layers: int) -> tuple[list[bytes], Result]:
        """One inference, with the output of every layer."""
        from specc.measure.trace import outputs_of_trace

        *parts, last = self._command(f"trace {codes.hex()}")
        result = self._result(last)
        try:
            return outputs_of_trace(parts, layers), result
        except ValueError as error:
            raise self._broken(f"its trace is garbled: {error}") from error

    def gradient(self, request: str) -> list[str]:
        """The lines of the answer to a request for gradients."""
        return self._command(request)

    def _command(self, line: str, replies: int = 1) -> list[str]:
        """Send a line; the lines of its replies. Those of a trace or of gradients have others before their last."""
        assert self._process.stdin is not None and self._process.stdout is not None
        watchdog = threading.Timer(self._time_limit, self._expire)
        watchdog.start()
        reply: list[str] = []
        self._spoken.append(f"> {line[:200]}")
        try:
            # From a thread of its own: a program whose input arrives by rows answers while it reads.
            sender = threading.Thread(target=self._send, args=(line,), daemon=True)
            sender.start()
            while replies and not (reply and reply[-1].startswith("error ")):
                text = self._process.stdout.readline()
                if not text.endswith("\n"):
                    raise self._broken(self._ending())
                reply.append(text.rstrip("\n"))
                self._spoken.append(reply[-1][:200])
                replies -= not reply[-1].startswith("layer ")
            sender.join()
        finally:
            watchdog.cancel()
        return reply

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # the missing answer will tell
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def _expire(self) -> None:
        self._expired = True
        self._process.kill()

    def _ending(self) -> str:
        if self._expired:
            return f"it did not answer within {self._time_limit:g} s"
        code = self._process.wait()
        return f"it crashed with signal {-code}" if code < 0 else f"it ended with exit code {code}"

    def _result(self, line: str) -> Result:
        kind, *words = line.split() or [""]
        if kind != "result" or len(words) < 2 or not all(word.isdecimal() for word in words[1:]):
            raise self._broken(f"it answered {line[:200]!r} instead of a result")
        total, *layers = map(int, words[1:])
        return Result(self._bytes(words[0]), total, tuple(layers))

    def _bytes(self, text: str) -> bytes:
        try:
            return bytes.fromhex(text)
        except ValueError:
            raise self._broken("an output is not hexadecimal") from None

    def _broken(self, what: str) -> BackendError:
        return BackendError(f"the program failed on this computer: {what}", "\n".join(self._spoken))
